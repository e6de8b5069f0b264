// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, hex, unhex } from '../../src/crypto/bytes.js';
import { hkdfKey } from '../../src/crypto/kdf.js';
import { decrypt, deriveKey, encrypt, headerParse, headerWrite, nonce } from '../../src/crypto/sframe.js';
import { flipped, reason, seeded, seededBytes } from '../people.js';

const vectors = JSON.parse(readFileSync(new URL('../vectors/rfc9605.json', import.meta.url), 'utf8'));

test('sframe: headers of RFC 9605', () => {
  for (const { kid, counter, header } of vectors.headers) {
    assert.equal(hex(headerWrite(BigInt(kid), BigInt(counter))), header);
    assert.deepEqual(headerParse(unhex(header)), { kid: BigInt(kid), counter: BigInt(counter) });
  }
});

test('sframe: only the shortest form of a header is one', () => {
  for (const bad of ['', '0800', '0807', '8000', '8007', '090001', '900001', '08', '0001', '8f', '00'.repeat(18)]) {
    assert.equal(headerParse(unhex(bad)), null, bad);
  }
});

test('sframe: whatever parses as a header writes back the same', () => {
  const next = seeded(2);
  let good = 0;
  for (let i = 0; i < 20000; i++) {
    const bytes = seededBytes(next, 1 + Math.floor(next() * 5));
    const parsed = headerParse(bytes);
    if (!parsed) continue;
    good++;
    assert.deepEqual(headerWrite(parsed.kid, parsed.counter), bytes);
  }
  assert.ok(good > 1000, `${good}`);
});

for (const vector of vectors.frames) {
  test(`sframe: suite ${vector.suite} of RFC 9605`, async () => {
    const { suite, kid, counter } = vector;
    const key = await deriveKey(await hkdfKey(unhex(vector.baseKey)), kid, suite);
    assert.equal(hex(key.salt), vector.salt);
    assert.equal(hex(nonce(key.salt, counter)), vector.nonce);
    const header = headerWrite(kid, counter);
    const metadata = unhex(vector.metadata);
    assert.equal(hex(concat(header, metadata)), vector.aad);
    const sealed = await encrypt(key, header, counter, metadata, unhex(vector.plain));
    assert.equal(hex(concat(header, sealed)), vector.sealed);
    assert.equal(hex((await decrypt(key, header, counter, metadata, sealed)) ?? new Uint8Array(0)), vector.plain);
    assert.equal(await decrypt(key, header, counter, metadata, flipped(sealed, 3)), null);
    assert.equal(await decrypt(key, header, counter, flipped(metadata, 0), sealed), null);
    assert.equal(await decrypt(key, header, counter + 1, metadata, sealed), null);
  });
}

test('sframe: the keys cannot be exported, other suites are refused', async () => {
  const base = await hkdfKey(new Uint8Array(32));
  const { key } = await deriveKey(base, 1, 5);
  await assert.rejects(crypto.subtle.exportKey('raw', key));
  assert.equal(await reason(deriveKey(base, 1, 3)), 'unsupported');
});
