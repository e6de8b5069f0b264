// SPDX-License-Identifier: Apache-2.0
// Chats as users with several devices see them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { Messenger, newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    signaling: { ring_timeout_s: 2 },
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, search_rate: 0, groups_per_user: 100000 },
    sfu: { max_rooms_per_user: 1000, room_join_rate: 0 },
  });
});
after(() => server.remove());

const person = async () => (await Client.open(server.wsUrl)).register(`chatter_${++serial}`);
const secondDevice = async (of) => (await Client.open(server.wsUrl)).login(of.user.username);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const refuses = async (promise, reason) => assert.equal(await reasonOf(promise), reason);
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));
const open = async (a, b) => (await a.call('chat.open', { userId: b.user.id })).chat.id;
const group = async (owner, ...members) =>
  (await owner.call('chat.create', { kind: 'group', title: 'Team', members: members.map((m) => m.user.id) })).chat.id;
const send = (client, chatId, text, more = {}) => client.call('message.send', { chatId, randomId: newRandomId(), text, ...more });
const reach = (messenger, pts) => until(() => messenger.pts >= pts, `pts ${pts}`);

test('two users on three devices: send, edit, delete, read', async () => {
  const [ann, bob] = [await person(), await person()];
  const tablet = await secondDevice(bob);
  const [a, b, t] = [ann, bob, tablet].map((client) => new Messenger(client));
  const chatId = await open(ann, bob);
  const first = await send(ann, chatId, 'hello');
  const second = await send(bob, chatId, 'hi', { replyTo: first.message.id });
  await Promise.all([reach(a, second.pts), reach(b, second.pts), reach(t, second.pts)]);
  for (const m of [a, b, t]) assert.deepEqual(m.texts(chatId), ['hello', 'hi']);
  assert.equal(t.chat(chatId).chat.peer.id, ann.user.id);
  await bob.call('message.delivered', { chatId, upToId: '1' });
  const read = await bob.call('message.read', { chatId, upToId: '1' });
  await reach(t, read.pts);
  assert.equal(t.chat(chatId).unread, 0);
  await until(() => a.chat(chatId).read.get(bob.user.id) === '1' && a.chat(chatId).delivered.get(bob.user.id) === '1', 'the marks');
  await ann.call('message.edit', { chatId, messageId: '1', text: 'hullo' });
  await until(() => t.texts(chatId)[0] === 'hullo', 'the edit');
  assert.equal((await bob.call('message.edits', { chatId, messageId: '1' })).edits[0].text, 'hello');
  await bob.call('message.delete', { chatId, ids: ['1'], forAll: false });
  await until(() => t.texts(chatId).length === 1, 'deletion for oneself');
  assert.deepEqual(a.texts(chatId), ['hullo', 'hi']);
  await ann.call('message.delete', { chatId, ids: ['1'], forAll: true });
  await until(() => a.texts(chatId).length === 1, 'deletion for all');
  await refuses(ann.call('message.delete', { chatId, ids: ['2'], forAll: true }), 'not_permitted');
  await closeAll(ann, bob, tablet);
});

test('a reply quotes what was said, and keeps it', async () => {
  const [ann, bob] = [await person(), await person()];
  const a = new Messenger(ann);
  const chatId = await open(ann, bob);
  const { message: { id } } = await send(ann, chatId, '\u{1f600} hello');
  const quoting = (text, offset) => send(bob, chatId, 'yes', { replyTo: id, quote: { text, offset, entities: [] } });
  await refuses(quoting('ell', 3), 'quote');
  await refuses(quoting('x'.repeat(1025), 0), 'invalid_params');
  await refuses(send(bob, chatId, 'yes', { quote: { text: 'ell', offset: 4 } }), 'quote');
  const quoted = await quoting('ell', 4);
  const quote = { text: 'ell', offset: 4 };
  assert.deepEqual(quoted.message.quote, quote);
  await until(() => a.texts(chatId).length === 2, 'the answer');
  await ann.call('message.delete', { chatId, ids: [id], forAll: true });
  const { messages } = await ann.call('message.history', { chatId, limit: 10 });
  assert.deepEqual(messages.map((m) => m.quote), [quote]);
  await closeAll(ann, bob);
});

test('offline and back, over a restart, and a new device sees all', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await open(ann, bob);
  const b = new Messenger(bob);
  await send(ann, chatId, 'one');
  await until(() => b.texts(chatId).length === 1, 'the first');
  await bob.cut();
  for (let i = 0; i < 30; i++) await send(ann, chatId, `while away ${i}`);
  await server.kill();
  await ann.closed;
  await server.launch();
  await bob.connect();
  await bob.start();
  await b.catchUp(7);
  assert.equal(b.texts(chatId).length, 31);
  const fresh = await secondDevice(bob);
  const f = new Messenger(fresh);
  await f.catchUp();
  assert.deepEqual(f.texts(chatId), b.texts(chatId));
  assert.equal((await fresh.call('updates.state')).pts, f.pts);
  const seen = [];
  for (let next; ;) {
    const page = await fresh.call('message.history', { chatId, limit: 10, ...(next ? { beforeId: next } : {}) });
    seen.push(...page.messages);
    if (!(next = page.next)) break;
  }
  assert.deepEqual(seen.map((m) => m.text).reverse(), f.texts(chatId));
  const { chats } = await fresh.call('chat.list', { limit: 10 });
  assert.equal(chats[0].chat.unread, 31);
  assert.equal(chats[0].lastMessage.text, 'while away 29');
  await closeAll(bob, fresh);
});

test('a send that is repeated is one message', async () => {
  const [ann, bob] = [await person(), await person()];
  const phone = await secondDevice(ann);
  const chatId = await open(ann, bob);
  const params = { chatId, randomId: newRandomId(), text: 'once' };
  const answers = await Promise.all([ann, phone, ann, phone].map((c) => c.call('message.send', params)));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal((await ann.call('message.history', { chatId, limit: 10 })).messages.length, 1);
  await ann.call('message.delete', { chatId, ids: [answers[0].message.id], forAll: true });
  await refuses(ann.call('message.send', params), 'message_deleted');
  await closeAll(ann, bob, phone);
});

test('a group: who comes later, roles, and who is sent out', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const [a, b, e] = [ann, bob, eve].map((client) => new Messenger(client));
  const chatId = await group(ann, bob);
  await send(ann, chatId, 'before');
  const { pts } = await bob.call('chat.invite', { chatId, userIds: [eve.user.id] });
  await Promise.all([reach(b, pts), until(() => e.chat(chatId).messages.size === 1, 'the invitation')]);
  assert.deepEqual(e.chat(chatId).messages.values().next().value.data, { added: { userIds: [eve.user.id] } });
  assert.deepEqual((await eve.call('message.history', { chatId, limit: 10 })).messages.map((m) => m.kind), ['service']);
  await ann.call('chat.setRole', { chatId, userId: bob.user.id, role: 'admin', rights: ['delete', 'ban'] });
  const { message } = await send(eve, chatId, 'rude');
  await bob.call('message.delete', { chatId, ids: [message.id], forAll: true });
  await bob.call('chat.setRole', { chatId, userId: eve.user.id, role: 'restricted', rights: [] });
  await refuses(send(eve, chatId, 'x'), 'restricted');
  await bob.call('chat.ban', { chatId, userId: eve.user.id });
  await until(() => e.chat(chatId).role === 'banned', 'the ban');
  await refuses(eve.call('message.history', { chatId, limit: 10 }), 'banned');
  await refuses(ann.call('chat.invite', { chatId, userIds: [eve.user.id] }), 'target_banned');
  await ann.call('chat.setRole', { chatId, userId: bob.user.id, role: 'owner' });
  const last = await ann.call('chat.leave', { chatId });
  await reach(a, last.pts);
  assert.equal(a.chat(chatId).role, 'left');
  const { members } = await bob.call('chat.members', { chatId, limit: 10 });
  assert.deepEqual(members.map((m) => m.role).sort(), ['banned', 'owner']);
  // nothing of it is given to who is out, by no way
  for (const out of [ann, eve]) {
    const { updates } = await out.call('updates.difference', { pts: 0, limit: 1000 });
    assert.ok(updates.every((u) => !u.message && !u.chat), JSON.stringify(updates));
    assert.deepEqual((await out.call('chat.list', { limit: 10 })).chats, []);
  }
  await closeAll(ann, bob, eve);
});

test('forged and wrong ids', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const chatId = await open(ann, bob);
  await send(ann, chatId, 'secret');
  await refuses(send(eve, chatId, 'x'), 'chat');
  await refuses(send(eve, '123456', 'x'), 'chat');
  await refuses(send(eve, '0', 'x'), 'invalid_params');
  await refuses(send(eve, '9007199254740992', 'x'), 'invalid_params');
  await refuses(eve.call('chat.open', { userId: '123456' }), 'user');
  await refuses(bob.call('message.edit', { chatId, messageId: '1', text: 'x' }), 'not_author');
  await refuses(bob.call('message.edit', { chatId, messageId: '99', text: 'x' }), 'message');
  await refuses(bob.call('message.read', { chatId, upToId: '99' }), 'message');
  await refuses(send(bob, chatId, 'x', { replyTo: '99' }), 'message');
  await refuses(bob.call('updates.difference', { pts: 99, limit: 10 }), 'pts');
  await refuses(bob.call('chat.ban', { chatId, userId: ann.user.id }), 'chat_kind');
  await refuses(send(bob, chatId, 'y'.repeat(4097)), 'text');
  await refuses(send(bob, chatId, '\u{1f600}', { entities: [{ type: 'bold', offset: 1, length: 1 }] }), 'entities');
  const mention = await send(bob, chatId, '\u{1f600} ann', { entities: [{ type: 'mention', offset: 3, length: 3, userId: ann.user.id }] });
  assert.deepEqual(mention.message.entities, [{ type: 'mention', offset: 3, length: 3, userId: ann.user.id }]);
  assert.equal((await ann.call('chat.get', { ids: [chatId] })).chats[0].mentions, 1);
  assert.deepEqual((await eve.call('chat.get', { ids: [chatId] })).chats, []);
  await closeAll(ann, bob, eve);
});

const UP = '\u{1f44d}', HEART = '\u2764\ufe0f';
const messagesOf = async (client, chatId) => (await client.call('message.history', { chatId, limit: 100 })).messages;
/** Every device holds what its history says. */
const agree = async (messenger, chatId) => {
  const seen = (await messagesOf(messenger.client, chatId)).map(({ id, reactions, pinned }) => [id, reactions, pinned]);
  await until(() => {
    const held = [...messenger.chat(chatId).messages.values()].sort((a, b) => Number(b.id) - Number(a.id));
    return JSON.stringify(held.map(({ id, reactions, pinned }) => [id, reactions, pinned])) === JSON.stringify(seen);
  }, 'reactions and pins');
};

test('reactions: one of each user, told to all devices, with whose they are', async () => {
  const [ann, bob] = [await person(), await person()];
  const tablet = await secondDevice(bob);
  const all = [ann, bob, tablet].map((client) => new Messenger(client));
  const chatId = await open(ann, bob);
  const { message } = await send(ann, chatId, 'hello');
  const react = (client, emoji) => client.call('message.react', { chatId, messageId: message.id, emoji });
  await react(bob, UP);
  await react(ann, '\u2764');
  const [seen] = await messagesOf(bob, chatId);
  assert.deepEqual(seen.reactions, [{ emoji: UP, count: 1, own: true }, { emoji: HEART, count: 1 }]);
  for (const m of all) await agree(m, chatId);
  assert.equal(all[2].chat(chatId).messages.get(message.id).reactions[0].own, true);
  await ann.call('message.edit', { chatId, messageId: message.id, text: 'hullo' });
  const last = await react(bob, null);
  await Promise.all(all.slice(1).map((m) => reach(m, last.pts)));
  for (const m of all) await agree(m, chatId);
  const { reactors } = await bob.call('message.reactors', { chatId, messageId: message.id, limit: 10 });
  assert.deepEqual(reactors.map((r) => [r.user.id, r.emoji]), [[ann.user.id, HEART]]);
  await refuses(react(bob, 'no'), 'emoji');
  await refuses(react(bob, `${UP}${UP}`), 'emoji');
  await refuses(react(bob, ''), 'invalid_params');
  // who was away reads the same, and so does a new device
  const fresh = new Messenger(await secondDevice(ann));
  await fresh.catchUp();
  await agree(fresh, chatId);
  await closeAll(ann, bob, tablet, fresh.client);
});

test('pins: a service message, the newest in the chat, pages', async () => {
  const [ann, bob] = [await person(), await person()];
  const b = new Messenger(bob);
  const chatId = await group(ann, bob);
  const ids = [];
  for (const text of ['one', 'two', 'three']) ids.push((await send(bob, chatId, text)).message.id);
  const pin = (client, messageId, more = {}) => client.call('message.pin', { chatId, messageId, pinned: true, ...more });
  await refuses(pin(bob, ids[0]), 'not_permitted');
  await ann.call('chat.update', { chatId, permissions: ['send', 'pin'] });
  await pin(bob, ids[0]);
  await pin(ann, ids[2], { silent: true });
  const { messages, next } = await bob.call('message.pinned', { chatId, limit: 1 });
  assert.deepEqual([messages[0].id, messages[0].pinned, next], [ids[2], true, ids[2]]);
  assert.deepEqual((await bob.call('message.pinned', { chatId, limit: 1, next })).messages.map((m) => m.id), [ids[0]]);
  const pinnedOf = async () => (await bob.call('chat.get', { ids: [chatId] })).chats[0].pinned;
  assert.equal(await pinnedOf(), ids[2]);
  await pin(ann, ids[2], { pinned: false });
  assert.equal(await pinnedOf(), ids[0]);
  await agree(b, chatId);
  assert.deepEqual([...b.chat(chatId).messages.values()].filter((m) => m.data?.pinned).map((m) => m.data.pinned.messageId), [ids[0]]);
  await bob.call('message.delete', { chatId, ids: [ids[0]], forAll: true });
  assert.equal(await pinnedOf(), undefined);
  await closeAll(ann, bob);
});

test('polls: counts for all, the own vote for each, what is right for who has voted', async () => {
  const [ann, bob] = [await person(), await person()];
  const all = [ann, bob].map((client) => new Messenger(client));
  const chatId = await group(ann, bob);
  const ask = (more = {}) => ann.call('message.send', { chatId, randomId: newRandomId(), poll: { question: 'Which colour?', options: ['red', 'green'], ...more } });
  const quiz = (await ask({ quiz: { correct: 1 } })).message;
  assert.deepEqual([quiz.kind, quiz.text, quiz.poll.correct, quiz.poll.anonymous], ['poll', 'Which colour?', undefined, true]);
  const pollOf = async (client) => (await messagesOf(client, chatId)).find((m) => m.id === quiz.id).poll;
  const vote = (client, options, messageId = quiz.id) => client.call('poll.vote', { chatId, messageId, options });
  await vote(bob, [0]);
  assert.deepEqual([(await pollOf(bob)).correct, (await pollOf(bob)).own], [1, [0]]);
  assert.deepEqual([(await pollOf(ann)).correct, (await pollOf(ann)).own, (await pollOf(ann)).voters], [undefined, [], 1]);
  await refuses(vote(bob, [1]), 'already_voted');
  await refuses(vote(ann, [2]), 'options');
  await refuses(vote(ann, [10]), 'invalid_params');
  await refuses(bob.call('poll.close', { chatId, messageId: quiz.id }), 'admin_only');
  await ann.call('poll.close', { chatId, messageId: quiz.id });
  assert.deepEqual([(await pollOf(ann)).correct, (await pollOf(ann)).closed], [1, true]);
  await refuses(vote(ann, [1]), 'poll_closed');
  for (const m of all) {
    const seen = await pollOf(m.client);
    await until(() => JSON.stringify(Object.entries(m.chat(chatId).messages.get(quiz.id).poll).sort()) === JSON.stringify(Object.entries(seen).sort()), 'the poll');
  }
  // the question is found, the options are not looked into
  assert.deepEqual((await bob.call('search.messages', { query: 'colour', limit: 10 })).hits.map((h) => h.message.id), [quiz.id]);
  assert.deepEqual((await bob.call('search.messages', { query: 'green', limit: 10 })).hits, []);
  const open = (await ask({ anonymous: false, multiple: true })).message;
  await vote(bob, [0, 1], open.id);
  const { voters } = await ann.call('poll.voters', { chatId, messageId: open.id, option: 1, limit: 10 });
  assert.deepEqual(voters.map((v) => v.user.id), [bob.user.id]);
  await refuses(ann.call('poll.voters', { chatId, messageId: quiz.id, option: 1, limit: 10 }), 'anonymous');
  await vote(bob, [], open.id);
  await refuses(ask({ options: ['x', ' x'] }), 'poll');
  await refuses(ask({ options: ['x'] }), 'invalid_params');
  await refuses(ann.call('message.send', { chatId, randomId: newRandomId(), text: 'x', poll: { question: 'x', options: ['a', 'b'] } }), 'invalid_params');
  const { chat } = await ann.call('chat.create', { kind: 'channel', title: 'News' });
  await refuses(ann.call('message.send', { chatId: chat.id, randomId: newRandomId(), poll: { question: 'x', options: ['a', 'b'], anonymous: false } }), 'poll');
  await closeAll(ann, bob);
});

test('forwards: where they come from, all or none, once', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const pair = await open(ann, bob);
  const team = await group(bob, eve);
  const e = new Messenger(eve);
  const first = (await send(ann, pair, 'one', { entities: [{ type: 'bold', offset: 0, length: 3 }] })).message;
  const second = (await send(bob, pair, 'two', { replyTo: first.id })).message;
  const forward = (client, chatId, ids, toChatId, randomIds = ids.map(() => newRandomId())) =>
    client.call('message.forward', { chatId, ids, toChatId, randomIds });
  const randomIds = [newRandomId(), newRandomId()];
  const answer = await forward(bob, pair, [second.id, first.id], team, randomIds);
  assert.deepEqual(answer.messages.map((m) => [m.text, m.from, m.replyTo]), [['two', bob.user.id, undefined], ['one', bob.user.id, undefined]]);
  assert.deepEqual(answer.messages[1].forwardedFrom, { userId: ann.user.id, name: ann.user.displayName, at: first.at });
  assert.deepEqual(answer.messages[1].entities, first.entities);
  assert.equal(answer.ptsCount, 2);
  assert.deepEqual(await forward(bob, pair, [second.id, first.id], team, randomIds), answer);
  await until(() => e.texts(team).length === 3, 'the forwards');
  // a forward of a forward comes from where the first came from
  const saved = await open(eve, eve);
  const again = await forward(eve, team, [answer.messages[1].id], saved);
  assert.deepEqual(again.messages[0].forwardedFrom, answer.messages[1].forwardedFrom);
  await refuses(eve.call('message.edit', { chatId: saved, messageId: again.messages[0].id, text: 'x' }), 'not_author');
  // what one may not read, write, or what is not said by anybody
  await refuses(forward(eve, pair, ['1'], saved), 'chat');
  await refuses(forward(eve, team, [answer.messages[0].id], pair), 'chat');
  await refuses(forward(eve, team, [answer.messages[0].id, '99'], saved), 'message');
  await refuses(forward(eve, team, ['1'], saved), 'service_message');
  await refuses(forward(eve, team, ['2', '3'], saved, [randomIds[0], randomIds[0]]), 'random_id');
  await refuses(forward(eve, team, ['2', '3'], saved, [randomIds[0]]), 'invalid_params');
  assert.equal((await messagesOf(eve, saved)).length, 1);
  // of a channel: its name and the message
  const { chat } = await ann.call('chat.create', { kind: 'channel', title: 'News' });
  const news = (await send(ann, chat.id, 'news')).message;
  const told = await forward(ann, chat.id, [news.id], pair);
  assert.deepEqual(told.messages[0].forwardedFrom, { chatId: chat.id, messageId: news.id, name: 'News', at: news.at });
  const back = await forward(ann, pair, [first.id], chat.id);
  assert.deepEqual([back.ptsCount, back.chatPtsCount], [0, 1]);
  await ann.call('chat.update', { chatId: chat.id, protected: true });
  assert.equal((await ann.call('chat.get', { ids: [chat.id] })).chats[0].protected, true);
  await refuses(forward(ann, chat.id, [news.id], pair), 'protected');
  await closeAll(ann, bob, eve);
});

test('typing is told to the others, and not kept', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await open(ann, bob);
  await ann.call('message.typing', { chatId, action: 'typing' });
  const typing = await bob.notification('update', (p) => p.type === 'typing');
  assert.deepEqual([typing.userId, typing.pts], [ann.user.id, undefined]);
  assert.equal((await bob.call('updates.state')).pts, 0);
  await closeAll(ann, bob);
});

// --- who may do what ---

// The group lets its members write, no more. Actors, and what each is answered, in this order:
const actors = ['stranger', 'left', 'banned', 'restricted', 'member', 'admin', 'info', 'invite', 'calls', 'pin', 'delete', 'ban', 'promote', 'owner'];
const out = ['chat', 'left', 'banned'];
const all = (reason) => Array(11).fill(reason);
/** The answer of those inside: everybody's, but of some. */
const inside = (reason, but = {}) => [...out, ...actors.slice(3).map((actor) => but[actor] ?? reason)];
const byRight = (right, below) => inside('not_permitted', { restricted: below ?? 'admin_only', member: below ? 'not_permitted' : 'admin_only', [right]: 'ok', owner: 'ok' });
const table = {
  'message.send': [(c) => ({ ...c.chat, randomId: newRandomId(), text: 'x' }), inside('ok', { restricted: 'restricted' })],
  'message.edit': [(c) => ({ ...c.chat, messageId: c.messageId, text: 'x' }), inside('not_author', { restricted: 'restricted' })],
  'message.edits': [(c) => ({ ...c.chat, messageId: c.messageId }), [...out, ...all('ok')]],
  'message.delete': [(c) => ({ ...c.chat, ids: [c.messageId], forAll: true }), byRight('delete')],
  'message.history': [(c) => ({ ...c.chat, limit: 10 }), [...out, ...all('ok')]],
  'chat.setDraft': [(c) => ({ ...c.chat, text: 'x' }), inside('ok', { restricted: 'restricted' })],
  'chat.setDraft of none': [(c) => ({ ...c.chat, text: null }), [...out, ...all('ok')]],
  'message.send later': [(c) => ({ ...c.chat, randomId: newRandomId(), text: 'x', sendAt: Date.now() + 3600000 }), inside('ok', { restricted: 'restricted' })],
  'message.scheduled': [(c) => c.chat, [...out, ...all('ok')]],
  'message.editScheduled': [(c) => ({ ...c.chat, scheduledId: '1', text: 'x' }), Array(actors.length).fill('scheduled')],
  'message.deleteScheduled': [(c) => ({ ...c.chat, scheduledId: '1' }), Array(actors.length).fill('ok')],
  'message.sendScheduled': [(c) => ({ ...c.chat, scheduledId: '1' }), Array(actors.length).fill('scheduled')],
  'message.read': [(c) => ({ ...c.chat, upToId: c.messageId }), [...out, ...all('ok')]],
  'message.delivered': [(c) => ({ ...c.chat, upToId: c.messageId }), [...out, ...all('ok')]],
  'message.typing': [(c) => ({ ...c.chat, action: 'typing' }), inside('ok', { restricted: 'restricted' })],
  'message.react': [(c) => ({ ...c.chat, messageId: c.messageId, emoji: '\u{1f44d}' }), inside('ok', { restricted: 'restricted' })],
  'message.reactors': [(c) => ({ ...c.chat, messageId: c.messageId, limit: 10 }), [...out, ...all('ok')]],
  'message.pin': [(c) => ({ ...c.chat, messageId: c.messageId, pinned: true }), byRight('pin', 'restricted')],
  'message.forward': [(c) => ({ ...c.chat, ids: [c.messageId], toChatId: c.saved, randomIds: [newRandomId()] }), [...out, ...all('ok')]],
  'message.forward into it': [(c) => ({ chatId: c.saved, ids: [c.savedId], toChatId: c.chat.chatId, randomIds: [newRandomId()] }), inside('ok', { restricted: 'restricted' })],
  'poll.vote': [(c) => ({ ...c.chat, messageId: c.pollId, options: [0] }), inside('ok', { restricted: 'restricted' })],
  'poll.voters': [(c) => ({ ...c.chat, messageId: c.pollId, option: 0, limit: 10 }), [...out, ...all('ok')]],
  'poll.close': [(c) => ({ ...c.chat, messageId: c.pollId }), byRight('delete')],
  'chat.update protected': [(c) => ({ ...c.chat, protected: true }), inside('owner_only', { owner: 'ok' })],
  'message.pinned': [(c) => ({ ...c.chat, limit: 10 }), [...out, ...all('ok')]],
  'search.messages': [(c) => ({ ...c.chat, query: 'secret', limit: 10 }), [...out, ...all('ok')]],
  'chat.members': [(c) => ({ ...c.chat, limit: 10 }), [...out, ...all('ok')]],
  'chat.invite': [(c) => ({ ...c.chat, userIds: [c.outsider] }), byRight('invite', 'restricted')],
  'chat.update title': [(c) => ({ ...c.chat, title: 'New' }), byRight('info', 'restricted')],
  'chat.update messageTtlMs': [(c) => ({ ...c.chat, messageTtlMs: 3600000 }), byRight('info', 'restricted')],
  'chat.update retentionMs': [(c) => ({ ...c.chat, retentionMs: 86400000 }), inside('not_permitted', { restricted: 'restricted', owner: 'ok' })],
  'chat.update linkedChatId': [(c) => ({ ...c.chat, linkedChatId: null }), byRight('info', 'restricted')],
  'chat.update permissions': [(c) => ({ ...c.chat, permissions: [] }), byRight('ban')],
  'chat.setRole restricted': [(c) => ({ ...c.chat, userId: c.victim, role: 'restricted', rights: [] }), byRight('ban')],
  'chat.setRole admin': [(c) => ({ ...c.chat, userId: c.victim, role: 'admin', rights: [] }), byRight('promote')],
  'chat.setRole owner': [(c) => ({ ...c.chat, userId: c.victim, role: 'owner' }), inside('owner_only', { owner: 'ok' })],
  'chat.ban': [(c) => ({ ...c.chat, userId: c.victim }), byRight('ban')],
  'chat.ban of an admin': [(c) => ({ ...c.chat, userId: c.admin }), inside('not_permitted', { restricted: 'admin_only', member: 'admin_only', ban: 'owner_only', owner: 'ok' })],
  'chat.unban': [(c) => ({ ...c.chat, userId: c.outsider }), byRight('ban')],
  'chat.leave': [(c) => c.chat, inside('ok', { owner: 'owner' })],
  'room.create': [(c) => ({ ...c.chat, title: 'Voice' }), byRight('calls', 'restricted')],
};

async function standAs(role, owner, actor, chatId) {
  const userId = actor.user.id;
  if (role === 'stranger' || role === 'owner') return;
  await owner.call('chat.invite', { chatId, userIds: [userId] });
  if (role === 'left') await actor.call('chat.leave', { chatId });
  else if (role === 'banned') await owner.call('chat.ban', { chatId, userId });
  else if (role === 'restricted') await owner.call('chat.setRole', { chatId, userId, role, rights: [] });
  else if (role !== 'member') await owner.call('chat.setRole', { chatId, userId, role: 'admin', rights: role === 'admin' ? [] : [role] });
}

test('every method by everybody', async () => {
  const [owner, actor, victim, admin, outsider] = await Promise.all([person(), person(), person(), person(), person()]);
  const wrong = [];
  for (const [name, [params, expected]] of Object.entries(table))
    for (const [i, role] of actors.entries()) {
      const chatId = await group(owner, victim, admin);
      await owner.call('chat.update', { chatId, permissions: ['send'] });
      await owner.call('chat.setRole', { chatId, userId: admin.user.id, role: 'admin', rights: [] });
      await standAs(role, owner, actor, chatId);
      const { message } = await send(owner, chatId, 'secret');
      const who = role === 'owner' ? owner : actor;
      const saved = await open(who, who);
      const savedId = (await send(who, saved, 'mine')).message.id;
      const poll = { question: 'Which?', options: ['a', 'b'], anonymous: false };
      const pollId = name.startsWith('poll') ? (await owner.call('message.send', { chatId, randomId: newRandomId(), poll })).message.id : undefined;
      const context = { saved, savedId, pollId, chat: { chatId }, messageId: message.id, victim: victim.user.id, admin: admin.user.id, outsider: outsider.user.id };
      if (role === 'owner' && name === 'message.edit') { // the author
        assert.equal(await reasonOf(who.call('message.edit', params(context))), 'ok');
        continue;
      }
      const got = await reasonOf(who.call(name.split(' ')[0], params(context)));
      if (got !== expected[i]) wrong.push(`${name} by ${role}: ${got}, not ${expected[i]}`);
      if (i < 3) assert.deepEqual((await who.call('chat.get', { ids: [chatId] })).chats, []);
    }
  assert.deepEqual(wrong, []);
  const { updates } = await actor.call('updates.difference', { pts: 0, limit: 1000 });
  assert.ok(updates.length > 0);
  await closeAll(owner, actor, victim, admin, outsider);
});

// --- calls and rooms ---

test('a call that nobody answers stands in the chat, once, over a restart', async () => {
  const [ann, bob] = [await person(), await person()];
  const callId = newCallId();
  await ann.call('call.invite', { callId, to: bob.user.id, video: true, blob: 'AAAA' });
  await bob.notification('call.incoming');
  await server.kill();
  await Promise.all([ann.closed, bob.closed]);
  await server.launch();
  await bob.connect();
  await bob.start();
  await ann.connect();
  await ann.start();
  const chatId = await open(bob, ann);
  const { messages } = await until(async () => {
    const page = await bob.call('message.history', { chatId, limit: 10 });
    return page.messages.length > 0 && page;
  }, 'the service message');
  assert.deepEqual(messages.map((m) => m.data), [{ call: { callId, reason: 'missed', durationMs: 0, video: true } }]);
  assert.equal(messages[0].from, ann.user.id);
  assert.equal((await bob.call('chat.get', { ids: [chatId] })).chats[0].unread, 1);
  // and one that is taken, told live
  const b = new Messenger(bob);
  await b.catchUp();
  const second = newCallId();
  await ann.call('call.invite', { callId: second, to: bob.user.id, video: false, blob: 'AAAA' });
  await bob.call('call.accept', { callId: second, blob: 'AAAA' });
  await ann.call('call.connected', { callId: second });
  await bob.call('call.connected', { callId: second });
  await ann.call('call.hangup', { callId: second });
  await until(() => b.chat(chatId).messages.size === 2, 'the second');
  assert.equal(b.chat(chatId).messages.get('2').data.call.reason, 'hangup');
  await closeAll(ann, bob);
});

test('a voice chat: told in the chat, open to its members without the link', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const b = new Messenger(bob);
  const chatId = await group(ann, bob);
  const { room } = await ann.call('room.create', { title: 'Voice', chatId, policy: { lobby: true } });
  assert.equal(room.chatId, chatId);
  const told = await until(() => [...b.chat(chatId).messages.values()].find((m) => m.data?.room), 'the service message');
  assert.deepEqual(told.data.room, { roomId: room.id, title: 'Voice', link: room.link });
  assert.equal((await bob.call('room.join', { roomId: room.id })).state, 'joined');
  await refuses(eve.call('room.join', { roomId: room.id }), 'room');
  await refuses(eve.call('room.create', { title: 'x', chatId }), 'chat');
  await closeAll(ann, bob, eve);
});
