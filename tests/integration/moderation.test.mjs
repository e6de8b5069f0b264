// SPDX-License-Identifier: Apache-2.0
// Reports, what moderators do about them, its audit log, and how many strangers one may write to.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, RpcError } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { checkResult } from './lib/schema.mjs';
import { build, Server } from './lib/server.mjs';

const apiKey = 'an-API-key-of-at-least-thirty-two-characters';
let server;
before(async () => {
  server = await Server.start({
    signaling: { api_keys: `desk:${apiKey}` },
    messaging: { registration_rate_address: 10000, login_rate_address: 10000, message_rate: 0, chat_rate: 0, contacts_per_hour: 3, contacts_per_day: 100, limited_contacts_per_day: 1 },
  });
});
after(() => server.remove());

let serial = 0;
const open = async (name) => (await Client.open(server.wsUrl)).register(`${name}_${++serial}`);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const pair = async (a, b) => (await a.call('chat.open', { userId: b.user.id })).chat.id;
const write = (a, chatId, text = 'hello') => a.call('message.send', { chatId, randomId: newRandomId(), text });
const ctl = async (...args) => (await promisify(execFile)(path.join(build, 'server/aldisctl'), ['--socket', path.join(server.folder, 'var/admin.sock'), ...args])).stdout;
async function backend(method, params = {}) {
  const response = await fetch(`${server.url}/rpc`, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${apiKey}` }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
  const { result, error } = await response.json();
  if (error) throw new RpcError(error);
  checkResult(method, result);
  return result;
}

test('what was reported stays readable to moderators, once each, and to nobody else', async () => {
  const [ann, bob, eve] = [await open('ann'), await open('bob'), await open('eve')];
  const chatId = await pair(bob, ann);
  const { message } = await write(bob, chatId, 'buy my things');
  const own = (await write(ann, chatId, 'no')).message;
  const of = (ids, extra = {}) => ({ chatId, messageIds: ids, reason: 'spam', ...extra });
  assert.deepEqual(await ann.call('report.message', of([message.id], { comment: 'again and again' })), { reported: 1 });
  assert.deepEqual(await ann.call('report.message', of([message.id])), { reported: 0 });
  assert.equal(await reasonOf(ann.call('report.message', of([own.id]))), 'self');
  assert.equal(await reasonOf(ann.call('report.message', of(['99']))), 'message');
  assert.equal(await reasonOf(eve.call('report.message', of([message.id]))), 'chat');
  assert.deepEqual(await ann.call('report.user', { userId: bob.user.id, reason: 'impersonation' }), { reported: 1 });
  assert.deepEqual(await ann.call('report.user', { userId: bob.user.id, reason: 'other' }), { reported: 0 });
  assert.equal(await reasonOf(ann.call('report.user', { userId: ann.user.id, reason: 'other' })), 'self');
  await bob.call('message.delete', { chatId, ids: [message.id], forAll: true });

  for (const method of ['moderation.list', 'moderation.log']) assert.equal(await reasonOf(ann.call(method, { limit: 10 })), 'forbidden', method);
  const { reports } = await backend('moderation.list', { limit: 20 });
  const mine = reports.filter((r) => r.user.id === bob.user.id);
  assert.equal(mine.length, 2);
  assert.equal(mine[0].text, 'buy my things');
  assert.equal(mine[0].comment, 'again and again');
  assert.equal(mine[0].openReports, 2);
  assert.equal((await backend('moderation.show', { reportId: mine[0].id })).report.reporter.id, ann.user.id);
  assert.equal(await reasonOf(backend('moderation.show', { reportId: '999' })), 'report');

  await backend('moderation.dismiss', { reportId: mine[1].id, note: 'it is Bob', moderator: 'mod' });
  assert.equal(await reasonOf(backend('moderation.dismiss', { reportId: mine[1].id })), 'report_closed');
  assert.deepEqual(await ann.call('report.user', { userId: bob.user.id, reason: 'other' }), { reported: 1 }); // again, once it was closed
  await Promise.all([ann.close(), bob.close(), eve.close()]);
});

test('the command line moderates, and every act stands in the log', async () => {
  const [ann, bob] = [await open('carl'), await open('dora')];
  const chatId = await pair(bob, ann);
  const { message } = await write(bob, chatId, 'very bad');
  await ann.call('report.message', { chatId, messageIds: [message.id], reason: 'abuse' });
  const list = await ctl('moderation', 'list');
  const id = list.split('\n').find((line) => line.includes('very bad')).trim().split(/\s+/)[0];
  assert.match(await ctl('moderation', 'show', id), /very bad/);
  await ctl('moderation', 'delete-message', chatId, message.id, 'insult');
  await ann.notification('update', (u) => u.type === 'message.deleted' && u.ids.includes(message.id));
  assert.deepEqual((await ann.call('message.history', { chatId, limit: 10 })).messages, []);
  assert.match(await ctl('moderation', 'show', id), /very bad/);
  await ctl('moderation', 'resolve', id, 'deleted it');
  await ctl('moderation', 'ban-user', bob.user.username, 'third time');
  assert.equal((await bob.closed).code, 4003);
  assert.equal(await reasonOf((await Client.open(server.wsUrl)).login(bob.user.username)), 'disabled');
  await ctl('moderation', 'unban-user', bob.user.username);

  const { acts } = await backend('moderation.log', { limit: 4 });
  assert.deepEqual(acts.map((a) => a.act), ['unban', 'ban', 'resolve', 'deleteMessage']);
  assert.deepEqual(acts.map((a) => a.note), [undefined, 'third time', 'deleted it', 'insult']);
  assert.ok(acts.every((a) => a.actor === 'admin' && a.moderator && a.userId === bob.user.id));
  assert.match(await ctl('moderation', 'log'), /third time/);
  await assert.rejects(ctl('moderation', 'resolve', id), /closed/);
  await ann.close();
});

test('strangers are few an hour, fewer for who was limited, and who answers is none', async () => {
  const spammer = await open('spam');
  const people = await Promise.all(Array.from({ length: 5 }, () => open('stranger')));
  const chats = [];
  for (const person of people) chats.push(await pair(spammer, person));
  for (const chatId of chats.slice(0, 3)) assert.equal(await reasonOf(write(spammer, chatId)), 'ok');
  const refused = await write(spammer, chats[3]).catch((error) => error);
  assert.equal(refused.reason, 'contact_rate');
  assert.ok(refused.data.retryAfterMs > 3000000 && refused.data.retryAfterMs <= 3600000, String(refused.data.retryAfterMs));
  // in chats that have begun it goes on; nor does forwarding lead around it; who has written is no stranger
  assert.equal(await reasonOf(write(spammer, chats[0])), 'ok');
  const { messages } = await spammer.call('message.history', { chatId: chats[0], limit: 1 });
  assert.equal(await reasonOf(spammer.call('message.forward', { chatId: chats[0], ids: [messages[0].id], toChatId: chats[3], randomIds: [newRandomId()] })), 'contact_rate');
  await write(people[4], chats[4]);
  assert.equal(await reasonOf(write(spammer, chats[4])), 'ok');
  assert.deepEqual((await spammer.call('account.limits')).contacts, { perHour: 3, perDay: 100, lastHour: 3, lastDay: 3 });

  const other = await open('limited');
  const begin = async (person) => reasonOf(write(other, await pair(other, person)));
  await people[0].call('report.user', { userId: other.user.id, reason: 'spam' });
  const report = (await backend('moderation.list', { limit: 20 })).reports.find((r) => r.user.id === other.user.id);
  assert.equal((await other.call('account.limits')).limited, false);
  await backend('moderation.resolve', { reportId: report.id, limitDays: 7 });
  const limits = await other.call('account.limits');
  assert.equal(limits.limited, true);
  assert.ok(Math.abs(limits.until - Date.now() - 7 * 86400000) < 60000);
  assert.equal(await begin(people[0]), 'ok');
  assert.equal(await begin(people[1]), 'contact_rate');
  await backend('moderation.unlimitUser', { userId: other.user.id });
  assert.equal(await begin(people[1]), 'ok');
  await Promise.all([spammer, other, ...people].map((c) => c.close()));
});

test('one user’s reports are bounded', async () => {
  const [ann, bob] = [await open('many'), await open('sorry')];
  const chatId = await pair(bob, ann);
  const ids = [];
  for (let i = 0; i < 60; i++) ids.push((await write(bob, chatId, `word ${i}`)).message.id);
  const report = (from, to) => ann.call('report.message', { chatId, messageIds: ids.slice(from, to), reason: 'spam' });
  assert.deepEqual(await report(0, 20), { reported: 20 });
  assert.deepEqual(await report(20, 40), { reported: 20 });
  assert.equal(await reasonOf(report(40, 60)), 'too_many_reports');
  let last;
  for (let i = 0; i < 40 && last !== 'report_rate'; i++) last = await reasonOf(report(0, 1));
  assert.equal(last, 'report_rate');
  await Promise.all([ann.close(), bob.close()]);
});
