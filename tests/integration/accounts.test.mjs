// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, newIdentityKey } from './lib/client.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start({ messaging: { login_rate_user: 6, login_rate_address: 1000, registration_rate_address: 1000 } }); });
after(() => server.remove());

const refuses = (promise, code, reason) => assert.rejects(promise, (error) => {
  assert.equal(error.code, code, error.message);
  if (reason) assert.equal(error.reason, reason);
  return true;
});

test('register gives user, device and token; the name is unique in any case', async () => {
  const a = await (await Client.open(server.wsUrl)).register('Alice_1');
  assert.equal(a.user.username, 'Alice_1');
  assert.equal(a.device.identityKey, a.identityKey);
  assert.equal(a.session.user.id, a.user.id);
  const b = await Client.open(server.wsUrl);
  await refuses(b.call('account.register', { username: 'aLICE_1', password: 'long enough 1', device: { name: 'x', platform: 'y', identityKey: newIdentityKey() } }), -32004, 'username_taken');
  await Promise.all([a.close(), b.close()]);
});

test('bad names, passwords and keys are refused with what is wrong', async () => {
  const c = await Client.open(server.wsUrl);
  const device = { name: 'x', platform: 'y', identityKey: newIdentityKey() };
  for (const username of ['ab', 'a'.repeat(33), '1abc', 'a b c', 'müller', 'a-b-c'])
    await refuses(c.call('account.register', { username, password: 'long enough 1', device }), -32602);
  for (const password of ['short', 'carol_99'])
    await refuses(c.call('account.register', { username: 'carol_99', password, device }), -32602);
  for (const identityKey of ['', 'AAAA', '!'.repeat(43), newIdentityKey() + '='])
    await refuses(c.call('account.register', { username: 'carol_99', password: 'long enough 1', device: { ...device, identityKey } }), -32602);
  await refuses(c.call('account.register', { username: 'carol_99', password: 'long enough 1', device, extra: 1 }), -32602);
  await c.close();
});

test('log in on a second device; a known device must bring its key', async () => {
  const a = await (await Client.open(server.wsUrl)).register('dora');
  const b = await (await Client.open(server.wsUrl)).login('dora');
  assert.notEqual(a.device.id, b.device.id);
  const { devices } = await a.call('device.list', { userId: a.user.id });
  assert.deepEqual(devices.map((d) => d.identityKey).sort(), [a.identityKey, b.identityKey].sort());
  const c = await Client.open(server.wsUrl);
  await refuses(c.call('account.login', { username: 'dora', password: 'password of dora', device: { id: b.device.id, name: 'x', platform: 'y', identityKey: newIdentityKey() } }), -32004, 'identity_key_changed');
  await Promise.all([a.close(), b.close(), c.close()]);
});

test('wrong password and unknown user are told alike, and guessing is limited', async () => {
  const a = await (await Client.open(server.wsUrl)).register('erna');
  const c = await Client.open(server.wsUrl);
  const attempt = (username) => c.call('account.login', { username, password: 'not the password', device: { name: 'x', platform: 'y', identityKey: newIdentityKey() } });
  const seen = [];
  for (const username of ['erna', 'nobody_here']) await attempt(username).catch((error) => seen.push([error.code, error.reason, error.message]));
  assert.deepEqual(seen[0], seen[1]);
  assert.equal(seen[0][0], -32001);
  let limited;
  for (let i = 0; i < 20 && !limited; i++) limited = await attempt('erna').then(() => null, (error) => (error.code === -32005 ? error : null));
  assert.ok(limited, 'guessing was never limited');
  assert.ok(limited.data.retryAfterMs > 0);
  await Promise.all([a.close(), c.close()]);
});

test('changing the password ends the other sessions', async () => {
  const a = await (await Client.open(server.wsUrl)).register('fritz');
  const b = await (await Client.open(server.wsUrl)).login('fritz');
  await refuses(a.call('account.changePassword', { oldPassword: 'wrong wrong', newPassword: 'another one 1' }), -32001);
  await a.call('account.changePassword', { oldPassword: 'password of fritz', newPassword: 'another one 1' });
  assert.equal((await b.closed).code, 4003);
  const c = await Client.open(server.wsUrl);
  await refuses(c.call('session.start', { token: b.token }), -32001);
  await c.login('fritz', 'another one 1');
  await Promise.all([a.close(), c.close()]);
});

test('sessions are listed and revoked', async () => {
  const a = await (await Client.open(server.wsUrl)).register('gerda');
  const b = await (await Client.open(server.wsUrl)).login('gerda');
  const { sessions } = await a.call('session.list');
  assert.equal(sessions.length, 2);
  assert.deepEqual(sessions.filter((s) => s.current).map((s) => s.device.id), [a.device.id]);
  await a.call('session.revoke', { deviceId: b.device.id });
  assert.equal((await b.closed).code, 4003);
  await refuses(a.call('session.revoke', { deviceId: '1' }), -32003);
  await a.close();
});

test('a device of somebody else cannot be revoked', async () => {
  const a = await (await Client.open(server.wsUrl)).register('hanna');
  const b = await (await Client.open(server.wsUrl)).register('irene');
  await refuses(a.call('session.revoke', { deviceId: b.device.id }), -32003);
  assert.equal((await b.call('session.list')).sessions.length, 1);
  await Promise.all([a.close(), b.close()]);
});

test('people are found by name and by id', async () => {
  const a = await (await Client.open(server.wsUrl)).register('Jakob');
  const { user } = await a.call('user.find', { username: 'jAKOB' });
  assert.equal(user.id, a.user.id);
  assert.deepEqual((await a.call('user.get', { ids: [a.user.id, '1'] })).users.map((u) => u.id), [a.user.id]);
  await refuses(a.call('user.find', { username: 'not_there' }), -32003);
  const stranger = await Client.open(server.wsUrl);
  await refuses(stranger.call('user.find', { username: 'jakob' }), -32001);
  await Promise.all([a.close(), stranger.close()]);
});

test('POST /rpc does the same with a Bearer token', async () => {
  const a = await (await Client.open(server.wsUrl)).register('klaus');
  const post = (body, token) => fetch(`${server.url}/rpc`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) }, body: JSON.stringify(body) });
  const call = (id, method, params = {}) => ({ jsonrpc: '2.0', id, method, params });
  const one = await (await post(call(1, 'user.find', { username: 'klaus' }), a.token)).json();
  assert.equal(one.result.user.id, a.user.id);
  const batch = await (await post([call('a', 'server.info'), call('b', 'nothing.here'), { jsonrpc: '2.0', method: 'server.info' }, 7], a.token)).json();
  assert.equal(batch.length, 3);
  assert.equal(batch.find((r) => r.id === 'b').error.code, -32601);
  assert.equal(batch.find((r) => r.id === null).error.code, -32600);
  const refused = await (await post(call(1, 'user.find', { username: 'klaus' }))).json();
  assert.equal(refused.error.code, -32001);
  await a.close();
});

test('other devices are told of a log-in, also when they were away and the server was killed', async () => {
  const a = await (await Client.open(server.wsUrl)).register('ludwig');
  const away = await (await Client.open(server.wsUrl)).login('ludwig');
  const first = await a.notification('session.new');
  assert.deepEqual([first.device, first.known], [away.device, false]);
  await away.close();
  const b = await (await Client.open(server.wsUrl)).login('ludwig');
  await a.notification('session.new', (params) => params.device.id === b.device.id);
  await Promise.all([a.close(), b.close()]);
  await server.kill();
  await server.launch();
  const back = await Client.open(server.wsUrl);
  back.token = away.token;
  assert.deepEqual((await back.start()).newSessions.map((n) => n.device.id), [b.device.id]);
  await back.call('session.noticed', { deviceId: b.device.id });
  await back.close();
  await back.connect();
  assert.deepEqual((await back.start()).newSessions, []);
  await back.call('session.revokeOthers');
  assert.equal((await back.call('session.list')).sessions.length, 1);
  await back.close();
});
