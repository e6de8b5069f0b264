// SPDX-License-Identifier: Apache-2.0
// What is not sent yet, and what does not stay: drafts, scheduled messages, messages with an end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { Messenger, newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, draft_rate: 0 },
  });
});
after(() => server.remove());

const person = async () => (await Client.open(server.wsUrl)).register(`timely_${++serial}`);
const secondDevice = async (of) => (await Client.open(server.wsUrl)).login(of.user.username);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const refuses = async (promise, reason) => assert.equal(await reasonOf(promise), reason);
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));
const open = async (a, b) => (await a.call('chat.open', { userId: b.user.id })).chat.id;
const send = (client, chatId, text, more = {}) => client.call('message.send', { chatId, randomId: newRandomId(), text, ...more });

test('a draft is the same on all devices, over a restart, and is gone with the message', async () => {
  const [ann, bob] = [await person(), await person()];
  const tablet = await secondDevice(ann);
  const [t, b] = [tablet, bob].map((client) => new Messenger(client));
  const chatId = await open(ann, bob);
  const entities = [{ type: 'bold', offset: 0, length: 5 }];
  await ann.call('chat.setDraft', { chatId, text: 'hello', entities, replyTo: '7' });
  await until(() => t.chat(chatId).draft?.text === 'hello', 'the draft');
  assert.deepEqual({ ...t.chat(chatId).draft, at: 0 }, { text: 'hello', entities, replyTo: '7', at: 0 });
  await tablet.cut();
  await ann.call('chat.setDraft', { chatId, text: 'hello Bob' });
  await server.kill();
  await ann.closed;
  await server.launch();
  for (const client of [ann, bob, tablet]) { await client.connect(); await client.start(); }
  for (const [m, client] of [[t, tablet], [b, bob]]) m.attach(client);
  await t.catchUp();
  assert.equal(t.chat(chatId).draft.text, 'hello Bob');
  assert.equal((await tablet.call('chat.get', { ids: [chatId] })).chats[0].draft.text, 'hello Bob');
  const { message, pts } = await send(ann, chatId, 'hello Bob');
  await until(() => t.pts >= pts, 'the message');
  assert.equal(t.chat(chatId).draft, undefined);
  assert.equal((await tablet.call('chat.list', { limit: 10 })).chats[0].chat.draft, undefined);
  // nobody else was told
  await until(() => b.chat(chatId).messages.has(message.id), 'the message');
  assert.ok((await bob.call('updates.difference', { pts: 0, limit: 100 })).updates.every(({ type }) => type !== 'draft'));
  await refuses(bob.call('chat.setDraft', { chatId, text: 'y'.repeat(4097) }), 'text');
  await refuses((await person()).call('chat.setDraft', { chatId, text: 'x' }), 'chat');
  await closeAll(ann, bob, tablet);
});

const scheduledOf = async (client, chatId) => (await client.call('message.scheduled', { chatId })).scheduled;

test('scheduled: told to its author alone, sent at its time, to all', async () => {
  const [ann, bob] = [await person(), await person()];
  const tablet = await secondDevice(ann);
  const [t, b] = [tablet, bob].map((client) => new Messenger(client));
  const chatId = await open(ann, bob);
  const sendAt = Date.now() + 1500;
  const { scheduled, message } = await send(ann, chatId, 'later', { sendAt });
  assert.deepEqual([scheduled.sendAt, scheduled.text, message], [sendAt, 'later', undefined]);
  await until(() => t.chat(chatId).scheduled?.size === 1, 'the other device');
  assert.deepEqual(await scheduledOf(bob, chatId), []);
  assert.equal((await bob.call('updates.state')).pts, 0);
  await until(() => b.texts(chatId).length === 1, 'the message');
  const late = Date.now() - sendAt;
  assert.ok(late >= 0 && late < 1500, `${late} ms late`);
  await until(() => t.texts(chatId).length === 1 && t.chat(chatId).scheduled.size === 0, 'the other device');
  assert.ok([...b.chat(chatId).messages.values()][0].at >= sendAt);
  await refuses(send(ann, chatId, 'x', { sendAt: Date.now() - 1 }), 'send_at');
  await refuses(send(ann, chatId, 'x', { sendAt: Date.now() + 366 * 86400e3 }), 'send_at');
  await closeAll(ann, bob, tablet);
});

test('scheduled: changed, sent by hand, deleted', async () => {
  const [ann, bob] = [await person(), await person()];
  const b = new Messenger(bob);
  const chatId = await open(ann, bob);
  const sendAt = Date.now() + 3600e3;
  const [one, two] = [(await send(ann, chatId, 'one', { sendAt })).scheduled, (await send(ann, chatId, 'two', { sendAt: sendAt + 1 })).scheduled];
  assert.deepEqual((await scheduledOf(ann, chatId)).map(({ text }) => text), ['one', 'two']);
  const edited = await ann.call('message.editScheduled', { chatId, scheduledId: one.id, text: 'uno', sendAt: sendAt + 2 });
  assert.deepEqual([edited.scheduled.text, edited.scheduled.sendAt], ['uno', sendAt + 2]);
  assert.deepEqual((await scheduledOf(ann, chatId)).map(({ text }) => text), ['two', 'uno']);
  await refuses(bob.call('message.sendScheduled', { chatId, scheduledId: one.id }), 'scheduled');
  assert.equal((await ann.call('message.sendScheduled', { chatId, scheduledId: one.id })).message.text, 'uno');
  await ann.call('message.deleteScheduled', { chatId, scheduledId: two.id });
  assert.deepEqual(await scheduledOf(ann, chatId), []);
  await until(() => b.texts(chatId).length === 1, 'the message');
  assert.deepEqual(b.texts(chatId), ['uno']);
  await closeAll(ann, bob);
});

test('scheduled: a server that is killed around the time sends each once, in order', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await open(ann, bob);
  const n = 90, start = Date.now() + 1000;
  const requests = Array.from({ length: n }, (_, i) => ({ chatId, randomId: newRandomId(), text: `at ${i}`, sendAt: start + i * 30 }));
  await Promise.all(requests.map((params) => ann.call('message.send', params)));
  for (let i = 0; i < 5; i++) { // they come due while it is up and while it is down
    await new Promise((resolve) => setTimeout(resolve, 600));
    await server.kill();
    await server.launch();
  }
  for (const client of [ann, bob]) { await client.closed; await client.connect(); await client.start(); }
  const b = new Messenger(bob);
  await until(async () => { await b.catchUp(); return b.texts(chatId).length >= n; }, 'all of them');
  assert.deepEqual(b.texts(chatId), requests.map(({ text }) => text));
  assert.deepEqual(await scheduledOf(ann, chatId), []);
  // what was sent by then is what a retry gives
  const again = await ann.call('message.send', requests[3]);
  assert.deepEqual([again.message.text, again.scheduled], ['at 3', undefined]);
  await closeAll(ann, bob);
});

test('scheduled: who may not write by then is told why, on all devices; nothing is lost', async () => {
  const [ann, bob] = [await person(), await person()];
  const b = new Messenger(bob);
  const { chat: { id: chatId } } = await ann.call('chat.create', { kind: 'group', title: 'Team', members: [bob.user.id] });
  const { scheduled } = await send(bob, chatId, 'from outside', { sendAt: Date.now() + 700 });
  await ann.call('chat.ban', { chatId, userId: bob.user.id });
  await until(() => b.chat(chatId).scheduled?.get(scheduled.id)?.failed === 'banned', 'the failure');
  assert.equal((await scheduledOf(bob, chatId))[0].text, 'from outside');
  assert.ok((await ann.call('message.history', { chatId, limit: 10 })).messages.every(({ text }) => text !== 'from outside'));
  await bob.call('message.deleteScheduled', { chatId, scheduledId: scheduled.id });
  await refuses(bob.call('message.scheduled', { chatId }), 'banned');
  await closeAll(ann, bob);
});

test('scheduled into saved messages: a reminder', async () => {
  const ann = await person();
  const phone = await secondDevice(ann);
  const p = new Messenger(phone);
  const chatId = await open(ann, ann);
  await send(ann, chatId, 'buy milk', { sendAt: Date.now() + 300 });
  await until(() => p.texts(chatId)[0] === 'buy milk', 'the reminder');
  await closeAll(ann, phone);
});

test('messages that go away, on all devices, over a killed server', async () => {
  const [ann, bob] = [await person(), await person()];
  const [a, b] = [ann, bob].map((client) => new Messenger(client));
  const chatId = await open(ann, bob);
  await send(ann, chatId, 'stays');
  const { message } = await send(ann, chatId, 'goes', { ttlMs: 1000 });
  assert.equal(message.expiresAt, message.at + 1000);
  await until(() => b.texts(chatId).length === 2, 'both');
  await until(() => b.texts(chatId).length === 1 && a.texts(chatId).length === 1, 'the end of one');
  assert.ok(Date.now() >= message.expiresAt && Date.now() < message.expiresAt + 1500, `${Date.now() - message.expiresAt} ms`);
  await bob.call('chat.update', { chatId, messageTtlMs: 1500 });
  await until(() => a.chat(chatId).chat?.messageTtlMs === 1500, 'the chat');
  assert.deepEqual((await ann.call('message.history', { chatId, limit: 1 })).messages[0].data, { ttl: { ms: 1500 } });
  await send(ann, chatId, 'goes with the chat');
  await server.kill();
  await ann.closed;
  await new Promise((resolve) => setTimeout(resolve, 1600));
  await server.launch();
  for (const client of [ann, bob]) { await client.connect(); await client.start(); }
  for (const [m, client] of [[a, ann], [b, bob]]) m.attach(client);
  await until(async () => { await b.catchUp(); return b.texts(chatId).length === 1; }, 'what went meanwhile');
  assert.deepEqual(b.texts(chatId), ['stays']);
  assert.deepEqual((await ann.call('message.history', { chatId, limit: 10 })).messages.map(({ text }) => text), ['stays']);
  await refuses(send(ann, chatId, 'x', { ttlMs: 1 }), 'invalid_params');
  await closeAll(ann, bob);
});

test('a rule of the chat: what was written before it goes too, told in the logs, over a killed server', async () => {
  const [ann, bob] = [await person(), await person()];
  const [a, b] = [ann, bob].map((client) => new Messenger(client));
  const { chat: { id: chatId } } = await ann.call('chat.create', { kind: 'group', title: 'Short of memory', members: [bob.user.id] });
  const walruses = () => b.texts(chatId).filter((text) => text.startsWith('walrus')).length;
  const requests = Array.from({ length: 150 }, (_, i) => ({ chatId, randomId: newRandomId(), text: `walrus ${i}` }));
  for (const params of requests) await ann.call('message.send', params);
  await until(() => walruses() === 150, 'all of them');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await ann.call('chat.update', { chatId, retentionMs: 1000 });
  await until(() => walruses() < 150, 'the first job');
  await server.kill(); // in the middle, or not: the rest goes after the start
  await ann.closed;
  await server.launch();
  for (const client of [ann, bob]) { await client.connect(); await client.start(); }
  for (const [m, client] of [[a, ann], [b, bob]]) m.attach(client);
  await until(async () => { await b.catchUp(); return walruses() === 0; }, 'the end of all of them', 30000);
  assert.deepEqual((await bob.call('search.messages', { query: 'walrus', limit: 10 })).hits, []);
  await refuses(ann.call('message.send', requests[3]), 'message_deleted');
  const known = async () => (await bob.call('chat.get', { ids: [chatId] })).chats[0];
  await until(async () => (await known()).unread === 0, 'the end of the rule\'s own message too');
  assert.equal((await known()).retentionMs, 1000);
  await refuses(bob.call('chat.update', { chatId, retentionMs: 1000 }), 'not_permitted');
  await refuses(ann.call('chat.update', { chatId, retentionMs: 5 }), 'retention');
  await refuses(ann.call('chat.update', { chatId: await open(ann, bob), retentionMs: 86400000 }), 'chat_kind');
  const { pts } = await ann.call('chat.update', { chatId, retentionMs: 0 });
  const { message } = await send(ann, chatId, 'stays now');
  await until(() => b.texts(chatId).includes('stays now'), 'it');
  assert.deepEqual([message.expiresAt, pts > 0], [undefined, true]);
  await closeAll(ann, bob);
});
