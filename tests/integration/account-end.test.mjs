// SPDX-License-Identifier: Apache-2.0
// The end of an account, asked for by its user: what it takes, and what others see of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, newCallId, newIdentityKey } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

let server;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 10000, login_rate_address: 10000, message_rate: 0, chat_rate: 0 } });
});
after(() => server.remove());

const open = async (name) => (await Client.open(server.wsUrl)).register(name);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const send = async (client, chatId, text) => (await client.call('message.send', { chatId, randomId: newRandomId(), text })).message;
const texts = async (client, chatId) => (await client.call('message.history', { chatId, limit: 100 })).messages.filter((m) => m.kind === 'text').map((m) => m.text);

test('an account ends by its password alone, and is gone from every device', async () => {
  const [ann, bob] = [await open('ann'), await open('bob')];
  const second = await (await Client.open(server.wsUrl)).login('ann');
  const { chat: pair } = await ann.call('chat.open', { userId: bob.user.id });
  const { chat: group } = await ann.call('chat.create', { kind: 'group', title: 'Ours', members: [bob.user.id] });
  await send(ann, pair.id, 'for you');
  await send(ann, group.id, 'for all');
  assert.equal(await reasonOf(second.call('account.delete', { password: 'not the one' })), 'bad_password');

  const callId = newCallId();
  await ann.call('call.invite', { callId, to: bob.user.id, video: false, blob: 'AAAA' });
  assert.deepEqual(await ann.call('account.delete', { password: 'password of ann' }), {});
  await bob.notification('call.ended', (params) => params.callId === callId);
  assert.equal((await second.closed).code, 4003);
  assert.equal((await ann.closed).code, 4003);

  // the other sees who it was no more, keeps what was said, and owns the group
  await bob.notification('update', (u) => u.type === 'chat.updated' && u.chat?.peer?.displayName === 'Deleted account');
  await bob.notification('update', (u) => u.type === 'chat.member' && u.userId === bob.user.id && u.role === 'owner');
  await bob.notification('update', (u) => u.type === 'chat.member' && u.userId === ann.user.id && u.role === 'left');
  assert.deepEqual(await texts(bob, pair.id), ['for you']);
  assert.deepEqual(await texts(bob, group.id), ['for all']);
  assert.equal((await bob.call('chat.get', { ids: [group.id] })).chats[0].memberCount, 1);
  assert.equal(await reasonOf(bob.call('user.find', { username: 'ann' })), 'user');

  // neither the token nor the password is good for anything, and nobody gets the name yet
  const again = await Client.open(server.wsUrl);
  assert.equal(await reasonOf(again.call('session.start', { token: ann.token })), 'bad_token');
  assert.equal(await reasonOf(again.call('account.login', { username: 'ann', password: 'password of ann', device: { name: 'x', platform: 'node', identityKey: newIdentityKey() } })), 'bad_password');
  assert.equal(await reasonOf(again.register('ann')), 'username_taken');
  await Promise.all([again.close(), bob.close()]);
});

test('what was written goes too when it is asked for, over a server that is killed meanwhile', async () => {
  const [carl, dora] = [await open('carl'), await open('dora')];
  const { chat } = await carl.call('chat.open', { userId: dora.user.id });
  for (let i = 0; i < 300; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => send(carl, chat.id, `number ${i + k}`)));
  await send(dora, chat.id, 'mine');
  await carl.call('account.delete', { password: 'password of carl', eraseMessages: true });
  await server.kill();
  await server.launch();
  const back = await Client.open(server.wsUrl);
  back.token = dora.token;
  await back.start();
  await until(async () => (await texts(back, chat.id)).length === 1);
  assert.deepEqual(await texts(back, chat.id), ['mine']);
  assert.deepEqual((await back.call('search.messages', { query: 'number', limit: 10 })).hits, []);
  const { updates } = await back.call('updates.difference', { pts: 0, limit: 1000 });
  assert.equal(new Set(updates.filter((u) => u.type === 'message.deleted').flatMap((u) => u.ids)).size, 300);
  await back.close();
});
