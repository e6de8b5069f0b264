// SPDX-License-Identifier: Apache-2.0
// The web client rings while it is closed: subscribed by its settings, woken by what a push service of the test's own was
// given, which DevTools hand to the service worker in the place of the browser's maker.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Client, newCallId } from './lib/client.mjs';
import { PushService } from './lib/push.mjs';
import { Server, until } from './lib/server.mjs';

let server, service, alice, bob, bobsBrowser;

/** The page's way to a push service, which no browser without a network has. */
function standIn() {
  let subscription = null;
  PushManager.prototype.getSubscription = async () => subscription;
  PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
    if (!userVisibleOnly) throw new TypeError('not shown');
    const json = await window.newSubscription(applicationServerKey);
    const bytes = Uint8Array.from(atob(applicationServerKey.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    subscription = { expirationTime: null, options: { applicationServerKey: bytes.buffer }, toJSON: () => ({ ...json, expirationTime: null }), unsubscribe: async () => { subscription = null; return true; } };
    return subscription;
  };
}

before(async () => {
  service = await PushService.start();
  server = await Server.start({ push: { allow_private: true, subject: 'mailto:ops@example.org' } });
  alice = await (await Client.open(server.wsUrl)).register('alice');
  bob = await Person.open(server.url, 'bob', { scripts: [standIn] });
  await bob.context.grantPermissions(['camera', 'microphone', 'notifications']);
  await bob.context.exposeFunction('newSubscription', (key) => (bobsBrowser = service.subscribe(key)).subscription);
  await bob.register();
}, { timeout: 120000 });
after(async () => {
  await bob?.close();
  await alice?.close();
  await server?.remove();
  await service?.stop();
}, { timeout: 60000 });

/** DevTools of a page beside those of the app: what comes to the browser for the app's worker. */
async function openMail() {
  const page = await bob.context.newPage();
  const devTools = await bob.context.newCDPSession(page);
  const registered = new Promise((resolve) => devTools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => { if (registrations.length) resolve(registrations[0].registrationId); }));
  await devTools.send('ServiceWorker.enable');
  const registrationId = await registered;
  return { page, deliver: (data) => devTools.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId, data: JSON.stringify(data) }) };
}

test('switched on in the settings, a closed page rings; its end is shown in the place of the ringing', { timeout: 120000 }, async () => {
  const { status, headers } = await fetch(`${server.url}/sw.js`);
  assert.equal(status, 200);
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.match(headers.get('content-security-policy'), /default-src 'none'/);
  assert.equal(bob.context.serviceWorkers().length, 0, 'nobody has asked for it yet');

  await bob.click('nav-settings');
  await bob.click('settings-sound');
  await bob.get('push-ring').locator('xpath=..').click();
  await until(() => bob.get('push-card').evaluate((card) => card.dataset.state === 'on'), 'to be subscribed');
  assert.deepEqual(bob.errors, []);
  const [worker] = bob.context.serviceWorkers();
  assert.equal(worker.url(), `${server.url}/sw.js`);
  const notes = () => worker.evaluate(() => self.registration.getNotifications().then((list) => list.map(({ title, body, tag, data, silent }) => ({ title, body, tag, open: data.open, silent }))));

  const mail = await openMail();
  await bob.page.close();
  const callId = newCallId();
  const { chat } = await alice.call('chat.open', { userId: (await alice.call('user.find', { username: 'bob' })).user.id });
  await until(async () => /^aldis_sessions_attached 1$/m.test(await server.metrics()), 'the page to be gone');
  await alice.call('call.invite', { callId, to: chat.peer.id, video: true, blob: 'AAAA' });
  await mail.deliver((await bobsBrowser.next(({ kind }) => kind === 'call')).data);
  await until(async () => (await notes()).length === 1, 'the notification');
  assert.deepEqual(await notes(), [{ title: 'alice is calling', body: 'Video call', tag: `call-${callId}`, open: '#/calls', silent: false }]);
  await alice.call('call.cancel', { callId });
  await mail.deliver((await bobsBrowser.next(({ kind }) => kind === 'callEnded')).data);
  await until(async () => (await notes())[0]?.silent, 'the end to be shown');
  assert.deepEqual((await notes()).map(({ title, tag }) => [title, tag]), [['Missed call from alice', `call-${callId}`]]);

  await alice.call('message.send', { chatId: chat.id, randomId: randomBytes(8).toString('base64url'), text: 'nobody else reads this' });
  const message = (await bobsBrowser.next(({ kind }) => kind === 'message')).data;
  assert.ok(!JSON.stringify(message).includes('nobody else'));
  await mail.deliver(message);
  await until(async () => (await notes()).length === 2, 'the message');
  assert.deepEqual((await notes()).find(({ tag }) => tag === `chat-${chat.id}`), { title: 'alice', body: 'New message', tag: `chat-${chat.id}`, open: `#/chats/${chat.id}`, silent: false });

  // who opens the page needs no notifications any more; it is subscribed again, and goes where the worker says
  bob.page = await bob.context.newPage();
  await bob.page.goto(server.url);
  await bob.sees('shell');
  await until(async () => (await notes()).length === 0, 'the notifications to be taken away');
  await worker.evaluate(() => self.clients.matchAll({ type: 'window' }).then((pages) => { for (const page of pages) page.postMessage({ open: '#/settings/sound' }); }));
  await until(() => bob.get('push-card').count(), 'the place');
  await until(() => bob.get('push-card').evaluate((card) => card.dataset.state === 'on'), 'to be subscribed again');
  assert.equal(await bob.page.evaluate(() => caches.keys().then((keys) => keys.length)), 0, 'nothing of the page is kept by the worker');

  // off is off: the worker is gone, and the server knows
  await bob.get('push-ring').locator('xpath=..').click();
  await until(() => bob.get('push-card').evaluate((card) => card.dataset.state === 'off'), 'to be unsubscribed');
  await until(() => bob.page.evaluate(() => navigator.serviceWorker.getRegistrations().then((list) => list.length === 0)), 'the worker to be gone');
  await mail.page.close();
});
