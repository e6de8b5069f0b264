// SPDX-License-Identifier: Apache-2.0
// What has its time in the web client: messages that are sent later, that go away, polls that end; and who waits to be let in.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { openChat, openRow, reads, say, texts } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob, eve;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  [ann, bob] = await Promise.all(['ann', 'bob'].map(async (name) => (await Person.open(server.url, name)).register()));
  eve = await (await Client.open(server.wsUrl)).register('eve');
  await openChat(ann, 'bob');
  await say(ann, 'hello');
  await openRow(bob, 'ann');
}, { timeout: 120000 });
afterEach(() => {
  for (const person of [ann, bob]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann?.close(), bob?.close(), eve?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const timely = (name, fn) => test(`web-time: ${name}`, { timeout: 120000 }, fn);
/** The same person, on another device: no page. */
async function elsewhere(person) {
  const client = await Client.open(server.wsUrl);
  await client.login(person.username, password);
  return client;
}

/** What the field holds is to be sent in an hour. */
async function inAnHour(person, text) {
  await person.fill('composer', text);
  await person.click('send-ways');
  await person.click('send-later');
  await person.press('[data-testid="later-near"]');
  await person.click('later-save');
  await person.get('later-dialog').waitFor({ state: 'detached', timeout: LONG });
}
const bar = (person) => person.get('scheduled-open').textContent();
async function act(person, n, what) {
  await person.get('scheduled-menu').nth(n).click();
  await person.click(`scheduled-${what}`);
}

timely('a message is sent later: listed here and on other devices, moved, mended, sent at once, deleted; without sound', async () => {
  const phone = await elsewhere(ann);
  const chatId = new URL(await ann.page.url()).hash.split('/')[2];
  await inAnHour(ann, 'so **late** @bob');
  assert.equal(await ann.get('composer').inputValue(), '');
  assert.match(await bar(ann), /^1 scheduled message, to/);
  const [first] = (await phone.call('message.scheduled', { chatId })).scheduled;
  assert.deepEqual([first.text, first.entities.map(({ type }) => type)], ['so late @bob', ['bold', 'mention']]);
  assert.ok(Math.abs(first.sendAt - Date.now() - 3600e3) < 180e3, 'in an hour');
  await phone.call('message.send', { chatId, randomId: 'AAECAwQFBgc', text: 'from the phone', sendAt: Date.now() + 60e3, silent: true });
  await until(async () => /^2 scheduled messages, the next /.test(await bar(ann)), 'that of the phone', LONG);
  await ann.click('scheduled-open');
  const listed = () => ann.page.evaluate(() => [...document.querySelectorAll('[data-testid="scheduled"] .msg-text')].map((el) => el.textContent).join(', '));
  assert.equal(await listed(), 'from the phone, so late @bob');
  assert.match(await ann.get('scheduled').first().textContent(), /without sound/);
  await act(ann, 1, 'time');
  await ann.fill('laterTime', '09:00');
  await ann.fill('laterDate', '2020-01-01');
  await ann.click('later-save');
  await until(async () => /has passed/.test(await ann.get('later-dialog').textContent()), 'that it has passed', LONG);
  const day = new Date(Date.now() + 3 * 86400e3);
  await ann.fill('laterDate', `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`);
  await ann.click('later-save');
  await until(async () => (await phone.call('message.scheduled', { chatId })).scheduled[1].sendAt === new Date(day).setHours(9, 0, 0, 0), 'the other time', LONG);
  await ann.get('later-dialog').waitFor({ state: 'detached', timeout: LONG });
  await act(ann, 1, 'edit');
  assert.equal(await ann.get('scheduled-text').inputValue(), 'so **late** @bob');
  await ann.fill('scheduled-text', 'so late, @bob');
  await ann.click('scheduled-save');
  await until(async () => (await listed()) === 'from the phone, so late, @bob', 'the other words', LONG);
  await act(ann, 1, 'now');
  await until(async () => (await texts(bob)).at(-1) === 'so late, @bob', 'it at bob', LONG);
  await until(async () => (await listed()) === 'from the phone', 'one less', LONG);
  await act(ann, 0, 'delete');
  await ann.click('scheduled-confirm-yes');
  await until(async () => (await ann.get('scheduled').count()) === 0, 'none', LONG);
  await ann.click('dialog-close');
  assert.equal(await ann.get('scheduled-bar').isVisible(), false);
  await ann.fill('composer', 'hush');
  await ann.click('send-ways');
  await ann.click('send-silent');
  await until(async () => (await texts(bob)).at(-1) === 'hush', 'it at bob', LONG);
  const { messages } = await phone.call('message.history', { chatId, limit: 2 });
  assert.deepEqual(messages.map(({ text, silent }) => [text, silent ?? false]).sort(), [['hush', true], ['so late, @bob', false]]);
  await phone.close();
});

timely('at its time it is sent while one looks, and what was not is shown with the reason', async () => {
  const chatId = new URL(await ann.page.url()).hash.split('/')[2];
  const phone = await elsewhere(ann);
  await phone.call('message.send', { chatId, randomId: 'AQECAwQFBgc', text: 'by itself', sendAt: Date.now() + 1500 });
  await ann.sees('scheduled-open');
  await until(async () => (await texts(bob)).at(-1) === 'by itself', 'it at bob', LONG);
  await until(async () => !(await ann.get('scheduled-bar').isVisible()), 'no bar', LONG);
  const boss = await elsewhere(bob);
  const { chat } = await boss.call('chat.create', { kind: 'group', title: 'Watch', members: [phone.user.id] });
  await phone.call('message.send', { chatId: chat.id, randomId: 'AgECAwQFBgc', text: 'too late', sendAt: Date.now() + 4000 });
  await boss.call('chat.setRole', { chatId: chat.id, userId: phone.user.id, role: 'restricted', rights: [] });
  await openRow(ann, 'Watch');
  await ann.sees('chat-mute');
  await until(async () => (await bar(ann)) === '1 message was not sent', 'that it was not sent', LONG);
  await ann.click('scheduled-open');
  assert.equal(await ann.get('scheduled-failed').textContent(), 'An admin has taken from you the right to do that here.');
  await act(ann, 0, 'delete');
  await ann.click('scheduled-confirm-yes');
  await until(async () => (await ann.get('scheduled').count()) === 0, 'none', LONG);
  await ann.click('dialog-close');
  await Promise.all([phone.close(), boss.close()]);
});

timely('in the saved messages it is a reminder, by the keyboard alone', async () => {
  await ann.click('saved');
  await ann.sees('composer');
  await ann.fill('composer', 'oil for the lamp');
  await ann.get('send-ways').focus();
  await ann.page.keyboard.press('Enter');
  await ann.sees('send-later');
  assert.equal(await ann.get('send-later').textContent(), 'Remind me …');
  assert.equal(await ann.get('send-silent').count(), 0);
  await ann.page.keyboard.press('Enter');
  await ann.sees('later-dialog');
  assert.equal(await ann.get('later-silent').count(), 0);
  assert.equal(await ann.page.evaluate(() => document.activeElement.dataset.testid), 'laterDate');
  await ann.page.keyboard.press('Escape');
  await ann.get('later-dialog').waitFor({ state: 'detached' });
  assert.equal(await ann.get('composer').inputValue(), 'oil for the lamp', 'what is not taken stays');
  await inAnHour(ann, 'oil for the lamp');
  assert.match(await bar(ann), /^1 reminder, to/);
  await ann.page.reload();
  await ann.sees('scheduled-open');
  await ann.click('scheduled-open');
  await act(ann, 0, 'now');
  await ann.click('dialog-close');
  await reads(ann, ['oil for the lamp']);
});

timely('who waits to be let in is told live, and not asked for again and again', async () => {
  const boss = await elsewhere(ann);
  const { chat } = await boss.call('chat.create', { kind: 'supergroup', title: 'Pilots', members: [] });
  const { link } = await boss.call('chat.createLink', { chatId: chat.id, approval: true });
  await openRow(ann, 'Pilots');
  await ann.click('chat-about');
  await ann.sees('link');
  const asked = () => ann.wire.sent.filter((text) => text.includes('"chat.requests"')).length;
  await until(() => asked() > 0, 'the first question', LONG);
  const before = asked();
  await eve.call('chat.join', { link });
  await ann.press('[data-testid="request"][data-username="eve"] [data-testid="request-yes"]');
  await until(async () => (await eve.call('chat.get', { ids: [chat.id] })).chats[0]?.role === 'member', 'eve to be in', LONG);
  await until(async () => !(await ann.get('request').count()), 'nobody to wait', LONG);
  const told = asked();
  assert.ok(told > before && told <= before + 3, `${told - before} questions for two changes and an answer`);
  await new Promise((resolve) => { setTimeout(resolve, 11000); });
  assert.equal(asked(), told, 'none without a reason');
  await ann.click('dialog-close');
  await boss.close();
});

/** The service messages of the chat that is open. */
const notices = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="service-message"]')].map((el) => el.textContent.trim()));

timely('the timer of a chat: by both in a private one, told in words, a sign on what goes away; it goes, and the timer off', async () => {
  await openRow(ann, 'bob');
  await openRow(bob, 'ann');
  await ann.click('chat-about');
  await ann.get('chat-timer').selectOption(String(86400e3));
  await until(async () => (await notices(bob)).includes('ann set messages to go away after 1 day'), 'that at bob', LONG);
  await bob.click('chat-about');
  await until(async () => (await bob.get('chat-timer').inputValue()) === String(86400e3), 'the same choice at bob', LONG);
  await ann.click('person-chat');
  await say(ann, 'gone tomorrow');
  await ann.page.locator('[data-testid="message"]', { hasText: 'gone tomorrow' }).locator('[data-testid="msg-timer"]').waitFor({ timeout: LONG });
  assert.match(await ann.get('msg-timer').last().getAttribute('aria-label'), /^Goes away tomorrow at /);
  assert.equal(await ann.page.locator('[data-testid="message"]', { hasText: 'hello' }).locator('[data-testid="msg-timer"]').count(), 0, 'what was there stays');
  await bob.get('chat-timer').selectOption('0');
  await bob.click('person-chat');
  await until(async () => (await notices(ann)).includes('bob turned the timer off: messages stay'), 'that at ann', LONG);
  const phone = await elsewhere(ann);
  const chatId = new URL(await ann.page.url()).hash.split('/')[2];
  await phone.call('chat.update', { chatId, messageTtlMs: 1500 });
  await say(ann, 'a spark');
  await until(async () => (await texts(bob)).includes('a spark'), 'it at bob', LONG);
  await until(async () => !(await texts(bob)).includes('a spark') && !(await texts(ann)).includes('a spark'), 'it to go on both sides', LONG);
  await phone.call('chat.update', { chatId, messageTtlMs: 0 });
  await phone.close();
});

timely('the timer of a large group, by who may: the panel follows what others choose', async () => {
  const boss = await elsewhere(bob);
  const { chat } = await boss.call('chat.create', { kind: 'supergroup', title: 'Fleet', members: [(await boss.call('user.find', { username: 'ann' })).user.id] });
  await boss.call('chat.update', { chatId: chat.id, messageTtlMs: 7 * 86400e3 });
  await openRow(bob, 'Fleet');
  await bob.click('chat-about');
  await until(async () => (await bob.get('chat-timer').inputValue()) === String(7 * 86400e3), 'a week', LONG);
  await boss.call('chat.update', { chatId: chat.id, messageTtlMs: 3 * 86400e3 });
  await until(async () => (await bob.get('chat-timer').inputValue()) === String(3 * 86400e3), 'another time, which is none of the list', LONG);
  await bob.get('chat-timer').selectOption('0');
  await until(async () => (await notices(bob)).includes('You turned the timer off: messages stay'), 'the words', LONG);
  await bob.click('dialog-close');
  await openRow(ann, 'Fleet');
  await ann.click('chat-about');
  await ann.sees('members');
  assert.equal(await ann.get('chat-timer').count(), 0, 'not for a member');
  await ann.click('dialog-close');
  await boss.close();
});

timely('a quiz: made here, what is right shown to who has voted; a public poll says who; both end by their time', async () => {
  await openRow(bob, 'Fleet');
  await openRow(ann, 'Fleet');
  await bob.click('new-poll');
  await bob.fill('pollQuestion', 'Port is?');
  for (const [i, answer] of ['green', 'red'].entries()) await bob.get('poll-answer').nth(i).fill(answer);
  await bob.press('.toggle:has([data-testid="poll-quiz"])');
  await bob.press('.toggle:has([data-testid="poll-anonymous"])');
  assert.equal(await bob.get('poll-multiple').isVisible(), false, 'a quiz has one answer');
  await bob.click('poll-make');
  assert.match(await bob.get('poll-dialog').textContent(), /Mark the answer that is right/);
  await bob.get('poll-right').nth(1).check();
  await bob.get('poll-ends').selectOption(String(3600e3));
  await bob.click('poll-make');
  await ann.sees('poll');
  const poll = (person) => person.page.evaluate(() => { const el = [...document.querySelectorAll('[data-testid="poll"]')].at(-1); return `${el.querySelector('.poll-kind').textContent.replace(/ (today|tomorrow) at .*/, '')}: ${[...el.querySelectorAll('[data-testid="poll-option"]')].map((one) => one.ariaLabel + (one.disabled ? '!' : '')).join('; ')}`; });
  const shows = async (person, wanted) => {
    let seen;
    await until(async () => { seen = await poll(person); return seen === wanted; }, wanted, LONG).catch(() => assert.fail(`${person.username} sees “${seen}”, not “${wanted}”`));
  };
  await shows(ann, 'Quiz, ends: green; red');
  await ann.get('poll-option').nth(0).click();
  await shows(ann, 'Quiz, ends: green, wrong, 100 %, 1 vote!; red, right, 0 %, 0 votes!');
  await shows(bob, 'Quiz, ends: green; red');
  await bob.click('poll-who');
  await bob.sees('voter');
  assert.deepEqual(await bob.page.evaluate(() => [...document.querySelectorAll('[data-testid="voters"]')].map((el) => [el.querySelector('h3').firstChild.textContent, ...[...el.querySelectorAll('[data-testid="voter"]')].map((one) => one.dataset.username)])), [['green', 'ann'], ['red']]);
  await bob.click('dialog-close');
  const boss = await elsewhere(bob);
  const chatId = new URL(await bob.page.url()).hash.split('/')[2];
  await boss.call('message.send', { chatId, randomId: 'AwECAwQFBgc', poll: { question: 'Soon over?', options: ['yes', 'no'], quiz: { correct: 0 }, closesAt: Date.now() + 4000 } });
  await shows(ann, 'Anonymous quiz, ends: yes; no');
  await shows(ann, 'Anonymous quiz, ended: yes, right, 0 %, 0 votes!; no, 0 %, 0 votes!');
  await boss.close();
});
