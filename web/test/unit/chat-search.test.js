// SPDX-License-Identifier: Apache-2.0
/** Search while somebody types: what is asked, what is dropped, what lands together, page by page; and the part of a text that is shown. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { excerpt } from '../../src/chat/excerpt.js';
import { Search, WAIT_MS } from '../../src/chat/search.js';
import { RpcError } from '../../src/rpc-error.js';
import { settle } from '../chat-server.js';
import { Clock } from '../clock.js';

const hit = (/** @type {number} */ id, chatId = '50') => ({ message: { id: String(id), chatId, text: `text ${id}` }, highlights: [[0, 4]] });

class Server extends EventTarget {
  /** @type {any} */ state = 'online';
  /** @type {{method: string, params: any, answer: (value: any) => void, refuse: (error: any) => void}[]} */ asked = [];

  on() { return () => {}; }

  /** @param {string} method @param {any} params */
  call(method, params) {
    return new Promise((answer, refuse) => this.asked.push({ method, params, answer, refuse }));
  }

  /** The next question of a method, once. @param {string} method */
  take(method) {
    const at = this.asked.findIndex((one) => one.method === method);
    assert.ok(at >= 0, `${method} was asked`);
    return this.asked.splice(at, 1)[0];
  }
}

/** @type {Server} */ let server;
const clock = new Clock();
before(() => clock.install());
after(() => clock.restore());
beforeEach(() => { server = new Server(); });

const names = { chats: [], open: [], users: [] };
const wait = async () => { clock.tick(WAIT_MS); await settle(); };

test('search: letters in a row make one question', async () => {
  const search = new Search(/** @type {any} */ (server));
  for (const query of ['l', 'la', 'lam', 'lamp']) {
    search.ask({ query });
    clock.tick(WAIT_MS - 1);
  }
  assert.equal(server.asked.length, 0);
  await wait();
  assert.deepEqual(server.asked.map(({ method }) => method).sort(), ['search.chats', 'search.messages']);
  assert.deepEqual(server.take('search.messages').params, { query: 'lamp', kind: 'text', limit: 30 });
});

test('search: an answer to what is not asked any more is dropped, and nothing is shown before all of the new is there', async () => {
  const search = new Search(/** @type {any} */ (server));
  search.ask({ query: 'harbour fog' });
  await wait();
  const [old, oldNames] = [server.take('search.messages'), server.take('search.chats')];
  search.ask({ query: 'harbour lamp' });
  await wait();
  const [fresh, freshNames] = [server.take('search.messages'), server.take('search.chats')];
  fresh.answer({ hits: [hit(2)] });
  await settle();
  assert.deepEqual([search.state, search.hits.length], ['loading', 0], 'one half alone does not land');
  freshNames.answer(names);
  await settle();
  assert.deepEqual([search.state, search.hits.map(({ message }) => message.id)], ['ready', ['2']]);
  old.answer({ hits: [hit(1)] });
  oldNames.answer({ chats: [{ id: '9' }], users: [] });
  await settle();
  assert.deepEqual([search.hits.map(({ message }) => message.id), search.names.chats], [['2'], []]);
  search.ask({ query: 'harbour lamps' });
  assert.deepEqual([search.state, search.hits.length], ['loading', 1], 'what was found stays until then');
});

test('search: a field that is emptied asks nothing, and forgets what is on its way', async () => {
  const search = new Search(/** @type {any} */ (server), { chatId: '50' });
  search.ask({ query: 'fog' });
  await wait();
  const { params, answer } = server.take('search.messages');
  assert.equal(params.chatId, '50');
  search.ask({ query: ' ' });
  answer({ hits: [hit(1)] });
  await wait();
  assert.deepEqual([search.state, search.hits, server.asked.length], ['idle', [], 0]);
  search.ask({ query: '?!' });
  await wait();
  assert.equal(server.asked.length, 0, 'signs alone are no words');
});

test('search: pages without hits are passed over, and the next is asked once', async () => {
  const search = new Search(/** @type {any} */ (server), { chatId: '50' });
  search.ask({ query: 'fog', from: '2' });
  await wait();
  server.take('search.messages').answer({ hits: [], next: '900' });
  await settle();
  const second = server.take('search.messages');
  assert.deepEqual(second.params, { query: 'fog', kind: 'text', limit: 30, chatId: '50', from: '2', next: '900' });
  second.answer({ hits: [hit(8), hit(7)], next: '7' });
  await settle();
  assert.deepEqual([search.hits.length, search.more], [2, true]);
  void search.older();
  void search.older();
  assert.equal(server.asked.length, 1);
  server.take('search.messages').answer({ hits: [hit(3)] });
  await settle();
  assert.deepEqual([search.hits.map(({ message }) => message.id), search.more], [['8', '7', '3'], false]);
  await search.older();
  assert.equal(server.asked.length, 0);
});

test('search: a page that fails keeps what is there, and too many searches are tried again in time', async () => {
  const search = new Search(/** @type {any} */ (server), { chatId: '50' });
  search.ask({ query: 'fog' });
  await wait();
  server.take('search.messages').refuse(new RpcError('search.messages', { code: RpcError.LIMIT, data: { reason: 'search_rate', retryAfterMs: 2000 } }));
  await settle();
  assert.equal(search.state, 'failed');
  clock.tick(2000);
  await settle();
  server.take('search.messages').answer({ hits: [hit(8)], next: '8' });
  await settle();
  assert.equal(search.state, 'ready');
  const older = search.older();
  server.take('search.messages').refuse(RpcError.lost('search.messages'));
  await older;
  assert.deepEqual([search.hits.length, search.more, Boolean(search.error)], [1, true, true]);
});

test('search: the chats of hits are at hand before the hits are shown', async () => {
  /** @type {(() => void)[]} */ const known = [];
  /** @type {string[][]} */ const wanted = [];
  const search = new Search(/** @type {any} */ (server), { know: (ids) => { wanted.push(ids); return new Promise((resolve) => known.push(() => resolve(null))); } });
  search.ask({ query: 'fog' });
  await wait();
  server.take('search.messages').answer({ hits: [hit(8, '50'), hit(3, '60'), hit(7, '50')] });
  server.take('search.chats').answer(names);
  await settle();
  assert.deepEqual([wanted, search.state], [[['50', '60']], 'loading']);
  known[0]();
  await settle();
  assert.deepEqual([search.state, search.hits.length, search.names.open], ['ready', 3, []]);
});

test('search: public chats whose names begin so come with the rest', async () => {
  const search = new Search(/** @type {any} */ (server));
  search.ask({ query: '@tid' });
  await wait();
  const asked = server.take('search.chats');
  assert.deepEqual(asked.params, { query: 'tid', limit: 20 });
  asked.answer({ ...names, open: [{ id: '70', username: 'tides' }] });
  server.take('search.messages').answer({ hits: [] });
  await settle();
  assert.deepEqual(search.names.open.map(({ id }) => id), ['70']);
});

test('excerpt: begins at a word before the first place, marks all of them, and cuts no pair in two', () => {
  const text = `${'word '.repeat(40)}the brass lamp, and another lamp`;
  const at = text.indexOf('lamp');
  const parts = excerpt(text, [[at, 4], [text.lastIndexOf('lamp'), 4]]);
  assert.deepEqual(parts.filter(({ hit: found }) => found).map(({ text: words }) => words), ['lamp', 'lamp']);
  assert.equal(parts[0].text, '… ');
  assert.match(parts[1].text, /^word /);
  assert.deepEqual(excerpt('lamp', [[0, 4]]), [{ text: 'lamp', hit: true }]);
  assert.deepEqual(excerpt('two\nlines', []), [{ text: 'two lines', hit: false }]);
  const faces = excerpt('😀'.repeat(200), [[200, 2]]).map(({ text: words }) => words).join('');
  assert.ok(!/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(faces), 'no half of a pair');
  assert.deepEqual(excerpt('short', [[99, 4], [0, 0]]), [{ text: 'short', hit: false }], 'what lies outside marks nothing');
});
