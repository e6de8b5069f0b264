// SPDX-License-Identifier: Apache-2.0
// Chats in the web client, in real browsers: two users on three devices.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { Cable } from './lib/cable.mjs';
import { choose, marked, openChat, openRow, reads, row, said, say, texts } from './lib/chat.mjs';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, cable, ann, bob, tablet;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 } });
  cable = await Cable.lay(server.port);
  [ann, bob] = await Promise.all([Person.open(server.url, 'ann'), Person.open(cable.url, 'bob')]);
  await Promise.all([ann.register(), bob.register()]);
}, { timeout: 120000 });
afterEach(() => {
  for (const person of [ann, bob, tablet]) assert.deepEqual(person?.errors.splice(0) ?? [], [], `errors in the page of ${person?.username}`);
});
after(async () => {
  await Promise.all([ann, bob, tablet].map((person) => person?.close()));
  await cable?.remove();
  await server?.remove();
}, { timeout: 60000 });

const chat = (name, fn) => test(`web-chat: ${name}`, { timeout: 120000 }, fn);

chat('send, reply, marks from sent to read', async () => {
  await openChat(ann, 'bob');
  await say(ann, 'hello **Bob** <b>x</b> https://example.org/a?b=1');
  await until(async () => (await row(bob, 'ann'))?.unread === 1, 'what is unread at bob', LONG);
  await marked(ann, 'hello Bob <b>x</b> https://example.org/a?b=1', 'delivered');
  await openRow(bob, 'ann');
  await reads(bob, ['hello Bob <b>x</b> https://example.org/a?b=1']);
  await marked(ann, 'hello Bob <b>x</b> https://example.org/a?b=1', 'read');
  await until(async () => (await row(bob, 'ann')).unread === 0, 'nothing to be unread', LONG);
  const marks = await bob.page.evaluate(() => ({ bold: document.querySelector('.msg-text strong')?.textContent, markup: document.querySelectorAll('.msg-text b').length,
    link: (({ href, rel, target }) => ({ href, rel, target }))(document.querySelector('.msg-text a')) }));
  assert.deepEqual(marks, { bold: 'Bob', markup: 0, link: { href: 'https://example.org/a?b=1', rel: 'noopener noreferrer nofollow', target: '_blank' } });
  await choose(bob, 'hello', 'reply');
  await say(bob, 'hi');
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="message-reply"] span')?.textContent.startsWith('hello Bob')), 'the reply', LONG);
  await bob.get('composer').pressSequentially('typing now');
  await until(async () => (await row(ann, 'bob')).words === 'typing …', 'that bob types', LONG);
  await bob.fill('composer', '');
});

chat('a new device sees all, and what is edited and deleted is so on every device', async () => {
  await say(ann, 'to be edited');
  await say(ann, 'to go for all');
  await say(bob, 'to go for bob');
  const first = ['hello Bob <b>x</b> https://example.org/a?b=1', 'hi'];
  await Promise.all([ann, bob].map((person) => until(async () => (await texts(person)).length === 5, 'five messages', LONG)));
  tablet = await (await Person.open(server.url, 'bob')).logIn();
  await openRow(tablet, 'ann');
  await until(async () => (await texts(tablet)).length === 5, 'all on the new device', LONG);
  await choose(ann, 'to be edited', 'edit');
  await say(ann, 'edited');
  await choose(ann, 'to go for all', 'delete');
  await ann.click('delete-all');
  await choose(tablet, 'to go for bob', 'delete');
  await tablet.click('delete-me');
  await reads(bob, [...first, 'edited']);
  await reads(tablet, [...first, 'edited']);
  await reads(ann, [...first, 'edited', 'to go for bob']);
  assert.ok((await said(tablet)).at(-1).edited);
  await ann.get('composer').press('ArrowUp');
  assert.equal(await ann.get('composer').inputValue(), 'edited', '↑ edits one’s last message');
  await ann.get('composer').press('Escape');
});

chat('the network is cut: what was written goes out once, in order, and what was missed arrives', async () => {
  const begun = (await texts(bob)).length;
  cable.cut();
  await bob.sees('reconnect-banner');
  await say(bob, 'from the tunnel');
  await say(bob, 'still in it');
  await marked(bob, 'still in it', 'waiting');
  await say(ann, 'are you there?');
  await marked(ann, 'are you there?', 'read'); /* by the tablet */
  cable.mend();
  const news = ['are you there?', 'from the tunnel', 'still in it'];
  for (const person of [bob, tablet]) await until(async () => JSON.stringify((await texts(person)).slice(begun)) === JSON.stringify(news), `${person.username} to have all`, LONG);
  assert.deepEqual((await texts(ann)).slice(-3), news);
  await marked(bob, 'still in it', 'read');
});

chat('a missed call stands in the chat, and a button calls back', async () => {
  await openRow(ann, 'bob');
  await ann.click('chat-call');
  await ann.sees('preflight-call');
  await ann.begins();
  await ann.click('preflight-call');
  await Promise.all([bob.sees('incoming-call'), tablet.sees('incoming-call')]);
  await ann.click('call-hangup');
  assert.equal(await ann.ended(), 'cancelled');
  await ann.done();
  for (const [person, words] of [[bob, 'Missed call'], [tablet, 'Missed call'], [ann, 'Call cancelled']]) {
    await until(async () => (await said(person)).at(-1).text === words, `${person.username}: ${words}`, LONG);
    await person.sees('service-call');
  }
});

chat('a group: made, mentioned in, a member is made an admin, one leaves', async () => {
  await ann.click('nav-chats');
  await ann.click('new-group');
  await ann.fill('groupTitle', 'Crew');
  await ann.fill('picker-search', 'bob');
  await ann.press('[data-testid="picker-row"][data-username="bob"]');
  await ann.click('group-make');
  await ann.sees('composer');
  await ann.get('composer').pressSequentially('ahoy @bo');
  await ann.sees('mention-choice');
  await ann.get('composer').press('Enter');
  assert.equal(await ann.get('composer').inputValue(), 'ahoy @bob ');
  await ann.get('composer').press('Enter');
  await until(async () => (await row(bob, 'Crew'))?.mention, 'the mention', LONG);
  await openRow(bob, 'Crew');
  await until(async () => (await texts(bob)).at(-1) === 'ahoy @bob', 'the message', LONG);
  await ann.click('chat-about');
  await ann.press('[data-testid="member"][data-username="bob"] [data-testid="member-menu"]');
  await ann.click('member-admin');
  await ann.click('admin-save');
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="member"][data-username="bob"]')?.dataset.role === 'admin'), 'the role', LONG);
  await ann.click('dialog-close');
  await bob.click('chat-about');
  await bob.click('group-leave');
  await bob.click('leave-confirm-yes');
  await until(async () => !(await row(bob, 'Crew')), 'the group to go', LONG);
  await until(async () => (await texts(ann)).at(-1) === 'bob left', 'that bob left', LONG);
});

chat('a channel: who reads has no field to write in, and what is written comes live and after a cut', async () => {
  await ann.click('nav-chats');
  await ann.click('new-group');
  await ann.fill('groupTitle', 'Tides');
  await ann.get('group-kind').selectOption('channel');
  await ann.fill('picker-search', 'bob');
  await ann.press('[data-testid="picker-row"][data-username="bob"]');
  await ann.click('group-make');
  await ann.sees('composer');
  await say(ann, 'high at six');
  await openRow(bob, 'Tides');
  await bob.sees('chat-mute');
  assert.equal(await bob.get('composer').count(), 0);
  await until(async () => (await texts(bob)).at(-1) === 'high at six', 'the first', LONG);
  await say(ann, 'low at noon');
  await until(async () => (await texts(bob)).at(-1) === 'low at noon', 'the second, live', LONG);
  cable.cut();
  await bob.sees('reconnect-banner');
  await say(ann, 'high at seven');
  cable.mend();
  await until(async () => (await texts(bob)).at(-1) === 'high at seven', 'what was missed', LONG);
});

chat('2,000 messages: few nodes, order right, no hole, what is looked at stays', async () => {
  const client = await (await Client.open(server.wsUrl)).login('bob', password);
  const { chat: { id: chatId } } = await client.call('chat.create', { kind: 'group', title: 'Long', members: [(await client.call('user.find', { username: 'ann' })).user.id] });
  for (let i = 0; i < 2000; i += 100) await Promise.all(Array.from({ length: 100 }, (_, k) => client.call('message.send', { chatId, randomId: newRandomId(), text: `${i + k} ${'words '.repeat((i + k) * 7 % 40)}` })));
  await openRow(ann, 'Long');
  await ann.sees('unread-mark');
  /* from the first to the newest: each id of the window follows the one before */
  const walk = await ann.page.evaluate(async () => {
    const list = document.querySelector('[data-testid="history"]');
    const ids = new Set();
    let [nodes, holes, moved] = [0, 0, 0];
    const rows = () => [...list.querySelectorAll('[data-id]')];
    for (let i = 0; i < 4000; i++) {
      const here = rows().map((el) => Number(el.dataset.id));
      here.forEach((id, k) => { if (k && id !== here[k - 1] + 1) holes++; ids.add(id); });
      nodes = Math.max(nodes, list.querySelectorAll('*').length);
      if (here.at(-1) === 2001 && list.scrollTop + list.clientHeight >= list.scrollHeight - 2) break;
      const seen = rows().find((el) => el.getBoundingClientRect().top > list.getBoundingClientRect().top + 200);
      const [id, top, from] = [seen?.dataset.id, seen?.getBoundingClientRect().top, list.scrollTop];
      list.scrollTop += 600;
      const by = list.scrollTop - from;
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const after = rows().find((el) => el.dataset.id === id);
      if (after && Math.abs(after.getBoundingClientRect().top - (top - by)) > 2) moved++;
    }
    return { count: ids.size, first: Math.min(...ids), last: Math.max(...ids), nodes, holes, moved };
  });
  assert.deepEqual({ ...walk, nodes: 0 }, { count: 2001, first: 1, last: 2001, nodes: 0, holes: 0, moved: 0 });
  assert.ok(walk.nodes < 1500, `${walk.nodes} nodes`);
  await until(async () => (await row(ann, 'Long')).unread === 0, 'all to be read', LONG);
  await client.close();
});
