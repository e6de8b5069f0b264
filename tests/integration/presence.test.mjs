// SPDX-License-Identifier: Apache-2.0
// Who sees whether somebody is here, and when it is told.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start({ messaging: { registration_rate_address: 10000, login_rate_address: 10000 } }); });
after(() => server.remove());

const open = async (name) => (await Client.open(server.wsUrl)).register(name);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));
const look = async (viewer, ...people) => (await viewer.call('presence.subscribe', { userIds: people.map((p) => p.user.id) })).users;
const told = (viewer, of, online, ms) => viewer.notification('update', (u) => u.type === 'presence' && u.userId === of.user.id && u.online === online, ms);
/** Both write, so that each knows the other. */
async function acquaint(a, b) {
  const { chat } = await a.call('chat.open', { userId: b.user.id });
  for (const one of [a, b]) await one.call('message.send', { chatId: chat.id, randomId: newRandomId(), text: 'hello' });
}
const back = async (client) => {
  const again = await Client.open(server.wsUrl);
  Object.assign(again, { token: client.token, user: client.user });
  await again.start();
  return again;
};

test('who knows each other sees each other come and go, and a flap is nothing', async () => {
  const [ann, bob] = [await open('ann'), await open('bob')];
  assert.deepEqual(await look(ann, bob), [{ userId: bob.user.id, online: false }]); // strangers
  await acquaint(ann, bob);
  assert.deepEqual(await look(ann, bob), [{ userId: bob.user.id, online: true }]);
  await bob.close();
  const bob2 = await back(bob);
  await bob2.close();
  const began = Date.now();
  const gone = await told(ann, bob, false, 40000);
  assert.ok(Date.now() - began > 12000, 'it waits whether somebody comes back');
  assert.equal(gone.lastSeenAt % 60000, 0);
  assert.ok(Math.abs(gone.lastSeenAt - began) < 120000);
  assert.equal(ann.notifications.filter(({ params }) => params.type === 'presence').length, 0);
  const bob3 = await back(bob);
  await told(ann, bob, true, 30000);

  // on a new connection it is asked for anew
  await ann.close();
  const ann2 = await back(ann);
  await bob3.close();
  assert.equal(await reasonOf(told(ann2, bob, false, 20000)) === 'ok', false);
  await ann2.close();
});

test('who hides it, blocks, or is hidden from is neither seen nor sees', async () => {
  const [carl, dora] = [await open('carl'), await open('dora')];
  await acquaint(carl, dora);
  const hidden = (p) => [{ userId: p.user.id, online: false }];
  assert.equal((await look(carl, dora))[0].online, true);
  // what is chosen counts at once, both ways
  assert.equal((await dora.call('account.privacy', { lastSeen: 'nobody' })).lastSeen, 'nobody');
  const gone = await told(carl, dora, false);
  assert.equal(gone.lastSeenAt, undefined);
  assert.deepEqual(await look(carl, dora), hidden(dora));
  assert.deepEqual(await look(dora, carl), hidden(carl));
  await dora.call('account.privacy', { lastSeen: 'everybody' });
  assert.equal((await look(carl, dora))[0].online, true);
  await dora.call('account.block', { userId: carl.user.id });
  assert.equal((await told(carl, dora, false)).lastSeenAt, undefined);
  assert.deepEqual(await look(carl, dora), hidden(dora));
  assert.deepEqual(await look(dora, carl), hidden(carl));
  await dora.call('account.unblock', { userId: carl.user.id });
  assert.equal((await look(dora, carl))[0].online, true);
  assert.deepEqual(await look(carl, carl), hidden(carl));
  assert.equal(await reasonOf(carl.call('presence.subscribe', { userIds: Array(101).fill(dora.user.id) })), 'invalid_params');
  let last;
  for (let i = 0; i < 20 && last !== 'rate'; i++) last = await reasonOf(carl.call('presence.subscribe', { userIds: [] }));
  assert.equal(last, 'rate');
  await Promise.all([carl.close(), dora.close()]);
});
