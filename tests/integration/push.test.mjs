// SPDX-License-Identifier: Apache-2.0
// Web Push: devices that are not connected are woken, at a push service of the test's own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { PushService } from './lib/push.mjs';
import { Server, until } from './lib/server.mjs';

let server, service, alice;
before(async () => {
  service = await PushService.start();
  server = await Server.start({ signaling: { ring_timeout_s: 30 }, messaging: { registration_rate_address: 1000 }, push: { allow_private: true, subject: 'mailto:ops@example.org' } });
  alice = await (await Client.open(server.wsUrl)).register('alice');
});
after(async () => {
  await alice?.close();
  await server.remove();
  await service.stop();
});

const blob = 'AAAA';
/** Somebody whose browser has subscribed. */
async function person(name, more = {}) {
  const client = await (await Client.open(server.wsUrl)).register(name);
  return { client, browser: await subscribe(client, more), id: client.user.id };
}
async function subscribe(client, more = {}) {
  const browser = service.subscribe((await client.call('push.key')).key);
  await client.call('push.subscribe', { ...browser.subscription, ...more });
  return browser;
}
/** Closes the browser; the server knows. */
async function leave({ client }) {
  const before = attached(await server.metrics());
  await client.close();
  await until(async () => attached(await server.metrics()) < before, 'the device to be gone');
}
const attached = (text) => Number(/^aldis_sessions_attached\S* (\d+)/m.exec(text)[1]);
const counted = async (outcome) => Number(new RegExp(`^aldis_push_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(await server.metrics())?.[1] ?? 0);
const send = (from, chatId, text, more = {}) => from.call('message.send', { chatId, randomId: randomBytes(8).toString('base64url'), text, ...more });
const back = async ({ client }) => {
  const again = await Client.open(server.wsUrl);
  again.token = client.token;
  await again.start();
  return again;
};

test('a call wakes a closed browser, which answers it; and its end takes the ringing away', async () => {
  const bob = await person('bob');
  await leave(bob);
  const callId = newCallId();
  const { expiresAt } = await alice.call('call.invite', { callId, to: bob.id, video: true, blob });
  const ring = await bob.browser.next(({ kind }) => kind === 'call');
  assert.equal(ring.urgency, 'high');
  assert.ok(ring.ttl > 0 && ring.ttl <= 30, 'nobody wants it when it has stopped ringing');
  assert.deepEqual({ ...ring.data, expiresAt: 0 }, { kind: 'call', to: bob.id, from: { id: alice.user.id, username: 'alice', displayName: 'alice' }, callId, video: true, expiresAt: 0 });
  assert.ok(Math.abs(ring.data.expiresAt - expiresAt) < 2000);
  const again = await back(bob);
  await again.notification('call.incoming', (params) => params.callId === callId);
  await again.call('call.accept', { callId, blob });
  await alice.notification('call.accepted', (params) => params.callId === callId);
  await again.call('call.hangup', { callId });
  await alice.notification('call.ended', (params) => params.callId === callId);
  bob.client = again;

  await leave(bob);
  const second = newCallId();
  await alice.call('call.invite', { callId: second, to: bob.id, video: false, blob });
  const { topic } = await bob.browser.next(({ kind, callId: id }) => kind === 'call' && id === second);
  assert.notEqual(topic, ring.topic);
  await alice.call('call.cancel', { callId: second });
  const end = await bob.browser.next(({ kind }) => kind === 'callEnded');
  assert.equal(end.topic, topic, 'the push service keeps one of the two');
  assert.equal(end.data.callId, second);
  assert.equal(end.data.reason, 'cancelled');
  assert.deepEqual(bob.browser.pushes, [], 'of the first call, which this device answered, there is nothing more to say');
});

test('answered on another device; a device that leaves while it rings', async () => {
  const cleo = await person('cleo');
  const phone = await (await Client.open(server.wsUrl)).login('cleo');
  const callId = newCallId();
  await alice.call('call.invite', { callId, to: cleo.id, video: false, blob });
  await cleo.client.notification('call.incoming');
  assert.deepEqual(cleo.browser.pushes, [], 'it rings in its page');
  await cleo.client.close();
  await cleo.browser.next(({ kind }) => kind === 'call');
  await phone.call('call.accept', { callId, blob });
  const end = await cleo.browser.next(({ kind }) => kind === 'callEnded');
  assert.equal(end.data.reason, 'answered_elsewhere');
  await alice.call('call.hangup', { callId });
  await phone.close();
});

test('an invitation into a room wakes a closed browser, and its end takes the ringing away', async () => {
  const fay = await person('fay');
  await leave(fay);
  const { room } = await alice.call('room.create', { title: 'Standup' });
  await alice.call('room.invite', { roomId: room.id, userIds: [fay.id] });
  const ring = await fay.browser.next(({ kind }) => kind === 'room');
  assert.equal(ring.urgency, 'high');
  assert.deepEqual({ ...ring.data, expiresAt: 0 }, { kind: 'room', to: fay.id, from: { id: alice.user.id, username: 'alice', displayName: 'alice' }, roomId: room.id, title: 'Standup', expiresAt: 0 });
  assert.ok(ring.data.expiresAt > Date.now());
  const again = await back(fay);
  await again.notification('room.invited', ({ roomId }) => roomId === room.id);
  fay.client = again;
  await leave(fay);
  await fay.browser.next(({ kind }) => kind === 'room'); // it left while it rang
  await alice.call('room.end', { roomId: room.id });
  const end = await fay.browser.next(({ kind }) => kind === 'roomEnded');
  assert.deepEqual([end.data.roomId, end.data.reason, end.topic], [room.id, 'ended', ring.topic]);
  assert.deepEqual(fay.browser.pushes, []);
});

test('who may not ring wakes nobody', async () => {
  const dan = await person('dan');
  await dan.client.call('account.block', { userId: alice.user.id });
  await leave(dan);
  await alice.call('call.invite', { callId: newCallId(), to: dan.id, video: false, blob });
  await send(alice, (await alice.call('chat.open', { userId: dan.id })).chat.id, 'are you there?');
  const eve = await (await Client.open(server.wsUrl)).register('eve');
  const callId = newCallId();
  await eve.call('call.invite', { callId, to: dan.id, video: false, blob });
  const ring = await dan.browser.next();
  assert.equal(ring.data.callId, callId, 'the first that comes is the other one');
  await eve.call('call.cancel', { callId });
  await dan.browser.next();
  assert.deepEqual(dan.browser.pushes, []);
  await eve.close();
});

test('a message wakes closed browsers, and says what it says only where that was asked for', async () => {
  const [finn, gwen] = [await person('finn'), await person('gwen', { preview: true, expirationTime: null })];
  const { chat } = await alice.call('chat.create', { kind: 'group', title: 'The club', members: [finn.id, gwen.id] });
  await Promise.all([leave(finn), leave(gwen)]);
  const { message } = await send(alice, chat.id, 'the plan is secret', { silent: true });
  const [closed, open] = await Promise.all([finn.browser.next(), gwen.browser.next()]);
  const from = { id: alice.user.id, username: 'alice', displayName: 'alice' };
  assert.deepEqual(closed.data, { to: finn.id, from, kind: 'message', chatId: chat.id, messageId: message.id, at: message.at, silent: true, title: 'The club' });
  assert.deepEqual(open.data, { ...closed.data, to: gwen.id, text: 'the plan is secret' });
  assert.equal(closed.urgency, 'normal');
  assert.ok(closed.ttl > 3600);
  assert.equal(closed.size, 86 + 1024 + 17, 'its length says nothing');
  await send(alice, chat.id, 'a');
  const second = await finn.browser.next();
  assert.equal(second.topic, closed.topic, 'a chat has one place in the queue of a push service');
  assert.notEqual(second.topic, open.topic);
  const back2 = await back(finn);
  await gwen.browser.next();
  await send(alice, chat.id, 'b');
  assert.equal((await gwen.browser.next()).data.text, 'b');
  assert.deepEqual([finn.browser.pushes, gwen.browser.pushes], [[], []], 'who is connected is told otherwise');
  await back2.close();
});

test('in a supergroup those are woken whom a message names, if they are in it and have not blocked who wrote it', async () => {
  const [pia, quin, rosa, sam] = await Promise.all(['pia', 'quin', 'rosa', 'sam'].map((name) => person(name)));
  const { chat } = await alice.call('chat.create', { kind: 'supergroup', title: 'The crowd', members: [pia.id, quin.id, rosa.id] });
  await rosa.client.call('account.block', { userId: alice.user.id });
  for (const one of [pia, quin, rosa, sam]) await leave(one);
  await send(alice, chat.id, 'nobody in particular');
  const text = 'you you you you';
  const entities = [pia, rosa, sam].map(({ id }, i) => ({ type: 'mention', offset: 4 * i, length: 3, userId: id }));
  const { message } = await send(alice, chat.id, text, { entities });
  const push = await pia.browser.next();
  assert.deepEqual([push.data.messageId, push.data.title], [message.id, 'The crowd']);
  // a witness of a later one
  await send(alice, chat.id, 'you', { entities: [{ type: 'mention', offset: 0, length: 3, userId: quin.id }] });
  await quin.browser.next();
  for (const { browser } of [pia, quin, rosa, sam]) assert.deepEqual(browser.pushes, []);
});

test('a subscription that its push service does not know any more is forgotten; one that fails is tried again', async () => {
  const hal = await person('hal');
  await leave(hal);
  const { chat } = await alice.call('chat.open', { userId: hal.id });
  hal.browser.answers.push(503);
  await send(alice, chat.id, 'a');
  const [first, second] = [await hal.browser.next(), await hal.browser.next()];
  assert.deepEqual(second.data, first.data);
  const gone = await counted('gone');
  hal.browser.answers.push(410);
  await send(alice, chat.id, 'b');
  await hal.browser.next();
  await until(async () => await counted('gone') > gone, 'the answer to be taken in');
  // a witness: what is sent later to somebody else has arrived, and nothing here
  const ida = await person('ida');
  await leave(ida);
  await send(alice, chat.id, 'c');
  await send(alice, (await alice.call('chat.open', { userId: ida.id })).chat.id, 'd');
  await ida.browser.next();
  assert.deepEqual(hal.browser.pushes, []);
});

test('a subscription ends with its session, by push.unsubscribe, and when somebody else logs in there', async () => {
  const [jim, kate, leo] = await Promise.all(['jim', 'kate', 'leo'].map((name) => person(name)));
  const chats = await Promise.all([jim, kate, leo].map(async ({ id }) => (await alice.call('chat.open', { userId: id })).chat.id));
  const witness = await person('mia');
  const mia = (await alice.call('chat.open', { userId: witness.id })).chat.id;
  await jim.client.call('push.unsubscribe');
  await witness.client.call('push.subscribe', kate.browser.subscription);
  await leave(jim);
  await leave(kate);
  await leave(witness);
  const other = await (await Client.open(server.wsUrl)).login('leo');
  await other.call('session.revokeOthers');
  for (const chatId of chats) await send(alice, chatId, 'anybody?');
  await send(alice, mia, 'hello');
  assert.equal((await kate.browser.next()).data.to, witness.id);
  for (const { browser } of [jim, kate, leo, witness]) assert.deepEqual(browser.pushes, []);
  await other.close();
});

test('what is no push service is refused', async () => {
  const nora = await (await Client.open(server.wsUrl)).register('nora');
  const { subscription } = service.subscribe((await nora.call('push.key')).key);
  for (const endpoint of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'https://user@push.example.org/', 'https://push.example.org:25/'])
    await assert.rejects(nora.call('push.subscribe', { ...subscription, endpoint }), (error) => error.reason === 'endpoint');
  const p256dh = Buffer.alloc(65, 4).toString('base64url');
  await assert.rejects(nora.call('push.subscribe', { ...subscription, keys: { ...subscription.keys, p256dh } }), (error) => error.reason === 'p256dh');
  await assert.rejects(nora.call('push.subscribe', { ...subscription, keys: { ...subscription.keys, auth: 'AAAA' } }), (error) => error.code === -32602);
  await nora.close();
});

test('key and subscriptions outlive the server; nothing of a push is in its log', async () => {
  const { key } = await alice.call('push.key');
  const olaf = await person('olaf');
  const { chat } = await alice.call('chat.open', { userId: olaf.id });
  await leave(olaf);
  const log = server.log;
  assert.ok([...service.subscribers.keys()].every((path) => !log.includes(path)), 'an endpoint is a secret');
  assert.ok(!log.includes('the plan is secret'));
  await server.stop();
  await server.launch();
  alice = await back({ client: alice });
  assert.equal((await alice.call('push.key')).key, key);
  await send(alice, chat.id, 'after the restart');
  assert.equal((await olaf.browser.next()).data.chatId, chat.id);
  // what rang when it was killed does not seem to ring for ever
  const callId = newCallId();
  await alice.call('call.invite', { callId, to: olaf.id, video: false, blob });
  await olaf.browser.next(({ kind }) => kind === 'call');
  await server.kill();
  await server.launch();
  const end = await olaf.browser.next();
  assert.deepEqual([end.data.kind, end.data.callId, end.data.reason], ['callEnded', callId, 'missed']);
  alice = await back({ client: alice });
});

test('no way into the network of the server: private addresses, and names that lead to them', async () => {
  const strict = await Server.start({ messaging: { registration_rate_address: 1000 } });
  try {
    const [a, b] = await Promise.all(['anna', 'bert'].map(async (name) => (await Client.open(strict.wsUrl)).register(name)));
    assert.ok((await a.call('server.info')).features.includes('push'));
    const { subscription } = service.subscribe((await b.call('push.key')).key);
    const { port } = new URL(service.origin);
    for (const endpoint of [service.origin, `https://127.0.0.1:${port}/`, 'https://10.0.0.1/', 'https://169.254.169.254/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/', 'https://0x7f000001/'])
      await assert.rejects(b.call('push.subscribe', { ...subscription, endpoint }), (error) => error.reason === 'endpoint', endpoint);
    await b.call('push.subscribe', { ...subscription, endpoint: `https://localhost:${port}/` });
    await b.close();
    const { chat } = await a.call('chat.open', { userId: b.user.id });
    await until(async () => attached(await strict.metrics()) === 1, 'the device to be gone');
    await send(a, chat.id, 'x');
    await until(async () => /^aldis_push_total\{outcome="refused"\} 1$/m.test(await strict.metrics()), 'the connection to be refused');
    await a.close();
  } finally {
    await strict.remove();
  }
});

test('a server that wakes nobody', async () => {
  const off = await Server.start({ push: { enabled: false } });
  try {
    const client = await (await Client.open(off.wsUrl)).register('anna');
    assert.ok(!(await client.call('server.info')).features.includes('push'));
    await assert.rejects(client.call('push.key'), (error) => error.code === -32002 && error.reason === 'push_off');
    await client.close();
  } finally {
    await off.remove();
  }
});
