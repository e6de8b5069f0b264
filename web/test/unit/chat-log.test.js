// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpdateLog } from '../../src/chat/update-log.js';
import { RpcError } from '../../src/rpc-error.js';
import { Clock } from '../clock.js';
import { ChatServer, PEER, settle } from '../chat-server.js';

/** @param {ChatServer} server */
function follow(server) {
  /** @type {number[]} */ const seen = [];
  const log = new UpdateLog(/** @type {any} */ (server), (update) => seen.push(/** @type {number} */ (update.pts)));
  server.on('update', (update) => log.take(update));
  return { log, seen };
}

test('what is next is applied, what is known is forgotten', async () => {
  const server = new ChatServer();
  const { log, seen } = follow(server);
  await log.begin();
  server.say(PEER, 'one');
  server.say(PEER, 'two');
  server.tell(server.updates[0]);
  server.tell(server.updates[1]);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(server.calls.map(([method]) => method), ['updates.state']);
});

test('what comes before the answer to updates.state is neither lost nor applied twice', async () => {
  const server = new ChatServer();
  server.say(PEER, 'before');
  const { log, seen } = follow(server);
  server.slow.add('updates.state');
  const begun = log.begin();
  server.say(PEER, 'meanwhile');
  server.say(PEER, 'and again');
  assert.deepEqual(seen, []);
  await server.release();
  await begun;
  assert.deepEqual(seen, [2, 3], 'the answer was of before them');
});

test('a gap is filled by the difference, page by page, and what came meanwhile follows once', async () => {
  const server = new ChatServer();
  const { log, seen } = follow(server);
  await log.begin();
  for (let i = 0; i < 7; i++) server.say(PEER, `lost ${i}`, { live: false });
  server.slow.add('updates.difference');
  server.say(PEER, 'live, behind the gap');
  assert.deepEqual(seen, [], 'not out of order');
  await settle();
  server.say(PEER, 'while the difference is on its way');
  for (let i = 0; i < 5; i++) await server.release();
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(log.pts, 9);
});

test('a difference that is refused for a while is asked for again, and not at once', async () => {
  const clock = new Clock();
  clock.install();
  try {
    const server = new ChatServer();
    const { log, seen } = follow(server);
    await log.begin();
    server.say(PEER, 'lost', { live: false });
    server.faults.set('updates.difference', [new RpcError('updates.difference', { code: RpcError.UNAVAILABLE, data: { reason: 'busy' } })]);
    server.say(PEER, 'live');
    await settle();
    const asked = () => server.calls.filter(([method]) => method === 'updates.difference').length;
    assert.deepEqual([seen, asked()], [[], 1]);
    clock.tick(20000);
    await settle();
    assert.deepEqual(seen, [1, 2]);
    assert.equal(log.pts, 2);
  } finally {
    clock.restore();
  }
});

for (const [reason, code] of /** @type {[string, number][]} */ ([['pts_too_old', RpcError.GONE], ['pts', -32602]])) {
  test(`a log that cannot be followed (${reason}) is begun anew`, async () => {
    const server = new ChatServer();
    const { log, seen } = follow(server);
    let resets = 0;
    log.addEventListener('reset', () => resets++);
    await log.begin();
    server.faults.set('updates.difference', [new RpcError('updates.difference', { code, data: { reason } })]);
    await log.catchUp();
    assert.deepEqual([resets, log.pts], [1, -1]);
    server.say(PEER, 'held until the log has begun again', { live: false });
    await log.begin();
    server.say(PEER, 'next');
    assert.deepEqual(seen, [2]);
  });
}

test('an answer that says the log is further asks for what is missing', async () => {
  const server = new ChatServer();
  const { log, seen } = follow(server);
  await log.begin();
  server.say(PEER, 'its notification was lost', { live: false });
  log.reached(1);
  log.reached(1);
  await settle();
  assert.deepEqual(seen, [1]);
});

test('the log of a supergroup or channel is counted by chatPts, and is over when one is out', async () => {
  /** @type {any[]} */ const log = Array.from({ length: 5 }, (_, i) => ({ type: 'message.new', chatId: '8', chatPts: i + 4, ptsCount: 1 }));
  /** @type {any} */ const rpc = Object.assign(new EventTarget(), { on: () => () => {}, calls: /** @type {any[]} */ ([]), refuse: false,
    call: async (/** @type {string} */ method, /** @type {any} */ params) => {
      rpc.calls.push([method, params]);
      if (rpc.refuse) throw new RpcError(method, { code: RpcError.FORBIDDEN, data: { reason: 'banned' } });
      const updates = log.filter(({ chatPts }) => chatPts > params.pts);
      return { updates, pts: params.pts + updates.length, more: false };
    } });
  /** @type {number[]} */ const seen = [];
  const chat = new UpdateLog(rpc, (update) => seen.push(/** @type {number} */ (update.chatPts)), { chatId: '8', pts: 3 });
  chat.take(log[0]);
  chat.take(log[0]);
  chat.take({ ...log[3] });
  await settle();
  assert.deepEqual(seen, [4, 5, 6, 7, 8]);
  assert.deepEqual(rpc.calls, [['updates.chatDifference', { chatId: '8', pts: 4, limit: 500 }]]);
  let closed = 0;
  chat.addEventListener('closed', () => closed++);
  rpc.refuse = true;
  chat.reached(20);
  await settle();
  assert.equal(closed, 1);
});
