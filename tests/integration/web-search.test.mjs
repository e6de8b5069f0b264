// SPDX-License-Identifier: Apache-2.0
// Search in the web client, in real browsers: over all chats, and in one of them.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { openRow, row, said } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob, group, direct;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, search_rate: 0, groups_per_user: 5000 } });
  ann = await (await Person.open(server.url, 'ann')).register();
  bob = await (await Client.open(server.wsUrl)).register('bob');
  const annId = (await bob.call('user.find', { username: 'ann' })).user.id;
  direct = (await bob.call('chat.open', { userId: annId })).chat.id;
  await send(direct, 'the fog comes in tonight');
  group = (await bob.call('chat.create', { kind: 'group', title: 'Fog watch', members: [annId] })).chat.id;
  for (let i = 0; i < 700; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => send(group, (i + k) % 100 === 7 ? `buoy number ${i + k} lies in the fóg` : `line ${i + k}`)));
}, { timeout: 120000 });
afterEach(() => assert.deepEqual(ann.errors.splice(0), [], 'errors in the page'));
after(async () => {
  await Promise.all([ann?.close(), bob?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const search = (name, fn) => test(`web-search: ${name}`, { timeout: 120000 }, fn);
const send = (chatId, text) => bob.call('message.send', { chatId, randomId: newRandomId(), text });
const found = () => ann.page.evaluate(() => ({ chats: [...document.querySelectorAll('[data-testid="found-chat"]')].map((el) => el.dataset.title), people: [...document.querySelectorAll('[data-testid="chat-person"]')].map((el) => el.dataset.username),
  hits: [...document.querySelectorAll('[data-testid="hit"]')].map((el) => ({ id: el.dataset.id, text: el.querySelector('.hit-words').textContent, marks: [...el.querySelectorAll('mark')].map((mark) => mark.textContent) })), busy: document.querySelector('[data-testid="found"]').getAttribute('aria-busy') }));
const finds = async (query, count) => {
  await ann.fill('chat-search', query);
  return until(async () => { const now = await found(); return now.busy === 'false' && now.hits.length === count && now; }, `${count} hits of “${query}”`, LONG);
};
/** Where the message that is marked stands, and what is marked in it. */
const marked = () => ann.page.evaluate(() => {
  const el = document.querySelector('.msg.found');
  const [box, list] = [el, document.querySelector('[data-testid="history"]')].map((one) => one?.getBoundingClientRect());
  return el && { id: el.dataset.id, marks: [...el.querySelectorAll('mark')].map((mark) => mark.textContent), inside: box.top >= list.top && box.bottom <= list.bottom };
});

search('chats, people and messages while typing, whatever the case and the accents; a hit is shown where it stands', async () => {
  const { chats, hits } = await finds('FOG', 8);
  assert.deepEqual(chats, ['Fog watch']);
  assert.deepEqual(hits.at(-1).text, 'the fog comes in tonight');
  assert.deepEqual([hits[0].marks, hits.at(-1).marks], [['fóg'], ['fog']]);
  const first = hits[5]; /* the third of the group: far from what is loaded at its end */
  assert.match(first.text, /buoy number 107 /);
  await ann.press(`[data-testid="hit"][data-id="${first.id}"] .row-main`);
  await until(async () => (await said(ann)).some(({ id }) => id === first.id), 'the message', LONG);
  const place = await ann.page.evaluate((id) => { const [box, list] = [document.querySelector(`.msg[data-id="${id}"]`), document.querySelector('[data-testid="history"]')].map((el) => el.getBoundingClientRect()); return box.top >= list.top && box.bottom <= list.bottom; }, first.id);
  assert.ok(place, 'it is in sight');
  assert.equal((await found()).hits.length, 8, 'what was found is still there');
  assert.match(await ann.page.evaluate(() => location.hash), /^#\/chats\/\d+$/, 'the address is the chat’s');
});

search('somebody new is found by the whole username, and what is nowhere says so', async () => {
  const carl = await (await Client.open(server.wsUrl)).register('carl');
  await ann.fill('chat-search', 'carl');
  await ann.sees('chat-person');
  assert.deepEqual((await found()).people, ['carl']);
  await carl.close();
  await ann.fill('chat-search', 'zeppelin');
  await ann.sees('no-chats');
  await ann.fill('chat-search', 'carlo');
  await until(async () => !(await found()).people.length && (await found()).busy === 'false', 'nobody', LONG);
});

search('the keyboard goes from the field through the results and back, and Escape ends it', async () => {
  await finds('fog', 8);
  await ann.get('chat-search').press('ArrowDown');
  const focused = () => ann.page.evaluate(() => document.activeElement?.closest('li')?.dataset.testid ?? document.activeElement?.dataset.testid);
  assert.equal(await focused(), 'found-chat');
  await ann.page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'hit');
  await ann.page.keyboard.press('ArrowUp');
  await ann.page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'chat-search');
  await ann.page.keyboard.press('Escape');
  assert.equal(await ann.get('chat-search').inputValue(), '');
  assert.equal(await ann.get('found').isVisible(), false);
  assert.equal((await row(ann, 'Fog watch')) !== null, true, 'the list is back');
});

search('older hits come as one scrolls; nothing that was there moves', async () => {
  const many = (await bob.call('chat.create', { kind: 'group', title: 'Many', members: [(await bob.call('user.find', { username: 'ann' })).user.id] })).chat.id;
  for (let i = 0; i < 100; i++) await send(many, `pelican ${i}`);
  await finds('pelican', 30);
  const [first, list] = await ann.page.evaluate(() => { const el = document.querySelector('[data-testid="found"]'); el.scrollTop = 600; return [el.querySelectorAll('[data-testid="hit"]')[12].getBoundingClientRect().top, el.scrollTop]; });
  await ann.page.evaluate(() => { const el = document.querySelector('[data-testid="found"]'); el.scrollTop = el.scrollHeight; });
  await until(async () => (await found()).hits.length === 60, 'the next page', LONG);
  await ann.page.evaluate((top) => { document.querySelector('[data-testid="found"]').scrollTop = top; }, list);
  assert.ok(Math.abs((await ann.page.evaluate(() => document.querySelectorAll('[data-testid="hit"]')[12].getBoundingClientRect().top)) - first) < 2);
  for (const count of [90, 100]) {
    await ann.page.evaluate(() => { const el = document.querySelector('[data-testid="found"]'); el.scrollTop = el.scrollHeight; });
    await until(async () => (await found()).hits.length === count, `${count} hits`, LONG);
  }
  assert.deepEqual((await found()).hits.map(({ text }) => Number(text.match(/\d+/)[0])), Array.from({ length: 100 }, (_, i) => 99 - i));
  await ann.fill('chat-search', '');
});

search('in one chat: hits are walked through both ways, marked, and the field keeps the focus', async () => {
  await openRow(ann, 'Fog watch');
  await ann.page.keyboard.press('Control+f');
  await ann.fill('chat-search-input', 'buoy fog');
  const at = async (count, text) => until(async () => (await ann.get('chat-search-count').textContent()) === count && (await marked())?.inside && (await said(ann)).find(({ id: one }) => one === null) === undefined && (await ann.page.evaluate(() => document.querySelector('.msg.found .msg-text').textContent)).includes(text), `${count}: ${text}`, LONG);
  await at('1 of 7', 'number 607');
  assert.deepEqual((await marked()).marks, ['buoy', 'fóg']);
  await ann.click('hit-older');
  await at('2 of 7', 'number 507');
  for (let i = 0; i < 5; i++) await ann.get('chat-search-input').press('Enter');
  await at('7 of 7', 'number 7 ');
  assert.equal(await ann.get('hit-older').isDisabled(), true);
  assert.equal(await ann.page.evaluate(() => document.activeElement?.dataset.testid), 'chat-search-input');
  await ann.get('chat-search-input').press('Shift+Enter');
  await at('6 of 7', 'number 107');
  await ann.click('search-filters');
  await ann.get('search-from').selectOption({ label: 'ann (you)' });
  await until(async () => (await ann.get('chat-search-count').textContent()) === 'Nothing found', 'nothing of ann', LONG);
  await ann.get('search-from').selectOption({ label: 'bob' });
  await at('1 of 7', 'number 607');
  await ann.get('search-before').fill('2020-01-01');
  await until(async () => (await ann.get('chat-search-count').textContent()) === 'Nothing found', 'nothing so old', LONG);
  await ann.get('chat-search-input').press('Escape');
  assert.equal(await ann.get('chat-search-bar').count(), 0);
  assert.equal(await marked(), null);
});

search('with 2,000 chats no letter waits, neither in the search nor in a message', async () => {
  const annId = (await bob.call('user.find', { username: 'ann' })).user.id;
  for (let i = 0; i < 2000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => bob.call('chat.create', { kind: 'group', title: `Crew ${i + k}`, members: [annId] })));
  await until(() => ann.page.evaluate(() => document.querySelectorAll('[data-testid="chat-row"]').length >= 2000), 'all of them in the list', 90000);
  const type = (testid, texts) => ann.page.evaluate(async ({ id, values }) => {
    const field = document.querySelector(`[data-testid="${id}"]`);
    const took = [];
    for (const value of values) {
      const begun = performance.now();
      field.value = value;
      field.dispatchEvent(new Event('input'));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      took.push(performance.now() - begun);
    }
    return took.sort((a, b) => a - b);
  }, { id: testid, values: texts });
  const letters = ['c', 'cr', 'cre', 'crew', 'crew 1', 'crew', 'cr', '', 'f', 'fo', 'fog', ''];
  const searched = await type('chat-search', letters);
  await openRow(ann, 'Crew 1999');
  const written = await type('composer', letters.map((text) => `${text}.`));
  const middle = (times) => times[times.length >> 1];
  assert.ok(middle(searched) < 100, `search: ${searched.map(Math.round).join(' ')} ms`);
  assert.ok(middle(written) < 60, `message: ${written.map(Math.round).join(' ')} ms`);
  console.log(`# 2,000 chats: a letter in the search ${Math.round(middle(searched))} ms (at most ${Math.round(searched.at(-1))}), in a message ${Math.round(middle(written))} ms (${Math.round(written.at(-1))})`);
});
