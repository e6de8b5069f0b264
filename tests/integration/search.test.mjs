// SPDX-License-Identifier: Apache-2.0
// Search as users see it: what they wrote and were sent, and nothing else.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0, search_rate: 40 },
  });
});
after(() => server.remove());

const person = async () => (await Client.open(server.wsUrl)).register(`finder_${++serial}`);
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));
const open = async (a, b) => (await a.call('chat.open', { userId: b.user.id })).chat.id;
const send = async (client, chatId, text) => (await client.call('message.send', { chatId, randomId: newRandomId(), text })).message;
const search = (client, query, more = {}) => client.call('search.messages', { query, limit: 20, ...more });
const texts = async (...asked) => (await search(...asked)).hits.map((hit) => hit.message.text);
const reasonOf = (promise) => promise.then(() => 'ok', (error) => error.reason ?? String(error));

test('what is written is found at once, changes and goes with its message, and survives a restart', async () => {
  const [ann, bob, eve] = [await person(), await person(), await person()];
  const chatId = await open(ann, bob);
  await send(ann, chatId, '\u{1f600} Grüße aus dem CAFÉ');
  const second = await send(bob, chatId, 'which cafe?');
  await send(bob, await open(bob, eve), 'the cafe is a secret');

  assert.deepEqual(await texts(ann, 'gruse caf'), []); // u is as good as its umlaut, but that is ss
  assert.deepEqual(await texts(ann, 'gru caf'), []); // words before the last are whole
  const [hit] = (await search(ann, 'GRUSSE caf')).hits;
  assert.deepEqual(hit.highlights.map(([offset, length]) => hit.message.text.substr(offset, length)), ['Grüße', 'CAFÉ']);
  assert.deepEqual(await texts(ann, 'cafe'), ['which cafe?', '\u{1f600} Grüße aus dem CAFÉ']);
  assert.deepEqual(await texts(eve, 'cafe'), ['the cafe is a secret']);
  assert.deepEqual(await texts(ann, 'cafe', { from: bob.user.id }), ['which cafe?']);
  assert.deepEqual(await texts(bob, 'cafe', { chatId, before: second.at }).then((list) => list.includes('the cafe is a secret')), false);

  await bob.call('message.edit', { chatId, messageId: second.id, text: 'which bar?' });
  assert.deepEqual(await texts(ann, 'cafe'), ['\u{1f600} Grüße aus dem CAFÉ']);
  await server.kill();
  await Promise.all([ann.closed, bob.closed, eve.closed]);
  await server.launch();
  await ann.connect();
  await ann.start();
  assert.deepEqual(await texts(ann, 'bar'), ['which bar?']);
  await ann.call('message.delete', { chatId, ids: [second.id], forAll: false });
  assert.deepEqual(await texts(ann, 'bar'), []);
  await ann.close();
});

test('pages, names, and what is refused', async () => {
  const [ann, bob] = [await person(), await person()];
  const chatId = await open(ann, bob);
  for (let i = 0; i < 12; i++) await send(i % 2 ? ann : bob, chatId, `number ${i}`);
  const seen = [];
  for (let next; seen.length < 12;) {
    const page = await search(bob, 'numb', { limit: 5, ...(next ? { next } : {}) });
    seen.push(...page.hits.map((hit) => hit.message.text));
    next = page.next;
    if (!next) break;
  }
  assert.deepEqual(seen, [...Array(12).keys()].reverse().map((i) => `number ${i}`));

  const names = await ann.call('search.chats', { query: bob.user.username, limit: 10 });
  assert.deepEqual([names.chats.map((chat) => chat.id), names.users.map((user) => user.id)], [[chatId], [bob.user.id]]);
  const begun = await ann.call('search.chats', { query: 'finder', limit: 10 });
  assert.deepEqual([begun.chats.map((chat) => chat.id), begun.users], [[chatId], []]);

  for (const query of ['" OR number', 'number*', "number' | '", 'NEAR(number)', '-number', 'words:number'])
    for (const { message } of (await search(ann, query)).hits) assert.match(message.text, /^number/);
  assert.equal(await reasonOf(search(ann, '?!*"')), 'query');
  assert.equal(await reasonOf(search(ann, '')), 'invalid_params');
  assert.equal(await reasonOf(search(ann, 'a', { limit: 51 })), 'invalid_params');
  assert.equal(await reasonOf(search(ann, 'a', { chatId: '1' })), 'chat');
  let last;
  for (let i = 0; i < 60 && last !== 'search_rate'; i++) last = await reasonOf(search(ann, 'number'));
  assert.equal(last, 'search_rate');
  await closeAll(ann, bob);
});
