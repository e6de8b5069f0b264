// SPDX-License-Identifier: Apache-2.0
/**
 * The bytes of CALL1 against figures that were computed apart from this code, from docs/e2ee.md alone: whoever changes
 * them changes the protocol.
 */
import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex, unhex, utf8 } from '../../src/crypto/bytes.js';
import {
  acceptBody, acceptSigned, committed, confirmTagged, inviteBody, revealTagged, signed,
} from '../../src/crypto/call1-wire.js';
import { EMOJI } from '../../src/crypto/emoji.js';
import { callKeys, mac, sha256 } from '../../src/crypto/kdf.js';
import { sasOf } from '../../src/crypto/sas.js';
import { Sealer } from '../../src/crypto/seal.js';

const vector = JSON.parse(readFileSync(new URL('../vectors/call1.json', import.meta.url), 'utf8'));
/** Bytes that count up. @param {number} from @param {number} length */
const count = (from, length) => Uint8Array.from({ length }, (_, i) => (from + i) & 255);

const invite = inviteBody({
  callId: count(0, 16), to: 'u-bob', from: { user: 'u-alice', name: 'alice', device: 'd-alice' }, identityKey: count(0x20, 32),
  dh: count(0x40, 32), kem: count(0x60, 1184), suites: [2, 1], sentAt: 1_800_000_000_000, video: true,
});
const message = signed(invite, count(0x90, 64));
const [dh, secret, callerNonce, calleeNonce] = [0x80, 0xa0, 0xc0, 0xe0].map((from) => count(from, 32));
const transcript = unhex(vector.transcript);
const commitment = unhex(vector.commitment);

test('vectors: the messages and what is signed', async () => {
  assert.equal(hex(await sha256(invite)), vector.inviteBodySha256);
  assert.equal(hex(await sha256(message)), vector.inviteSha256);
  const accept = acceptBody({
    invite: await sha256(message), from: { user: 'u-bob', name: 'bob', device: 'd-bob' }, identityKey: count(0x21, 32),
    dh: count(0x41, 32), kem: count(0x61, 1088), suites: [2, 1], suite: 2,
  });
  assert.equal(hex(await sha256(accept)), vector.transcript);
  assert.equal(hex(await sha256(committed(transcript, calleeNonce))), vector.commitment);
  assert.equal(hex(await sha256(acceptSigned(transcript, commitment))), vector.acceptSignedSha256);
});

test('vectors: tags, emoji and digits', async () => {
  const keys = await callKeys(dh, secret, transcript);
  assert.equal(hex(await mac(keys.confirmCaller, confirmTagged(transcript, commitment, callerNonce))), vector.confirmTag);
  assert.equal(hex(await mac(keys.confirmCallee, revealTagged(transcript, callerNonce, calleeNonce))), vector.revealTag);
  const { emoji, digits } = await sasOf(keys.sas, callerNonce, calleeNonce);
  assert.deepEqual(emoji, vector.emojiIndices.map((/** @type {number} */ index) => EMOJI[index]));
  assert.equal(digits, vector.digits);
});

test('vectors: sealed messages and media keys', async () => {
  const keys = await callKeys(dh, secret, transcript);
  for (const [key, label] of /** @type {[CryptoKey, string][]} */ ([[keys.sealCaller, 'seal_a'], [keys.sealCallee, 'seal_b']])) {
    const sealer = new Sealer(key, transcript);
    await sealer.seal(utf8('zero'));
    const sealed = await sealer.seal(utf8('one'));
    assert.equal(hex(sealed.subarray(0, 8)), '0000000000000001');
    const open = createDecipheriv('aes-256-gcm', unhex(vector.keys[label]), unhex('000000000000000000000001'));
    open.setAAD(unhex(vector.sealContext)).setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([open.update(sealed.subarray(8, -16)), open.final()]);
    assert.equal(hex(plain), `${hex(utf8('one'))}80${'00'.repeat(252)}`);
  }
  const info = utf8('check');
  for (const [key, label] of /** @type {[CryptoKey, string][]} */ ([[keys.mediaCaller, 'media_a'], [keys.mediaCallee, 'media_b']])) {
    const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }, key, 256);
    const wanted = hkdfSync('sha256', unhex(vector.keys[label]), new Uint8Array(0), info, 32);
    assert.deepEqual(new Uint8Array(bits), new Uint8Array(wanted), label);
  }
});

test('vectors: the emoji are those of docs/e2ee.md, in its order', () => {
  const text = readFileSync(new URL('../../../docs/e2ee.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^ *(\d+)  (\S+(?: \S+){15})$/gm)];
  assert.deepEqual(rows.map(([, first]) => Number(first)), Array.from({ length: 16 }, (_, i) => 16 * i));
  assert.deepEqual(rows.flatMap(([, , row]) => row.split(' ')), EMOJI.map(({ char }) => char));
});
