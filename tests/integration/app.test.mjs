// SPDX-License-Identifier: Apache-2.0
// The whole product: the web client in real browsers, on a real server.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Server, delay, until } from './lib/server.mjs';

let server, alice, bob, carol;
before(async () => {
  server = await Server.start({ signaling: { ring_timeout_s: 30 }, messaging: { registration_rate_address: 1000 } });
  [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(async (name) => (await Person.open(server.url, name)).register()));
}, { timeout: 120000 });
afterEach(async () => {
  /* a test that failed in a call must not take the others with it */
  for (const person of [alice, bob, carol]) {
    if (await person.page.locator('[data-testid="call-view"], [data-testid="call-summary"], dialog[open]').count()) {
      await person.page.reload();
      await person.sees('shell');
    }
  }
  for (const person of [alice, bob, carol]) assert.deepEqual(person.errors.splice(0), [], `errors in the page of ${person.username}`);
});
after(async () => {
  await Promise.all([alice, bob, carol].map((person) => person?.close()));
  await server.remove();
}, { timeout: 60000 });

const app = (name, fn) => test(`app: ${name}`, { timeout: 180000 }, fn);
const connect = async (from, to, options) => {
  await from.call(to.username, options);
  await to.answer();
  await Promise.all([from.active(), to.active()]);
};
const finish = async (one, other) => {
  await one.click('call-hangup');
  assert.deepEqual(await Promise.all([one.ended(), other.ended()]), ['hangup', 'hangup']);
  await Promise.all([one.done(), other.done()]);
};

app('a video call: picture and sound both ways, the same emoji, verified for the next call', async () => {
  await connect(alice, bob);
  await Promise.all([alice.watches(), bob.watches(), alice.hears(), bob.hears()]);
  assert.equal((await alice.view()).e2ee, 'unverified');
  const [mine, theirs] = await Promise.all([alice.emoji(), bob.emoji()]);
  assert.equal(mine.length, 4);
  assert.deepEqual(mine, theirs);
  await Promise.all([alice.click('sas-match'), bob.click('sas-match')]);
  for (const person of [alice, bob]) await until(async () => (await person.view()).e2ee === 'verified', 'the mark of a verified call', 60000);
  await finish(alice, bob);
  await connect(bob, alice, { video: false });
  for (const person of [alice, bob]) assert.equal((await person.view()).e2ee, 'verified');
  await finish(bob, alice);
});

app('the server is given nothing that it could hear or see', async () => {
  assert.doesNotMatch(server.log, /candidate:|a=fingerprint|v=0\\r|four plain words/);
});

app('declined, cancelled, missed', async () => {
  await alice.call('bob');
  await bob.sees('incoming-call');
  await bob.click('incoming-decline');
  assert.equal(await alice.ended(), 'declined');
  await alice.done();

  await alice.call('bob');
  await bob.sees('incoming-call');
  await alice.click('call-hangup');
  await bob.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });

  await alice.call('bob');
  await bob.sees('incoming-call');
  assert.equal(await alice.ended(), 'missed');
  await alice.done();
  await bob.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });
});

app('busy', async () => {
  await connect(alice, bob, { video: false });
  await carol.call('alice', { video: false });
  assert.equal(await carol.ended(), 'busy');
  await carol.done();
  await finish(alice, bob);
});

app('both call each other at once: one call', async () => {
  await Promise.all([alice.call('carol', { video: false }), carol.call('alice', { video: false })]);
  /* who lost the race sees the other's call come in */
  await until(async () => {
    for (const person of [alice, carol]) {
      if (!await person.get('incoming-call').count()) continue;
      await person.begins();
      await person.get('incoming-accept').first().click({ timeout: 2000 }).catch(() => {});
    }
    const views = await Promise.all([alice, carol].map((person) => person.view().catch(() => ({}))));
    return views.every(({ state }) => state === 'active') && views[0].call === views[1].call;
  }, 'one call', 120000);
  await finish(alice, carol);
});

/* carol, not bob: a new key of a contact that was verified would stop the call, and rightly */
app('a second device rings too and stops when the first answers', async () => {
  const tablet = await Person.open(server.url, 'carol');
  try {
    await tablet.logIn();
    await alice.call('carol', { video: false });
    await Promise.all([carol.sees('incoming-call'), tablet.sees('incoming-call')]);
    await tablet.answer();
    await carol.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });
    await Promise.all([alice.active(), tablet.active()]);
    await finish(alice, tablet);
  } finally {
    await tablet.close();
  }
});

app('a shared screen is seen and goes away again', async () => {
  await connect(alice, bob, { video: false });
  await alice.click('call-screen');
  await bob.get('remote-screen').first().waitFor({ state: 'visible', timeout: 60000 });
  await bob.watches('remote-screen');
  await alice.click('call-screen');
  await bob.get('remote-screen').first().waitFor({ state: 'hidden', timeout: 60000 });
  await finish(bob, alice);
});

app('the connection to the server is cut for 10 s: the call goes on, the banner says so', async () => {
  await connect(alice, bob);
  server.process.kill('SIGSTOP');
  await delay(2000);
  server.process.kill('SIGCONT');
  const cut = await alice.context.newCDPSession(alice.page);
  await cut.send('Network.enable');
  await alice.context.setOffline(true);
  await delay(10000);
  await Promise.all([alice.watches(), bob.watches()]);
  await alice.context.setOffline(false);
  await until(async () => !(await alice.get('reconnect-banner').isVisible()), 'the banner to go', 60000);
  await Promise.all([alice.watches(), bob.watches()]);
  await finish(alice, bob);
});

app('kill -9 of the server in the middle of a call: it goes on, and can be hung up afterwards', async () => {
  await connect(alice, bob);
  await server.kill();
  await Promise.all([alice.sees('reconnect-banner'), bob.sees('reconnect-banner')]);
  await Promise.all([alice.watches(), bob.watches()]);
  await server.launch();
  for (const person of [alice, bob]) await until(async () => !(await person.get('reconnect-banner').isVisible()), 'the banner to go', 60000);
  await Promise.all([alice.active(), bob.active(), alice.watches(), bob.watches()]);
  await finish(bob, alice);
  const carolIn = until(async () => !(await carol.get('reconnect-banner').isVisible()), 'carol to be back', 60000);
  await carolIn;
});

app('a reload in the middle of a call ends it cleanly on the other side', async () => {
  await connect(alice, bob, { video: false });
  await alice.page.reload();
  assert.match(await bob.ended(), /^(hangup|disconnected|failed)$/);
  await bob.done();
  await alice.sees('shell');
  await connect(alice, bob, { video: false });
  await finish(alice, bob);
});
