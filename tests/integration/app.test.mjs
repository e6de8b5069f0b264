// SPDX-License-Identifier: Apache-2.0
// The whole product: the web client in real browsers, on a real server.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Cable } from './lib/cable.mjs';
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

app('the server is given nothing that it could hear or see, and logs nothing of it', async () => {
  const from = alice.wire.sent.length;
  await connect(alice, bob, { video: false });
  const { sdp } = await alice.page.evaluate(() => window.watch.pcs.at(-1).localDescription.toJSON());
  await finish(alice, bob);
  const sent = alice.wire.sent.slice(from).map((text) => JSON.parse(text));
  const blobs = sent.map(({ params }) => params?.blob).filter(Boolean);
  assert.deepEqual(['call.invite', 'call.confirm', 'call.seal'].filter((name) => !sent.some(({ method }) => method === name)), [], 'it is all of the call');
  const secrets = [/a=ice-pwd:(\S+)/, /a=fingerprint:sha-256 (\S+)/].map((line) => line.exec(sdp)[1]);
  const wire = [JSON.stringify(sent), ...blobs.map((blob) => Buffer.from(blob, 'base64url').toString('latin1'))].join('\n');
  assert.deepEqual([...secrets, 'candidate:', 'a=fingerprint', 'v=0'].filter((word) => wire.includes(word)), []);
  assert.ok(server.log.length > 0);
  const { token } = await alice.page.evaluate(() => JSON.parse(localStorage.getItem('aldis.session')));
  assert.deepEqual([...blobs, token, 'four plain words'].filter((word) => server.log.includes(word)), [], 'the log, at its most talkative');
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

app('the connection to the server is cut for 10 s: the call goes on, the banner says so, and what was said meanwhile arrives', async () => {
  const cable = await Cable.lay(server.port);
  const dora = await (await Person.open(cable.url, 'dora')).register();
  try {
    await connect(dora, bob);
    const before = { made: cable.made, sockets: dora.wire.sockets, received: dora.wire.received.length };
    cable.cut();
    await dora.sees('reconnect-banner');
    await dora.click('call-mic');
    await delay(10000);
    assert.ok(await dora.get('reconnect-banner').isVisible(), 'still');
    assert.equal(cable.made, before.made, 'nothing came through');
    assert.equal(await bob.get('peer-muted').first().isVisible(), false);
    await Promise.all([dora.watches(), bob.watches()]);
    cable.mend();
    await until(async () => !(await dora.get('reconnect-banner').isVisible()), 'the banner to go', 60000);
    assert.ok(cable.made > before.made && dora.wire.sockets > before.sockets, 'a new connection');
    const answers = dora.wire.received.slice(before.received).map((text) => JSON.parse(text).result);
    assert.deepEqual(answers.filter((result) => result?.user).map(({ resumed }) => resumed), [true]);
    await bob.get('peer-muted').first().waitFor({ state: 'visible', timeout: 60000 });
    await Promise.all([dora.watches(), bob.watches()]);
    await finish(dora, bob);
  } finally {
    await dora.close();
    await cable.remove();
  }
});

app('who was typing when it rings answers and declines nothing', async () => {
  await alice.call('bob', { video: false });
  await bob.sees('incoming-call');
  assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'incoming-title');
  for (const key of ['d', 'Enter', ' ', 'Escape', 'Tab', 'Enter']) await bob.page.keyboard.press(key);
  await delay(1500); /* and keys that come later press nothing but buttons */
  for (const key of ['d', 'D', 'Escape', 'a']) await bob.page.keyboard.press(key);
  assert.ok(await bob.get('incoming-call').isVisible());
  assert.equal((await alice.view()).state, 'ringing');
  await bob.page.keyboard.press('Control+Shift+H');
  assert.equal(await alice.ended(), 'declined');
  await alice.done();
});

app('shortcuts of one key can be switched off', async () => {
  await bob.click('nav-settings');
  await bob.click('settings-look');
  await bob.page.locator('label.toggle', { hasText: 'Shortcuts of one key' }).click();
  await connect(alice, bob, { video: false });
  await bob.page.keyboard.press('m');
  await bob.page.keyboard.press('i');
  assert.equal(await bob.get('figures-panel').count(), 0);
  assert.equal(await bob.page.evaluate(() => document.querySelector('[data-testid="call-mic"]').dataset.on), 'true');
  assert.equal(await bob.get('call-username').textContent(), '@alice');
  await finish(alice, bob);
  await bob.page.locator('label.toggle', { hasText: 'Shortcuts of one key' }).click();
  await connect(alice, bob, { video: false });
  await bob.page.keyboard.press('i');
  await bob.sees('figures-panel');
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
  assert.equal(await bob.ended(), 'hangup');
  await bob.done();
  await alice.sees('shell');
  await connect(alice, bob, { video: false });
  await finish(alice, bob);
});

app('two tabs: one speaks, the other says so, takes over when asked to, and goes on by itself when the one is closed', async () => {
  const other = await carol.context.newPage();
  const sees = (page, testid) => page.locator(`[data-testid="${testid}"]`).first().waitFor({ timeout: 60000 });
  await other.goto(server.url);
  await sees(other, 'elsewhere');
  await other.locator('[data-testid="use-here"]').click();
  await sees(other, 'shell');
  await sees(carol.page, 'elsewhere');
  await carol.page.reload();
  await sees(carol.page, 'elsewhere');
  await other.close();
  await sees(carol.page, 'shell');
  await connect(alice, carol, { video: false });
  await finish(alice, carol);
});
