// SPDX-License-Identifier: Apache-2.0
// Reactions, pins and forwards in the web client, in real browsers.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { choose, openChat, openRow, row, say, texts } from './lib/chat.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  [ann, bob] = await Promise.all(['ann', 'bob'].map(async (name) => (await Person.open(server.url, name)).register()));
  await openChat(ann, 'bob');
  await say(ann, 'the first word');
  await openRow(bob, 'ann');
}, { timeout: 120000 });
afterEach(() => {
  for (const person of [ann, bob]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann?.close(), bob?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const extras = (name, fn) => test(`web-extras: ${name}`, { timeout: 120000 }, fn);
const message = (person, text) => person.page.locator('[data-testid="message"]', { hasText: text }).last();

/** What hangs on a message: "👍2*": two, one's own among them. */
const reactions = (person, text) => message(person, text).locator('[data-testid="reaction"]').evaluateAll((all) => all.map((el) => `${el.dataset.emoji}${el.querySelector('b').textContent}${el.getAttribute('aria-pressed') === 'true' ? '*' : ''}`).join(' '));
async function shows(person, text, wanted) {
  let seen;
  await until(async () => { seen = await reactions(person, text); return seen === wanted; }, `${person.username}: ${wanted}`, LONG).catch(() => assert.fail(`${person.username} sees “${seen}”, not “${wanted}”`));
}
async function react(person, text, emoji) {
  await message(person, text).locator('.msg-meta time').click({ button: 'right', timeout: LONG });
  await person.press(`[data-testid="quick-reaction"][data-emoji="${emoji}"]`);
}

async function everyWay(text) {
  await react(bob, text, '👍');
  await shows(ann, text, '👍1');
  await shows(bob, text, '👍1*');
  await message(ann, text).locator('[data-testid="reaction"]').click();
  await shows(ann, text, '👍2*');
  await shows(bob, text, '👍2*');
  await react(bob, text, '🎉');
  await shows(bob, text, '👍1 🎉1*');
  await shows(ann, text, '👍1* 🎉1');
  await message(bob, text).locator('[data-testid="reaction"][data-emoji="🎉"]').click();
  await shows(ann, text, '👍1*');
  await shows(bob, text, '👍1');
}

extras('reactions: counted, one’s own marked, replaced, taken back, on both sides', () => everyWay('the first word'));

extras('reactions: an edit keeps them, and a page that is loaded anew has them', async () => {
  await choose(ann, 'the first word', 'edit');
  await say(ann, 'the first word, mended');
  await until(async () => (await texts(bob)).at(-1) === 'the first word, mended', 'the edit', LONG);
  await shows(bob, 'mended', '👍1');
  await bob.page.reload();
  await openRow(bob, 'ann');
  await shows(bob, 'mended', '👍1');
});

extras('pins: a bar on both sides, that leads to the message; taken off again', async () => {
  for (let i = 0; i < 90; i++) await say(ann, `line ${i}`);
  await until(async () => (await texts(bob)).at(-1) === 'line 89', 'all lines', LONG);
  await choose(ann, 'line 88', 'pin');
  await bob.sees('pin-bar');
  assert.match(await bob.get('pin-go').textContent(), /^Pinned messageline 88$/);
  await until(async () => (await texts(bob)).at(-1) === 'ann pinned a message', 'that it was pinned', LONG);
  await bob.page.reload();
  await openRow(bob, 'ann');
  await bob.sees('pin-bar');
  await say(ann, 'newer');
  await choose(ann, 'newer', 'pin');
  await until(async () => /^Pinned message 2 of 2newer$/.test(await bob.get('pin-go').textContent()), 'the newest of two', LONG);
  await bob.click('pin-go');
  await until(async () => /^Pinned message 1 of 2line 88$/.test(await bob.get('pin-go').textContent()), 'the one before', LONG);
  await bob.click('pin-go');
  await until(() => bob.page.evaluate(() => [...document.querySelectorAll('[data-testid="message"].flash, [data-testid="message"]:focus')].some((el) => el.textContent.includes('line 88'))), 'to be there', LONG);
  await bob.click('pin-list');
  await bob.press('[data-testid="pin"] [data-testid="pin-off"]');
  await until(async () => /^Pinned messageline 88$/.test(await ann.get('pin-go').textContent()), 'one pin less at ann', LONG);
  await choose(ann, 'line 88', 'pin');
  await until(async () => !(await bob.get('pin-bar').isVisible()), 'no pin', LONG);
});

extras('forwards: to chats that are chosen, with whose words they are; they cannot be edited', async () => {
  await ann.click('saved');
  await ann.sees('empty-chat');
  await say(ann, 'note to self');
  await openRow(ann, 'bob');
  await say(bob, 'words of bob');
  await until(async () => (await texts(ann)).at(-1) === 'words of bob', 'them', LONG);
  await choose(ann, 'words of bob', 'forward');
  assert.equal(await ann.get('forward-send').isDisabled(), true);
  for (const title of ['bob', 'Saved messages']) await ann.press(`[data-testid="forward-chat"][data-title="${title}"]`);
  await ann.click('forward-send');
  await until(async () => (await bob.get('forwarded-from').count()) === 1, 'it at bob', LONG);
  assert.equal(await bob.get('forwarded-from').textContent(), 'Forwarded from bob');
  await until(async () => (await row(ann, 'Saved messages')).words.includes('words of bob'), 'it in the saved messages', LONG);
  await message(ann, 'words of bob').locator('.msg-meta time').click({ button: 'right' });
  await ann.sees('menu-copy');
  assert.deepEqual([await ann.get('menu-edit').count(), await ann.get('menu-delete').count()], [0, 1]);
  await ann.page.keyboard.press('Escape');
});

extras('a large group: the same, by the log of the chat; who reacted; nothing leaves a protected one', async () => {
  await ann.click('nav-chats');
  await ann.click('new-group');
  await ann.fill('groupTitle', 'Fleet');
  await ann.get('group-kind').selectOption('supergroup');
  await ann.fill('picker-search', 'bob');
  await ann.press('[data-testid="picker-row"][data-username="bob"]');
  await ann.click('group-make');
  await ann.sees('composer');
  await say(ann, 'all ships');
  await openRow(bob, 'Fleet');
  await until(async () => (await texts(bob)).at(-1) === 'all ships', 'the message', LONG);
  await everyWay('all ships');
  await choose(bob, 'all ships', 'reactors');
  await bob.sees('reactor');
  assert.equal(await bob.page.evaluate(() => document.querySelector('[data-testid="reactor"]').dataset.username), 'ann');
  await bob.click('dialog-close');
  await choose(ann, 'all ships', 'pin');
  await bob.sees('pin-bar');
  await ann.click('chat-about');
  await ann.press('.toggle:has([data-testid="group-protected"])');
  await until(async () => {
    await message(bob, 'all ships').locator('.msg-meta time').click({ button: 'right' });
    await bob.sees('menu-copy');
    const forwards = await bob.get('menu-forward').count();
    await bob.page.keyboard.press('Escape');
    return !forwards;
  }, 'no way to forward', LONG);
  await ann.click('dialog-close');
});

extras('polls: asked, voted for on both sides, changed, taken back, ended', async () => {
  await openRow(ann, 'Fleet');
  await openRow(bob, 'Fleet');
  await ann.click('new-poll');
  await ann.fill('pollQuestion', 'When do we sail?');
  for (const [i, answer] of ['at dawn', 'at noon', 'never'].entries()) await ann.get('poll-answer').nth(i).fill(answer);
  await ann.click('poll-make');
  await bob.sees('poll');
  const poll = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="poll-option"]')].map((el) => `${el.querySelector('.poll-text').textContent}${el.querySelector('b')?.textContent ?? ''}${el.getAttribute('aria-pressed') === 'true' ? '*' : ''}`).join(', '));
  const polled = async (person, wanted) => {
    let seen;
    await until(async () => { seen = await poll(person); return seen === wanted; }, wanted, LONG).catch(() => assert.fail(`${person.username} sees “${seen}”, not “${wanted}”`));
  };
  await polled(bob, 'at dawn, at noon, never');
  await bob.get('poll-option').nth(1).click();
  await polled(bob, 'at dawn0 %, at noon100 %*, never0 %');
  await until(async () => (await ann.get('poll-voters').textContent()) === '1 vote', 'the count at ann', LONG);
  await polled(ann, 'at dawn, at noon, never');
  await ann.get('poll-option').nth(0).click();
  await polled(ann, 'at dawn50 %*, at noon50 %, never0 %');
  await polled(bob, 'at dawn50 %, at noon50 %*, never0 %');
  await bob.get('poll-option').nth(0).click();
  await polled(bob, 'at dawn100 %*, at noon0 %, never0 %');
  await bob.get('poll-option').nth(0).click();
  await polled(bob, 'at dawn, at noon, never');
  await choose(ann, 'When do we sail?', 'poll-close');
  await ann.click('poll-confirm-yes');
  await until(() => bob.page.evaluate(() => document.querySelector('.poll-kind').textContent === 'Anonymous poll, ended'), 'the end at bob', LONG);
  assert.equal(await bob.get('poll-option').nth(0).isDisabled(), true);
});
