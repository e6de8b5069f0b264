// SPDX-License-Identifier: Apache-2.0
// Attachments by the id of a file: who may attach what, and where it is seen. An administrator makes the files known.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from './lib/client.mjs';
import { Messenger, newRandomId } from './lib/messenger.mjs';
import { build, Server, until } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, search_rate: 0 },
  });
});
after(() => server.remove());

const person = async () => (await Client.open(server.wsUrl)).register(`carrier_${++serial}`);
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const refuses = async (promise, reason) => assert.equal(await reasonOf(promise), reason);
const open = async (a, b) => (await a.call('chat.open', { userId: b.user.id })).chat.id;
const ctl = async (...args) => (await promisify(execFile)(path.join(build, 'server/aldisctl'), ['--socket', path.join(server.folder, 'var/admin.sock'), ...args])).stdout.trim();
const addFile = (owner, name, mime, size, ...more) => ctl('file', 'add', '--user', owner.user.username, '--name', name, '--mime', mime, '--size', String(size), ...more);
const attach = (client, chatId, ids, more = {}) => client.call('message.send', { chatId, randomId: newRandomId(), attachments: ids.map((fileId) => ({ fileId })), ...more });
const newest = async (client, chatId) => (await client.call('message.history', { chatId, limit: 1 })).messages[0];

test('what an administrator adds is sent, told live, missed and exported, in its order', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await open(ann, bob);
  const photo = await addFile(ann, 'Holiday.jpg', 'image/jpeg', 245760, '--width', '1600', '--height', '1200');
  const voice = await addFile(ann, 'note.ogg', 'audio/ogg', 9000, '--kind', 'voice', '--duration-ms', '4200');
  const expected = [
    { fileId: voice, kind: 'voice', name: 'note.ogg', mime: 'audio/ogg', size: 9000, durationMs: 4200 },
    { fileId: photo, kind: 'photo', name: 'Holiday.jpg', mime: 'image/jpeg', size: 245760, width: 1600, height: 1200 },
  ];
  const b = new Messenger(bob);
  const params = { chatId, randomId: newRandomId(), attachments: [{ fileId: voice }, { fileId: photo }] };
  const { message } = await ann.call('message.send', params);
  assert.deepEqual(message.attachments, expected);
  assert.equal(message.text, '');
  await until(() => [...b.chat(chatId).messages.values()].at(-1)?.attachments?.length === 2, 'the live message');
  assert.deepEqual([...b.chat(chatId).messages.values()].at(-1).attachments, expected);
  assert.deepEqual((await ann.call('message.send', params)).message, message);
  assert.deepEqual((await newest(bob, chatId)).attachments, expected);
  const { updates } = await bob.call('updates.difference', { pts: 0, limit: 100 });
  assert.deepEqual(updates.findLast((u) => u.type === 'message.new').message.attachments, expected);
  const { items } = await bob.call('account.export', {});
  assert.deepEqual(items.find((item) => item.type === 'message' && item.message.id === message.id).message.attachments, expected);

  await ann.call('message.edit', { chatId, messageId: message.id, text: 'from the sea' });
  assert.deepEqual((await newest(bob, chatId)).attachments, expected);
  await ann.call('message.edit', { chatId, messageId: message.id, text: '' });
  assert.deepEqual({ ...(await newest(bob, chatId)), editedAt: 0 }, { ...message, editedAt: 0 });
  await server.kill();
  await Promise.all([ann.closed, bob.closed]);
  await server.launch();
  for (const client of [ann, bob]) { await client.connect(); await client.start(); }
  assert.deepEqual((await newest(bob, chatId)).attachments, expected);
  await ann.call('message.delete', { chatId, ids: [message.id], forAll: true });
  await refuses(attach(bob, chatId, [photo]), 'file');
  await closeAll(ann, bob);
});

test('a file goes with the message that carries it, and to nobody else', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const pair = await open(ann, bob), other = await open(bob, eve), own = await open(eve, eve);
  const file = await addFile(ann, 'plan.pdf', 'application/pdf', 81920);
  await refuses(attach(bob, pair, [file]), 'file');
  const { message } = await attach(ann, pair, [file], { text: 'the plan' });
  await refuses(attach(eve, own, [file]), 'file');
  const { messages } = await bob.call('message.forward', { chatId: pair, ids: [message.id], toChatId: other, randomIds: [newRandomId()] });
  assert.deepEqual(messages[0].attachments, message.attachments);
  assert.equal(messages[0].text, 'the plan');
  assert.deepEqual((await attach(eve, own, [file])).message.attachments, message.attachments);

  const group = (await ann.call('chat.create', { kind: 'group', title: 'Closed', members: [eve.user.id] })).chat.id;
  const secret = await addFile(ann, 'secret.pdf', 'application/pdf', 1);
  const kept = (await attach(ann, group, [secret])).message;
  await ann.call('chat.update', { chatId: group, protected: true });
  await refuses(eve.call('message.forward', { chatId: group, ids: [kept.id], toChatId: own, randomIds: [newRandomId()] }), 'protected');
  await refuses(attach(eve, own, [secret]), 'file');

  await ann.call('account.delete', { password: `password of ${ann.user.username}` });
  assert.deepEqual((await newest(eve, other)).attachments, message.attachments);
  assert.deepEqual((await attach(bob, other, [file])).message.attachments, message.attachments);
  await closeAll(bob, eve);
});

test('what is refused', async () => {
  const ann = await person();
  const chatId = await open(ann, ann);
  const ids = [];
  for (let i = 0; i < 11; i++) ids.push(await addFile(ann, `${i}.bin`, 'application/octet-stream', i));
  const send = (more) => ann.call('message.send', { chatId, randomId: newRandomId(), ...more });
  assert.equal((await attach(ann, chatId, ids.slice(0, 10))).message.attachments.length, 10);
  await refuses(attach(ann, chatId, ids), 'invalid_params');
  await refuses(attach(ann, chatId, []), 'invalid_params');
  await refuses(attach(ann, chatId, [ids[0], ids[0]]), 'attachments');
  await refuses(attach(ann, chatId, [ids[0]], { sendAt: Date.now() + 3600000 }), 'attachments');
  await refuses(attach(ann, chatId, [ids[0]], { poll: { question: 'Which?', options: ['a', 'b'] } }), 'invalid_params');
  await refuses(attach(ann, chatId, ['1']), 'file');
  await refuses(send({ text: '' }), 'text');
  await refuses(send({ attachments: [{ fileId: ids[0], name: 'x' }] }), 'invalid_params');
  await refuses(ann.call('admin.fileAdd', { userId: ann.user.id, name: 'a', mime: 'text/plain', size: 1 }), 'forbidden');
  for (const [name, mime, ...more] of [['../a', 'text/plain'], ['a', 'text'], ['a', 'text/html', '--kind', 'photo'], ['a\u202egpj.exe', 'image/jpeg'], ['a', 'image/png', '--width', '5']])
    await assert.rejects(addFile(ann, name, mime, 1, ...more), `${name} ${mime}`);
  await assert.rejects(ctl('file', 'add', '--user', ann.user.username, '--name', 'a', '--mime', 'text/plain'));
  await assert.rejects(ctl('file', 'add', '--user', 'nobody_at_all', '--name', 'a', '--mime', 'text/plain', '--size', '1'));
  await closeAll(ann);
});

test('search finds files by their names and by what they are, for who may read them', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const chatId = await open(ann, bob);
  const plan = await addFile(ann, 'Budget-2031 Entwurf.pdf', 'application/pdf', 81920);
  const photo = await addFile(ann, 'Grüße.jpg', 'image/jpeg', 245760);
  const voice = await addFile(bob, 'note.ogg', 'audio/ogg', 9000, '--kind', 'voice');
  const [first] = [(await attach(ann, chatId, [plan, photo], { text: 'the budget, as we said' })).message];
  await attach(bob, chatId, [voice]);
  await bob.call('message.send', { chatId, randomId: newRandomId(), poll: { question: 'Which photo?', options: ['a', 'b'] } });
  await bob.call('message.send', { chatId, randomId: newRandomId(), text: 'https://example.org/photo' });
  const search = async (client, more) => (await client.call('search.messages', { limit: 20, ...more })).hits;
  const kinds = async (client, more) => (await search(client, more)).map(({ message }) => message.attachments?.[0].name ?? message.text);

  assert.deepEqual((await search(bob, { query: '2031 budget' })).map((hit) => [hit.message.id, hit.highlights]), [[first.id, [[4, 6]]]]);
  assert.deepEqual(await kinds(bob, { query: 'GRUSSE' }), ['Budget-2031 Entwurf.pdf']);
  assert.deepEqual(await kinds(bob, { kind: 'photo' }), ['Budget-2031 Entwurf.pdf']);
  assert.deepEqual(await kinds(bob, { kind: 'voice', chatId }), ['note.ogg']);
  assert.deepEqual(await kinds(bob, { kind: 'voice', from: ann.user.id }), []);
  assert.deepEqual(await kinds(bob, { kind: 'poll' }), ['Which photo?']);
  assert.deepEqual(await kinds(bob, { kind: 'link', query: 'phot' }), ['https://example.org/photo']);
  assert.deepEqual(await kinds(bob, { kind: 'video' }), []);
  assert.deepEqual(await kinds(bob, { kind: 'text', query: 'photo' }), ['https://example.org/photo']);
  for (const more of [{ kind: 'photo' }, { kind: 'link' }, { query: 'budget' }]) assert.deepEqual(await kinds(eve, more), []);
  await refuses(search(eve, { kind: 'photo', chatId }), 'chat');
  await refuses(search(bob, {}), 'query');
  await refuses(search(bob, { kind: 'text' }), 'query');
  await refuses(search(bob, { kind: 'sticker' }), 'invalid_params');
  await ann.call('message.delete', { chatId, ids: [first.id], forAll: true });
  assert.deepEqual(await kinds(bob, { query: 'entwurf' }), []);
  await closeAll(ann, bob, eve);
});
