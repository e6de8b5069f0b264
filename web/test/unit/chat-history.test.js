// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../src/chat/history.js';
import { RpcError } from '../../src/rpc-error.js';
import { CHAT, ChatServer, PEER, settle } from '../chat-server.js';

/** @param {ChatServer} server */
const open = (server) => new History(/** @type {any} */ (server), CHAT);
const ids = (/** @type {History} */ history) => history.messages.map(({ id }) => Number(id));
const run = (/** @type {number} */ from, /** @type {number} */ to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('from the newest to the oldest, without holes, each once', async () => {
  const server = new ChatServer(200);
  const history = open(server);
  await history.jump();
  assert.deepEqual([ids(history), history.atNewest, history.atOldest], [run(141, 200), true, false]);
  for (let i = 0; i < 3; i++) await Promise.all([history.older(), history.older()]);
  assert.deepEqual(ids(history), run(1, 200));
  assert.equal(history.atOldest, true);
  const asked = server.calls.length;
  await history.older();
  assert.equal(server.calls.length, asked, 'there is nothing older');
});

test('a jump into the middle grows at both ends', async () => {
  const server = new ChatServer(300);
  const history = open(server);
  await history.jump('100');
  assert.ok(history.get('100'));
  assert.deepEqual([history.atNewest, history.atOldest], [false, false]);
  history.put({ ...server.messages[299], id: '301' }, true);
  assert.ok(!history.get('301'), 'what is new stands behind a hole');
  for (let i = 0; i < 6; i++) await Promise.all([history.newer(), history.older()]);
  assert.deepEqual(ids(history), run(1, 300));
  assert.deepEqual([history.atNewest, history.atOldest], [true, true]);
});

test('what is new while the newest page is on its way comes behind it; what is deleted or edited meanwhile is so', async () => {
  const server = new ChatServer(80);
  const history = open(server);
  server.slow.add('message.history');
  const done = history.jump();
  const late = server.say(PEER, 'late');
  history.put(late, true);
  history.put({ ...server.messages[70], text: 'edited' }, false);
  history.remove(['75', '76']);
  await server.release();
  await done;
  assert.deepEqual(ids(history), [...run(21, 74), ...run(77, 81)]);
  assert.equal(history.get('71')?.text, 'edited');
});

test('edits and deletions of what is not loaded change nothing and break nothing', async () => {
  const server = new ChatServer(200);
  const history = open(server);
  history.put({ ...server.messages[3], text: 'x' }, false);
  history.remove(['4']);
  assert.deepEqual(ids(history), []);
  await history.jump();
  history.put({ ...server.messages[3], text: 'x' }, false);
  history.remove(['4']);
  assert.deepEqual(ids(history), run(141, 200));
});

test('deletion and arrival keep the order', async () => {
  const server = new ChatServer(10);
  const history = open(server);
  await history.jump();
  history.remove(['10']);
  history.put(server.say(PEER, 'eleven'), true);
  history.put(server.messages[10], true);
  assert.deepEqual(ids(history), [...run(1, 9), 11]);
});

test('an earlier jump that is answered later does not take the place of the later', async () => {
  const server = new ChatServer(300);
  const history = open(server);
  server.slow.add('message.history');
  const first = history.jump('50');
  const second = history.jump();
  await server.release();
  await Promise.all([first, second]);
  assert.deepEqual(ids(history), run(241, 300));
});

test('memory is bounded: the far end is let go, and comes back when it is scrolled to', async () => {
  const server = new ChatServer(5000);
  const history = open(server);
  await history.jump();
  let most = 0;
  while (!history.atOldest) {
    await history.older();
    most = Math.max(most, history.messages.length);
    const [first, last] = [ids(history)[0], ids(history).at(-1)];
    assert.deepEqual(ids(history), run(first, /** @type {number} */ (last)));
  }
  assert.ok(most <= 4060, String(most));
  assert.deepEqual([ids(history)[0], history.atNewest], [1, false]);
  while (!history.atNewest) await history.newer();
  assert.equal(ids(history).at(-1), 5000);
  assert.equal(history.atOldest, false);
});

test('a page that was refused says so, and is fetched again', async () => {
  const server = new ChatServer(100);
  const history = open(server);
  server.faults.set('message.history', [new RpcError('message.history', { code: RpcError.UNAVAILABLE, data: { reason: 'busy' } })]);
  await history.jump();
  assert.equal(history.state, 'failed');
  history.retry();
  await settle();
  assert.equal(history.state, 'ready');
  server.faults.set('message.history', [RpcError.timeout('message.history')]);
  await history.older();
  assert.equal(/** @type {any} */ (history.error).reason, 'timeout');
  await history.older();
  assert.deepEqual(ids(history), run(1, 100));
  assert.equal(history.error, null);
});
