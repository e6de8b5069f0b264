// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drafts } from '../../src/chat/drafts.js';
import { RpcError } from '../../src/rpc-error.js';
import { Clock } from '../clock.js';
import { CHAT, ChatServer, ME, settle, storage } from '../chat-server.js';

/** @param {ChatServer} server @param {any} [store] */
function open(server, store = storage()) {
  const drafts = new Drafts(/** @type {any} */ (server), store);
  drafts.open(ME);
  server.on('update', (update) => update.type === 'draft' && drafts.take(update));
  return drafts;
}
const asked = (/** @type {ChatServer} */ server) => server.calls.filter(([method]) => method === 'chat.setDraft').map(([, { text }]) => text);
/** Another device writes. @param {ChatServer} server @param {string | null} text */
const elsewhere = (server, text) => void server.call('chat.setDraft', { chatId: CHAT, text });

/** @param {(clock: Clock) => Promise<void>} run */
async function withClock(run) {
  const clock = new Clock();
  clock.install();
  try {
    await run(clock);
  } finally {
    clock.restore();
  }
}

test('what is typed is told once it rests, and at once when the chat is left', () => withClock(async (clock) => {
  const server = new ChatServer();
  const drafts = open(server);
  let field = '';
  for (const key of 'hello') {
    field += key;
    drafts.typing(CHAT, () => ({ text: field }));
    clock.tick(200);
  }
  assert.deepEqual(asked(server), []);
  clock.tick(1000);
  await settle();
  assert.deepEqual(asked(server), ['hello']);
  drafts.typing(CHAT, () => ({ text: 'hello there' }));
  drafts.set(CHAT, { text: 'hello there' });
  await settle();
  clock.tick(5000);
  await settle();
  assert.deepEqual(asked(server), ['hello', 'hello there']);
  drafts.set(CHAT, { text: '' });
  await settle();
  assert.equal(asked(server).at(-1), null);
}));

test('marks travel as entities', async () => {
  const server = new ChatServer();
  const drafts = open(server);
  drafts.set(CHAT, { text: 'so **bold** ', replyTo: '3' });
  await settle();
  assert.deepEqual(server.calls.at(-1)?.[1], { chatId: CHAT, text: 'so bold', entities: [{ type: 'bold', offset: 3, length: 4 }], replyTo: '3' });
  const other = open(new ChatServer());
  other.take({ chatId: CHAT, pts: 1, draft: { text: 'so bold', entities: [{ type: 'bold', offset: 3, length: 4 }], replyTo: '3', at: 1 } });
  assert.deepEqual(other.get(CHAT), { text: 'so **bold**', replyTo: '3', at: 1 });
});

test('another device writes: it is taken, and told to the page; its end likewise', async () => {
  const server = new ChatServer();
  const drafts = open(server);
  /** @type {any[]} */ const changes = [];
  drafts.addEventListener('change', (event) => changes.push(/** @type {CustomEvent} */ (event).detail));
  elsewhere(server, 'from the phone');
  assert.equal(drafts.get(CHAT)?.text, 'from the phone');
  elsewhere(server, null);
  assert.equal(drafts.get(CHAT), null);
  assert.deepEqual(changes, [{ chatId: CHAT, remote: true }, { chatId: CHAT, remote: true }]);
  await settle();
  assert.deepEqual(asked(server), ['from the phone', null], 'nothing is told back');
});

test('what is being typed is not overwritten, and counts as the later one', () => withClock(async (clock) => {
  const server = new ChatServer();
  const drafts = open(server);
  drafts.set(CHAT, { text: 'mine' });
  await settle();
  drafts.typing(CHAT, () => ({ text: 'mine, and more' }));
  elsewhere(server, 'theirs');
  assert.equal(drafts.get(CHAT)?.text, 'mine');
  clock.tick(1000);
  await settle();
  assert.equal(server.draft?.text, 'mine, and more');
  assert.equal(drafts.get(CHAT)?.text, 'mine, and more');
}));

test('while one is on its way the server says who was last', async () => {
  const server = new ChatServer();
  const drafts = open(server);
  elsewhere(server, 'before');
  server.slow.add('chat.setDraft');
  drafts.set(CHAT, { text: 'mine' });
  await settle();
  elsewhere(server, 'after mine');
  assert.equal(drafts.get(CHAT)?.text, 'mine');
  await server.release();
  assert.equal(drafts.get(CHAT)?.text, 'after mine');
  server.slow.clear();
  elsewhere(server, 'theirs');
  drafts.set(CHAT, { text: 'mine again' });
  await settle();
  assert.deepEqual([server.draft?.text, drafts.get(CHAT)?.text], ['mine again', 'mine again']);
});

test('written without a connection: told when it is back, and after the page was loaded anew', async () => {
  const store = storage();
  const server = new ChatServer();
  const drafts = open(server, store);
  server.cut();
  drafts.set(CHAT, { text: 'in the tunnel' });
  await settle();
  drafts.close();
  const again = open(server, store);
  server.heal();
  again.take({ chatId: CHAT, pts: 1, draft: { text: 'older', entities: [], at: 1 } });
  again.learn({ id: CHAT, draft: { text: 'older', entities: [], at: 1 } }, true);
  assert.equal(again.get(CHAT)?.text, 'in the tunnel');
  again.flush();
  await settle();
  assert.equal(server.draft?.text, 'in the tunnel');
});

test('an answer that is older than what is known changes nothing; a new beginning takes what the server has', async () => {
  const server = new ChatServer();
  const drafts = open(server);
  drafts.set(CHAT, { text: 'new' });
  await settle();
  const { at } = /** @type {any} */ (server.draft);
  drafts.learn({ id: CHAT, draft: { text: 'old', entities: [], at: at - 1 } }, false);
  drafts.learn({ id: CHAT }, false);
  assert.equal(drafts.get(CHAT)?.text, 'new');
  drafts.learn({ id: CHAT, draft: { text: 'newer', entities: [], at: at + 1 } }, false);
  assert.equal(drafts.get(CHAT)?.text, 'newer');
  drafts.learn({ id: CHAT }, true);
  assert.equal(drafts.get(CHAT), null);
});

test('what was begun while a message went out is told again: the message has cleared it', async () => {
  const server = new ChatServer();
  const drafts = open(server);
  drafts.set(CHAT, { text: 'the next one' });
  await settle();
  server.draft = null; // by message.send
  drafts.sent(CHAT);
  await settle();
  assert.equal(/** @type {any} */ (server.draft)?.text, 'the next one');
});

test('too many: again after a while; refused: it stays here', () => withClock(async (clock) => {
  const server = new ChatServer();
  const drafts = open(server);
  server.faults.set('chat.setDraft', [new RpcError('chat.setDraft', { code: RpcError.LIMIT, data: { reason: 'draft_rate', retryAfterMs: 4000 } })]);
  drafts.set(CHAT, { text: 'one' });
  await settle();
  clock.tick(3000);
  await settle();
  assert.equal(asked(server).length, 1);
  clock.tick(2000);
  await settle();
  assert.equal(server.draft?.text, 'one');
  server.faults.set('chat.setDraft', [new RpcError('chat.setDraft', { code: RpcError.FORBIDDEN, data: { reason: 'restricted' } })]);
  drafts.set(CHAT, { text: 'two' });
  await settle();
  clock.tick(60000);
  await settle();
  assert.deepEqual([asked(server).length, drafts.get(CHAT)?.text], [3, 'two']);
}));
