// SPDX-License-Identifier: Apache-2.0
// Ways into groups in the web client, in real browsers: invitations, requests, public names; rules, and a group that grows.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { row, say, texts } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob, other;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, search_rate: 0 } });
  [ann, bob] = await Promise.all(['ann', 'bob'].map(async (name) => (await Person.open(server.url, name)).register()));
  other = await (await Client.open(server.wsUrl)).register('olga');
}, { timeout: 120000 });
afterEach(async () => {
  for (const person of [ann, bob]) await person?.page.evaluate(() => { for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close(); });
  for (const person of [ann, bob]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann?.close(), bob?.close(), other?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const groups = (name, fn) => test(`web-groups: ${name}`, { timeout: 120000 }, fn);

async function make(person, title, kind) {
  await person.click('nav-chats');
  await person.click('new-group');
  await person.fill('groupTitle', title);
  await person.get('group-kind').selectOption(kind);
  await person.click('group-make');
  await person.sees('chat-title');
  await until(async () => (await person.get('chat-title').textContent()) === title, `the chat ${title}`, LONG);
}
const go = (person, hash) => person.page.evaluate((to) => { location.hash = to; }, hash);
const chatTitle = (person, title) => until(async () => (await person.get('chat-title').count()) && (await person.get('chat-title').first().textContent()) === title, `${person.username}: ${title}`, LONG);

/** A link made by the dialog; gives its address. */
async function link(person, { uses, approval = false } = {}) {
  const before = await person.get('link').count();
  await person.click('link-new');
  if (uses) await person.get('link-uses').selectOption(String(uses));
  if (approval) await person.press('.toggle:has([data-testid="link-approval"])');
  await person.click('link-make');
  await until(async () => (await person.get('link').count()) === before + 1, 'the link in the list', LONG);
  return person.page.evaluate(() => document.querySelector('[data-testid="link"] [data-testid="way-copy"]').dataset.address);
}

groups('an invitation shows what it leads to, lets one in, is used up, and is revoked', async () => {
  await make(ann, 'Night sailors', 'supergroup');
  await ann.click('chat-about');
  await ann.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const address = await link(ann, { uses: 1 });
  assert.match(address, /#\/join\/\+[\w-]{22}$/);
  assert.equal(await ann.page.evaluate(() => navigator.clipboard.readText()), address, 'it was copied');

  await bob.page.goto(address);
  await bob.sees('way-card');
  assert.deepEqual([await bob.get('way-title').textContent(), await bob.get('way-members').textContent()], ['Night sailors', 'Group · 1 member']);
  await bob.click('way-join');
  await chatTitle(bob, 'Night sailors');
  await until(() => row(bob, 'Night sailors'), 'the chat in the list', LONG);
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="member"][data-username="bob"]') !== null), 'bob among the members', LONG);
  await assert.rejects(other.call('chat.join', { link: address.slice(-22) }), ({ reason }) => reason === 'link', 'one person, and no more');

  const second = await link(ann);
  await ann.press('[data-testid="link"] [data-testid="link-revoke"]');
  await ann.click('revoke-confirm-yes');
  await until(async () => (await ann.get('link').count()) === 1, 'one link less', LONG);
  await go(bob, `#${second.split('#')[1]}`);
  await bob.sees('way-nowhere');
  await ann.click('dialog-close');
});

groups('who asks waits, and is let in while looking; who is refused stays out', async () => {
  await make(ann, 'Pilots', 'group');
  await ann.click('chat-about');
  const address = await link(ann, { approval: true });
  await other.call('chat.join', { link: address.slice(-22) });
  await go(bob, `#${address.split('#')[1]}`);
  await bob.sees('way-card');
  assert.equal(await bob.get('way-join').textContent(), 'Ask to join');
  await bob.click('way-join');
  await bob.sees('way-asked');
  await until(async () => (await ann.get('request').count()) === 2, 'both requests, while the dialog is open', LONG);
  await ann.press('[data-testid="request"][data-username="olga"] [data-testid="request-no"]');
  await ann.press('[data-testid="request"][data-username="bob"] [data-testid="request-yes"]');
  await chatTitle(bob, 'Pilots');
  await until(async () => !(await ann.get('request').count()), 'nobody to wait any more', LONG);
  assert.deepEqual((await other.call('chat.list', { limit: 10 })).chats, []);
  await ann.click('dialog-close');
});

groups('a public channel is read before joining, live enough, and joined by its name', async () => {
  await make(ann, 'Tides', 'channel');
  await ann.click('chat-about');
  await ann.click('name-edit');
  await ann.fill('publicName', 'bob');
  await ann.click('name-save');
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="name-dialog"] .field-note').textContent.startsWith('That name is taken')), 'the name of a person to be refused', LONG);
  await ann.fill('publicName', 'tides_pier7');
  await ann.click('name-save');
  await ann.sees('public-name');
  await ann.click('dialog-close');
  await say(ann, 'high water at six');

  await bob.click('nav-chats');
  await bob.fill('chat-search', 'tides_pier7');
  await bob.press('[data-testid="found-chat"][data-username="tides_pier7"] .row-main');
  await until(async () => (await texts(bob)).at(-1) === 'high water at six', 'what was written before', LONG);
  await bob.sees('chat-join');
  assert.equal(await row(bob, 'Tides'), null, 'who looks is not in it');
  await say(ann, 'low water at noon');
  await until(async () => (await texts(bob)).at(-1) === 'low water at noon', 'what is written meanwhile', LONG);
  await bob.click('chat-join');
  await bob.sees('chat-mute');
  await until(() => row(bob, 'Tides'), 'the channel in the list', LONG);
  await say(ann, 'high water at seven');
  await until(async () => (await texts(bob)).at(-1) === 'high water at seven', 'live, as everybody in it', 5000);

  await go(bob, '#/@ann');
  await until(() => bob.page.evaluate(() => location.hash.startsWith('#/people/')), 'the name of a person to lead to the person', LONG);
  await go(bob, '#/@tides_pier7');
  await chatTitle(bob, 'Tides');
  await go(bob, '#/@nobody_at_all');
  await bob.sees('way-nowhere');
});

groups('an invitation that is opened before logging in is shown after it', async () => {
  const owner = await (await Client.open(server.wsUrl)).login('ann', password);
  const { chat } = (await owner.call('chat.list', { limit: 20 })).chats.find((one) => one.chat.title === 'Night sailors');
  const { link: secret } = await owner.call('chat.createLink', { chatId: chat.id });
  await owner.close();
  const eve = await Person.open(`${server.url}#/join/+${secret}`, 'eve');
  try {
    await eve.register();
    await eve.sees('way-card');
    await eve.click('way-join');
    await chatTitle(eve, 'Night sailors');
    assert.deepEqual(eve.errors, []);
  } finally {
    await eve.close();
  }
});

groups('permissions and slow mode; a group becomes a large one, and stays the same chat', async () => {
  await make(ann, 'Deckhands', 'group');
  await ann.click('chat-about');
  const address = await link(ann);
  await go(bob, `#${address.split('#')[1]}`);
  await bob.click('way-join');
  await chatTitle(bob, 'Deckhands');
  await bob.sees('composer');
  await ann.press('.toggle:has([data-testid="may-send"])');
  await bob.sees('chat-mute');
  await ann.press('.toggle:has([data-testid="may-send"])');
  await bob.sees('composer');
  await ann.click('dialog-close');
  await say(ann, 'before');
  await until(async () => (await texts(bob)).at(-1) === 'before', 'the message', LONG);

  await ann.click('chat-about');
  await ann.click('group-migrate');
  await ann.click('migrate-confirm-yes');
  await ann.sees('slow-mode');
  await ann.get('slow-mode').selectOption('30000');
  await ann.sees('name-edit');
  await ann.click('dialog-close');
  await say(ann, 'after');
  await until(async () => (await texts(bob)).at(-1) === 'after', 'a message of its own log', LONG);
  await say(bob, 'aye');
  await until(async () => (await texts(ann)).at(-1) === 'aye', 'an answer', LONG);
  await bob.click('chat-about');
  await bob.sees('members');
  assert.equal(await bob.get('slow-mode').count(), 0, 'members see no rules to change');
  await bob.click('dialog-close');
  const { chats } = await ann.page.evaluate(() => ({ chats: [...document.querySelectorAll('[data-testid="chat-row"]')].filter((el) => el.dataset.title === 'Deckhands').length }));
  assert.equal(chats, 1);
});
