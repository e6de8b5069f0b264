// SPDX-License-Identifier: Apache-2.0
// One publisher of 720p in three encodings and its receivers, each in a network of their own: a narrow one, a lossy one, and one
// that lets no UDP through. ALDIS_ROOM_SECONDS: how long each is looked at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './lib/browsers.mjs';
import { Network } from './lib/network.mjs';
import { Peer } from './lib/peer.mjs';
import { delay, Server, until } from './lib/server.mjs';

const SECONDS = Number(process.env.ALDIS_ROOM_SECONDS ?? 8);
const LONG = { timeout: 240000 + 3000 * SECONDS };
const PORT = 3478;
const CAMERA = { codec: 'VP8', width: 1280, height: 720, fps: 10, busy: 60, encodings: [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 160_000 }, { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 600_000 }, { rid: 'f', maxBitrate: 1_800_000 }] };
const people = {};
let network, server, url, alice, bob, carol;

before(async () => {
  network = await Network.make();
  const at = `${network.address}:${PORT}`;
  server = await Server.start({ messaging: { registration_rate_address: 1000 }, relay: { listen_udp: at, listen_tcp: at } }, { host: network.address, command: network.command });
  url = await network.start('serve-pages.mjs', network.address);
  const wsUrl = await network.door(server.port);
  const flags = [`--unsafely-treat-insecure-origin-as-secure=${url.slice(0, -1)}`];
  for (const [i, name] of ['alice', 'bob', 'carol'].entries()) {
    people[name] = await network.person(name[0], `10.77.0.${11 + i}`);
    people[name].browser = await openChromium(flags, people[name].chromium);
  }
  [alice, bob, carol] = await Promise.all(Object.entries(people).map(([name, { browser }]) => Peer.enter({ wsUrl }, browser, url, name)));
}, { timeout: 120000 });
after(async () => {
  for (const { browser } of Object.values(people)) await browser?.close();
  await server?.remove();
  await network?.remove();
}, { timeout: 60000 });

/** Those who are given look at alice, whom they see with the largest of her pictures they can get. */
async function meet(camera, ...receivers) {
  await alice.join();
  for (const peer of receivers) {
    await peer.join(alice.room.link);
    await peer.subscribe({ video: 1 });
  }
  const track = await alice.publish(camera);
  for (const peer of receivers) await peer.view([track, 1280, 720]);
  return track;
}

/** A test from which everybody leaves again, by networks as good as before. */
const scene = (name, fn) => test(`network: ${name}`, LONG, async () => {
  try {
    await fn();
  } finally {
    for (const { namespace, port } of Object.values(people)) {
      await network.rules(namespace);
      await network.narrow(port, 0);
    }
    for (const peer of [carol, bob, alice]) if (peer.room) await peer.leave();
  }
});
const wide = { width: (width) => width === 1280, what: 'the largest size' };

/** What came while @seconds went by: pictures of those that were sent of this size, and the longest gaps. */
async function observe(track, seconds, ...receivers) {
  const sent = async () => new Map((await alice.outgoing()).map((entry) => [entry.frameWidth, entry.framesEncoded]));
  const all = [alice, ...receivers];
  await Promise.all(all.map((peer) => peer.gaps(peer === alice ? undefined : track)));
  const [before, first] = [await Promise.all(receivers.map((peer) => peer.incoming(track))), await sent()];
  await delay(1000 * seconds);
  const [after, last] = [await Promise.all(receivers.map((peer) => peer.incoming(track))), await sent()];
  const [drawn, ...gaps] = await Promise.all(all.map((peer) => peer.gaps(peer === alice ? undefined : track)));
  return receivers.map((peer, i) => ({
    name: peer.name, width: after[i].frameWidth, frames: after[i].framesDecoded - before[i].framesDecoded, ofThose: last.get(after[i].frameWidth) - first.get(after[i].frameWidth),
    lost: after[i].packetsLost - before[i].packetsLost, nacks: after[i].nackCount - before[i].nackCount, plis: after[i].pliCount - before[i].pliCount,
    freezes: after[i].freezeCount - before[i].freezeCount, ...gaps[i], drawn: drawn.clock, late: Math.max(drawn.stall, gaps[i].stall),
  }));
}

/* a page that stood still neither draws nor sees: what is longer than that is the network's, or ours */
const noFreeze = (seen) => assert.ok(seen.clock <= 500 + seen.drawn + seen.late, JSON.stringify(seen));

/* points 39 and 40: the estimate finds what a path carries, and the size follows it */
scene('300 kbit/s: the small picture, all of it, while another gets the large one', async () => {
  await network.narrow(people.carol.port, 300);
  const track = await meet(CAMERA, bob, carol);
  await bob.decodes(track, wide);
  await carol.decodes(track, { frames: 30 });
  const [large, small] = await observe(track, SECONDS, bob, carol);
  console.log(`# ${JSON.stringify([large, small])}`);
  assert.equal(large.width, 1280);
  assert.equal(small.width, 320);
  for (const seen of [large, small]) {
    assert.ok(seen.frames >= 0.9 * seen.ofThose, JSON.stringify(seen));
    noFreeze(seen);
  }
  await network.narrow(people.carol.port, 0);
  await carol.decodes(track, wide);
});

/* point 22: of one stream with temporal layers a narrow path gets fewer pictures, and each can be decoded */
scene('less than AV1 takes with three temporal layers: not all of them', async () => {
  const track = await meet({ codec: 'AV1', width: 640, height: 360, fps: 15, busy: 60, encodings: [{ scalabilityMode: 'L1T3', maxBitrate: 350_000 }] }, bob, carol);
  await bob.decodes(track, { frames: 30 });
  await carol.decodes(track, { frames: 10 });
  const { tracks } = await alice.call('room.stats', { roomId: alice.room.id });
  /* with headers it takes a tenth more than its bit rate: this is six sevenths of that, and the lowest layer fits with room to come back */
  await network.narrow(people.carol.port, Math.round(tracks[0].layers[0].bitrateBps / 1050));
  const cut = () => carol.call('room.stats', { roomId: carol.room.id }).then(({ slots }) => slots[0].layer === 0 && slots[0].temporal < 2);
  await until(cut, 'a layer to be left out', 60000);
  await carol.decodes(track, { frames: 10 });
  const [all, some] = await observe(track, SECONDS, bob, carol);
  console.log(`# ${JSON.stringify([all, some])}`);
  assert.ok(all.frames >= 0.9 * all.ofThose, JSON.stringify(all));
  assert.ok(some.frames >= 0.2 * some.ofThose && some.frames <= 0.8 * some.ofThose, JSON.stringify(some));
  assert.equal(some.plis, 0);
});

/* points 29 to 31: what is lost on the way to a receiver is sent again, and what is lost on the way from a publisher */
for (const [where, from, to] of [['to a receiver', 'bob', 'input'], ['from the publisher', 'alice', 'output']]) {
  scene(`5 % of the packets ${where} are lost: nothing freezes for half a second`, async () => {
    const track = await meet(CAMERA, bob);
    await bob.decodes(track, wide);
    const { namespace } = people[from];
    await network.rules(namespace, { [to]: `udp ${to === 'input' ? 'sport' : 'dport'} ${PORT} numgen random mod 100 < 5 drop` });
    const [seen] = await observe(track, SECONDS, bob);
    await network.rules(namespace);
    console.log(`# ${JSON.stringify(seen)}`);
    const { tracks } = await alice.call('room.stats', { roomId: alice.room.id });
    assert.ok(from === 'alice' ? tracks[0].layers.some(({ recovered }) => recovered > 0) : seen.nacks > 0, 'something was lost');
    noFreeze(seen);
    assert.ok(seen.frames >= 0.9 * seen.ofThose, JSON.stringify(seen));
  });
}

/* point 4: passive TCP on the same port (RFC 6544), frames of RFC 4571 */
scene('no UDP: media flow over TCP from the publisher and to the receiver', async () => {
  for (const { namespace } of [people.alice, people.bob])
    await network.rules(namespace, { input: 'meta l4proto udp drop', output: 'meta l4proto udp drop' });
  const track = await meet(CAMERA, bob);
  await bob.decodes(track, wide);
  const [seen] = await observe(track, 5, bob);
  console.log(`# ${JSON.stringify(seen)}`);
  assert.ok(seen.frames >= 0.9 * seen.ofThose, JSON.stringify(seen));
  const { transports } = await alice.call('room.stats', { roomId: alice.room.id });
  assert.equal(transports.length, 2);
  for (const { route } of transports) assert.match(route, /^tcp 10\.77\.0\.1[12]:/);
});
