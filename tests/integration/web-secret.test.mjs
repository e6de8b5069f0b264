// SPDX-License-Identifier: Apache-2.0
// A secret chat in the web client, in real browsers: two users, and what the server is shown of it.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Cable } from './lib/cable.mjs';
import { openChat } from './lib/chat.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, cable, ann, bob, tablet;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  cable = await Cable.lay(server.port);
  [ann, bob] = await Promise.all([Person.open(server.url, 'ann'), Person.open(cable.url, 'bob')]);
  await Promise.all([ann.register(), bob.register()]);
  tablet = await (await Person.open(server.url, 'bob')).logIn();
}, { timeout: 120000 });
afterEach(() => {
  for (const person of [ann, bob, tablet]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann, bob, tablet].map((person) => person?.close()));
  await cable?.remove();
  await server?.remove();
}, { timeout: 60000 });

const secret = (name, fn) => test(`web-secret: ${name}`, { timeout: 120000 }, fn);
const say = async (person, text) => {
  await person.fill('secret-composer', text);
  await person.get('secret-composer').press('Enter');
};
const said = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="secret-message"]')].map((row) => {
  const text = row.querySelector('.msg-text').cloneNode(true);
  text.querySelector('.msg-meta').remove();
  return { text: text.textContent, state: row.dataset.state, mine: row.classList.contains('mine') };
}));
const reads = async (person, wanted) => {
  let seen;
  try {
    await until(async () => { seen = (await said(person)).map(({ text }) => text); return JSON.stringify(seen) === JSON.stringify(wanted); }, `${person.username} to read`, LONG);
  } catch (error) {
    throw new Error(`${person.username} reads ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`, { cause: error });
  }
};
const state = (person, text, wanted) => until(async () => (await said(person)).some((one) => one.text === text && one.state === wanted), `${person.username}: “${text}” to be ${wanted}`, LONG);
const rows = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="secret-row"]')].map(({ dataset }) => ({ state: dataset.state, unread: Number(dataset.unread) })));
const digits = async (person) => {
  await person.click('secret-trust');
  await person.sees('safety-number');
  return person.page.evaluate(() => [...document.querySelectorAll('[data-testid="safety-number"] li')].map((item) => item.textContent));
};
const shot = async (person, name) => { if (process.env.ALDIS_SHOTS) await person.page.screenshot({ path: `${process.env.ALDIS_SHOTS}/${name}.png` }); };

secret('asked, accepted on one device, and gone from the others', async () => {
  await openChat(ann, 'bob');
  await ann.click('chat-secret');
  await ann.sees('secret-cancel');
  for (const device of [bob, tablet]) {
    await device.click('nav-chats');
    await device.press('[data-testid="secret-row"][data-state="offered"] .row-main');
    await device.sees('secret-accept');
  }
  await shot(bob, 'offered');
  await bob.click('secret-accept');
  await bob.sees('secret-composer');
  await ann.sees('secret-composer');
  await tablet.sees('secret-gone');
  assert.deepEqual(await rows(tablet), []);
});

secret('messages both ways, marks, a reply, a deletion', async () => {
  await say(ann, 'the plan <b>is</b> ready');
  await reads(bob, ['the plan <b>is</b> ready']);
  await state(ann, 'the plan <b>is</b> ready', 'read');
  await bob.page.locator('[data-testid="secret-message"]').first().click({ button: 'right' });
  await bob.click('secret-menu-reply');
  await say(bob, 'good');
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="secret-reply"] span')?.textContent === 'the plan <b>is</b> ready'), 'the reply', LONG);
  await say(ann, 'a slip of the tongue');
  await reads(bob, ['the plan <b>is</b> ready', 'good', 'a slip of the tongue']);
  await ann.page.locator('[data-testid="secret-message"]').last().click({ button: 'right' });
  await ann.click('secret-menu-delete');
  for (const person of [ann, bob]) await reads(person, ['the plan <b>is</b> ready', 'good']);
  assert.deepEqual(await said(tablet), [], 'it is on no other device');
});

secret('the same safety number on both screens; who has compared it is verified', async () => {
  const [one, other] = [await digits(ann), await digits(bob)];
  assert.equal(one.length, 12);
  assert.deepEqual(one, other);
  await shot(ann, 'safety');
  await ann.click('safety-match');
  await ann.page.locator('[data-testid="secret-trust"][data-level="verified"]').waitFor({ timeout: LONG });
  await bob.click('safety-close');
  await bob.page.locator('[data-testid="secret-trust"][data-level="unverified"]').waitFor({ timeout: LONG });
});

secret('a reload in the middle: keys and messages are there, and it goes on', async () => {
  await bob.page.reload();
  await bob.sees('secret-composer');
  await reads(bob, ['the plan <b>is</b> ready', 'good']);
  await say(bob, 'back again');
  await reads(ann, ['the plan <b>is</b> ready', 'good', 'back again']);
  await ann.page.reload();
  await ann.sees('secret-composer');
  await say(ann, 'me too');
  await reads(bob, ['the plan <b>is</b> ready', 'good', 'back again', 'me too']);
});

secret('away: what was written on both sides arrives once, in order', async () => {
  cable.cut();
  await bob.sees('reconnect-banner');
  await say(bob, 'from the tunnel');
  await state(bob, 'from the tunnel', 'waiting');
  await bob.page.evaluate(() => { window.kept = true; });
  for (const text of ['one', 'two', 'three']) await say(ann, text);
  await state(ann, 'three', 'sent');
  cable.mend();
  await until(async () => (await said(bob)).length === 8 && (await said(ann)).length === 8, 'all on both', LONG);
  const texts = (await said(bob)).map(({ text }) => text);
  assert.deepEqual(texts.filter((text) => ['one', 'two', 'three'].includes(text)), ['one', 'two', 'three']);
  assert.equal(texts.filter((text) => text === 'from the tunnel').length, 1);
  await state(bob, 'from the tunnel', 'read');
  await shot(ann, 'chat');
});

secret('the timer destroys what was read, on both devices', async () => {
  await ann.click('secret-timer');
  await ann.click('timer-5000');
  await bob.page.locator('[data-notice="timer 5000"]').waitFor({ timeout: LONG });
  const before = (await said(ann)).length;
  await say(bob, 'this will go');
  await until(async () => (await said(ann)).length === before + 1, 'it to come', LONG);
  await shot(ann, 'timer');
  for (const person of [ann, bob]) await until(async () => !(await said(person)).some(({ text }) => text === 'this will go'), 'it to be gone', LONG);
  const kept = await ann.page.evaluate(() => new Promise((resolve, reject) => {
    const opening = indexedDB.open('aldis-secret');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => { const all = opening.result.transaction('messages').objectStore('messages').getAll(); all.onsuccess = () => { opening.result.close(); resolve(all.result.map(({ text }) => text)); }; };
  }));
  assert.ok(kept.includes('one') && !kept.includes('this will go'), 'nor is it stored any more');
});

secret('a screenshot key that the browser tells of is told', async () => {
  await bob.page.keyboard.press('PrintScreen');
  await ann.page.locator('[data-notice="screenshot"]').waitFor({ timeout: LONG });
});

secret('the server saw none of it', async () => {
  const wire = [...ann.wire.sent, ...bob.wire.sent].filter((text) => text.includes('"secret.'));
  assert.ok(wire.length > 15);
  const payloads = wire.flatMap((text) => JSON.parse(text)).filter(({ method }) => method === 'secret.send').map(({ params }) => Buffer.from(params.payload, 'base64url'));
  for (const word of ['the plan', 'tunnel', 'back again', 'this will go']) {
    assert.ok(wire.every((text) => !text.includes(word)) && payloads.every((bytes) => !bytes.includes(word)), word);
  }
  assert.deepEqual([...new Set(payloads.map(({ length }) => (length - 57) % 256))], [0], 'sizes come in steps');
  const members = { 'secret.request': ['blob', 'secretId', 'userId'], 'secret.accept': ['blob', 'secretId'], 'secret.send': ['payload', 'randomId', 'secretId', 'silent'], 'secret.ack': ['qts'], 'secret.queue': ['limit', 'qts'], 'secret.list': [], 'secret.discard': ['secretId'] };
  for (const { method, params } of wire.flatMap((text) => JSON.parse(text))) assert.deepEqual(Object.keys(params ?? {}).sort(), members[method], method);
});

secret('ended by one: over on the other, and nothing is left on the one', async () => {
  await ann.click('secret-menu');
  await ann.click('secret-end');
  await ann.click('secret-end-confirm-yes');
  await bob.sees('secret-ended');
  assert.deepEqual(await rows(ann), []);
  assert.deepEqual(await rows(bob), [{ state: 'ended', unread: 0 }]);
  await shot(bob, 'ended');
  await bob.click('secret-delete');
  await until(async () => (await rows(bob)).length === 0, 'it to be gone', LONG);
});

secret('declined', async () => {
  await openChat(bob, 'ann');
  await bob.click('chat-secret');
  await bob.sees('secret-cancel');
  await ann.click('nav-chats');
  await ann.press('[data-testid="secret-row"][data-state="offered"] .row-main');
  await ann.click('secret-decline');
  await bob.sees('secret-ended');
});
