// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, text, utf8 } from '../../src/crypto/bytes.js';
import { MAX_SEALED_BYTES, Opener, Sealer } from '../../src/crypto/seal.js';
import { flipped, reason } from '../people.js';

const key = () => crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, ['encrypt', 'decrypt']);
const T = new Uint8Array(32).fill(3);
const pair = async () => ({ sealer: new Sealer(await key(), T), opener: new Opener(await key(), T) });

test('seal: what is sealed opens, in order', async () => {
  const { sealer, opener } = await pair();
  for (const message of ['', 'a', 'x'.repeat(255), 'x'.repeat(256), 'x'.repeat(20000)]) {
    assert.equal(text(await opener.open(await sealer.seal(utf8(message)))), message);
  }
  assert.equal(opener.lost, 0);
});

test('seal: short messages all have one length', async () => {
  const { sealer } = await pair();
  const lengths = [];
  for (const message of ['', '{"mute":true}', 'x'.repeat(255)]) lengths.push((await sealer.seal(utf8(message))).length);
  assert.deepEqual(new Set(lengths), new Set([8 + 256 + 16]));
});

test('seal: zeros at the end survive the padding', async () => {
  const { sealer, opener } = await pair();
  const message = Uint8Array.of(1, 0x80, 0, 0);
  assert.deepEqual(await opener.open(await sealer.seal(message)), message);
});

test('seal: a message that comes again or late is refused, a lost one is counted', async () => {
  const { sealer, opener } = await pair();
  const sealed = [];
  for (let i = 0; i < 5; i++) sealed.push(await sealer.seal(utf8(String(i))));
  await opener.open(sealed[0]);
  assert.equal(await reason(opener.open(sealed[0])), 'replayed');
  assert.equal(text(await opener.open(sealed[3])), '3');
  assert.equal(opener.lost, 2);
  assert.equal(await reason(opener.open(sealed[1])), 'replayed');
  assert.equal(text(await opener.open(sealed[4])), '4');
});

test('seal: every changed byte, a cut and another transcript are found', async () => {
  const { sealer, opener } = await pair();
  const sealed = await sealer.seal(utf8('message'));
  for (let at = 0; at < sealed.length; at++) {
    assert.ok(['bad_seal', 'malformed'].includes(await reason(opener.open(flipped(sealed, at)))), `byte ${at}`);
  }
  assert.equal(await reason(opener.open(sealed.slice(0, -1))), 'malformed');
  assert.equal(await reason(opener.open(new Uint8Array(MAX_SEALED_BYTES + 1))), 'malformed');
  const other = new Opener(await key(), new Uint8Array(32).fill(4));
  assert.equal(await reason(other.open(sealed)), 'bad_seal');
  assert.equal(text(await opener.open(sealed)), 'message');
  const long = await sealer.seal(new Uint8Array(300));
  assert.equal(await reason(opener.open(long.slice(0, -256))), 'bad_seal');
});

test('seal: counters never repeat, even of calls made at once', async () => {
  const { sealer } = await pair();
  const all = await Promise.all(Array.from({ length: 200 }, () => sealer.seal(utf8('x'))));
  assert.equal(new Set(all.map((sealed) => hex(sealed.subarray(0, 8)))).size, 200);
});

test('seal: what is too long for the server is refused before it is sent', async () => {
  const { sealer } = await pair();
  assert.equal(await reason(sealer.seal(new Uint8Array(MAX_SEALED_BYTES))), 'malformed');
});
