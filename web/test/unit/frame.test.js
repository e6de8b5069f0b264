// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, hex, unhex, utf8 } from '../../src/crypto/bytes.js';
import { codecOf, escape, split, unescape, unwrapObu, wrapObu } from '../../src/crypto/codecs.js';
import { CONTEXT, KIND, frameParse, frameWrite, kidParse, kidWrite } from '../../src/crypto/frame.js';
import { hkdfKey } from '../../src/crypto/kdf.js';
import { FrameOpener, FrameSealer } from '../../src/crypto/media-keys.js';
import { ReplayWindow, WINDOW } from '../../src/crypto/replay.js';
import { flipped, reason, seeded, seededBytes } from '../people.js';

/** @typedef {import('../../src/crypto/bytes.js').Bytes} Bytes */
/** @typedef {import('../../src/crypto/codecs.js').Codec} Codec */

const [keyA, keyB] = await Promise.all([1, 2].map((byte) => hkdfKey(new Uint8Array(32).fill(byte))));
const caller = { suite: 5, sendKey: keyA, receiveKey: keyB, ownLeaf: 0, peerLeaf: 1, generation: 0 };
const callee = { suite: 5, sendKey: keyB, receiveKey: keyA, ownLeaf: 1, peerLeaf: 0, generation: 0 };
/** @param {any} [from] @param {any} [to] */
const video = (from = {}, to = {}) => ({
  sealer: new FrameSealer({ ...caller, ...from }, CONTEXT.camera, KIND.video),
  opener: new FrameOpener({ ...callee, ...to }, CONTEXT.camera, KIND.video),
});
/** @param {Codec} codec @param {FrameSealer} sealer @param {Bytes} frame @returns {Promise<Bytes>} */
async function seal(codec, sealer, frame) {
  const sealed = await sealer.seal(codec, frame);
  assert.ok(sealed);
  return sealed;
}

const vp8Key = concat(Uint8Array.of(0x10, 2, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1), seededBytes(seeded(6), 500));
const vp8Delta = concat(Uint8Array.of(0x31, 2, 0), seededBytes(seeded(7), 300));
const h264Key = unhex(`00000001 6742c01f8c8d40 00000001 68ce3c80 000001 65b80440 ${'000000'.repeat(3)}0102000003`.replaceAll(' ', ''));
const h264Delta = unhex(`00000001 419a00 ${'00000100'.repeat(9)}`.replaceAll(' ', ''));
/** @type {[Codec, Bytes][]} */
const frames = [['vp8', vp8Key], ['vp8', vp8Delta], ['vp8', Uint8Array.of(0x10, 1)], ['vp9', seededBytes(seeded(8), 400)],
  ['vp9', new Uint8Array(0)], ['h264', h264Key], ['h264', h264Delta], ['av1', seededBytes(seeded(9), 90)], ['av1', seededBytes(seeded(10), 20000)]];

for (const [codec, frame] of frames) {
  test(`frame: ${codec} of ${frame.length} bytes comes back, and only whole`, async () => {
    const { sealer, opener } = video();
    const sealed = await seal(codec, sealer, frame);
    const opened = await opener.open(codec, sealed);
    const wanted = codec === 'h264' ? canonical(frame) : frame;
    assert.deepEqual(opened, wanted);
    const fresh = video().opener; /* what it refuses leaves no trace in it */
    const step = Math.max(1, Math.floor(sealed.length / 150));
    for (let at = 0; at < sealed.length; at += step) {
      for (const mask of [1, 0x80]) {
        assert.equal(typeof (await fresh.open(codec, flipped(sealed, at, mask))), 'string', `byte ${at}`);
      }
    }
    for (let at = sealed.length - 6; at < sealed.length; at++) {
      for (let mask = 1; mask < 256; mask++) {
        assert.equal(typeof (await fresh.open(codec, flipped(sealed, at, mask))), 'string', `byte ${at} mask ${mask}`);
      }
    }
    for (let length = 0; length < sealed.length; length += step) {
      assert.equal(typeof (await fresh.open(codec, sealed.slice(0, length))), 'string', `cut to ${length}`);
    }
    assert.deepEqual(await fresh.open(codec, sealed), wanted);
  });
}

/** 4-byte start codes before the first slice, as packetizers leave it. @param {Bytes} frame */
function canonical(frame) {
  const parts = split('h264', frame);
  assert.ok(parts);
  return concat(parts.clear, parts.secret);
}

test('frame: what stays in clear', () => {
  const clear = (/** @type {Codec} */ codec, /** @type {Bytes} */ frame) => split(codec, frame)?.clear;
  assert.equal(clear('vp8', vp8Key)?.length, 10);
  assert.equal(clear('vp8', vp8Delta)?.length, 1);
  assert.equal(clear('vp9', vp8Key)?.length, 0);
  assert.equal(clear('opus', vp8Key)?.length, 0);
  assert.equal(clear('av1', vp8Key)?.length, 0);
  assert.equal(hex(clear('h264', h264Key) ?? new Uint8Array(0)), '000000016742c01f8c8d400000000168ce3c800000000165b8');
  assert.equal(hex(clear('h264', h264Delta) ?? new Uint8Array(0)), '00000001419a');
});

test('frame: what is no H.264 frame is not sent', async () => {
  const { sealer } = video();
  for (const bad of ['', '00', '4142', '0000000167424242', '0100000165b80440', '000001']) {
    assert.equal(await sealer.seal('h264', unhex(bad)), null, bad);
  }
  const long = concat(unhex('0000000167'), new Uint8Array(300).fill(9), unhex('0000000165b80440'));
  assert.equal(await sealer.seal('h264', long), null, 'more in clear than one byte can tell');
  assert.equal(await sealer.seal('vp8', new Uint8Array(0)), null);
});

test('frame: audio on a video track and the reverse are not sent', async () => {
  assert.equal(await video().sealer.seal('opus', utf8('frame')), null);
  const audio = new FrameSealer(caller, CONTEXT.audio, KIND.audio);
  assert.equal(await audio.seal('vp8', vp8Key), null);
});

test('frame: only codecs with a rule', () => {
  assert.equal(codecOf('video/VP8'), 'vp8');
  assert.equal(codecOf('audio/opus'), 'opus');
  for (const other of ['video/H265', 'audio/red', 'audio/PCMU', 'video/rtx', '', undefined]) assert.equal(codecOf(other), null);
});

test('frame: H.264 has no start code after the clear part, whatever the ciphertext', () => {
  const next = seeded(11);
  for (let i = 0; i < 3000; i++) {
    /* mostly zeros and small bytes: the worst there is */
    const body = Uint8Array.from({ length: 16 + Math.floor(next() * 40) }, () => (next() < 0.7 ? 0 : Math.floor(next() * 5)));
    const clear = unhex(['00000001419a', '0000000165b800', '000000014100', '0000000141ff0000'][i % 4]);
    const header = Uint8Array.of(0x9a, 0x10, 0x10, 1, 0, 0);
    const frame = frameWrite('h264', clear, body, header);
    const tail = frame.subarray(Math.max(0, clear.length - 2));
    for (let at = 0; at + 2 < tail.length; at++) {
      if (!tail[at] && !tail[at + 1] && tail[at + 2] < 3) assert.fail(`start code in ${hex(frame)}`);
    }
    const parsed = frameParse('h264', frame);
    assert.ok(typeof parsed !== 'string');
    assert.deepEqual(parsed.sealed, body);
    assert.deepEqual(parsed.clear, clear);
  }
});

test('frame: unescape takes only what escape writes', () => {
  const next = seeded(12);
  const none = new Uint8Array(0);
  let good = 0;
  for (let i = 0; i < 20000; i++) {
    const bytes = Uint8Array.from({ length: 1 + Math.floor(next() * 9) }, () => Math.floor(next() * 5));
    const plain = unescape(none, bytes);
    if (!plain) continue;
    good++;
    assert.deepEqual(escape(none, plain), bytes);
  }
  assert.ok(good > 2000, `${good}`);
});

test('frame: the OBU around AV1 is exactly one', () => {
  for (const length of [0, 1, 127, 128, 16383, 16384]) {
    const payload = new Uint8Array(length).fill(5);
    const obu = wrapObu(payload);
    assert.deepEqual(unwrapObu(obu), payload);
    assert.equal(unwrapObu(concat(obu, Uint8Array.of(0))), null);
    if (length) assert.equal(unwrapObu(obu.slice(0, -1)), null);
  }
  for (const bad of ['', '32', '3280', '3280808080', '3300', '328080808001']) assert.equal(unwrapObu(unhex(bad)), null, bad);
});

test('frame: without the trailer it is never opened', async () => {
  const { opener } = video();
  for (const frame of [vp8Key, vp8Delta, new Uint8Array(0), Uint8Array.of(0xe1)]) {
    assert.equal(await opener.open('vp8', frame), 'no_trailer');
  }
  assert.equal(await opener.open('vp8', Uint8Array.of(0xe2)), 'malformed');
});

test('frame: another track, another kind, another person, another key', async () => {
  const { sealer, opener } = video();
  const sealed = await seal('vp8', sealer, vp8Key);
  const screen = new FrameOpener(callee, CONTEXT.screen, KIND.video);
  assert.equal(await screen.open('vp8', sealed), 'wrong_key_id');
  const reflected = new FrameOpener(caller, CONTEXT.camera, KIND.video);
  assert.equal(await reflected.open('vp8', sealed), 'wrong_key_id', 'our own frame sent back');
  const asAudio = new FrameOpener(callee, CONTEXT.camera, KIND.audio);
  assert.equal(await asAudio.open('vp8', sealed), 'not_authentic');
  const stranger = new FrameOpener({ ...callee, receiveKey: keyB }, CONTEXT.camera, KIND.video);
  assert.equal(await stranger.open('vp8', sealed), 'not_authentic');
  const otherSuite = new FrameOpener({ ...callee, suite: 4 }, CONTEXT.camera, KIND.video);
  assert.equal(await otherSuite.open('vp8', sealed), 'not_authentic');
  assert.deepEqual(await opener.open('vp8', sealed), vp8Key);
});

test('frame: duplicates, even at once, are given out once', async () => {
  const { sealer, opener } = video();
  const sealed = await seal('vp8', sealer, vp8Key);
  const all = await Promise.all([1, 2, 3].map(() => opener.open('vp8', sealed)));
  assert.equal(all.filter((opened) => typeof opened !== 'string').length, 1);
  assert.equal(all.filter((opened) => opened === 'duplicate').length, 2);
  assert.equal(await opener.open('vp8', sealed), 'duplicate');
});

test('frame: a forged counter does not move the window', async () => {
  const { sealer, opener } = video();
  const frame = await seal('vp9', sealer, vp8Key);
  const other = video().sealer;
  for (let i = 0; i < 5; i++) await other.seal('vp9', vp8Key);
  const forged = flipped(await seal('vp9', other, vp8Key), 20);
  assert.equal(await opener.open('vp9', forged), 'not_authentic');
  assert.deepEqual(await opener.open('vp9', frame), vp8Key);
});

test('frame: reordered frames within the window open once, in any order', async () => {
  const next = seeded(13);
  const { sealer, opener } = video();
  const sent = [];
  for (let i = 0; i < 300; i++) sent.push(await seal('vp8', sealer, vp8Delta));
  sent.sort(() => next() - 0.5);
  for (const frame of sent) assert.deepEqual(await opener.open('vp8', frame), vp8Delta);
  for (const frame of sent) assert.equal(await opener.open('vp8', frame), 'duplicate');
});

test('frame: a new generation ends the old one', async () => {
  const { sealer, opener } = video();
  const restarted = video({ generation: 1 }).sealer;
  const [old, older] = [await seal('vp8', sealer, vp8Key), await seal('vp8', sealer, vp8Delta)];
  const fresh = await seal('vp8', restarted, vp8Key);
  assert.deepEqual(await opener.open('vp8', old), vp8Key);
  assert.deepEqual(await opener.open('vp8', fresh), vp8Key);
  assert.equal(await opener.open('vp8', older), 'stale');
  assert.equal(await reason((async () => video({ generation: 16 }))()), 'exhausted');
});

test('frame: no key ever sees a counter twice', async () => {
  /* the property behind AES-GCM: over generations, tracks, codecs and calls made at once, (key id, counter) is unique */
  const next = seeded(14);
  const used = new Set();
  let sent = 0;
  for (let generation = 0; generation < 4; generation++) {
    const sealers = [CONTEXT.camera, CONTEXT.screen].map((context) => new FrameSealer({ ...caller, generation }, context, KIND.video));
    for (let round = 0; round < 40; round++) {
      const jobs = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
        const codec = next() < 0.5 ? 'vp8' : 'h264';
        return sealers[Math.floor(next() * 2)].seal(/** @type {Codec} */ (codec), codec === 'vp8' ? vp8Delta : h264Delta)
          .then((sealed) => frameParse(/** @type {Codec} */ (codec), /** @type {Bytes} */ (sealed)));
      });
      for (const parsed of await Promise.all(jobs)) {
        assert.ok(typeof parsed !== 'string');
        used.add(`${parsed.kid}/${parsed.counter}`);
        sent++;
      }
    }
  }
  assert.equal(used.size, sent);
});

test('frame: key ids', () => {
  for (const context of Object.values(CONTEXT)) {
    for (const leaf of [0, 1, 255]) {
      for (const generation of [0, 15]) {
        assert.deepEqual(kidParse(kidWrite(context, leaf, generation)), { context, leaf, generation });
      }
    }
  }
});

test('replay: against a plain set', () => {
  const next = seeded(15);
  const window = new ReplayWindow();
  const seen = new Set();
  let newest = -1;
  for (let i = 0; i < 30000; i++) {
    const jump = next() < 0.01 ? 3000 : 40;
    const counter = Math.max(0, newest + Math.floor((next() - (next() < 0.05 ? 30 : 0.5)) * jump));
    const wanted = counter <= newest - WINDOW ? 'old' : seen.has(counter) ? 'duplicate' : 'new';
    assert.equal(window.check(counter), wanted, `${counter} with ${newest} newest`);
    if (wanted !== 'new') continue;
    window.commit(counter);
    seen.add(counter);
    newest = Math.max(newest, counter);
  }
});
