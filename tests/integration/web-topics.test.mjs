// SPDX-License-Identifier: Apache-2.0
// Topics of a supergroup in the web client: turned on, opened, written in, counted, renamed, pinned, closed; two users live.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { openRow, reads, say } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob, phone, chatId;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  [ann, bob] = await Promise.all(['ann', 'bob'].map(async (name) => (await Person.open(server.url, name)).register()));
  phone = await Client.open(server.wsUrl);
  await phone.login('ann', password);
  const { id } = (await phone.call('user.find', { username: 'bob' })).user;
  chatId = (await phone.call('chat.create', { kind: 'supergroup', title: 'Harbour', members: [id] })).chat.id;
}, { timeout: 120000 });
afterEach(() => {
  for (const person of [ann, bob]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann?.close(), bob?.close(), phone?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const topics = (name, fn) => test(`web-topics: ${name}`, { timeout: 120000 }, fn);
/** The bar as it is seen: names with what is beside them; the chosen one in brackets. */
const bar = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="topic"]')].map((el) => {
  const text = `${el.textContent}${el.querySelectorAll('.icon').length ? '*' : ''}`;
  return el.getAttribute('aria-pressed') === 'true' ? `[${text}]` : text;
}));
async function shows(person, wanted) {
  let seen;
  await until(async () => { seen = await bar(person); return JSON.stringify(seen) === JSON.stringify(wanted); }, 'the bar', LONG).catch(() => assert.deepEqual(seen, wanted));
}
const choose = (person, title) => person.page.locator('[data-testid="topic"]', { hasText: title }).click({ timeout: LONG });
async function open(person, title) {
  await person.click('topic-new');
  await person.fill('topicTitle', title);
  await person.click('topic-save');
  await person.get('topic-dialog').waitFor({ state: 'detached', timeout: LONG });
}

topics('turned on and opened; what is written in one is in no other, and counted for who looks elsewhere', async () => {
  await openRow(ann, 'Harbour');
  await openRow(bob, 'Harbour');
  assert.deepEqual(await ann.page.locator('[data-testid="topics"]').isVisible(), false);
  await ann.click('chat-about');
  await ann.press('.toggle:has([data-testid="group-topics"])');
  await until(async () => (await phone.call('chat.get', { ids: [chatId] })).chats[0].topics, 'topics', LONG);
  await ann.press('[data-testid="group-dialog"] [data-testid="dialog-close"]');
  await shows(bob, ['[All]']);
  assert.equal(await bob.get('topic-new').count(), 0, 'for who may change the group alone');
  await open(ann, 'Boats');
  await shows(ann, ['All', '[Boats]']);
  await say(ann, 'two of them');
  await reads(ann, ['ann named a topic “Boats”'.replace('ann', 'You'), 'two of them']);
  await open(ann, 'Tides');
  await say(ann, 'high at nine');
  await shows(ann, ['All', '[Tides]', 'Boats']);

  await shows(bob, ['[All]', 'Tides', 'Boats']); // he looks at all of it: nothing is unread
  await choose(bob, 'Boats');
  await reads(bob, ['ann named a topic “Boats”', 'two of them']);
  await say(bob, 'three now');
  await shows(bob, ['All', '[Boats]', 'Tides']);
  await say(ann, 'low at three');
  await shows(bob, ['All', '[Tides1]'.slice(1, -1), '[Boats]']);
  await reads(bob, ['ann named a topic “Boats”', 'two of them', 'three now']);
  await reads(ann, ['You named a topic “Tides”', 'high at nine', 'low at three']);
  const threads = (await phone.call('topic.list', { chatId, limit: 10 })).topics;
  const { messages } = await phone.call('message.history', { chatId, threadId: threads.find((t) => t.title === 'Boats').threadId, limit: 10 });
  assert.deepEqual(messages.map((m) => m.text || 'opened'), ['three now', 'two of them', 'opened']);
});

topics('all of them together: what is written there is in none, and is read', async () => {
  await choose(bob, 'All');
  await say(bob, 'and in general');
  await until(async () => (await phone.call('message.history', { chatId, limit: 1 })).messages[0].text === 'and in general', 'the message', LONG);
  assert.equal((await phone.call('message.history', { chatId, limit: 1 })).messages[0].threadId, undefined);
  await shows(bob, ['[All]', 'Tides', 'Boats']);
  assert.deepEqual(await bob.get('message-topic').allTextContents(), ['# Boats', '# Tides', '# Boats', '# Tides']);
});

topics('renamed, pinned, closed: as all see it', async () => {
  await choose(ann, 'Boats');
  await ann.click('topic-menu');
  await ann.click('topic-rename');
  await ann.fill('topicTitle', 'Ships');
  await ann.click('topic-save');
  await shows(bob, ['[All]', 'Ships', 'Tides']);
  await ann.click('topic-menu');
  await ann.click('topic-pin');
  await shows(bob, ['[All]', 'Ships*', 'Tides']);
  await choose(bob, 'Ships');
  await ann.click('topic-menu');
  await ann.click('topic-close');
  await bob.sees('chat-mute');
  assert.match(await bob.get('chat-mute').textContent(), /closed/);
  await say(ann, 'the last word');
  await until(async () => (await bob.page.locator('.msg-text', { hasText: 'the last word' }).count()) === 1, 'the last word', LONG);
  await choose(bob, 'All');
  await bob.sees('composer');
  await phone.call('chat.update', { chatId, topics: false });
  await bob.page.locator('[data-testid="topics"]').waitFor({ state: 'hidden', timeout: LONG });
  await ann.page.locator('[data-testid="topics"]').waitFor({ state: 'hidden', timeout: LONG });
});
