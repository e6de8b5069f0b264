// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, b64u, concat, equal, hex, less, lv, text, u16, u32, u64, unb64u, unhex, utf8 } from '../../src/crypto/bytes.js';
import { seeded, seededBytes } from '../people.js';

/** @param {() => unknown} act */
const malformed = (act) => assert.throws(act, { reason: 'malformed' });

test('bytes: base64url agrees with Node and has one form', () => {
  const next = seeded(1);
  for (let length = 0; length < 70; length++) {
    const bytes = seededBytes(next, length);
    const encoded = Buffer.from(bytes).toString('base64url');
    assert.equal(b64u(bytes), encoded);
    assert.deepEqual(unb64u(encoded), bytes);
  }
});

test('bytes: base64url refuses other forms', () => {
  const bad = ['A', 'AA==', 'AB', 'AAB', 'A+', 'A/', 'A A', 'AAAAA', '\u0141AAA', 5, null, undefined, {}];
  for (const value of bad) malformed(() => unb64u(value));
  malformed(() => unb64u('AAAAAAAA', 4));
  assert.equal(unb64u('AAAAAA', 4).length, 4);
});

test('bytes: hexadecimal', () => {
  assert.equal(hex(Uint8Array.of(0, 15, 255)), '000fff');
  assert.deepEqual(unhex('000fFF'), Uint8Array.of(0, 15, 255));
  malformed(() => unhex('0'));
  malformed(() => unhex('0g'));
});

test('bytes: lv tells fields apart', () => {
  assert.equal(hex(lv('a', Uint8Array.of(1, 2), '')), '0000000161' + '000000020102' + '00000000');
  assert.notDeepEqual(lv('ab', 'c'), lv('a', 'bc'));
});

test('bytes: reader reads what was written and nothing else', () => {
  const reader = new Reader(concat(u16(0x1234), u64(2 ** 40 + 7), lv('x', utf8('é'))));
  assert.equal(reader.u16(), 0x1234);
  assert.equal(reader.u64(), 2 ** 40 + 7);
  reader.label('x');
  assert.equal(text(reader.field(2)), 'é');
  reader.end();
  malformed(() => reader.bytes(1));
  malformed(() => new Reader(u64(2n ** 60n)).u64());
  malformed(() => new Reader(lv('abc')).field(4));
  malformed(() => new Reader(lv('abc')).field(0, 2));
  malformed(() => new Reader(u32(0xffffffff)).field(0, 0xffffffff));
  malformed(() => new Reader(lv('abc')).label('abd'));
  malformed(() => new Reader(Uint8Array.of(1)).end());
  malformed(() => text(Uint8Array.of(0xc3)));
});

test('bytes: a reader on a view stays inside it', () => {
  const whole = Uint8Array.of(9, 9, 0, 0, 0, 1, 7, 9);
  const reader = new Reader(whole.subarray(2, 7));
  assert.deepEqual(reader.field(1), Uint8Array.of(7));
  reader.end();
});

test('bytes: equal', () => {
  assert.ok(equal(utf8('same'), utf8('same')));
  assert.ok(!equal(utf8('same'), utf8('sama')));
  assert.ok(!equal(utf8('same'), utf8('sam')));
});

test('bytes: less', () => {
  const next = seeded(21);
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [seededBytes(next, 16), seededBytes(next, 16)];
    if (i % 3 === 0) b.set(a.subarray(0, 15));
    assert.equal(less(a, b), Buffer.compare(a, b) < 0);
  }
  assert.equal(less(new Uint8Array(16), new Uint8Array(16)), false);
});
