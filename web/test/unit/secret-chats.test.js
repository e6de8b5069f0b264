// SPDX-License-Identifier: Apache-2.0
/** Secret chats of two devices over a server that loses connections, and over one that lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { b64u, unb64u } from '../../src/crypto/bytes.js';
import { Identity } from '../../src/crypto/identity.js';
import { memoryStore } from '../../src/crypto/store.js';
import { SecretServer } from '../secret-server.js';

/** @typedef {import('../secret-server.js').Device} Device */

console.warn = () => {};

/** Two people with a secret chat that is open. */
async function open() {
  const server = new SecretServer();
  const [ann, bob] = [await server.person('ann'), await server.person('bob')];
  const id = await ann.secrets.ask(bob.user);
  await server.settle();
  assert.equal(bob.secrets.offers().length, 1);
  await bob.secrets.accept(id);
  await server.settle();
  return { server, ann, bob, id };
}
/** @param {Device} device @param {string} id */
const texts = (device, id) => device.secrets.messages(id).filter(({ kind }) => kind === 'text').map(({ text }) => text);
/** @param {Device} device @param {string} id */
const notices = (device, id) => device.secrets.messages(id).filter(({ kind }) => kind === 'notice').map(({ text }) => text);

test('secret chats: asked, accepted, both say something, everything is acknowledged', async () => {
  const { server, ann, bob, id } = await open();
  assert.ok(ann.secrets.get(id)?.proven && bob.secrets.get(id)?.proven, 'each has shown that it has the keys');
  await bob.secrets.send(id, 'at once');
  await ann.secrets.send(id, 'hello');
  await server.settle();
  assert.deepEqual(texts(bob, id), ['at once', 'hello']);
  assert.deepEqual(texts(ann, id).toSorted(), ['at once', 'hello']);
  assert.equal(bob.secrets.unread(id), 1);
  await bob.secrets.read(id);
  await server.settle();
  assert.equal(bob.secrets.unread(id), 0);
  assert.equal(ann.secrets.messages(id).find(({ text }) => text === 'hello')?.state, 'read');
  assert.deepEqual([ann.queue.length, bob.queue.length], [0, 0]);
  assert.ok(!JSON.stringify(server.calls).includes('hello'));
});

test('secret chats: answers and connections are lost: nothing is, and nothing comes twice', async () => {
  const { server, ann, bob, id } = await open();
  for (const [i, fault] of /** @type {const} */ (['before', 'after', 'before', 'after']).entries()) {
    ann.faults.set('secret.send', fault);
    await ann.secrets.send(id, `a${i}`);
    await ann.secrets.send(id, `b${i}`);
    await server.settle();
    await ann.reload();
    await bob.reload();
  }
  assert.deepEqual(texts(bob, id), ['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  assert.ok(ann.secrets.messages(id).every(({ state }) => state === 'sent'));
});

test('secret chats: a page that goes between taking and acknowledging takes it once; one that cannot store does not acknowledge', async () => {
  const { server, ann, bob, id } = await open();
  bob.faults.set('secret.ack', 'before');
  await ann.secrets.send(id, 'one');
  await server.settle();
  assert.equal(bob.queue.length, 1, 'not acknowledged');
  await bob.reload();
  assert.deepEqual(texts(bob, id), ['one']);
  const { error } = console;
  console.error = () => {};
  bob.store.fail = true;
  await ann.secrets.send(id, 'two');
  await server.settle();
  console.error = error;
  assert.deepEqual(texts(bob, id), ['one']);
  assert.equal(bob.queue.length, 1, 'still there');
  await ann.secrets.send(id, 'three');
  await server.settle();
  assert.deepEqual(texts(bob, id), ['one', 'two', 'three']);
  assert.equal(bob.queue.length, 0);
});

test('secret chats: the server plays back, reorders and drops: what comes is taken once, as it was sent', async () => {
  const { server, ann, bob, id } = await open();
  /** @type {any[]} */ let held = [];
  server.lie = (device, update) => (device === bob ? [update, update] : [update]);
  await ann.secrets.send(id, 'twice');
  await server.settle();
  assert.deepEqual(texts(bob, id), ['twice']);
  server.lie = (device, update) => {
    if (device !== bob) return [update];
    held.push(update);
    return held.length < 3 ? [] : held.splice(0).reverse();
  };
  for (const text of ['1', '2', '3']) await ann.secrets.send(id, text);
  await server.settle();
  assert.deepEqual(texts(bob, id), ['twice', '3', '2', '1']);
  server.lie = (device, update) => (device === bob ? [] : [update]);
  await ann.secrets.send(id, 'dropped');
  await server.settle();
  server.lie = (_, update) => [update];
  await ann.secrets.send(id, 'after');
  await server.settle();
  assert.deepEqual(texts(bob, id).slice(-1), ['after']);
  assert.ok(!texts(bob, id).includes('dropped'));
  await bob.secrets.send(id, 'still here');
  await server.settle();
  assert.deepEqual(texts(ann, id).slice(-1), ['still here']);
});

test('secret chats: what the server changes, sends back or makes up is not taken, and said once', async () => {
  const { server, ann, bob, id } = await open();
  server.lie = (device, update) => {
    if (device !== bob || update.type !== 'message') return [update];
    const bytes = unb64u(update.payload);
    bytes[bytes.length - 20] ^= 1;
    return [{ ...update, payload: b64u(bytes) }, { ...update, payload: b64u(new Uint8Array(313)) }, { ...update, payload: '!!' }];
  };
  await ann.secrets.send(id, 'changed on the way');
  await server.settle();
  assert.deepEqual(texts(bob, id), []);
  assert.deepEqual(notices(bob, id), ['broken']);
  server.lie = (_, update) => [update];
  const before = ann.secrets.messages(id).length;
  await bob.secrets.send(id, 'mine');
  await server.settle();
  /* Bob's own message comes back to him */
  const [, params] = server.calls.findLast(([method, { secretId }]) => method === 'secret.send' && secretId === id) ?? ['', null];
  server.put(bob, { type: 'message', secretId: id, deviceId: ann.id, payload: params.payload, silent: false });
  await server.settle();
  assert.deepEqual(texts(bob, id), ['mine']);
  assert.equal(ann.secrets.messages(id).length, before + 1);
  await ann.secrets.send(id, 'and on');
  await server.settle();
  assert.deepEqual(texts(bob, id), ['mine', 'and on']);
});

test('secret chats: a message of one chat is none of another', async () => {
  const { server, ann, bob, id } = await open();
  const other = await ann.secrets.ask(bob.user);
  await server.settle();
  await bob.secrets.accept(other);
  await server.settle();
  server.lie = (device, update) => (device === bob ? [{ ...update, secretId: other }] : [update]);
  await ann.secrets.send(id, 'to the first');
  await server.settle();
  assert.deepEqual([texts(bob, id), texts(bob, other)], [[], []]);
});

test('secret chats: the server answers in the place of the other side', async () => {
  const server = new SecretServer();
  const [ann, bob, mallory] = [await server.person('ann'), await server.person('bob'), await server.person('mallory')];
  const id = await ann.secrets.ask(bob.user);
  await server.settle();
  /* Mallory's own device takes the request that was for Bob */
  const chat = server.chats.get(id);
  mallory.tell('secret.requested', server.requestOf(ann, id, chat.blob));
  await server.settle();
  assert.deepEqual(mallory.secrets.offers(), [], 'it says whom it is for');
  server.put(ann, { type: 'accepted', secretId: id, deviceId: mallory.id, blob: chat.blob });
  await server.settle();
  assert.equal(ann.secrets.get(id)?.state, 'ended');
  assert.equal(ann.secrets.get(id)?.ratchet, null);
});

test('secret chats: another device of somebody whose key was compared waits for the user', async () => {
  const { server, ann, bob, id } = await open();
  await ann.secrets.verify(id);
  assert.ok((await ann.secrets.trust(id))?.verified);
  /* Bob, as the server says, on a device with another key */
  bob.identity = await Identity.create(memoryStore(), 'bob');
  const second = await ann.secrets.ask(bob.user);
  await server.settle();
  await bob.secrets.accept(second);
  await server.settle();
  assert.equal(ann.secrets.get(second)?.unsure, true);
  await assert.rejects(ann.secrets.send(second, 'to whom?'), { reason: 'out_of_order' });
  await ann.secrets.acceptChange(second);
  await server.settle();
  await ann.secrets.send(second, 'to you');
  await server.settle();
  assert.deepEqual(texts(bob, second), ['to you']);
  /* and the other way round: a request by such a device */
  const third = await bob.secrets.ask(ann.user);
  await server.settle();
  bob.identity = await Identity.create(memoryStore(), 'bob');
  const fourth = await bob.secrets.ask(ann.user);
  await server.settle();
  assert.equal(ann.secrets.offer(third)?.trust.blocked, false);
  assert.equal(ann.secrets.offer(fourth)?.trust.blocked, true);
  await ann.secrets.accept(fourth);
  assert.equal(ann.secrets.get(fourth), null);
});

test('secret chats: a request that was answered does not come again', async () => {
  const { server, ann, bob, id } = await open();
  const blob = server.calls.find(([method]) => method === 'secret.request')?.[1].blob;
  await bob.secrets.end(id);
  await server.settle();
  bob.tell('secret.requested', server.requestOf(ann, id, blob));
  await server.settle();
  assert.deepEqual(bob.secrets.offers(), []);
});

test('secret chats: the timer begins when it is read, on both sides, and over a reload', async () => {
  const { server, ann, bob, id } = await open();
  await ann.secrets.timer(id, 60000);
  await server.settle();
  assert.equal(bob.secrets.get(id)?.ttl, 60000);
  await bob.secrets.send(id, 'for a minute');
  await server.settle();
  for (const device of [ann, bob]) device.clock.now += 3600000;
  await ann.reload();
  assert.deepEqual(texts(ann, id), ['for a minute'], 'not read yet');
  await ann.secrets.read(id);
  await server.settle();
  for (const device of [ann, bob]) device.clock.now += 60000;
  await ann.reload();
  await bob.reload();
  assert.deepEqual([texts(ann, id), texts(bob, id)], [[], []]);
  assert.deepEqual((await ann.store.entries('messages', '')).filter(([, { kind }]) => kind === 'text'), []);
});

test('secret chats: one deletes one\'s own on both sides, the other\'s here alone; the end takes all', async () => {
  const { server, ann, bob, id } = await open();
  await ann.secrets.send(id, 'mine');
  await bob.secrets.send(id, 'his');
  await server.settle();
  const own = ann.secrets.messages(id).find(({ text }) => text === 'mine'), his = ann.secrets.messages(id).find(({ text }) => text === 'his');
  await ann.secrets.remove(id, [own?.id ?? '', his?.id ?? '']);
  await server.settle();
  assert.deepEqual([texts(ann, id), texts(bob, id)], [[], ['his']]);
  await ann.secrets.end(id);
  await server.settle();
  assert.equal(ann.secrets.get(id), null);
  assert.deepEqual([await ann.store.entries('chats', ''), await ann.store.entries('messages', '')], [[], []]);
  const over = bob.secrets.get(id);
  assert.deepEqual([over?.state, over?.reason, over?.ratchet], ['ended', 'discarded', null]);
});
