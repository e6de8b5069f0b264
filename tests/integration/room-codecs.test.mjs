// SPDX-License-Identifier: Apache-2.0
// Each codec, published by Chromium, forwarded by the SFU and decoded by another Chromium, whose view chooses the layers; also
// sealed from end to end, so that the SFU sees no more than headers, extensions and the bytes left clear.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const LONG = { timeout: 120000 };
let stage;
let rooms = 0;
before(async () => {
  stage = await Stage.start({ messaging: { registration_rate_address: 1000 } });
}, { timeout: 60000 });
after(() => stage?.remove(), { timeout: 60000 });

const two = (more) => [{ rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 150_000, ...more }, { rid: 'f', maxBitrate: 400_000, ...more }];
const three = [['q', 4, 100_000], ['h', 2, 200_000], ['f', 1, 500_000]].map(([rid, scaleResolutionDownBy, maxBitrate]) => ({ rid, scaleResolutionDownBy, maxBitrate }));
const svc = (scalabilityMode) => [{ scalabilityMode, maxBitrate: 500_000 }];
const small = { width: 640, height: 360, fps: 10 }, large = { width: 960, height: 540, fps: 10 };

/** A room of its own: who publishes, and who subscribes. */
async function meet(publish, ...subscribers) {
  const number = ++rooms;
  const enter = (name) => stage.enter(`${name}${number}`);
  const alice = await (await enter('alice')).join();
  const others = [];
  for (const options of subscribers) {
    const peer = await (await enter(`bob${others.length}`)).join(alice.room.link);
    await peer.subscribe({ video: 1, ...options });
    others.push(peer);
  }
  return { track: await alice.publish(publish), alice, others, part: () => Promise.all([alice, ...others].map((peer) => peer.end())) };
}

const at = (least, most) => (width) => width >= least && width <= most;

/** Up, down and up again, by the size that bob looks at; then for two seconds all that is sent, without asking for a keyframe. */
async function switches({ track, alice, others: [bob] }, { width }, smallest) {
  await bob.view([track, 1280, 720]);
  await bob.decodes(track, { width: at(width, width), what: 'the largest size' });
  await bob.view([track, 64, 36]);
  await bob.decodes(track, { width: at(smallest, smallest), what: 'the smallest size' });
  await bob.view([track, 1280, 720]);
  await bob.decodes(track, { width: at(width, width), what: 'the largest size again' });
  await Promise.all([alice.gaps(), bob.gaps(track)]);
  const before = await bob.incoming(track);
  const now = await bob.decodes(track, { frames: 20, width: at(width, width) });
  assert.equal(now.pliCount, before.pliCount, 'nothing was missing to decode');
  const [drawn, shown] = await Promise.all([alice.gaps(), bob.gaps(track)]);
  /* a page that gets no time draws nothing, and takes nothing from its decoder */
  const excused = drawn.clock + drawn.stall + shown.stall;
  assert.ok(shown.media <= 500 + excused, `a gap of ${shown.media} ms between pictures of which ${excused} ms are the pages' own`);
  return now;
}

/* points 20 to 23: what each codec needs on a switch of layers; 18: on a keyframe; 40: the layer follows the size */
const cases = [
  ['VP8 in three sizes', { codec: 'VP8', encodings: three, ...large }, 240],
  ['VP9 in two sizes of three temporal layers', { codec: 'VP9', encodings: two({ scalabilityMode: 'L1T3' }), ...small }, 320],
  ['VP9 with two spatial layers of which each frame needs the lower', { codec: 'VP9', encodings: svc('L2T3'), ...small }, 320],
  ['VP9 with two spatial layers of which keyframes need the lower', { codec: 'VP9', encodings: svc('L2T3_KEY'), ...small }, 320],
  ['H264 in two sizes', { codec: 'H264', encodings: two(), ...small }, 320],
  ['AV1 in two sizes of two temporal layers', { codec: 'AV1', encodings: two({ scalabilityMode: 'L1T2' }), ...small }, 320],
  ['AV1 with three spatial and temporal layers', { codec: 'AV1', encodings: svc('L3T3'), ...large }, 240],
  ['AV1 with three spatial layers of which keyframes need the lower', { codec: 'AV1', encodings: svc('L3T3_KEY'), ...large }, 240],
];
const switching = () => {
  for (const [name, publish, smallest] of cases) {
    test(`codecs: ${name}`, LONG, async () => {
      const room = await meet(publish, {});
      const { mimeType } = await switches(room, publish, smallest);
      assert.equal(mimeType, `video/${publish.codec}`);
      const { scalabilityMode } = publish.encodings[0];
      for (const sent of await room.alice.outgoing()) if (scalabilityMode) assert.equal(sent.scalabilityMode, scalabilityMode);
      await room.part();
    });
  }

  for (const mode of ['L1T2', 'L1T3']) {
    test(`codecs: AV1 ${mode}: all temporal layers`, LONG, async () => {
      const { track, alice, others: [bob], part } = await meet({ codec: 'AV1', encodings: svc(mode), ...small }, {});
      await bob.view([track, 1280, 720]);
      await bob.decodes(track, { frames: 20 });
      const { slots } = await bob.call('room.stats', { roomId: bob.room.id });
      assert.equal(slots.find(({ trackId }) => trackId === track).temporal, Number(mode.at(-1)) - 1);
      assert.equal((await alice.outgoing())[0].scalabilityMode, mode);
      await part();
    });
  }

  /* point 22: AV1 says nowhere but in the descriptor which frames are of one picture: who cannot read it gets the lowest layer */
  test('codecs: AV1 with three spatial layers for one who has no dependency descriptor', LONG, async () => {
    const { track, others: [bob], part } = await meet({ codec: 'AV1', encodings: svc('L3T3'), ...large }, { plain: true });
    await bob.view([track, 1280, 720]);
    const { pliCount } = await bob.decodes(track, { width: at(240, 240) });
    assert.equal((await bob.decodes(track, { width: at(240, 240) })).pliCount, pliCount);
    await part();
  });
};

/* point 24: the SFU has no key, and switches layers by what is left clear (VP8) and by the descriptor alone (AV1) */
const sealed = [
  ['VP8 in three sizes', { codec: 'VP8', encodings: three, ...large }, 240],
  ['AV1 in two sizes', { codec: 'AV1', encodings: two({ scalabilityMode: 'L1T2' }), ...small }, 320],
  ['AV1 with three spatial and temporal layers', { codec: 'AV1', encodings: svc('L3T3'), ...large }, 240],
];
const sealing = () => {
  for (const [name, publish, smallest] of sealed) {
    test(`codecs: ${name}, sealed: opened by whoever has the key, and nobody else decodes a picture`, LONG, async () => {
      const room = await meet({ ...publish, sealed: true }, { sealed: true }, {});
      const { track, alice, others: [bob, eve], part } = room;
      await switches(room, publish, smallest);
      const [sent, got] = await Promise.all([alice, bob].map((peer) => peer.tab.evaluate(() => window.media.sealed())));
      assert.ok(sent.out.encrypted > 50 && got[0].decrypted > 50, JSON.stringify([sent, got]));
      assert.equal(got[0].framesWithoutTrailer, 0);
      const { framesReceived, framesDecoded } = await until(async () => {
        const figures = await eve.incoming(track);
        return figures?.framesReceived > 50 && figures;
      }, 'frames at one who has no key', 60000);
      assert.equal(framesDecoded, 0, `of ${framesReceived}`);
      await part();
    });
  }
};

/* most of the time they wait: for estimates to grow, and for the second of room before a larger layer */
describe('room-codecs', { concurrency: 2 }, () => {
  switching();
  sealing();
});
