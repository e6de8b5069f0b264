// SPDX-License-Identifier: Apache-2.0
// Rows 1a to 1d: the pins of somebody who was compared, made to disappear by names that look like those that they are kept under.
import assert from 'node:assert/strict';
import { until } from '../lib/server.mjs';
import { b64u, invite, makeIdentity } from './attacker.mjs';
import { connect, finish, refused, row, stage } from './stage.mjs';

const on = stage(['alice', 'bob']);
let compared = false;

/** For the first row that asks: the two have compared. */
async function friends() {
  if (compared) return;
  await connect(on.alice, on.bob, { video: false });
  await Promise.all([on.alice.emoji(), on.bob.emoji()]);
  await Promise.all([on.alice.click('sas-match'), on.bob.click('sas-match')]);
  for (const person of [on.alice, on.bob]) await until(async () => (await person.view()).e2ee === 'verified', 'the mark of a verified call', 60000);
  await finish(on.alice, on.bob);
  on.mallory.peace();
  compared = true;
}

/** The accounts that a browser has keys and pins of. */
const kept = (person) => person.page.evaluate(async () => {
  const open = indexedDB.open('aldis-keys');
  await new Promise((resolve) => { open.onsuccess = resolve; });
  const keys = async (table) => {
    const ask = open.result.transaction(table).objectStore(table).getAllKeys();
    await new Promise((resolve) => { ask.onsuccess = resolve; });
    return ask.result.map((key) => key.split('\n')[0]).sort();
  };
  const all = { identity: await keys('identity'), pins: await keys('pins') };
  open.result.close();
  return all;
});

/** Answers of a method with the user in them changed. */
const lie = (method, who, act) => (line, message, asked) => {
  if (asked !== method || !message.result?.user || message.result.user.username !== who) return undefined;
  const copy = structuredClone(message);
  act(copy.result);
  return [copy];
};

row('1a', 'her own name said otherwise to Alice, so that she would begin with new keys and no pins', async () => {
  await friends();
  const { mallory, alice, bob } = on;
  const before = await kept(alice);
  assert.deepEqual(before, { identity: ['alice'], pins: ['alice'] });
  for (const change of [(user) => { user.username = 'al\u0131ce'; }, (user) => { user.username = 'alice2'; }, (user) => { user.id = '77'; }]) {
    await mallory.line('alice'); // not the session that a log-in has just begun: its page would be the one that refuses
    mallory.attack.answer = lie('session.start', 'alice', (result) => change(result.user));
    await alice.page.reload();
    await alice.page.locator('.toast', { hasText: 'another account than yours' }).first().waitFor({ timeout: 60000 });
    await alice.sees('login-form');
    mallory.peace();
    await alice.logIn();
  }
  mallory.attack.answer = lie('account.login', 'alice', (result) => { result.user.username = 'alice2'; });
  await alice.click('nav-settings');
  await alice.click('log-out');
  await alice.click('logout-confirm-yes');
  await alice.click('tab-login');
  await alice.fill('username', 'Alice');
  await alice.fill('password', 'four plain words here');
  await alice.click('submit');
  await until(async () => /another account than @Alice/.test(await alice.get('form-error').textContent()), 'the refusal', 60000);
  mallory.peace();
  await alice.logIn();
  assert.deepEqual(await kept(alice), before, 'no key and no pins but those of the name that she typed');
  await connect(bob, alice, { video: false });
  for (const person of [alice, bob]) assert.equal((await person.view()).e2ee, 'verified');
  await finish(bob, alice);
});

row('1b', 'a stranger under the name of Bob in another case, or with letters that look like his', async () => {
  await friends();
  const { mallory, alice } = on;
  const [a, b] = [await mallory.line('alice'), await mallory.line('bob')];
  const rings = async (username) => {
    const identity = await makeIdentity();
    const self = { user: '99', name: username, device: 'd-99' };
    const callId = b64u(crypto.getRandomValues(new Uint8Array(16)));
    const { blob } = await invite({ identity, self, to: { user: a.user.id }, callId, video: false });
    const device = { ...b.device, id: self.device, identityKey: identity.encoded };
    a.tell('call.incoming', { callId, from: { ...b.user, id: self.user, username }, device, video: false, blob });
  };
  for (const username of ['Bob', 'BOB', 'bob']) {
    await rings(username);
    await alice.sees('incoming-call');
    assert.equal(await alice.get('incoming-call').getAttribute('data-e2ee'), 'changed', username);
    assert.equal(await alice.get('incoming-accept').isVisible(), false);
    await alice.click('block-end');
    await alice.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });
  }
  for (const username of ['b\u043eb', 'bob\u200b', 'bob ']) {
    await rings(username);
    await refused(alice, 'could not be read');
  }
});

row('1c', 'somebody else given to Alice who looks for Bob', async () => {
  await friends();
  const { mallory, alice } = on;
  /* the log knows Bob: as if they had never talked */
  const noLog = (line, message, asked) => (asked === 'call.history' && message.result ? [{ ...message, result: { ...message.result, calls: [], next: undefined } }] : undefined);
  mallory.attack.answer = noLog;
  await alice.page.reload();
  await alice.sees('shell');
  await alice.click('nav-people');
  await alice.fill('search', 'bob');
  await alice.page.locator('[data-testid="person-row"][data-username="bob"]').waitFor({ timeout: 60000 });
  for (const username of ['b\u043eb', 'bob\u200b', 'bobby']) {
    mallory.attack.answer = (...message) => noLog(...message) ?? lie('user.find', 'bob', ({ user }) => Object.assign(user, { id: '99', username }))(...message);
    await alice.fill('search', '');
    await alice.fill('search', 'bob');
    await alice.page.locator('[data-testid="not-found"]', { hasText: 'somebody else than you asked for' }).waitFor({ timeout: 60000 });
    assert.equal(await alice.page.locator('[data-user="99"]').count(), 0, username);
  }
});

row('1d', 'another display name given to somebody who was verified', async () => {
  await friends();
  const { mallory, alice, bob } = on;
  const rename = (message) => JSON.parse(JSON.stringify(message).replaceAll('"displayName":"bob"', '"displayName":"Director"'));
  mallory.attack.answer = (line, message) => (line.user?.username === 'alice' ? [rename(message)] : undefined);
  mallory.attack.note = mallory.attack.answer;
  await alice.page.reload();
  await alice.sees('shell');
  const shows = async () => {
    for (const testid of ['call-name', 'peer-name']) assert.equal(await alice.get(testid).textContent(), 'bob', testid);
    assert.equal(await alice.get('call-username').textContent(), '@bob');
    assert.equal((await alice.view()).e2ee, 'verified');
    assert.ok((await alice.seen()).toasts.some((text) => text.includes('now calls @bob \u201cDirector\u201d')));
    await alice.click('security');
    assert.match(await alice.get('claimed-name').textContent(), /bob is the name that you verified/);
  };
  await connect(alice, bob, { video: false });
  await shows();
  await finish(alice, bob);
  await bob.call('alice', { video: false });
  await alice.sees('incoming-call');
  assert.equal(await alice.get('incoming-name').textContent(), 'bob');
  assert.match(await alice.get('claimed-name').textContent(), /Director/);
  await alice.answer();
  await Promise.all([alice.active(), bob.active()]);
  await shows();
  await finish(bob, alice);
});
