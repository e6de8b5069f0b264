// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Topics } from '../../src/chat/topics.js';
import { Clock } from '../clock.js';
import { CHAT, settle } from '../chat-server.js';

const clock = new Clock();
before(() => clock.install());
after(() => clock.restore());

/** @param {string[]} ids of all topics, as they are listed */
function scripted(ids) {
  /** @type {any[]} */ const calls = [];
  const rpc = { calls, ids, failing: false, async call(/** @type {string} */ method, /** @type {any} */ params) {
    calls.push([method, params]);
    if (rpc.failing) throw new Error('lost');
    if (method !== 'topic.list') return { messages: [] };
    const at = params.before ? rpc.ids.indexOf(params.before) + 1 : 0;
    const topics = rpc.ids.slice(at, at + 2).map((threadId) => ({ threadId, title: `topic ${threadId}`, lastMessageId: threadId }));
    return { topics, ...(at + 2 < rpc.ids.length ? { next: topics[1].threadId } : {}) };
  } };
  return rpc;
}
const ids = (/** @type {Topics} */ topics) => topics.list.map(({ threadId }) => threadId);

test('pages that were shown stay shown when the list is asked for anew', async () => {
  const rpc = scripted(['9', '7', '5', '3']);
  const topics = new Topics(/** @type {any} */ (rpc), CHAT);
  await topics.load();
  assert.deepEqual([ids(topics), topics.more], [['9', '7'], true]);
  await topics.older();
  assert.deepEqual([ids(topics), topics.more], [['9', '7', '5', '3'], false]);
  rpc.ids = ['3', '9', '7', '5'];
  await topics.load();
  assert.deepEqual(ids(topics), ['3', '9', '7', '5']);
});

test('much that happens is one question, and none before somebody looks; one that fails keeps what there was', async () => {
  const rpc = scripted(['9', '7']);
  const topics = new Topics(/** @type {any} */ (rpc), CHAT);
  for (let i = 0; i < 5; i++) topics.stir();
  clock.tick(1000);
  await settle();
  assert.equal(rpc.calls.length, 0);
  await topics.load();
  for (let i = 0; i < 5; i++) topics.stir();
  clock.tick(1000);
  await settle();
  assert.equal(rpc.calls.length, 2);
  rpc.failing = true;
  topics.stir();
  clock.tick(1000);
  await settle();
  rpc.failing = false;
  assert.deepEqual(ids(topics), ['9', '7']);
  topics.stir();
  clock.tick(1000);
  await settle();
  assert.equal(rpc.calls.length, 4);
});

test('the history of a topic asks for it alone, and takes nothing of another', async () => {
  const rpc = scripted(['9']);
  const history = new Topics(/** @type {any} */ (rpc), CHAT).history('9');
  await history.jump();
  assert.equal(rpc.calls[0][1].threadId, '9');
  const message = /** @type {any} */ ({ id: '20', chatId: CHAT, from: '1', at: 0, kind: 'text', text: 'x', entities: [] });
  history.put({ ...message, threadId: '7' }, true);
  history.put(message, true);
  assert.equal(history.messages.length, 0);
  history.put({ ...message, threadId: '9' }, true);
  assert.equal(history.messages.length, 1);
});
