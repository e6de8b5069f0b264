// SPDX-License-Identifier: Apache-2.0
// What is said of a channel's posts in the web client: a group is linked, comments lead there and are counted, a part of a
// message is quoted; and how long a chat is kept.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { openRow, say, texts } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  ann = await (await Person.open(server.url, 'ann')).register();
  bob = await (await Client.open(server.wsUrl)).register('bob');
}, { timeout: 120000 });
afterEach(() => assert.deepEqual(ann?.errors.splice(0) ?? [], [], 'errors in the page'));
after(async () => {
  await Promise.all([ann?.close(), bob?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const comments = (name, fn) => test(`web-comments: ${name}`, { timeout: 120000 }, fn);
async function make(title, kind) {
  await ann.click('nav-chats');
  await ann.click('new-group');
  await ann.fill('groupTitle', title);
  await ann.get('group-kind').selectOption(kind);
  await ann.click('group-make');
  await until(async () => (await ann.get('chat-title').count()) && (await ann.get('chat-title').first().textContent()) === title, `the chat ${title}`, LONG);
  return new URL(ann.page.url()).hash.split('/')[2];
}
/** How many, as a post says. */
const counted = (words) => until(async () => (await ann.get('comments').count()) && (await ann.get('comments').last().textContent()) === words, words, LONG);
const last = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="message"] .msg-text')].at(-1)?.textContent ?? '');
async function closeDialog() {
  await ann.press('[data-testid="group-dialog"] [data-testid="dialog-close"]');
  await ann.get('group-dialog').waitFor({ state: 'detached', timeout: LONG });
}

comments('a group is chosen, a post leads to it, and what is said there is counted live', async () => {
  const talk = await make('Talk', 'supergroup');
  const phone = await Client.open(server.wsUrl);
  await phone.login('ann', password);
  await phone.call('chat.setUsername', { chatId: talk, username: 'talk_of_the_port' });
  await phone.close();
  const news = await make('News', 'channel');
  await ann.click('chat-about');
  await ann.get('discussion').selectOption({ label: 'Talk' });
  await until(async () => (await ann.get('discussion').inputValue()) === talk, 'the choice', LONG);
  await closeDialog();
  await say(ann, 'The bridge opens at nine, says the harbour');
  await counted('Comment');

  await ann.click('comments');
  await until(async () => (await ann.get('chat-title').first().textContent()) === 'Talk', 'the group', LONG);
  await until(async () => (await last(ann)).startsWith('The bridge opens at nine, says the harbour'), 'the copy', LONG);
  await bob.call('chat.join', { username: 'talk_of_the_port' });

  // a part of it is answered
  await ann.page.evaluate(() => {
    const node = [...document.querySelectorAll('[data-testid="message"] .msg-text')].at(-1).firstChild;
    getSelection().setBaseAndExtent(node, 20, node, 24);
  });
  await ann.get('message').last().hover();
  await ann.get('message-more').last().click();
  await ann.click('menu-quote');
  assert.equal(await ann.get('composer-about').textContent(), 'nine');
  await say(ann, 'At last');
  await until(async () => (await last(ann)).startsWith('At last'), 'the comment', LONG);
  let comment, copy; // the page shows what is on its way, too
  await until(async () => {
    ({ messages: [comment, copy] } = await bob.call('message.history', { chatId: talk, limit: 2 }));
    return comment.text === 'At last';
  }, 'the comment at the server', LONG);
  assert.deepEqual([comment.text, comment.replyTo, comment.quote], ['At last', copy.id, { text: 'nine', offset: 20 }]);
  assert.equal(await ann.get('message-reply').last().locator('span').textContent(), 'nine');

  await openRow(ann, 'News');
  await counted('1 comment');
  await bob.call('message.send', { chatId: talk, randomId: 'AAAAAAAAAAE', text: 'nine it is', replyTo: copy.id });
  await counted('2 comments');
  await ann.page.reload();
  await counted('2 comments');
  assert.equal(new URL(ann.page.url()).hash.split('/')[2], news);
});

comments('they are linked no more; how long the group is kept is asked twice and said there', async () => {
  await openRow(ann, 'Talk');
  await ann.click('chat-about');
  await ann.click('discussion-end');
  await ann.get('discussion-end').waitFor({ state: 'detached', timeout: LONG });
  await ann.get('chat-retention').selectOption(String(30 * 86400e3));
  await ann.click('retention-confirm-yes');
  await closeDialog();
  await until(async () => (await texts(ann)).at(-1) === 'You set messages to be kept for 30 days', 'the service message', LONG);
  await openRow(ann, 'News');
  await until(async () => (await texts(ann)).length > 0 && (await ann.get('comments').count()) === 0, 'no comments', LONG);
});
