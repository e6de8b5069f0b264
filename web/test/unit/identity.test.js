// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trust } from '../../src/call/trust.js';
import { random, unb64u, utf8 } from '../../src/crypto/bytes.js';
import { Identity, identityVerify } from '../../src/crypto/identity.js';
import { memoryStore } from '../../src/crypto/store.js';
import { NOW, person, reason } from '../people.js';

const ann = { user: 'u-ann', name: 'ann', device: 'd1' };
const keyOf = (/** @type {number} */ byte) => new Uint8Array(32).fill(byte);

test('identity: kept, found again, and never exported', async () => {
  const store = memoryStore();
  assert.equal(await Identity.load(store, 'me'), null);
  const made = await Identity.loadOrCreate(store, 'me');
  const found = await Identity.loadOrCreate(store, 'me');
  assert.deepEqual(found.publicKey, made.publicKey);
  assert.deepEqual(unb64u(made.encoded), made.publicKey);
  await identityVerify(made.publicKey, await found.sign(utf8('x')), utf8('x'));
  const { privateKey } = await store.get('identity', 'me');
  assert.equal(privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey('pkcs8', privateKey));
  assert.notDeepEqual((await Identity.loadOrCreate(store, 'other')).publicKey, made.publicKey);
});

test('identity: halves that do not belong together are no identity', async () => {
  const store = memoryStore();
  await Identity.create(store, 'me');
  const kept = await store.get('identity', 'me');
  await store.put('identity', 'me', { ...kept, publicKey: keyOf(1) });
  assert.equal(await Identity.load(store, 'me'), null);
});

test('pins: first use, then known, then compared', async () => {
  const { identity: { pins } } = await person('me');
  assert.equal(await pins.check(ann, keyOf(1)), 'first');
  await pins.pin(ann, keyOf(1));
  assert.equal(await pins.check(ann, keyOf(1)), 'pinned');
  await pins.verify(ann, keyOf(1));
  assert.equal(await pins.check(ann, keyOf(1)), 'verified');
  await pins.pin(ann, keyOf(1));
  assert.equal(await pins.check(ann, keyOf(1)), 'verified', 'a later call does not undo it');
});

test('pins: another key of somebody never compared', async () => {
  const { identity: { pins } } = await person('me');
  await pins.pin(ann, keyOf(1));
  assert.equal(await pins.check({ ...ann, device: 'd2' }, keyOf(2)), 'added');
  assert.equal(await pins.check(ann, keyOf(2)), 'replaced');
});

test('pins: another key of somebody compared stops, on any device, until it is taken', async () => {
  const { identity: { pins } } = await person('me');
  await pins.verify(ann, keyOf(1));
  assert.equal(await pins.check(ann, keyOf(2)), 'changed');
  assert.equal(await pins.check({ ...ann, device: 'd2' }, keyOf(2)), 'changed');
  await pins.pin(ann, keyOf(2));
  assert.equal(await pins.check(ann, keyOf(2)), 'pinned');
  assert.equal(await pins.check(ann, keyOf(1)), 'verified');
});

test('pins: a compared person\'s name on another account stops', async () => {
  const { identity: { pins } } = await person('me');
  await pins.verify(ann, keyOf(1));
  assert.equal(await pins.check({ user: 'u-eve', name: 'ann', device: 'd9' }, keyOf(9)), 'changed');
  assert.equal(await pins.check({ user: 'u-eve', name: 'eve', device: 'd9' }, keyOf(9)), 'first');
});

test('pins: a compared person\'s name in another case stops; what is no username is refused', async () => {
  const { identity: { pins } } = await person('me');
  await pins.verify({ user: '7', name: 'bob', device: 'd1' }, keyOf(1));
  await pins.verify({ user: '8', name: 'jwt:Zo\u00eb', device: 'd1' }, keyOf(2));
  for (const name of ['Bob', 'BOB', 'jwt:zo\u00eb', 'jwt:Zoe\u0308', 'jwt:Zo\u00eb\u200d']) {
    assert.equal(await pins.check({ user: '99', name, device: 'd9' }, keyOf(9)), 'changed', name);
  }
  for (const name of ['b\u043eb', 'bob\u200b', 'bob ', 'bo', '', '\u212aate', 'jwt:', 'jwt:x\u202ey', 'jwt:\u200d', 'jwt: x', `jwt:${'x'.repeat(65)}`]) {
    const peer = { user: '99', name, device: 'd9' };
    assert.equal(await reason(pins.check(peer, keyOf(9))), 'malformed', name);
    assert.throws(() => pins.pin(peer, keyOf(9)), /malformed/, name);
  }
  assert.equal(await pins.check({ user: '99', name: 'jwt:bob', device: 'd9' }, keyOf(9)), 'first');
});

test('trust: the display name of the moment of comparing stays, whatever comes later', async () => {
  const { identity } = await person('me');
  const of = (/** @type {number} */ byte) => Trust.of(identity, ann, keyOf(byte));
  const first = await of(1);
  assert.deepEqual([first.displayName, first.direct], ['', false]);
  await first.remember();
  assert.equal((await of(1)).displayName, '', 'pinned is not compared');
  await first.verify('Ann');
  assert.equal(first.direct, true, 'compared in this call');
  await first.remember();
  assert.deepEqual([(await of(1)).displayName, (await of(1)).direct], ['Ann', true]);
  assert.deepEqual([(await of(2)).displayName, (await of(2)).direct], ['Ann', false], 'with another key too');
  await (await of(1)).rename('Ann of Green Gables');
  assert.equal((await of(1)).displayName, 'Ann of Green Gables');
});

test('trust: a changed key that was accepted is still a new one', async () => {
  const { identity } = await person('me');
  await identity.pins.verify(ann, keyOf(1));
  const changed = await Trust.of(identity, ann, keyOf(2));
  await changed.acceptChange();
  assert.deepEqual([changed.status, changed.direct], ['pinned', false]);
});

test('pins: of one account are unknown to another; forgotten is forgotten; changes do not overwrite each other', async () => {
  const store = memoryStore();
  const [mine, yours] = [await Identity.create(store, 'me'), await Identity.create(store, 'you')];
  await Promise.all([1, 2, 3, 4].map((byte) => mine.pins.pin({ ...ann, device: `d${byte}` }, keyOf(byte))));
  assert.equal((await mine.pins.get(ann.user))?.pins.length, 4);
  assert.equal(await yours.pins.check(ann, keyOf(1)), 'first');
  await mine.pins.forget(ann.user);
  assert.equal(await mine.pins.check(ann, keyOf(1)), 'first');
});

test('used calls: kept as long as a replay could pass the clock window', async () => {
  const { identity: { usedCalls } } = await person('me');
  const [old, recent] = [random(16), random(16)];
  assert.equal(await usedCalls.has(old), false);
  await usedCalls.add(old, NOW);
  await usedCalls.add(recent, NOW + 10 * 60 * 1000);
  assert.equal(await usedCalls.has(old), true);
  await usedCalls.add(random(16), NOW + 10 * 60 * 1000 + 1);
  assert.equal(await usedCalls.has(old), false);
  assert.equal(await usedCalls.has(recent), true);
});
