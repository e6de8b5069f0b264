// SPDX-License-Identifier: Apache-2.0
/** SECRET1: both ends agree; a server that lies is found out. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { equal, lv, random, text, utf8 } from '../../src/crypto/bytes.js';
import { SUITE_X25519 } from '../../src/crypto/kem.js';
import { REQUEST_MS, accept, accepted, opened, request } from '../../src/secret/handshake.js';
import { MAX_IDS, innerParse, innerWrite, newId } from '../../src/secret/inner.js';
import { open, seal } from '../../src/secret/ratchet.js';
import { safetyNumber } from '../../src/secret/safety.js';
import { NOW, kem, person } from '../people.js';

/** @typedef {import('../../src/crypto/bytes.js').Bytes} Bytes */

const [a, b, m] = [await person('alice'), await person('bob'), await person('mallory')];
const hello = utf8('hello');
/** @param {Promise<unknown>} promise */
const reason = (promise) => promise.then(() => 'none', (error) => error.reason ?? String(error));
/** @param {any} from @param {any} to @param {any} [more] */
const ask = (from, to, more = {}) => request({ identity: from.identity, self: from.party, to: { user: to.party.user, name: to.party.name }, secretId: random(16), now: NOW, kem, ...more });
/** @param {Bytes} bytes @param {any} from @param {any} to @param {Bytes} secretId @param {any} [more] */
const take = (bytes, from, to, secretId, more = {}) => opened(bytes, { self: to.party.user, from: { ...from.party, key: from.identity.publicKey }, secretId, now: NOW, ...more });

test('secret handshake: both ends have the keys, in suite 2 and 1', async () => {
  for (const [ours, theirs, suite] of /** @type {[any, any, number][]} */ ([[kem, kem, 2], [kem, null, 1], [null, kem, 1]])) {
    const secretId = random(16);
    const { request: r1, pending } = await ask(a, b, { secretId, kem: ours });
    const asked = await take(r1, a, b, secretId);
    assert.deepEqual(asked.from, a.party);
    const theirSide = await accept(asked, { identity: b.identity, self: b.party, kem: theirs, hello });
    assert.ok(theirSide.accept.length < 4096 && r1.length < 4096, 'the server takes 4 KiB');
    const ourSide = await accepted(theirSide.accept, structuredClone(pending), { device: b.party.device, kem: ours });
    assert.equal(text(ourSide.hello), 'hello');
    assert.equal(ourSide.suite, suite);
    assert.ok(equal(ourSide.identityKey, b.identity.publicKey) && equal(theirSide.identityKey, a.identity.publicKey));
    const { message } = await seal(ourSide.state, utf8('first'), ourSide.context);
    assert.equal(text((await open(theirSide.state, message, theirSide.context)).plain), 'first');
    const back = await seal(theirSide.state, utf8('at once'), theirSide.context);
    assert.equal(text((await open(ourSide.state, back.message, ourSide.context)).plain), 'at once');
  }
});

test('secret handshake: the signature is of the identity key, over all of the body', async () => {
  const { request: r1 } = await ask(a, b);
  const length = new DataView(r1.buffer, r1.byteOffset).getUint32(0);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(a.identity.publicKey).toString('base64url') }, format: 'jwk' });
  assert.ok(verify(null, r1.subarray(4, 4 + length), key, r1.subarray(8 + length)));
});

test('secret handshake: the server changes a bit of the request, or says it is somebody else\'s', async () => {
  const secretId = random(16);
  const { request: r1 } = await ask(a, b, { secretId });
  for (let at = 0; at < r1.length; at += 13) {
    const changed = r1.slice();
    changed[at] ^= 1;
    assert.ok(['malformed', 'bad_signature'].includes(await reason(take(changed, a, b, secretId))), `${at}`);
  }
  assert.equal(await reason(take(r1, a, b, random(16))), 'wrong_call');
  assert.equal(await reason(take(r1, a, m, secretId)), 'wrong_peer', 'to another user');
  assert.equal(await reason(take(r1, m, b, secretId)), 'wrong_peer', 'from another user');
  assert.equal(await reason(take(r1, { ...a, party: { ...a.party, device: '999' } }, b, secretId)), 'wrong_peer', 'from another device');
  assert.equal(await reason(take(r1, { ...a, identity: m.identity }, b, secretId)), 'wrong_peer', 'the server names another key');
  assert.equal(await reason(take(r1, a, b, secretId, { now: NOW + REQUEST_MS + 1 })), 'stale');
  assert.equal(await reason(take(r1, a, b, secretId, { now: NOW - REQUEST_MS })), 'stale');
});

test('secret handshake: somebody else answers, or answers another request', async () => {
  const secretId = random(16);
  const { request: r1, pending } = await ask(a, b, { secretId });
  const asked = await take(r1, a, b, secretId);
  const good = await accept(asked, { identity: b.identity, self: b.party, kem, hello });
  const device = b.party.device;
  const forged = await accept(asked, { identity: m.identity, self: m.party, kem, hello });
  assert.equal(await reason(accepted(forged.accept, pending, { device: m.party.device, kem })), 'wrong_peer');
  assert.equal(await reason(accepted(good.accept, pending, { device: '999', kem })), 'wrong_peer');
  /* as Bob, but not with his key: the key is another one, which the pins see */
  const posed = await accept(asked, { identity: m.identity, self: b.party, kem, hello });
  assert.ok(!equal((await accepted(posed.accept, pending, { device, kem })).identityKey, b.identity.publicKey));
  const second = await ask(a, b, { secretId });
  assert.equal(await reason(accepted(good.accept, second.pending, { device, kem })), 'wrong_call');
  for (let at = 0; at < good.accept.length; at += 13) {
    const changed = good.accept.slice();
    changed[at] ^= 1;
    assert.ok(['malformed', 'bad_signature', 'wrong_peer', 'wrong_call', 'bad_seal', 'downgrade', 'bad_key'].includes(await reason(accepted(changed, pending, { device, kem }))), `${at}`);
  }
});

test('secret handshake: ML-KEM cannot be taken away', async () => {
  const secretId = random(16);
  const { request: r1, pending } = await ask(a, b, { secretId });
  const asked = await take(r1, a, b, secretId);
  /* a peer that could do better and does not */
  const weak = await accept({ ...asked, suites: [SUITE_X25519], kem: new Uint8Array(0) }, { identity: b.identity, self: b.party, kem, hello });
  assert.equal(await reason(accepted(weak.accept, pending, { device: b.party.device, kem })), 'downgrade');
});

test('secret handshake: the safety number is the same on both sides, and another one with another key', async () => {
  const [one, two] = [a.identity.publicKey, b.identity.publicKey];
  const number = await safetyNumber(one, two);
  assert.deepEqual(await safetyNumber(two, one), number);
  assert.notDeepEqual(await safetyNumber(one, m.identity.publicKey), number);
  const [low, high] = Buffer.compare(one, two) < 0 ? [one, two] : [two, one];
  const sum = createHash('sha512').update(lv('aldis/safety1', low, high)).digest();
  assert.deepEqual(number, Array.from({ length: 12 }, (_, i) => String(sum.readUIntBE(5 * i, 5) % 100000).padStart(5, '0')));
});

test('secret handshake: what is said inside has a form', () => {
  const id = newId();
  for (const good of [{ t: 'hello' }, { t: 'screenshot' }, { t: 'timer', ttl: 5000 }, { t: 'read', ids: [id] }, { t: 'text', id, text: 'hi', replyTo: newId(), ttl: 1000 }]) {
    assert.deepEqual(innerParse(innerWrite(/** @type {any} */ (good))), good);
  }
  assert.deepEqual(innerParse(utf8('{"t":"later","x":1}')), { t: 'other' });
  for (const bad of ['', '[]', 'null', '{}', '{"t":1}', '{"t":"text"}', `{"t":"text","id":"short","text":"x"}`, `{"t":"text","id":"${id}","text":""}`, `{"t":"text","id":"${id}","text":"x","ttl":-1}`,
    `{"t":"text","id":"${id}","text":"x","ttl":1.5}`, `{"t":"text","id":"${id}","text":"x","replyTo":{}}`, '{"t":"read","ids":"all"}', '{"t":"delete","ids":[5]}', '{"t":"timer"}',
    JSON.stringify({ t: 'read', ids: Array(MAX_IDS + 1).fill(id) }), JSON.stringify({ t: 'text', id, text: 'x'.repeat(8193) })]) {
    assert.throws(() => innerParse(utf8(bad)), { reason: 'malformed' }, bad);
  }
});
