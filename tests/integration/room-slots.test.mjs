// SPDX-License-Identifier: Apache-2.0
// Slots of a subscriber while others come, go, die and come back: who is gone makes room at once, and nobody negotiates for it.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openChromium } from './lib/browsers.mjs';
import { Client } from './lib/client.mjs';
import { until } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const LONG = { timeout: 180000 };
const PICTURE = { codec: 'VP8', encodings: [{ maxBitrate: 200_000 }], width: 320, height: 180, fps: 10 };
let stage, folder, doomed;
before(async () => {
  stage = await Stage.start({ messaging: { registration_rate_address: 1000 }, sfu: { room_join_rate: 0 } });
  /* one whose process is known */
  folder = await mkdtemp(path.join(tmpdir(), 'aldis-doomed-'));
  const program = path.join(folder, 'chromium');
  await writeFile(program, `#!/bin/sh\necho $$ >'${folder}/pid'\nexec /usr/bin/chromium "$@"\n`, { mode: 0o755 });
  doomed = await openChromium([], program);
}, { timeout: 60000 });
after(async () => {
  await doomed?.close();
  await stage?.remove();
  await rm(folder, { recursive: true, force: true });
}, { timeout: 60000 });

const enter = (name, where) => stage.enter(name, where);

/** Somebody with one slot, and two who publish. */
async function meet(number, where) {
  const [bob, alice, carol] = [await enter(`bob${number}`), await enter(`alice${number}`, where), await enter(`carol${number}`)];
  await bob.join();
  await bob.subscribe({ video: 1 });
  const tracks = [];
  for (const peer of [alice, carol]) {
    await peer.join(bob.room.link);
    tracks.push(await peer.publish(PICTURE));
  }
  await bob.view([tracks[0], 320, 180, 20], [tracks[1], 320, 180, 10]);
  await bob.decodes(tracks[0]);
  return { bob, alice, carol, tracks };
}

/** How long after @act bob was told that the only slot shows @track, in ms. */
async function reassigned(bob, track, act) {
  const told = bob.notification('room.slots', ({ slots }) => slots.some(({ trackId }) => trackId === track), 30000).then(() => Date.now());
  const begin = Date.now();
  await act();
  const ms = (await told) - begin;
  await bob.decodes(track);
  console.log(`# ${ms} ms`);
  return ms;
}

test('slots: who leaves, and whose browser is killed, gives the slot to the next within a second', LONG, async () => {
  const { bob, alice, carol, tracks } = await meet(1, doomed);
  const killed = await reassigned(bob, tracks[1], async () => {
    process.kill(Number(await readFile(path.join(folder, 'pid'), 'utf8')), 'SIGKILL');
    await alice.cut();
  });
  assert.ok(killed <= 1000, `${killed} ms`);
  const dave = await (await enter('dave')).join(bob.room.link);
  const next = await dave.publish(PICTURE);
  await bob.view([tracks[1], 320, 180, 20], [next, 320, 180, 10]);
  const left = await reassigned(bob, next, () => carol.leave());
  assert.ok(left <= 1000, `${left} ms`);
  assert.equal(bob.calls['room.subscribe'], 1);
  for (const peer of [dave, bob]) await peer.end();
});

/* reconnection within 30 s keeps the participant, its slots and their SSRCs; media go on meanwhile */
test('slots: whose connection to the server is lost is seen on, and sees on, and comes back as who it was', LONG, async () => {
  const { bob, alice, tracks: [track] } = await meet(2);
  const ssrc = (await bob.incoming(track)).ssrc;
  for (const peer of [alice, bob]) {
    const joined = await peer.call('room.join', { roomId: peer.room.id, resume: peer.resume });
    assert.equal(joined.participant.id, peer.me.id);
    await peer.cut();
    const before = await bob.incoming(track);
    await until(async () => (await bob.incoming(track)).framesDecoded > before.framesDecoded + 20, 'pictures without a connection to the server', 60000);
    await peer.connect();
    await peer.start();
    const again = await peer.call('room.join', { roomId: peer.room.id, resume: joined.resume });
    assert.deepEqual([again.resumed, again.participant.id], [true, peer.me.id]);
    await bob.decodes(track);
  }
  assert.equal((await bob.incoming(track)).ssrc, ssrc);
  assert.equal((await bob.incoming(track)).pliCount, 0);
  assert.deepEqual([bob.calls['room.subscribe'], alice.calls['room.publish']], [1, 1]);
  for (const peer of [alice, bob]) await peer.end();
});

/* point 42: m-lines are fixed; others come and go without an exchange */
test('slots: twenty come and go, and each client has asked for its slots once', LONG, async () => {
  const { bob, alice, carol, tracks: [track] } = await meet(3);
  for (let i = 0; i < 20; i++) {
    const client = await Client.open(stage.server.wsUrl);
    await client.register(`passer_${i}`);
    const { participant } = await client.call('room.join', { link: bob.room.link });
    await bob.notification('room.joined', (params) => params.participant.id === participant.id);
    await client.call('room.leave', { roomId: bob.room.id });
    await bob.notification('room.left', (params) => params.participantId === participant.id);
    await client.close();
  }
  await bob.decodes(track);
  assert.deepEqual([bob, alice, carol].map(({ calls }) => [calls['room.subscribe'] ?? 0, calls['room.publish'] ?? 0]), [[1, 0], [0, 1], [0, 1]]);
  for (const peer of [alice, carol, bob]) await peer.end();
});
