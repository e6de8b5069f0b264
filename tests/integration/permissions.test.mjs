// SPDX-License-Identifier: Apache-2.0
// Who may do what in supergroups and channels: every method of chats by everybody. Groups: chats.test.mjs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { document } from './lib/schema.mjs';
import { Server } from './lib/server.mjs';

let server, people, outsider, serial = 0;
const link = 'AAECAwQFBgcICQoLDA0ODw'; // of nothing
// in this order: who is out, who is in, admins by their one right, the owner
const actors = ['stranger', 'left', 'banned', 'restricted', 'member', 'admin', 'info', 'invite', 'calls', 'pin', 'delete', 'ban', 'promote', 'post', 'owner'];
const targets = ['silenced', 'promoted', 'banned1', 'heir'];
const inside = actors.slice(3);
const admins = actors.slice(5, -1);

before(async () => {
  server = await Server.start({
    messaging: { registration_rate_address: 10000, login_rate_address: 10000, message_rate: 0, chat_rate: 0, groups_per_user: 1000 },
  });
  const person = async (name) => [name, await (await Client.open(server.wsUrl)).register(`p_${name}_${++serial}`)];
  people = new Map(await Promise.all([...actors, ...targets, 'outsider'].map(person)));
  outsider = people.get('outsider');
});
after(() => server.remove());

const idOf = (name) => people.get(name).user.id;
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));

/** A chat in which each actor is what they are called. */
async function build(kind) {
  const owner = people.get('owner');
  const { chat } = await owner.call('chat.create', { kind, title: 'Many', members: [...actors.slice(1, -1), ...targets].map(idOf) });
  const chatId = chat.id;
  if (kind === 'supergroup') await owner.call('chat.update', { chatId, permissions: ['send'] });
  await people.get('left').call('chat.leave', { chatId });
  await owner.call('chat.ban', { chatId, userId: idOf('banned') });
  if (kind === 'supergroup') await owner.call('chat.setRole', { chatId, userId: idOf('restricted'), role: 'restricted', rights: [] });
  for (const name of admins) await owner.call('chat.setRole', { chatId, userId: idOf(name), role: 'admin', rights: name === 'admin' ? [] : [name] });
  const { message } = await owner.call('message.send', { chatId, randomId: newRandomId(), text: 'secret' });
  const poll = await owner.call('message.send', { chatId, randomId: newRandomId(), poll: { question: 'Which?', options: ['a', 'b'] } });
  return { chatId, messageId: message.id, pollId: poll.message.id };
}

/** What those inside are answered: all the same, but some. */
const all = (reason, but = {}) => Object.fromEntries(inside.map((name) => [name, but[name] ?? reason]));
/** Admins with the right, and the owner; `below`: members without it, when members could have it. */
const by = (right, { ok = 'ok', below } = {}) =>
  all('not_permitted', { restricted: below ?? 'admin_only', member: below ? 'not_permitted' : 'admin_only', [right]: ok, owner: ok });

/** Rows: params, answers; in this order: what changes most comes last. */
const rows = (kind) => {
  const channel = kind === 'channel', below = channel ? {} : { below: 'restricted' };
  const write = (ok) => (channel ? by('post', { ok }) : all(ok, { restricted: 'restricted' }));
  const onlyOwner = (ok) => all('owner_only', { owner: ok });
  return [
    ['message.history', { limit: 10 }, all('ok'), 'public'],
    ['message.edits', (c) => ({ messageId: c.messageId }), all('ok'), 'public'],
    ['updates.chatDifference', { pts: 0, limit: 10 }, all('ok'), 'public'],
    ['message.send', () => ({ randomId: newRandomId(), text: 'x' }), write('ok')],
    ['message.send', () => ({ randomId: newRandomId(), attachments: [{ fileId: '1' }] }), write('file')],
    ['message.edit', (c) => ({ messageId: c.messageId, text: 'secret' }), { ...write('not_author'), owner: 'ok' }],
    ['message.react', (c) => ({ messageId: c.messageId, emoji: '\u{1f44d}' }), all('ok', { restricted: 'restricted' })],
    ['message.reactors', (c) => ({ messageId: c.messageId, limit: 10 }), channel ? all('ok', { restricted: 'admin_only', member: 'admin_only' }) : all('ok')],
    ['message.pin', (c) => ({ messageId: c.messageId, pinned: true }), by('pin', below)],
    ['message.forward', (c) => ({ ids: [c.messageId], toChatId: c.saved, randomIds: [newRandomId()] }), all('ok'), 'public'],
    ['message.pinned', { limit: 10 }, all('ok'), 'public'],
    ['message.typing', { action: 'typing' }, write('ok')],
    ['chat.setDraft', { text: 'x' }, write('ok')],
    ['chat.setDraft', { text: null }, all('ok')],
    ['message.send', () => ({ randomId: newRandomId(), text: 'x', sendAt: Date.now() + 3600000 }), write('ok')],
    ['message.scheduled', {}, all('ok'), 'public'],
    ['message.editScheduled', { scheduledId: '1', text: 'x' }, all('scheduled'), 'own'],
    ['message.deleteScheduled', { scheduledId: '1' }, all('ok'), 'own'],
    ['message.sendScheduled', { scheduledId: '1' }, all('scheduled'), 'own'],
    ['message.read', { upToId: '1' }, all('ok')],
    ['message.delivered', { upToId: '1' }, all('ok')],
    ['chat.members', { limit: 10 }, channel ? all('ok', { restricted: 'admin_only', member: 'admin_only' }) : all('ok')],
    ['chat.invite', () => ({ userIds: [outsider.user.id] }), by('invite', below)],
    ['chat.update', { title: 'New' }, by('info', below)],
    ['chat.update', { messageTtlMs: 3600000 }, by('info', below)],
    ['chat.update', { retentionMs: 86400000 }, all('not_permitted', channel ? { restricted: 'admin_only', member: 'admin_only', owner: 'ok' } : { restricted: 'restricted', owner: 'ok' })],
    ['chat.update', { linkedChatId: null }, all('not_permitted', channel ? { restricted: 'admin_only', member: 'admin_only', info: 'ok', owner: 'ok' } : { restricted: 'restricted', info: 'ok', owner: 'ok' })],
    ['chat.update', { permissions: ['send'] }, channel ? all('chat_kind') : by('ban')],
    ['chat.update', { slowModeMs: 0 }, channel ? all('chat_kind') : by('ban')],
    ['chat.update', { protected: false }, onlyOwner('ok')],
    ['chat.update', { topics: true }, channel ? by('info', { ok: 'chat_kind' }) : by('info', below)],
    ['topic.create', { title: 'New' }, channel ? by('info', { ok: 'topics_off' }) : by('info', below)],
    ['topic.update', (c) => ({ threadId: c.messageId, closed: true }), channel ? by('info', { ok: 'topics_off' }) : by('info', { ok: 'topic', ...below })],
    ['topic.list', { limit: 10 }, all('ok'), 'public'],
    ['message.history', { limit: 10, threadId: '1' }, all('ok'), 'public'],
    ['poll.vote', (c) => ({ messageId: c.pollId, options: [0] }), all('ok', { restricted: 'restricted' })],
    ['poll.voters', (c) => ({ messageId: c.pollId, option: 0, limit: 10 }), channel ? all('anonymous', { restricted: 'admin_only', member: 'admin_only' }) : all('anonymous')],
    ['poll.close', (c) => ({ messageId: c.pollId }), by('delete')],
    ['chat.createLink', {}, by('invite')],
    ['chat.links', {}, by('invite')],
    ['chat.revokeLink', { link }, by('invite', { ok: 'link' })],
    ['chat.requests', { limit: 10 }, by('invite')],
    ['chat.answerRequest', () => ({ userId: outsider.user.id, approve: true }), by('invite', { ok: 'request' })],
    ['chat.setUsername', () => ({ username: outsider.user.username }), onlyOwner('username_taken')],
    ['chat.migrate', {}, onlyOwner('chat_kind')],
    ['chat.setRole', () => ({ userId: idOf('silenced'), role: 'restricted', rights: [] }), by('ban', { ok: channel ? 'chat_kind' : 'ok' })],
    ['chat.ban', () => ({ userId: idOf('banned1') }), by('ban')],
    ['chat.unban', () => ({ userId: idOf('banned1') }), by('ban')],
    ['chat.setRole', () => ({ userId: idOf('promoted'), role: 'admin', rights: [] }), by('promote')],
    ['message.delete', (c) => ({ ids: [c.messageId], forAll: true }), by('delete'), 'renew'],
    ['chat.setRole', () => ({ userId: idOf('heir'), role: 'owner' }), onlyOwner('ok')],
    ['chat.leave', {}, all('ok')], // the owner has handed it over
  ];
};

async function walk(kind, isPublic) {
  const context = await build(kind);
  const owner = people.get('owner');
  const wrong = [];
  if (isPublic) await owner.call('chat.setUsername', { chatId: context.chatId, username: `public_${kind}` });
  for (const [method, params, answers, how] of rows(kind))
    for (const name of actors) {
      if (kind === 'channel' && name === 'restricted') continue; // nobody is, there
      if (how === 'renew')
        context.messageId = (await owner.call('message.send', { chatId: context.chatId, randomId: newRandomId(), text: 'x' })).message.id;
      context.saved = (await people.get(name).call('chat.open', { userId: idOf(name) })).chat.id;
      const given = typeof params === 'function' ? params(context) : params;
      const readable = isPublic && how === 'public';
      const out = { stranger: readable ? 'ok' : isPublic ? 'not_member' : 'chat', left: readable ? 'ok' : 'left', banned: 'banned' };
      const expected = how === 'own' ? answers.owner : out[name] ?? answers[name]; // whose it is, that alone counts
      const got = await reasonOf(people.get(name).call(method, { chatId: context.chatId, ...given }));
      if (got !== expected) wrong.push(`${method} ${JSON.stringify(given)} by ${name}: ${got}, not ${expected}`);
    }
  assert.deepEqual(wrong, []);
  return context.chatId;
}

test('every method by everybody in a supergroup', async () => {
  const chatId = await walk('supergroup', false);
  for (const name of ['stranger', 'left', 'banned']) { // not by any other way either
    const client = people.get(name);
    assert.deepEqual((await client.call('chat.get', { ids: [chatId] })).chats, []);
    assert.ok((await client.call('chat.list', { limit: 100 })).chats.every(({ chat }) => chat.id !== chatId));
    assert.ok((await client.call('updates.state')).chats.every((entry) => entry.chatId !== chatId));
    const { updates } = await client.call('updates.difference', { pts: 0, limit: 1000 });
    assert.ok(updates.every((u) => u.chatId !== chatId || (!u.message && !u.chat)));
  }
});

test('every method by everybody in a channel', () => walk('channel', false));

test('every method by everybody in a public channel', () => walk('channel', true));

test('the table has every method that takes a chat', () => {
  const named = new Set(rows('supergroup').map(([method]) => method));
  const missing = document.methods.filter(({ name, params }) => /^(chat|message|poll|topic|updates)\./.test(name) && params.some((p) => p.name === 'chatId') && !named.has(name));
  assert.deepEqual(missing.map(({ name }) => name), []);
});
