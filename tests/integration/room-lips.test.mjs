// SPDX-License-Identifier: Apache-2.0
// Lips and voice: a flash and a beep of one publisher are seen and heard together, also when both slots show somebody else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const LIMIT_MS = 80;
let stage;
before(async () => {
  stage = await Stage.start();
}, { timeout: 60000 });
after(() => stage?.remove(), { timeout: 60000 });

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Both pages are connected without the server, too. */
async function connect(from, to) {
  const offer = await from.tab.evaluate(() => window.media.direct.offer());
  const answer = await to.tab.evaluate((sdp) => window.media.direct.answer(sdp), offer);
  await from.tab.evaluate((sdp) => window.media.direct.take(sdp), answer);
}

/** Both slots show these tracks: how far apart they are, in ms. */
async function measure(bob, [picture, voice]) {
  const mids = await until(() => {
    const both = [bob.mid(picture), bob.mid(voice)];
    return both.every((mid) => mid !== undefined) && both;
  }, 'both slots to show one publisher', 30000);
  await bob.decodes(picture, { frames: 40 });
  const { room, without } = await bob.tab.evaluate(([video, audio]) => window.media.offsets(video, audio, 9), mids);
  console.log(`# ${room.offsets.map(Math.round)} ms, without a server ${without.offsets.map(Math.round)} ms`);
  assert.ok(room.offsets.length >= 9 && without.offsets.length >= 9, JSON.stringify([room, without]));
  return [median(room.offsets), median(without.offsets)];
}

/* point 35: sender reports of audio and video by one clock, paired slots of one stream; point 19: also after a switch */
test('lips: seen and heard within 80 ms of each other, or of what a direct connection gives, also after the slots have been switched', { timeout: 240000 }, async () => {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => stage.enter(name)));
  await alice.join();
  for (const peer of [bob, carol]) await peer.join(alice.room.link);
  await bob.subscribe({ audio: 1, video: 1 });
  const tracks = new Map([[alice, await alice.talk()], [carol, await carol.talk()]]);
  const mute = (peer, muted) => peer.call('room.update', { roomId: peer.room.id, muted: { [tracks.get(peer)[1]]: muted } });
  for (const [talks, listens] of [[alice, carol], [carol, alice], [alice, carol]]) {
    await mute(talks, false);
    await mute(listens, true);
    await bob.view([tracks.get(talks)[0], 320, 180]);
    await connect(talks, bob);
    const [offset, without] = await measure(bob, tracks.get(talks));
    /* a machine that has no time to play sound does it neither here nor there */
    assert.ok(Math.abs(offset) <= Math.max(LIMIT_MS, Math.abs(without)) || Math.abs(offset - without) <= LIMIT_MS, `${offset} ms, without a server ${without} ms`);
  }
  assert.equal(bob.calls['room.subscribe'], 1);
  for (const peer of [carol, bob, alice]) await peer.end();
});
