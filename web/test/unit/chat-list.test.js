// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Messenger } from '../../src/chat/messenger.js';
import { Clock } from '../clock.js';
import { CHAT, ChatServer, ME, PEER, settle, storage } from '../chat-server.js';

const clock = new Clock();
before(() => clock.install());
after(() => clock.restore());

/** @param {ChatServer} server */
async function open(server) {
  const messenger = new Messenger({ rpc: /** @type {any} */ (server), storage: storage(), me: () => ME });
  await messenger.session();
  return messenger;
}
const pass = async (ms = 1000) => {
  clock.tick(ms);
  await settle();
};
const chat = (/** @type {Messenger} */ messenger) => /** @type {import('../../src/chat/chats.js').Entry} */ (messenger.chats.get(CHAT));
const told = (/** @type {ChatServer} */ server, /** @type {string} */ method) => server.calls.filter(([name]) => name === method).map(([, params]) => params.upToId);

test('the list, and what the log makes of it', async () => {
  const server = new ChatServer(3);
  const messenger = await open(server);
  assert.deepEqual(messenger.chats.list().map(({ chat: { unread }, last }) => [unread, last?.text]), [[2, 'text 3']]);
  server.say(PEER, 'four');
  assert.deepEqual([chat(messenger).chat.unread, chat(messenger).last?.text, chat(messenger).chat.topId], [3, 'four', '4']);
  server.say(ME, 'five');
  assert.equal(chat(messenger).chat.unread, 3, 'one’s own is not unread');
  server.happen({ type: 'message.edited', message: { ...server.messages[4], text: 'cinq' } });
  assert.equal(chat(messenger).last?.text, 'cinq');
  assert.equal(messenger.chats.unreadChats, 1);
});

test('what the list has counted already is not counted again', async () => {
  const server = new ChatServer(1);
  const messenger = new Messenger({ rpc: /** @type {any} */ (server), storage: storage(), me: () => ME });
  server.slow.add('updates.state');
  const begun = messenger.session();
  await settle();
  server.say(PEER, 'between the two answers');
  await server.release();
  await begun;
  assert.equal(chat(messenger).chat.unread, 2);
  assert.equal(messenger.log.pts, 1);
});

test('away and back: everything once, the newest first known', async () => {
  const server = new ChatServer(2);
  const messenger = await open(server);
  const { history } = chat(messenger);
  await history.jump();
  server.cut();
  for (let i = 0; i < 8; i++) server.say(PEER, `away ${i}`);
  server.remove('2');
  server.remove('5');
  server.heal();
  await messenger.session();
  await pass();
  assert.deepEqual(history.messages.map(({ id }) => id), ['1', '3', '4', '6', '7', '8', '9', '10']);
  assert.equal(chat(messenger).chat.unread, server.chat.unread);
  assert.equal(chat(messenger).last?.text, 'away 7');
});

test('deleted: the newest that is left is the last; what was unread is asked for', async () => {
  const server = new ChatServer(1);
  const messenger = await open(server);
  server.say(PEER, 'two');
  server.say(PEER, 'three');
  server.remove('3');
  await settle();
  await pass();
  assert.deepEqual([chat(messenger).last?.text, chat(messenger).chat.unread], ['two', 2]);
});

test('a chat that is new is fetched when something happens in it', async () => {
  const server = new ChatServer(0);
  const messenger = await open(server);
  assert.deepEqual(messenger.chats.list(), []);
  server.say(PEER, 'hello');
  await pass();
  assert.equal(messenger.chats.list()[0].last?.text, 'hello');
  await pass();
  assert.deepEqual(told(server, 'message.delivered'), ['1']);
});

test('marks go forward, many at once, and once', async () => {
  const server = new ChatServer(5);
  const messenger = await open(server);
  messenger.read(CHAT, '2');
  messenger.read(CHAT, '4');
  messenger.read(CHAT, '3');
  await pass();
  assert.deepEqual(told(server, 'message.read'), ['4']);
  messenger.read(CHAT, '4');
  await pass();
  assert.deepEqual(told(server, 'message.read'), ['4']);
  assert.deepEqual([chat(messenger).chat.unread, chat(messenger).chat.readUpToId], [1, '4']);
  server.happen({ type: 'read', userId: PEER, upToId: '2' });
  server.happen({ type: 'delivered', userId: PEER, upToId: '4' });
  server.happen({ type: 'read', userId: PEER, upToId: '1' });
  assert.deepEqual([chat(messenger).read, chat(messenger).delivered], [2, 4]);
});

test('typing is told now and then, and forgotten', async () => {
  const server = new ChatServer(1);
  const messenger = await open(server);
  for (let i = 0; i < 10; i++) {
    messenger.typing(CHAT);
    clock.tick(500);
  }
  assert.equal(server.calls.filter(([method]) => method === 'message.typing').length, 2);
  server.tell({ type: 'typing', chatId: CHAT, userId: PEER, action: 'typing' });
  assert.deepEqual(messenger.chats.typists(CHAT), [PEER]);
  server.say(PEER, 'done');
  assert.deepEqual(messenger.chats.typists(CHAT), []);
  server.tell({ type: 'typing', chatId: CHAT, userId: PEER, action: 'typing' });
  clock.tick(7000);
  assert.deepEqual(messenger.chats.typists(CHAT), []);
});

test('sent out of a group: it goes, with what was said in it', async () => {
  const server = new ChatServer(3);
  const messenger = await open(server);
  const { history } = chat(messenger);
  await history.jump();
  let left = '';
  messenger.chats.addEventListener('left', (event) => { left = /** @type {CustomEvent} */ (event).detail.chatId; });
  server.happen({ type: 'chat.member', userId: ME, role: 'banned' });
  assert.deepEqual([messenger.chats.list().length, history.messages.length, left], [0, 0, CHAT]);
});

test('a log that cannot be followed: everything is asked for anew', async () => {
  const server = new ChatServer(3);
  const messenger = await open(server);
  const { history } = chat(messenger);
  await history.jump();
  server.cut();
  server.say(PEER, 'lost for ever');
  server.updates = []; /* the server's log is another one, and shorter than what is known here */
  messenger.log.pts = 40;
  server.heal();
  await messenger.session();
  await settle();
  assert.equal(messenger.log.pts, 0);
  assert.equal(chat(messenger).last?.text, 'lost for ever');
  assert.equal(history.state, 'empty', 'to be loaded again by whoever looks at it');
});

test('another user sees nothing of this one', async () => {
  const server = new ChatServer(3);
  let me = ME;
  const messenger = new Messenger({ rpc: /** @type {any} */ (server), storage: storage(), me: () => me });
  await messenger.session();
  messenger.drafts.set(CHAT, { text: 'half a th' });
  server.cut();
  messenger.send(CHAT, { text: 'waits' });
  messenger.clear();
  assert.deepEqual([messenger.chats.list(), messenger.outbox.of(CHAT), messenger.drafts.get(CHAT)], [[], [], null]);
  server.say(PEER, 'not for nobody');
  assert.equal(messenger.log.pts, -1);
  me = '9';
  server.heal();
  await messenger.session();
  assert.deepEqual([messenger.outbox.of(CHAT), messenger.drafts.get(CHAT)], [[], null]);
});

test('a supergroup: its messages come by its own log, after a reconnect too, and nobody is told what was delivered', async () => {
  const server = new ChatServer(2);
  const large = { ...server.chat, kind: 'supergroup', title: 'Many', peer: undefined, chatPts: 7 };
  const answer = server.call.bind(server);
  let chatPts = 7;
  /** @type {any[]} */ const log = [];
  server.call = async (/** @type {string} */ method, /** @type {any} */ params = {}) => {
    if (method === 'chat.list') return { chats: [{ chat: { ...large, chatPts }, lastMessage: server.messages[1] }] };
    if (method === 'updates.state') return { pts: 0, chats: [{ chatId: CHAT, chatPts }] };
    if (method === 'updates.chatDifference') return { updates: log.filter((one) => one.chatPts > params.pts), pts: chatPts, more: false };
    return answer(method, params);
  };
  const say = (/** @type {string} */ id) => {
    log.push({ type: 'message.new', chatId: CHAT, chatPts: ++chatPts, ptsCount: 1, message: { ...server.messages[0], id, text: `text ${id}` } });
    server.tell(log.at(-1));
  };
  const messenger = await open(server);
  say('3');
  assert.deepEqual([chat(messenger).last?.text, messenger.log.pts], ['text 3', 0]);
  server.cut();
  say('4');
  say('5');
  server.heal();
  await messenger.session();
  await settle();
  assert.equal(chat(messenger).last?.text, 'text 5');
  server.tell({ type: 'chat.updated', chatId: CHAT, chatPts: ++chatPts, ptsCount: 1, info: { title: 'Renamed' } });
  assert.deepEqual([chat(messenger).chat.title, chat(messenger).chat.role], ['Renamed', 'member']);
  await pass();
  assert.deepEqual(told(server, 'message.delivered'), []);
});

test('a comment in the linked group counts at the post, in pages that have it', async () => {
  const server = new ChatServer(2);
  const channel = { ...server.chat, kind: 'channel', title: 'News', peer: undefined, chatPts: 1, linkedChatId: '60' };
  const group = { ...channel, id: '60', kind: 'supergroup', title: 'Talk', linkedChatId: CHAT };
  const posts = server.messages.map((message, i) => ({ ...message, comments: { chatId: '60', messageId: `${10 + i}`, count: 1 } }));
  const answer = server.call.bind(server);
  server.call = async (/** @type {string} */ method, /** @type {any} */ params = {}) => {
    if (method === 'chat.list') return { chats: [{ chat: channel, lastMessage: posts[1] }, { chat: group }] };
    if (method === 'updates.state') return { pts: 0, chats: [] };
    if (method === 'message.history' && params.chatId === CHAT) return { messages: [...posts].reverse() };
    return answer(method, params);
  };
  const messenger = await open(server);
  await chat(messenger).history.jump();
  const counts = () => chat(messenger).history.messages.map(({ comments }) => comments?.count);
  const say = (/** @type {number} */ n, /** @type {object} */ more) => server.tell({ type: 'message.new', chatId: '60', chatPts: n, ptsCount: 1, message: { ...posts[0], comments: undefined, id: String(20 + n), chatId: '60', ...more } });
  say(2, { replyTo: '11' });
  assert.deepEqual(counts(), [1, 2]);
  say(3, {});
  say(4, { replyTo: '9' });
  assert.deepEqual(counts(), [1, 2]);
  server.tell({ type: 'chat.updated', chatId: '60', chatPts: 5, ptsCount: 1, info: { title: 'Talk' } });
  assert.equal(messenger.chats.get('60')?.chat.linkedChatId, undefined, 'they are linked no more');
  say(6, { replyTo: '11' });
  assert.deepEqual(counts(), [1, 2]);
});

test('reactions: whose they are is said of one’s own alone; an edit keeps them; a page on its way has what was said since', async () => {
  const server = new ChatServer(3);
  const messenger = await open(server);
  const { history } = chat(messenger);
  const seen = (/** @type {string} */ id) => history.get(id)?.reactions?.map(({ emoji, count, own }) => `${emoji}${count}${own ? '*' : ''}`).join(' ');
  server.slow.add('message.history');
  const page = history.jump();
  await settle();
  server.happen({ type: 'message.reactions', messageId: '3', reactions: [{ emoji: '👍', count: 1 }], userId: PEER });
  await server.release();
  await page;
  server.slow.clear();
  assert.equal(seen('3'), '👍1', 'said while the page was on its way');
  server.happen({ type: 'message.reactions', messageId: '3', reactions: [{ emoji: '👍', count: 2 }], userId: ME, own: '👍' });
  assert.equal(seen('3'), '👍2*');
  server.happen({ type: 'message.reactions', messageId: '3', reactions: [{ emoji: '👍', count: 1 }, { emoji: '🎉', count: 1 }], userId: PEER });
  assert.equal(seen('3'), '👍1* 🎉1', 'one’s own stays as it was');
  server.happen({ type: 'message.edited', message: { ...server.messages[2], text: 'trois' } });
  assert.deepEqual([history.get('3')?.text, seen('3')], ['trois', '👍1* 🎉1']);
  server.happen({ type: 'message.reactions', messageId: '3', reactions: [{ emoji: '🎉', count: 1 }], userId: ME, own: null });
  assert.equal(seen('3'), '🎉1');
  server.happen({ type: 'message.reactions', messageId: '3', reactions: [], userId: PEER });
  assert.equal(seen('3'), '');
});

test('reactions in a supergroup: two logs without an order between them come to the same', async () => {
  const server = new ChatServer(3);
  const large = { ...server.chat, kind: 'supergroup', title: 'Many', peer: undefined, chatPts: 7 };
  const answer = server.call.bind(server);
  let [pts, chatPts] = [0, 7];
  /** @type {any[]} */ const log = [];
  server.call = async (/** @type {string} */ method, /** @type {any} */ params = {}) => {
    if (method === 'chat.list') return { chats: [{ chat: { ...large, chatPts }, lastMessage: server.messages[1] }] };
    if (method === 'updates.state') return { pts: 0, chats: [{ chatId: CHAT, chatPts }] };
    if (method === 'updates.chatDifference') {
      const page = { updates: log.filter((one) => one.chatPts > params.pts), pts: chatPts, more: false };
      await answer(method, params).catch(() => undefined);
      return page;
    }
    return answer(method, params);
  };
  const count = (/** @type {any[]} */ reactions) => ({ type: 'message.reactions', chatId: CHAT, chatPts: ++chatPts, ptsCount: 1, messageId: '3', reactions });
  const own = (/** @type {string | null} */ emoji) => server.tell({ type: 'message.reactions', chatId: CHAT, pts: ++pts, ptsCount: 1, messageId: '3', userId: ME, own: emoji });
  const messenger = await open(server);
  const { history } = chat(messenger);
  const seen = (id = '3') => history.get(id)?.reactions?.map(({ emoji, count, own }) => `${emoji}${count}${own ? '*' : ''}`).join(' ');
  await history.jump();
  own('👍');
  assert.equal(seen(), '👍1*', 'before it is counted');
  server.tell(count([{ emoji: '🎉', count: 1 }]));
  assert.equal(seen(), '🎉1 👍1*', 'what others did meanwhile');
  server.tell(count([{ emoji: '🎉', count: 1 }, { emoji: '👍', count: 2 }]));
  assert.equal(seen(), '🎉1 👍2*', 'counted');
  server.tell(count([{ emoji: '🎉', count: 1 }, { emoji: '👍', count: 1 }]));
  own(null);
  assert.equal(seen(), '🎉1 👍1');
  server.tell(count([{ emoji: '🎉', count: 1 }]));
  assert.equal(seen(), '🎉1');
  /* an answer that is older than what one's own log says meanwhile */
  server.slow.add('updates.chatDifference');
  log.push({ type: 'message.new', chatId: CHAT, chatPts: ++chatPts, ptsCount: 1, message: { ...server.messages[0], id: '4', text: 'four', reactions: [{ emoji: '🎉', count: 1 }] } });
  server.tell(count([]));
  await settle();
  server.tell({ type: 'message.reactions', chatId: CHAT, pts: ++pts, ptsCount: 1, messageId: '4', userId: ME, own: '🎉' });
  await server.release();
  await settle();
  assert.deepEqual([history.get('4')?.text, seen('4')], ['four', '🎉1*']);
});

test('pins: the newest is known, and asked for when it is taken off or deleted', async () => {
  const server = new ChatServer(3);
  const messenger = await open(server);
  const pinned = () => chat(messenger).chat.pinned;
  await chat(messenger).history.jump();
  server.happen({ type: 'message.pinned', messageId: '2', pinned: true });
  server.happen({ type: 'message.pinned', messageId: '1', pinned: true });
  assert.deepEqual([pinned(), chat(messenger).history.get('1')?.pinned], ['2', true]);
  const asked = server.calls.length;
  server.happen({ type: 'message.pinned', messageId: '2', pinned: false });
  assert.equal(pinned(), undefined);
  await pass();
  assert.ok(server.calls.slice(asked).some(([method]) => method === 'chat.get'), 'which one is the newest now?');
});
