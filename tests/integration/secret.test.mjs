// SPDX-License-Identifier: Apache-2.0
// Secret chats as the server sees them: who asks, who answers first, what waits for whom, and that nothing is lost, doubled or
// kept.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { PushService } from './lib/push.mjs';
import { Server, until } from './lib/server.mjs';

let server, service;
before(async () => {
  service = await PushService.start();
  server = await Server.start({
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, secret_rate: 0, secret_queue_messages: 40 },
    push: { allow_private: true, subject: 'mailto:ops@example.org' },
  });
});
after(async () => {
  await server.remove();
  await service.stop();
});

const fresh = (n = 16) => randomBytes(n).toString('base64url');
const person = async (name) => (await Client.open(server.wsUrl)).register(name);
const back = async ({ token, user }) => {
  const client = await Client.open(server.wsUrl);
  Object.assign(client, { token, user });
  await client.start();
  return client;
};
const reasonOf = (promise) => promise.then(() => 'none', (error) => error.reason);
const refused = async (promise, reason) => assert.equal(await reasonOf(promise), reason);
const send = (from, secretId, payload, randomId = fresh(8)) => from.call('secret.send', { secretId, randomId, payload });
const text = (words) => Buffer.from(words).toString('base64url');

/** Opened between two clients; nobody has acknowledged anything. */
async function open(ann, bob) {
  const secretId = fresh();
  await ann.call('secret.request', { secretId, userId: bob.user.id, blob: 'AAAA' });
  await bob.notification('secret.requested', (params) => params.secretId === secretId);
  await bob.call('secret.accept', { secretId, blob: 'BBBB' });
  await ann.notification('secret.update', (params) => params.secretId === secretId && params.type === 'accepted');
  return secretId;
}

test('asked on all devices, taken by one, told to both, ended', async () => {
  const ann = await person('ann');
  const bob = await person('bob');
  const phone = await (await Client.open(server.wsUrl)).login('bob');
  const secretId = fresh();
  const { expiresAt } = await ann.call('secret.request', { secretId, userId: bob.user.id, blob: 'AAAA' });
  for (const device of [bob, phone]) {
    const { seq, ...asked } = await device.notification('secret.requested');
    assert.ok(seq > 0);
    assert.deepEqual(asked, { secretId, from: ann.user, device: ann.device, blob: 'AAAA', at: asked.at, expiresAt });
  }
  const late = await (await Client.open(server.wsUrl)).login('bob');
  assert.deepEqual((await late.call('secret.list')).requests.map((request) => request.secretId), [secretId]);
  const answers = await Promise.all([reasonOf(phone.call('secret.accept', { secretId, blob: 'BBBB' })), reasonOf(bob.call('secret.accept', { secretId, blob: 'CCCC' }))]);
  assert.deepEqual(answers.toSorted(), ['none', 'secret_taken']);
  const [winner, loser] = answers[0] === 'none' ? [phone, bob] : [bob, phone];
  assert.equal((await loser.notification('secret.withdrawn')).reason, 'taken');
  assert.equal((await late.notification('secret.withdrawn')).secretId, secretId);
  const accepted = await ann.notification('secret.update');
  assert.deepEqual({ type: accepted.type, qts: accepted.qts, deviceId: accepted.deviceId }, { type: 'accepted', qts: 1, deviceId: winner.device.id });
  assert.equal(accepted.blob, winner === phone ? 'BBBB' : 'CCCC');
  assert.deepEqual((await winner.call('secret.list')).chats.map(({ at, ...chat }) => chat), [{ secretId, state: 'open', outgoing: false, userId: ann.user.id, deviceId: ann.device.id }]);
  assert.deepEqual(await loser.call('secret.list'), { qts: 0, chats: [], requests: [] });

  await send(ann, secretId, text('to bob'));
  await send(winner, secretId, text('to ann'));
  assert.equal((await winner.notification('secret.update')).payload, text('to bob'));
  assert.equal((await ann.notification('secret.update')).payload, text('to ann'));
  await refused(send(loser, secretId, text('me too')), 'secret');
  await loser.call('secret.discard', { secretId });
  await winner.call('secret.discard', { secretId });
  assert.deepEqual(await ann.notification('secret.update').then(({ type, reason, qts }) => ({ type, reason, qts })), { type: 'ended', reason: 'discarded', qts: 3 });
  await refused(send(ann, secretId, text('anybody?')), 'secret');
  assert.ok([...loser.notifications, ...late.notifications].every(({ method }) => method !== 'secret.update'), 'the other devices hear nothing of it');
  await Promise.all([ann, bob, phone, late].map((client) => client.close()));
});

test('what waits is fetched after a reconnect in order, in pages, and is gone when it is acknowledged', async () => {
  const [cleo, dan] = [await person('cleo'), await person('dan')];
  const secretId = await open(cleo, dan);
  await dan.cut();
  const sent = Array.from({ length: 12 }, (_, i) => text(`message ${i} ${'x'.repeat(30000)}`));
  for (const payload of sent) await send(cleo, secretId, payload);
  const again = await back(dan);
  const got = [];
  let pages = 0;
  for (let page, qts = 0; page?.more !== false; qts = page.qts, pages++) {
    page = await again.call('secret.queue', { qts, limit: 100 });
    got.push(...page.updates);
  }
  assert.deepEqual(got.map(({ payload }) => payload), sent);
  assert.deepEqual(got.map(({ qts }) => qts), sent.map((_, i) => i + 1));
  assert.ok(pages > 1, 'an answer has an end');
  await again.call('secret.ack', { qts: 11 });
  assert.deepEqual((await again.call('secret.queue', { qts: 0, limit: 100 })).updates.map(({ qts }) => qts), [12]);
  await again.call('secret.ack', { qts: 12 });
  assert.deepEqual(await again.call('secret.queue', { qts: 0, limit: 100 }), { updates: [], qts: 0, more: false });
  await refused(again.call('secret.ack', { qts: 13 }), 'qts');
  await refused(again.call('secret.queue', { qts: 13, limit: 100 }), 'qts');
  await Promise.all([cleo.close(), again.close()]);
});

test('kill -9 between: nothing is lost, and what is sent again is there once', async () => {
  const [eve, finn] = [await person('eve'), await person('finn')];
  const secretId = await open(eve, finn);
  const pairs = [];
  for (let round = 0; round < 3; round++) {
    const sending = Array.from({ length: 6 }, (_, i) => [fresh(8), text(`${round} ${i}`)]);
    const client = await back(eve);
    const answers = sending.map(([randomId, payload]) => send(client, secretId, payload, randomId).then(() => true, () => false));
    await answers[round * 2];
    await server.kill();
    await server.launch();
    const retry = await back(eve);
    for (const [randomId, payload] of sending) await send(retry, secretId, payload, randomId);
    pairs.push(...sending);
    await retry.close();
  }
  const reader = await back(finn);
  const { updates } = await reader.call('secret.queue', { qts: 0, limit: 100 });
  assert.deepEqual(updates.map(({ payload }) => payload).toSorted(), pairs.map(([, payload]) => payload).toSorted());
  assert.deepEqual(updates.map(({ qts }) => qts), pairs.map((_, i) => i + 1));
  await reader.close();
});

test('a queue that is full says so, and takes nothing', async () => {
  const [gwen, hugo] = [await person('gwen'), await person('hugo')];
  const secretId = await open(gwen, hugo);
  for (let i = 0; i < 20; i++) await send(gwen, secretId, text(`${i}`));
  const randomId = fresh(8);
  await refused(send(gwen, secretId, text('one more'), randomId), 'secret_queue');
  await hugo.call('secret.ack', { qts: 20 });
  await send(gwen, secretId, text('one more'), randomId);
  assert.deepEqual((await hugo.call('secret.queue', { qts: 20, limit: 9 })).updates.map(({ payload }) => payload), [text('one more')]);
  await Promise.all([gwen.close(), hugo.close()]);
});

test('a session that ends takes its secret chats and its queue with it', async () => {
  const [ivy, jack] = [await person('ivy'), await person('jack')];
  const secretId = await open(ivy, jack);
  await send(ivy, secretId, text('for his eyes'));
  await jack.call('session.revoke', { deviceId: jack.device.id });
  const ended = await ivy.notification('secret.update', ({ type }) => type === 'ended');
  assert.equal(ended.reason, 'session');
  await refused(send(ivy, secretId, text('gone')), 'secret');
  const again = await Client.open(server.wsUrl);
  Object.assign(again, await again.call('account.login', { username: 'jack', password: 'password of jack', device: { id: jack.device.id, name: 'test', platform: 'node', identityKey: jack.identityKey } }));
  await again.start();
  assert.deepEqual((await again.call('secret.queue', { qts: 0, limit: 100 })).updates, []);
  await Promise.all([ivy.close(), again.close()]);
});

test('who is blocked is not told so', async () => {
  const [kim, leo] = [await person('kim'), await person('leo')];
  const secretId = await open(kim, leo);
  await leo.call('account.block', { userId: kim.user.id });
  const asked = await kim.call('secret.request', { secretId: fresh(), userId: leo.user.id, blob: 'AAAA' });
  assert.deepEqual(Object.keys(asked), ['expiresAt']);
  assert.deepEqual(Object.keys(await send(kim, secretId, text('hello?'))), ['at']);
  await leo.call('account.unblock', { userId: kim.user.id });
  await send(kim, secretId, text('hello!'));
  assert.equal((await leo.notification('secret.update')).payload, text('hello!'));
  assert.deepEqual((await leo.call('secret.list')).requests, []);
  assert.ok(leo.notifications.every(({ method }) => method !== 'secret.requested'));
  await Promise.all([kim.close(), leo.close()]);
});

test('a push says that there is something, and nothing else', async () => {
  const [mia, noah] = [await person('mia'), await person('noah')];
  const browser = service.subscribe((await noah.call('push.key')).key);
  await noah.call('push.subscribe', { ...browser.subscription, preview: true });
  const secretId = await open(mia, noah);
  const attached = async () => Number(/^aldis_sessions_attached\S* (\d+)/m.exec(await server.metrics())[1]);
  const before = await attached();
  await noah.close();
  await until(async () => (await attached()) < before, 'the device to be gone');
  const { at } = await send(mia, secretId, text('the plan'));
  const push = await browser.next();
  assert.deepEqual(push.data, { to: noah.user.id, kind: 'secret', at, silent: false });
  await mia.close();
});

test('bounds', async () => {
  const [olga, pete] = [await person('olga'), await person('pete')];
  const ask = (more = {}) => olga.call('secret.request', { secretId: fresh(), userId: pete.user.id, blob: 'AAAA', ...more });
  await refused(ask({ userId: olga.user.id }), 'self');
  await refused(ask({ userId: '4711' }), 'user');
  await refused(ask({ blob: text('x'.repeat(4097)) }), 'invalid_params');
  await refused(ask({ secretId: fresh(15) }), 'invalid_params');
  for (let i = 0; i < 3; i++) await ask();
  await refused(ask(), 'too_many_requests');
  const secretId = fresh();
  await refused(send(olga, secretId, text('hello')), 'secret');
  await refused(pete.call('secret.accept', { secretId, blob: 'AAAA' }), 'secret');
  await refused(send(olga, secretId, text('x'.repeat(65537))), 'invalid_params');
  await olga.call('secret.discard', { secretId }); // none is none
  await Promise.all([olga.close(), pete.close()]);
});
