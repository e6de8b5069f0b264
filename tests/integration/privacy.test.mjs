// SPDX-License-Identifier: Apache-2.0
// Who may call, write and add to groups: a caller who may not sees what comes of somebody who is not there, and the callee sees nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start({ signaling: { ring_timeout_s: 5 }, messaging: { registration_rate_address: 1000 } }); });
after(() => server.remove());

const open = async (name) => (await Client.open(server.wsUrl)).register(name);
/** All that a caller is told, without what differs from call to call. */
async function attempt(caller, callee) {
  const callId = newCallId();
  const sent = Date.now();
  const answer = await caller.call('call.invite', { callId, to: callee.user.id, video: false, blob: 'AAAA' });
  const rings = answer.expiresAt - sent > 4000;
  const ended = await caller.notification('call.ended', (params) => params.callId === callId, 30000);
  // what the chat of the two says of it
  const told = caller.notifications.splice(0).map(({ method, params: { type, chat, message } }) =>
    ({ method, type, unread: chat?.unread, text: message?.text, data: message?.data && { ...message.data.call, callId: '' } }));
  assert.deepEqual(told.map(({ type }) => type), ['chat.updated', 'message.new']);
  delete answer.expiresAt;
  const { reason, durationMs } = ended;
  return { answer, rings, members: Object.keys(ended).sort(), reason, durationMs, told };
}

test('a blocked caller sees what comes of a callee who is not there, and the callee nothing', async () => {
  const [a, b, gone] = [await open('anna'), await open('bert'), await open('gone')];
  await gone.close();
  await b.call('account.block', { userId: a.user.id });
  assert.deepEqual((await b.call('account.blocked', { limit: 10 })).users.map((u) => u.id), [a.user.id]);
  const [blocked, offline] = [await attempt(a, b), await attempt(a, gone)];
  assert.deepEqual(blocked, offline);
  assert.deepEqual(b.notifications, []);
  assert.deepEqual((await b.call('call.history', { limit: 10 })).calls, []);
  assert.deepEqual((await b.call('chat.list', { limit: 10 })).chats, []);
  assert.equal((await b.call('updates.state')).pts, 0);
  assert.equal((await a.call('call.history', { limit: 10 })).calls.length, 2);

  // nor does a device of the callee that comes while it rings, nor after a crash
  const callId = newCallId();
  await a.call('call.invite', { callId, to: b.user.id, video: false, blob: 'AAAA' });
  const second = await (await Client.open(server.wsUrl)).login('bert');
  assert.deepEqual(second.session.calls, []);
  await assert.rejects(second.call('call.accept', { callId, blob: 'AAAA' }), (error) => error.code === -32003);
  await server.kill();
  await server.launch();
  const back = await Client.open(server.wsUrl);
  back.token = b.token;
  await back.start();
  assert.deepEqual((await back.call('call.history', { limit: 10 })).calls, []);
  assert.deepEqual((await back.call('chat.list', { limit: 10 })).chats, []);

  await back.call('account.unblock', { userId: a.user.id });
  const again = await Client.open(server.wsUrl);
  again.token = a.token;
  await again.start();
  const heard = newCallId();
  const answer = await again.call('call.invite', { callId: heard, to: b.user.id, video: false, blob: 'AAAA' });
  assert.deepEqual(answer.devices, [b.device.id]);
  await back.notification('call.incoming', (params) => params.callId === heard);
  await again.call('call.cancel', { callId: heard });
  await Promise.all([again.close(), back.close()]);
});

test('who lets known people call is rung by whom he has called', async () => {
  const [a, b] = [await open('carl'), await open('dina')];
  assert.deepEqual(await b.call('account.privacy'), { calls: 'everybody', groups: 'everybody', lastSeen: 'known' });
  assert.deepEqual(await b.call('account.privacy', { calls: 'known' }), { calls: 'known', groups: 'everybody', lastSeen: 'known' });
  const call = async (from, to) => {
    const callId = newCallId();
    const { devices } = await from.call('call.invite', { callId, to: to.user.id, video: false, blob: 'AAAA' });
    await from.call('call.cancel', { callId });
    return devices.length;
  };
  assert.equal(await call(a, b), 0);
  assert.equal(await call(b, a), 1);
  assert.equal(await call(a, b), 1);
  await b.call('account.privacy', { calls: 'nobody' });
  assert.equal(await call(a, b), 0);
  await assert.rejects(b.call('account.privacy', { calls: 'somebody' }), (error) => error.code === -32602);
  await assert.rejects(b.call('account.block', { userId: b.user.id }), (error) => error.reason === 'self');
  await Promise.all([a.close(), b.close()]);
});

test('who is blocked writes for their own eyes, and takes nobody into a group', async () => {
  const [a, b, c] = [await open('erik'), await open('fred'), await open('gina')];
  const { chat } = await a.call('chat.open', { userId: b.user.id });
  await b.call('account.block', { userId: a.user.id });
  b.notifications.splice(0);
  const send = (client, chatId, text) => client.call('message.send', { chatId, randomId: newRandomId(), text });
  const { message } = await send(a, chat.id, 'hello?');
  assert.equal(message.text, 'hello?');
  await a.call('message.typing', { chatId: chat.id, action: 'typing' });
  await a.call('message.edit', { chatId: chat.id, messageId: message.id, text: 'hello!' });
  const history = async (client) => (await client.call('message.history', { chatId: chat.id, limit: 10 })).messages.map(({ text }) => text);
  assert.deepEqual([await history(a), await history(b)], [['hello!'], []]);
  await assert.rejects(a.call('chat.create', { kind: 'group', title: 'Us', members: [b.user.id] }), (error) => error.reason === 'privacy');
  assert.deepEqual((await b.call('chat.list', { limit: 10 })).chats, []);
  assert.equal((await b.call('updates.difference', { pts: 0, limit: 100 })).updates.length, 0);
  // the way is open again: what comes now is the first that fred hears
  await b.call('account.unblock', { userId: a.user.id });
  await send(a, chat.id, 'there?');
  const { params } = await b.notification('update', ({ type }) => type === 'message.new').then((found) => ({ params: found }));
  assert.equal(params.message.text, 'there?');
  assert.deepEqual(b.notifications.filter(({ method }) => method !== 'update'), []);
  assert.deepEqual(await history(b), ['there?']);
  // and groups can be asked for by choice
  await c.call('account.privacy', { groups: 'nobody' });
  await assert.rejects(a.call('chat.create', { kind: 'group', title: 'Us', members: [c.user.id] }), (error) => error.reason === 'privacy');
  await Promise.all([a.close(), b.close(), c.close()]);
});

test('nor does a room ring who has blocked its host, or lets nobody call', async () => {
  const [a, b, c] = [await open('hans'), await open('ines'), await open('jane')];
  await b.call('account.block', { userId: a.user.id });
  const { room: { id: roomId } } = await a.call('room.create', { title: 'Ring' });
  await a.call('room.join', { roomId });
  const { invited } = await a.call('room.invite', { roomId, userIds: [b.user.id, c.user.id] });
  assert.deepEqual(invited, [b.user.id, c.user.id]);
  await c.notification('room.invited');
  await assert.rejects(b.call('room.ring', { roomId }), (error) => error.reason === 'invitation');
  const second = await (await Client.open(server.wsUrl)).login('ines');
  // both end alike for who has invited, and only the one heard of it
  const declined = [await a.notification('room.declined'), await a.notification('room.declined')];
  assert.deepEqual(declined.map(({ userId, reason }) => [userId, reason]).sort(), [[b.user.id, 'missed'], [c.user.id, 'missed']].sort());
  await c.notification('room.uninvited');
  assert.deepEqual([b, second].map((client) => client.notifications.filter(({ method }) => method.startsWith('room.'))), [[], []]);
  assert.deepEqual((await b.call('room.list')).rooms, []);
  await Promise.all([a, b, c, second].map((client) => client.close()));
});
