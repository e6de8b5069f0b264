// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../src/chat/outbox.js';
import { RpcError } from '../../src/rpc-error.js';
import { Clock } from '../clock.js';
import { CHAT, ChatServer, ME, settle, storage } from '../chat-server.js';

/** @param {ChatServer} server @param {any} [store] */
function open(server, store = storage()) {
  const outbox = new Outbox(/** @type {any} */ (server), store);
  outbox.open(ME);
  return outbox;
}
const texts = (/** @type {ChatServer} */ server) => server.messages.map(({ text }) => text);
const refusal = (/** @type {number} */ code, /** @type {string} */ reason, retryAfterMs = 0) => new RpcError('message.send', { code, data: { reason, retryAfterMs } });

test('messages of a chat go out one after the other, in order', async () => {
  const server = new ChatServer();
  const outbox = open(server);
  server.slow.add('message.send');
  outbox.send(CHAT, { text: 'one' });
  outbox.send(CHAT, { text: 'two' });
  outbox.send(CHAT, { text: 'three' });
  assert.deepEqual(outbox.of(CHAT).map(({ state }) => state), ['sending', 'waiting', 'waiting']);
  assert.equal(server.calls.length, 1);
  for (let i = 0; i < 3; i++) await server.release();
  assert.deepEqual(texts(server), ['one', 'two', 'three']);
  assert.deepEqual(outbox.of(CHAT), []);
});

test('what a reply quotes is sent with it, after a reload too', async () => {
  const server = new ChatServer();
  const store = storage();
  server.cut();
  const quote = { text: 'ring', offset: 6 };
  open(server, store).send(CHAT, { text: 'which?', replyTo: '1', quote });
  server.heal();
  open(server, store).flush();
  await settle();
  assert.deepEqual(server.calls.filter(([method]) => method === 'message.send').map(([, params]) => [params.replyTo, params.quote]), [['1', quote]]);
});

test('written without a connection: sent once when it is back', async () => {
  const server = new ChatServer();
  const outbox = open(server);
  server.cut();
  outbox.send(CHAT, { text: 'from the tunnel' });
  outbox.send(CHAT, { text: 'still there' });
  await settle();
  assert.equal(server.calls.length, 0);
  server.heal();
  outbox.flush();
  outbox.flush();
  await settle();
  assert.deepEqual(texts(server), ['from the tunnel', 'still there']);
});

for (const fault of ['lost before', 'lost after']) {
  test(`the connection is ${fault} the server has the message: one message, the same random id`, async () => {
    const server = new ChatServer();
    const outbox = open(server);
    server.faults.set('message.send', [fault]);
    outbox.send(CHAT, { text: 'once' });
    outbox.send(CHAT, { text: 'second' });
    server.cut();
    await settle();
    server.heal();
    outbox.flush();
    await settle();
    assert.deepEqual(texts(server), ['once', 'second']);
    const tries = server.calls.filter(([, { text }]) => text === 'once');
    assert.equal(tries.length, 2);
    assert.equal(tries[0][1].randomId, tries[1][1].randomId);
    assert.match(tries[0][1].randomId, /^[A-Za-z0-9_-]{11}$/);
  });
}

test('a page that is closed in the middle: the next one sends what is left, once', async () => {
  const server = new ChatServer();
  const store = storage();
  const first = open(server, store);
  server.slow.add('message.send');
  first.send(CHAT, { text: 'arrives, its answer does not', replyTo: '7' });
  first.send(CHAT, { text: 'was never sent' });
  server.slow.clear();
  const second = open(server, store);
  assert.deepEqual(second.of(CHAT).map(({ text, replyTo, state }) => [text, replyTo, state]), [['arrives, its answer does not', '7', 'waiting'], ['was never sent', undefined, 'waiting']]);
  second.flush();
  await settle();
  assert.deepEqual(texts(server), ['arrives, its answer does not', 'was never sent']);
  assert.deepEqual(open(server, store).of(CHAT), [], 'nothing is left in the store');
});

test('what another user left behind is not sent by this one', () => {
  const server = new ChatServer();
  const store = storage();
  server.cut();
  open(server, store).send(CHAT, { text: 'of the first' });
  const outbox = new Outbox(/** @type {any} */ (server), store);
  outbox.open('other');
  assert.deepEqual(outbox.of(CHAT), []);
  outbox.open(ME);
  assert.equal(outbox.of(CHAT).length, 1);
});

test('a server that is busy is asked again after the time it says; order stays', async () => {
  const clock = new Clock();
  clock.install();
  try {
    const server = new ChatServer();
    const outbox = open(server);
    server.faults.set('message.send', [refusal(RpcError.LIMIT, 'message_rate', 30000)]);
    outbox.send(CHAT, { text: 'one' });
    outbox.send(CHAT, { text: 'two' });
    await settle();
    clock.tick(29000);
    await settle();
    assert.deepEqual([texts(server), server.calls.length], [[], 1]);
    clock.tick(2000);
    await settle();
    assert.deepEqual(texts(server), ['one', 'two']);
  } finally {
    clock.restore();
  }
});

test('what is refused stays until it is sent again or dropped, and lets the next one pass', async () => {
  const server = new ChatServer();
  const outbox = open(server);
  server.faults.set('message.send', [refusal(RpcError.FORBIDDEN, 'restricted'), undefined, refusal(RpcError.FORBIDDEN, 'restricted')]);
  const refused = outbox.send(CHAT, { text: 'refused' });
  outbox.send(CHAT, { text: 'passes' });
  await settle();
  assert.deepEqual(texts(server), ['passes']);
  assert.equal(outbox.of(CHAT)[0].state, 'failed');
  outbox.retry(refused.randomId);
  await settle();
  assert.equal(outbox.of(CHAT)[0].state, 'failed');
  outbox.drop(refused.randomId);
  assert.deepEqual(outbox.of(CHAT), []);
});

test('a late retry of a message that was deleted since is done', async () => {
  const server = new ChatServer();
  const outbox = open(server);
  server.faults.set('message.send', [refusal(RpcError.CONFLICT, 'message_deleted')]);
  outbox.send(CHAT, { text: 'deleted on another device' });
  await settle();
  assert.deepEqual(outbox.of(CHAT), []);
});

test('a message that has come by the log is not shown a second time as being sent', async () => {
  const server = new ChatServer();
  const outbox = open(server);
  server.on('update', ({ message }) => outbox.claims(message));
  server.slow.add('message.send');
  outbox.send(CHAT, { text: 'x' });
  assert.deepEqual(outbox.of(CHAT), []);
  await server.release();
  assert.deepEqual(outbox.of(CHAT), []);
  assert.deepEqual(texts(server), ['x']);
});
