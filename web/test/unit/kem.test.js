// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, hex, unhex } from '../../src/crypto/bytes.js';
import { identityVerify } from '../../src/crypto/identity.js';
import { bestSuite, dhAgree, dhGenerate, ownSuites, softwareKem } from '../../src/crypto/kem.js';
import { flipped, reason, seeded, seededBytes } from '../people.js';

const { x25519, ed25519 } = JSON.parse(readFileSync(new URL('../vectors/curves.json', import.meta.url), 'utf8'));

/** The private key of RFC 8410, which WebCrypto wants around the 32 bytes. @param {string} secret */
const importPrivate = (secret) =>
  crypto.subtle.importKey('pkcs8', concat(unhex('302e020100300506032b656e04220420'), unhex(secret)), 'X25519', false, ['deriveBits']);

test('kem: X25519 of RFC 7748', async () => {
  assert.equal(hex(await dhAgree(await importPrivate(x25519.alicePrivate), unhex(x25519.bobPublic))), x25519.shared);
  assert.equal(hex(await dhAgree(await importPrivate(x25519.bobPrivate), unhex(x25519.alicePublic))), x25519.shared);
});

test('kem: X25519 keys of small order are refused', async () => {
  const { privateKey } = await dhGenerate();
  const small = [
    '00'.repeat(32), `01${'00'.repeat(31)}`, `ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  ];
  for (const key of small) assert.equal(await reason(dhAgree(privateKey, unhex(key))), 'bad_key', key);
  assert.equal(await reason(dhAgree(privateKey, new Uint8Array(31))), 'bad_key');
});

test('kem: X25519 private keys cannot be exported', async () => {
  const { privateKey } = await dhGenerate();
  await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey));
});

test('kem: Ed25519 of RFC 8032', async () => {
  const [key, message, signature] = [ed25519.public, ed25519.message, ed25519.signature].map(unhex);
  await identityVerify(key, signature, message);
  assert.equal(await reason(identityVerify(key, flipped(signature, 40), message)), 'bad_signature');
  assert.equal(await reason(identityVerify(key, signature, flipped(message, 0))), 'bad_signature');
  assert.equal(await reason(identityVerify(flipped(key, 0), signature, message)), 'bad_signature');
  assert.equal(await reason(identityVerify(new Uint8Array(3), signature, message)), 'bad_signature');
});

test('kem: ML-KEM-768 agrees; a changed ciphertext gives another secret, a bad key an error', async () => {
  const kem = await softwareKem();
  const pair = await kem.generate();
  assert.equal(pair.publicKey.length, 1184);
  const { ciphertext, secret } = await kem.encapsulate(pair.publicKey);
  assert.equal(ciphertext.length, 1088);
  assert.equal(secret.length, 32);
  assert.deepEqual(await pair.decapsulate(ciphertext), secret);
  assert.notDeepEqual(await pair.decapsulate(flipped(ciphertext, 9)), secret);
  await assert.rejects(kem.encapsulate(new Uint8Array(1184).fill(0xff)));
  await assert.rejects(kem.encapsulate(seededBytes(seeded(3), 1183)));
});

test('kem: the best common suite is used', async () => {
  const kem = await softwareKem();
  assert.deepEqual(ownSuites(kem), [2, 1]);
  assert.deepEqual(ownSuites(null), [1]);
  assert.equal(bestSuite([2, 1], [2, 1]), 2);
  assert.equal(bestSuite([2, 1], [1]), 1);
  assert.equal(bestSuite([2, 1], [9, 2, 1]), 2);
  assert.throws(() => bestSuite([2, 1], [9]), { reason: 'unsupported' });
});
