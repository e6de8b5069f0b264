// SPDX-License-Identifier: Apache-2.0
/** CALL1 as it should be: both ends agree, and each message is taken once, in its turn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, random, text, utf8 } from '../../src/crypto/bytes.js';
import { CLOCK_WINDOW_MS } from '../../src/crypto/call1.js';
import { inviteParse } from '../../src/crypto/call1-wire.js';
import { EMOJI } from '../../src/crypto/emoji.js';
import { sasOf } from '../../src/crypto/sas.js';
import { hkdfKey } from '../../src/crypto/kdf.js';
import { NOW, accept, call, invite, kem, open, person, reason } from '../people.js';

const [a, b] = [await person('alice'), await person('bob')];

test('call1: both ends agree on keys, peer and emoji', async () => {
  const { caller, callee, accepted, payload, callerSas, calleeSas } = await call(a, b);
  assert.deepEqual(callerSas, calleeSas);
  assert.equal(callerSas.emoji.length, 4);
  assert.match(callerSas.digits, /^\d{6} \d{6}$/);
  assert.deepEqual(accepted.peer, b.party);
  assert.deepEqual(accepted.identityKey, b.identity.publicKey);
  assert.equal(text(accepted.payload), 'offer');
  assert.equal(text(payload), 'answer');
  assert.deepEqual(callee.fields.from, a.party);
  assert.deepEqual(callee.fields.identityKey, a.identity.publicKey);
  assert.equal(accepted.suite, 2);
  const [ours, theirs] = [caller.agreed, callee.agreed];
  assert.ok(ours && theirs);
  assert.equal(ours.media.suite, 5);
  assert.equal(text(await theirs.opener.open(await ours.sealer.seal(utf8('one')))), 'one');
  assert.equal(text(await ours.opener.open(await theirs.sealer.seal(utf8('two')))), 'two');
  await assert.rejects(crypto.subtle.exportKey('raw', ours.keys.mediaCaller));
  await assert.rejects(crypto.subtle.exportKey('raw', ours.keys.sealCaller));
});

test('call1: every call has keys and emoji of its own', async () => {
  const first = await call(a, b);
  const second = await call(a, b);
  assert.notDeepEqual(first.caller.agreed?.transcript, second.caller.agreed?.transcript);
  assert.notDeepEqual(first.callerSas, second.callerSas);
});

test('call1: without ML-KEM on one side suite 1 is agreed, and signed', async () => {
  for (const [ours, theirs] of [[kem, null], [null, kem], [null, null]]) {
    const callId = random(16);
    const caller = await invite(a, b, { callId, suiteKem: ours });
    const callee = await open(b, a, caller.invite, callId);
    const { suite } = await caller.accepted(await accept(b, callee, 'offer', theirs));
    assert.equal(suite, 1);
    assert.equal(caller.agreed?.media.suite, 4);
    const { sas } = await callee.confirmed(await caller.confirm(utf8('')));
    assert.equal(sas.emoji.length, 4);
  }
});

test('call1: the clock window', async () => {
  for (const [skew, wanted] of [[CLOCK_WINDOW_MS, 'nothing'], [-CLOCK_WINDOW_MS, 'nothing'],
    [CLOCK_WINDOW_MS + 1, 'stale'], [-CLOCK_WINDOW_MS - 1, 'stale']]) {
    const callId = random(16);
    const caller = await invite(a, b, { callId, now: NOW + Number(skew) });
    assert.equal(await reason(open(b, a, caller.invite, callId)), wanted, `${skew}`);
  }
});

test('call1: messages out of turn are refused and change nothing', async () => {
  const callId = random(16);
  const caller = await invite(a, b, { callId });
  const other = await call(a, b);
  assert.equal(await reason(caller.revealed(other.m4)), 'out_of_order');
  assert.equal(await reason(caller.confirm(utf8(''))), 'out_of_order');
  const callee = await open(b, a, caller.invite, callId);
  assert.equal(await reason(callee.confirmed(other.m3)), 'out_of_order');
  const m2 = await accept(b, callee);
  assert.equal(await reason(accept(b, callee)), 'out_of_order');
  await caller.accepted(m2);
  assert.equal(await reason(caller.revealed(other.m4)), 'out_of_order', 'early reveal');
  const m3 = await caller.confirm(utf8('answer'));
  const { reveal, sas } = await callee.confirmed(m3);
  assert.equal(await reason(callee.confirmed(m3)), 'out_of_order', 'second confirm');
  assert.deepEqual(await caller.revealed(reveal), sas);
  assert.equal(await reason(caller.revealed(reveal)), 'out_of_order', 'second reveal');
});

test('call1: two messages at once: one is taken', async () => {
  const callId = random(16);
  const caller = await invite(a, b, { callId });
  const m2 = await accept(b, await open(b, a, caller.invite, callId));
  const both = await Promise.all([reason(caller.accepted(m2)), reason(caller.accepted(m2))]);
  assert.deepEqual(both.sort(), ['nothing', 'out_of_order']);
});

test('call1: the invitation is small and holds what it says', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId, video: false });
  assert.ok(m1.length < 1500, `${m1.length} bytes`);
  const { fields } = inviteParse(m1);
  assert.equal(hex(fields.callId), hex(callId));
  assert.equal(fields.to, b.party.user);
  assert.equal(fields.video, false);
  assert.deepEqual(fields.suites, [2, 1]);
});

test('sas: 256 different emoji, each of one code point, each with a name', () => {
  assert.equal(EMOJI.length, 256);
  assert.equal(new Set(EMOJI.map(({ char }) => char)).size, 256);
  assert.equal(new Set(EMOJI.map(({ name }) => name)).size, 256);
  for (const { char, name } of EMOJI) {
    assert.match(char, /^\p{Emoji_Presentation}$/u);
    assert.match(name, /^[a-z][a-z -]*$/);
  }
});

test('sas: evenly spread', async () => {
  const key = await hkdfKey(new Uint8Array(32));
  const seen = new Map();
  const runs = 4096;
  let digitSum = 0;
  for (let i = 0; i < runs; i++) {
    const nonce = new Uint8Array(32);
    new DataView(nonce.buffer).setUint32(0, i);
    const { emoji, digits } = await sasOf(key, nonce, new Uint8Array(32));
    for (const { char } of emoji) seen.set(char, (seen.get(char) ?? 0) + 1);
    digitSum += Number(digits.replace(' ', ''));
  }
  /* chi-squared over 255 degrees of freedom: 1 in 10^6 lies above 375; the input is fixed, so this cannot flicker */
  const expected = (runs * 4) / 256;
  let chi = 0;
  for (const { char } of EMOJI) chi += ((seen.get(char) ?? 0) - expected) ** 2 / expected;
  assert.ok(chi < 375, `chi² ${chi}`);
  assert.ok(Math.abs(digitSum / runs / 10 ** 12 - 0.5) < 0.02, `${digitSum / runs}`);
});

test('sas: the order of the nonces matters', async () => {
  const key = await hkdfKey(new Uint8Array(32));
  const [x, y] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  assert.notDeepEqual(await sasOf(key, x, y), await sasOf(key, y, x));
});
