// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Messenger } from '../../src/chat/messenger.js';
import { ScheduledMessages } from '../../src/chat/scheduled.js';
import { notSentWords } from '../../src/chat/words.js';
import { when } from '../../src/format.js';
import { barWords } from '../../src/ui/chat/scheduled-view.js';
import { nearTimes, timeProblem } from '../../src/ui/chat/send-later.js';
import { CHAT, ChatServer, ME, settle, storage } from '../chat-server.js';

const HOUR = 3600e3;
/** @param {string} id @param {number} sendAt @param {object} [more] @returns {import('../../src/chat/types.js').Scheduled} */
const one = (id, sendAt, more = {}) => ({ id, chatId: CHAT, sendAt, at: 1, text: `text ${id}`, entities: [], ...more });

/** A server that has these. @param {import('../../src/chat/types.js').Scheduled[]} there */
function open(there) {
  const server = new ChatServer();
  /** @type {((value: any) => void)[]} */ const held = [];
  /** @type {any} */ const rpc = { call: (/** @type {string} */ method, /** @type {any} */ params) => {
    server.calls.push([method, params]);
    return new Promise((resolve) => held.push(() => resolve({ scheduled: structuredClone(there) })));
  } };
  const scheduled = new ScheduledMessages(rpc, (method, params) => rpc.call(method, params));
  return { server, scheduled, answer: async () => { for (const go of held.splice(0)) go(undefined); await settle(); } };
}
const ids = (/** @type {ScheduledMessages} */ scheduled) => scheduled.of(CHAT).map(({ id }) => id);

test('a chat is asked about once, and told in the order of sending', async () => {
  const { server, scheduled, answer } = open([one('1', 300), one('2', 100), one('3', 300)]);
  void scheduled.load(CHAT);
  void scheduled.load(CHAT);
  await answer();
  void scheduled.load(CHAT);
  assert.equal(server.calls.length, 1);
  assert.deepEqual(ids(scheduled), ['2', '1', '3']);
});

test('what the log says while the question is on its way is newer than its answer', async () => {
  const { scheduled, answer } = open([one('1', 100), one('2', 200)]);
  void scheduled.load(CHAT);
  scheduled.apply({ type: 'scheduled', chatId: CHAT, scheduledId: '1' });
  scheduled.apply({ type: 'scheduled', chatId: CHAT, scheduledId: '2', scheduled: one('2', 200, { failed: 'left' }) });
  scheduled.apply({ type: 'scheduled', chatId: CHAT, scheduledId: '9', scheduled: one('9', 50) });
  await answer();
  assert.deepEqual(scheduled.of(CHAT).map(({ id, failed }) => [id, failed]), [['9', undefined], ['2', 'left']]);
});

test('a chat that nobody has looked at is not made up of what the log says of it', async () => {
  const { scheduled, answer } = open([one('1', 100), one('2', 200)]);
  scheduled.apply({ type: 'scheduled', chatId: CHAT, scheduledId: '2', scheduled: one('2', 200) });
  assert.deepEqual(ids(scheduled), []);
  void scheduled.load(CHAT);
  await answer();
  assert.deepEqual(ids(scheduled), ['1', '2']);
});

test('an answer from before a log that began anew is not taken', async () => {
  const { scheduled, answer } = open([one('1', 100)]);
  void scheduled.load(CHAT);
  scheduled.forget();
  await answer();
  assert.deepEqual(ids(scheduled), []);
});

test('a second try whose first was not lost moves what it has scheduled', async () => {
  /** @type {[string, any][]} */ const calls = [];
  const scheduled = new ScheduledMessages(/** @type {any} */ ({}), async (method, params) => { calls.push([method, params]); return { scheduled: one('7', 100) }; });
  await scheduled.add(CHAT, { text: 'x' }, 200, 'r');
  await scheduled.add(CHAT, { text: 'x', silent: true }, 100, 'r');
  assert.deepEqual(calls, [['message.send', { chatId: CHAT, randomId: 'r', text: 'x', sendAt: 200 }], ['message.editScheduled', { chatId: CHAT, scheduledId: '7', sendAt: 200 }], ['message.send', { chatId: CHAT, randomId: 'r', text: 'x', sendAt: 100, silent: true }]]);
});

test('updates of the log reach it, and silence goes out and survives the page', async () => {
  const server = new ChatServer(2);
  const store = storage();
  const messenger = new Messenger({ rpc: /** @type {any} */ (server), storage: store, me: () => ME });
  await messenger.session();
  server.slow.add('message.send');
  messenger.scheduled.load = async () => {};
  const seen = /** @type {any[]} */ ([]);
  messenger.scheduled.apply = (update) => void seen.push(update.scheduledId);
  server.happen({ type: 'scheduled', scheduledId: '5' });
  await settle();
  assert.deepEqual(seen, ['5']);
  server.cut();
  messenger.send(CHAT, { text: 'hush', silent: true });
  const later = new Messenger({ rpc: /** @type {any} */ (server), storage: store, me: () => ME });
  server.heal();
  server.slow.clear();
  await later.session();
  await settle();
  assert.equal(server.calls.findLast(([method]) => method === 'message.send')?.[1].silent, true);
});

test('times at hand are to come, and no two are the same', () => {
  const noon = new Date(2026, 10, 22, 12, 0, 30).getTime(); /* a Sunday */
  assert.deepEqual(nearTimes(noon).map(([label]) => label), ['In an hour', 'Tonight', 'Tomorrow']);
  assert.deepEqual(nearTimes(new Date(2026, 10, 23, 22, 0).getTime()).map(([label, at]) => `${label} ${new Date(at).getDate()} ${new Date(at).getHours()}`), ['In an hour 23 23', 'Tomorrow 24 9', 'Monday 30 9']);
  for (let hour = 0; hour < 24 * 8; hour++) for (const [, at] of nearTimes(noon + hour * HOUR)) assert.equal(timeProblem(at, noon + hour * HOUR), '');
  assert.match(timeProblem(noon, noon), /passed/);
  assert.match(timeProblem(NaN, noon), /date/);
  assert.match(timeProblem(noon + 366 * 24 * HOUR, noon), /year/);
});

test('when it is, and what waits, in words', () => {
  const now = new Date(2026, 10, 23, 12, 0).getTime();
  const at = (/** @type {number} */ day, /** @type {number} */ month = 10, year = 2026) => when(new Date(year, month, day, 9, 0).getTime(), now).replace(/ at .*/, '');
  assert.deepEqual([at(22), at(23), at(24), at(25), at(29), at(30), at(3, 0, 2027)], ['yesterday', 'today', 'tomorrow', 'on Wednesday', 'on Sunday', 'on 30 November', 'on 3 January 2027']);
  assert.equal(barWords([], false), '');
  assert.match(barWords([one('1', Date.now() + 60000)], true), /^1 reminder, to/);
  assert.match(barWords([one('1', 1, { failed: 'left' }), one('2', Date.now() + 60000), one('3', Date.now() + 60000)], false), /^1 message was not sent$/);
  assert.equal(notSentWords('left'), 'You are not in this group any more.');
});
