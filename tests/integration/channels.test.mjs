// SPDX-License-Identifier: Apache-2.0
// Supergroups and channels as users with several devices see them: a log of the chat's own, told to those who are here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { enter, jwtSecret } from './lib/jwt.mjs';
import { Messenger, newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    signaling: { jwt_secret: jwtSecret },
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, groups_per_user: 100000 },
  });
});
after(() => server.remove());

const person = async () => (await Client.open(server.wsUrl)).register(`channel_user_${++serial}`);
const secondDevice = async (of) => (await Client.open(server.wsUrl)).login(of.user.username);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const refuses = async (promise, reason) => assert.equal(await reasonOf(promise), reason);
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));
const make = async (kind, owner, ...members) =>
  (await owner.call('chat.create', { kind, title: 'Many', members: members.map((m) => m.user.id) })).chat.id;
const send = (client, chatId, text, more = {}) => client.call('message.send', { chatId, randomId: newRandomId(), text, ...more });

test('a supergroup: told live to all devices that are here, and caught up with by the others', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const tablet = await secondDevice(bob);
  const [a, b, t, e] = [ann, bob, tablet, eve].map((client) => new Messenger(client));
  const chatId = await make('supergroup', ann, bob);
  const first = await send(bob, chatId, 'hello');
  assert.deepEqual([first.ptsCount, first.chatPts, first.chatPtsCount], [0, 2, 1]);
  for (const m of [a, b, t]) await until(() => m.texts(chatId).join() === ',hello', 'the first');
  assert.equal(a.chat(chatId).pts, 2);
  await eve.cut();
  await ann.call('chat.invite', { chatId, userIds: [eve.user.id] });
  for (let i = 0; i < 5; i++) await send(ann, chatId, `text ${i}`);
  await ann.call('message.edit', { chatId, messageId: first.message.id, text: 'x' }).catch(() => {});
  await bob.call('message.edit', { chatId, messageId: first.message.id, text: 'hullo' });
  await ann.call('message.delete', { chatId, ids: ['4'], forAll: true });
  await ann.call('chat.update', { chatId, title: 'Very many' });
  await until(() => t.chat(chatId).info?.title === 'Very many', 'the title');
  await eve.connect();
  await eve.start();
  await e.catchUp(2);
  assert.deepEqual(e.texts(chatId), t.texts(chatId));
  assert.equal(e.chat(chatId).pts, a.chat(chatId).pts);
  await send(ann, chatId, 'live');
  await until(() => e.texts(chatId).includes('live'), 'what is told live');
  assert.equal(e.chatGaps + b.chatGaps, 0);
  await ann.call('message.typing', { chatId, action: 'typing' });
  assert.equal((await eve.notification('update', (p) => p.type === 'typing')).userId, ann.user.id);
  await closeAll(ann, bob, tablet, eve);
});

test('who asks to be let in is told live to the admins who may answer, and to nobody else', async () => {
  const [ann, bob, carl, eve] = await Promise.all([person(), person(), person(), person()]);
  const chatId = await make('channel', ann, bob, carl);
  await ann.call('chat.setRole', { chatId, userId: carl.user.id, role: 'admin', rights: ['post'] });
  await ann.call('chat.setRole', { chatId, userId: bob.user.id, role: 'admin', rights: ['invite'] });
  const { link } = await ann.call('chat.createLink', { chatId, approval: true });
  const told = (client, count) => client.notification('chat.requests', (p) => p.chatId === chatId && p.count === count);
  assert.equal((await eve.call('chat.join', { link })).requested, true);
  await Promise.all([told(ann, 1), told(bob, 1)]);
  await bob.call('chat.answerRequest', { chatId, userId: eve.user.id, approve: true });
  await Promise.all([told(ann, 0), told(bob, 0)]);
  await carl.call('chat.get', { ids: [chatId] });
  await eve.call('chat.get', { ids: [chatId] });
  for (const client of [carl, eve]) await assert.rejects(client.notification('chat.requests', () => true, 200));
  await closeAll(ann, bob, carl, eve);
});

test('topics: threads that devices follow by the log alone', async () => {
  const [ann, bob] = [await person(), await person()];
  const b = new Messenger(bob);
  const chatId = await make('supergroup', ann, bob);
  await refuses(ann.call('topic.create', { chatId, title: 'Travel' }), 'topics_off');
  await ann.call('chat.update', { chatId, topics: true });
  const { topic: { threadId } } = await ann.call('topic.create', { chatId, title: 'Travel' });
  assert.equal((await bob.call('chat.get', { ids: [chatId] })).chats[0].topics, true);
  const first = (await send(bob, chatId, 'where to', { threadId })).message;
  assert.equal(first.threadId, threadId);
  assert.equal((await send(ann, chatId, 'Rome', { replyTo: first.id })).message.threadId, threadId);
  assert.equal((await send(ann, chatId, 'general')).message.threadId, undefined);
  await refuses(send(ann, chatId, 'x', { threadId: first.id }), 'topic');
  await ann.call('topic.update', { chatId, threadId, closed: true });
  await refuses(send(bob, chatId, 'x', { threadId }), 'topic_closed');
  const last = (await send(ann, chatId, 'Rome it is', { threadId })).message;
  assert.deepEqual((await bob.call('topic.list', { chatId, limit: 10 })).topics,
    [{ threadId, title: 'Travel', lastMessageId: last.id, closed: true, unread: 4 }]);
  const { messages } = await bob.call('message.history', { chatId, threadId, limit: 10 });
  assert.deepEqual(messages.map((m) => m.text || m.data.topic), ['Rome it is', { closed: true }, 'Rome', 'where to', { title: 'Travel' }]);
  assert.deepEqual((await bob.call('search.messages', { query: 'rome', chatId, threadId, limit: 10 })).hits.map((h) => h.message.text), ['Rome it is', 'Rome']);
  // who was told live holds the same
  await until(() => b.texts(chatId).includes('Rome it is'), 'the last');
  const held = [...b.chat(chatId).messages.values()].filter((m) => m.threadId === threadId);
  assert.deepEqual(held.map((m) => m.data?.topic).filter(Boolean), [{ title: 'Travel' }, { closed: true }]);
  await closeAll(ann, bob);
});

test('who is typing is told to a crowd of 200 that are here, and to no larger one', async () => {
  const ann = await person();
  const chatId = await make('supergroup', ann);
  const crowd = [];
  const join = async (n) => {
    const more = await Promise.all(Array.from({ length: n }, (_, i) => enter(server, `crowd-${crowd.length + i}`)));
    crowd.push(...more);
    for (let i = 0; i < n; i += 100) await ann.call('chat.invite', { chatId, userIds: more.slice(i, i + 100).map((c) => c.user.id) });
  };
  const typing = (p) => p.type === 'typing' && p.chatId === chatId;
  await join(199);
  await ann.call('message.typing', { chatId, action: 'typing' });
  await Promise.all(crowd.map((client) => client.notification('update', typing)));
  await join(1);
  await ann.call('message.typing', { chatId, action: 'typing' });
  const { message } = await send(ann, chatId, 'after it'); // what is told later has come: typing would have before
  await Promise.all(crowd.map((client) => client.notification('update', (p) => p.message?.id === message.id && p.chatId === chatId)));
  assert.equal(crowd.flatMap((c) => c.notifications).filter((n) => n.method === 'update' && typing(n.params)).length, 0);
  await closeAll(ann, ...crowd);
});

test('marks are for the reader alone, and counts come from the chat', async () => {
  const [ann, bob] = [await person(), await person()];
  const tablet = await secondDevice(bob);
  const [a, t] = [ann, tablet].map((client) => new Messenger(client));
  const chatId = await make('supergroup', ann, bob);
  for (let i = 0; i < 3; i++) await send(ann, chatId, `${i}`);
  assert.equal((await bob.call('chat.list', { limit: 10 })).chats[0].chat.unread, 4);
  await bob.call('message.read', { chatId, upToId: '2' });
  await until(() => t.chat(chatId).unread === 2, 'the mark');
  await bob.call('message.delivered', { chatId, upToId: '4' });
  const last = await send(ann, chatId, 'after');
  await until(() => a.chat(chatId).pts === last.chatPts, 'the last');
  assert.equal(a.chat(chatId).read.size + a.chat(chatId).delivered.size, 0);
  await closeAll(ann, bob, tablet);
});

test('who is out hears nothing any more; who is back does', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const chatId = await make('channel', ann, bob, eve);
  const [b, e] = [bob, eve].map((client) => new Messenger(client));
  await refuses(send(bob, chatId, 'x'), 'admin_only');
  await refuses(bob.call('chat.members', { chatId, limit: 10 }), 'admin_only');
  await bob.call('chat.leave', { chatId });
  await ann.call('chat.ban', { chatId, userId: eve.user.id });
  await until(() => e.chat(chatId).role === 'banned' && b.chat(chatId).role === 'left', 'both are out');
  let heard = 0;
  for (const client of [bob, eve]) {
    const { listener } = client;
    client.listener = (message) => { heard += message.params.chatPts !== undefined; return listener(message); };
  }
  const { message } = await send(ann, chatId, 'secret');
  for (const [client, reason] of [[bob, 'left'], [eve, 'banned']]) {
    await refuses(client.call('updates.chatDifference', { chatId, pts: 0, limit: 10 }), reason);
    await refuses(client.call('message.history', { chatId, limit: 10 }), reason);
    await refuses(client.call('message.edits', { chatId, messageId: message.id }), reason);
    assert.deepEqual((await client.call('updates.state')).chats, []);
    assert.deepEqual((await client.call('chat.get', { ids: [chatId] })).chats, []);
  }
  assert.equal(heard, 0);
  await ann.call('chat.invite', { chatId, userIds: [bob.user.id] });
  await send(ann, chatId, 'news');
  await until(() => b.texts(chatId).includes('news'), 'he hears again');
  assert.ok(b.texts(chatId).includes('secret')); // a channel has no past that is hidden
  await closeAll(ann, bob, eve);
});

test('over a restart: what was told is there, and devices that come back hear', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await make('channel', ann, bob);
  const params = { chatId, randomId: newRandomId(), text: 'once' };
  const answer = await ann.call('message.send', params);
  await server.kill();
  await Promise.all([ann.closed, bob.closed]);
  await server.launch();
  for (const client of [ann, bob]) { await client.connect(); await client.start(); }
  const b = new Messenger(bob);
  await b.catchUp();
  assert.deepEqual(b.texts(chatId), ['', 'once']);
  assert.deepEqual(await ann.call('message.send', params), answer);
  await send(ann, chatId, 'two');
  await until(() => b.texts(chatId).at(-1) === 'two', 'what is told live');
  assert.deepEqual((await bob.call('updates.state')).chats, [{ chatId, chatPts: 3 }]);
  await closeAll(ann, bob);
});

test('a channel and its discussion: posts come into the group, comments are counted, over a killed server', async () => {
  const [ann, bob] = [await person(), await person()];
  const of = (kind) => make(kind, ann, bob);
  const [channel, group, plain] = [await of('channel'), await of('supergroup'), await of('group')];
  const chatOf = async (client, id) => (await client.call('chat.get', { ids: [id] })).chats[0];
  await refuses(ann.call('chat.update', { chatId: channel, linkedChatId: plain }), 'linked_kind');
  await refuses(bob.call('chat.update', { chatId: channel, linkedChatId: group }), 'admin_only');
  await ann.call('chat.update', { chatId: channel, linkedChatId: group });
  assert.deepEqual([(await chatOf(bob, channel)).linkedChatId, (await chatOf(bob, group)).linkedChatId], [group, channel]);
  await refuses(ann.call('chat.update', { chatId: await of('channel'), linkedChatId: group }), 'linked_taken');
  const request = { chatId: channel, randomId: newRandomId(), text: 'news' };
  const { message: post } = await ann.call('message.send', request);
  await server.kill();
  for (const client of [ann, bob]) await client.closed;
  await server.launch();
  for (const client of [ann, bob]) { await client.connect(); await client.start(); }
  const again = await ann.call('message.send', request);
  assert.deepEqual([again.message.id, again.message.comments], [post.id, { chatId: group, messageId: post.comments.messageId, count: 0 }]);
  const history = async (chatId) => (await bob.call('message.history', { chatId, limit: 50 })).messages.filter(({ kind }) => kind === 'text');
  const [copy] = await history(group);
  assert.deepEqual([copy.id, copy.text, copy.forwardedFrom.chatId, copy.forwardedFrom.messageId], [post.comments.messageId, 'news', channel, post.id]);
  for (const text of ['first', 'second']) await bob.call('message.send', { chatId: group, randomId: newRandomId(), text, replyTo: copy.id });
  assert.equal((await history(channel))[0].comments.count, 2);
  await ann.call('message.edit', { chatId: channel, messageId: post.id, text: 'good news' });
  assert.equal((await history(group)).at(-1).text, 'good news');
  await ann.call('message.delete', { chatId: channel, ids: [post.id], forAll: true });
  assert.deepEqual((await history(group)).map(({ text }) => text), ['second', 'first']);
  await ann.call('chat.update', { chatId: group, linkedChatId: null });
  assert.equal((await chatOf(bob, channel)).linkedChatId, undefined);
  assert.equal((await ann.call('message.send', { chatId: channel, randomId: newRandomId(), text: 'alone' })).message.comments, undefined);
  await Promise.all([ann, bob].map((client) => client.close()));
});
