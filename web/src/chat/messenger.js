// SPDX-License-Identifier: Apache-2.0
/**
 * The chats of who is logged in: list, log and outbox put together, and what is told to the server besides messages: how far
 * is delivered and read, and that the user types. No DOM in here. Events: those of its parts;
 * of its own 'requests' (detail: {chatId, count}): so many wait to be let into a chat now.
 */
import { Chats } from './chats.js';
import { Drafts } from './drafts.js';
import { isLarge } from './rights.js';
import { Outbox } from './outbox.js';
import { Presence } from './presence.js';
import { ScheduledMessages } from './scheduled.js';
import { UpdateLog } from './update-log.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Entity} Entity */

const MARK_MS = 250;
const TYPING_MS = 4000;

export class Messenger extends EventTarget {
  #rpc;
  #me;
  #userId = '';
  #beginning = false;
  /** @type {Map<string, number>} by method and chat: how far was told */ #told = new Map();
  /** @type {Map<string, any>} */ #marks = new Map();
  /** @type {Map<string, number>} by chat: when typing was told last */ #typed = new Map();

  /** @param {{rpc: import('./types.js').Rpc, storage: Storage | null, me: () => string}} needs me: the user's id */
  constructor({ rpc, storage, me }) {
    super();
    this.#rpc = rpc;
    this.#me = me;
    this.chats = new Chats(rpc, me);
    this.outbox = new Outbox(rpc, storage);
    this.drafts = new Drafts(rpc, storage);
    this.presence = new Presence(rpc);
    this.scheduled = new ScheduledMessages(rpc, (method, params) => this.change(method, params));
    this.log = new UpdateLog(rpc, (update) => this.#apply(update));
    this.log.addEventListener('reset', () => {
      this.scheduled.forget();
      void this.#begin(true);
    });
    this.outbox.addEventListener('sent', (event) => {
      const { message } = /** @type {CustomEvent} */ (event).detail;
      this.chats.get(message.chatId)?.history.put(message, true);
      this.#reached(message.chatId, /** @type {CustomEvent} */ (event).detail);
      this.drafts.sent(message.chatId);
    });
    this.chats.addEventListener('learned', (event) => this.drafts.learn(/** @type {CustomEvent} */ (event).detail.chat, this.#beginning));
    this.chats.addEventListener('message', (event) => {
      const { message } = /** @type {CustomEvent} */ (event).detail;
      if (message.from === me()) this.outbox.claims(message);
      else if (!isLarge(this.chats.get(message.chatId)?.chat)) this.#mark('message.delivered', message.chatId, message.id);
    });
    rpc.on('update', (update) => {
      if (!this.#userId) return;
      if (update.type === 'typing') this.chats.typing(update);
      else if (update.chatPts !== undefined) this.chats.take(update);
      else this.log.take(update);
    });
    rpc.on('chat.requests', ({ chatId, count }) => {
      if (this.#userId) this.dispatchEvent(new CustomEvent('requests', { detail: { chatId, count } }));
    });
    rpc.addEventListener('resync', () => {
      void this.log.catchUp();
      if (this.log.pts >= 0) void this.#catchUpChats();
    });
  }

  /** session: the connection has begun, or has come back, as this user. */
  async session() {
    if (this.#userId !== this.#me()) {
      this.clear();
      this.#userId = this.#me();
      this.outbox.open(this.#userId);
      this.drafts.open(this.#userId);
    }
    if (this.log.pts < 0) await this.#begin(false);
    else {
      await this.log.catchUp();
      await this.#catchUpChats();
      for (const { history } of this.chats.list()) if (history.error) history.retry();
    }
    this.drafts.flush();
    this.outbox.flush();
  }

  /** clear: nobody is logged in. */
  clear() {
    this.#userId = '';
    this.log.forget();
    this.outbox.close();
    this.drafts.close();
    this.scheduled.forget();
    this.presence.watch([]);
    this.chats.clear();
    for (const timer of this.#marks.values()) clearTimeout(timer);
    this.#marks.clear();
    this.#told.clear();
    this.#typed.clear();
  }

  /** read: the user has seen all up to a message. @param {string} chatId @param {string} upToId */
  read(chatId, upToId) {
    const entry = this.chats.get(chatId);
    if (entry && entry.chat.role !== 'left' && Number(upToId) > Number(entry.chat.readUpToId)) this.#mark('message.read', chatId, upToId);
  }

  /** typing: the user writes. @param {string} chatId */
  typing(chatId) {
    const now = Date.now();
    if (now - (this.#typed.get(chatId) ?? 0) < TYPING_MS || this.#rpc.state !== 'online') return;
    this.#typed.set(chatId, now);
    this.#rpc.call('message.typing', { chatId, action: 'typing' }).catch(() => {});
  }

  /** send: @param {string} chatId @param {import('./outbox.js').Draft} draft */
  send(chatId, draft) {
    this.#typed.delete(chatId);
    return this.outbox.send(chatId, draft);
  }

  /** edit: @param {string} chatId @param {string} messageId @param {string} text @param {Entity[]} entities */
  async edit(chatId, messageId, text, entities) {
    await this.change('message.edit', { chatId, messageId, text, ...(entities.length ? { entities } : {}) });
  }

  /** remove: @param {string} chatId @param {string[]} ids @param {boolean} forAll */
  async remove(chatId, ids, forAll) {
    await this.change('message.delete', { chatId, ids, forAll });
  }

  /** forward: a message of one chat to another. @param {string} chatId @param {string} id @param {string} toChatId @param {string} randomId a second try with the same one sends nothing twice */
  async forward(chatId, id, toChatId, randomId) {
    const answer = await this.#rpc.call('message.forward', { chatId, ids: [id], toChatId, randomIds: [randomId] }, { resend: true });
    this.#reached(toChatId, answer);
  }

  /** change: a method whose effect comes by the log. @param {string} method @param {object} params @returns {Promise<any>} its answer */
  async change(method, params) {
    const answer = await this.#rpc.call(method, params);
    if (answer.chat) this.chats.learn(answer.chat);
    this.#reached(/** @type {any} */ (params).chatId, answer);
    return answer;
  }

  /** An answer says how far the logs are. @param {string | undefined} chatId @param {{pts?: number, chatPts?: number}} answer */
  #reached(chatId, { pts, chatPts }) {
    if (pts) this.log.reached(pts);
    if (chatId && chatPts) this.chats.reached([{ chatId, chatPts }]);
  }

  /** What was missed in supergroups and channels. */
  async #catchUpChats() {
    const { chats = [] } = await this.#rpc.call('updates.state', {}, { resend: true }).catch(() => ({}));
    this.chats.reached(chats);
  }

  /** @param {boolean} anew */
  async #begin(anew) {
    try {
      /* the log first: what happens between the two answers comes by both, and is known the second time */
      const logs = await this.log.begin();
      this.#beginning = true;
      await (anew ? this.chats.forget() : this.chats.refresh());
      this.chats.reached(logs);
    } catch {
      /* the connection: its next session begins again */
      if (this.chats.state === 'empty') await this.chats.refresh();
      return;
    } finally {
      this.#beginning = false;
    }
    for (const { chat, last } of this.chats.list()) if (last && chat.unread > 0 && !isLarge(chat)) this.#mark('message.delivered', chat.id, chat.topId);
  }

  /** @param {import('./types.js').Update} update */
  #apply(update) {
    if (update.type === 'draft') this.drafts.take(update);
    else if (update.type === 'scheduled') this.scheduled.apply(update);
    else this.chats.apply(update);
  }

  /** Marks of a chat go forward, and not one by one. @param {string} method @param {string} chatId @param {string} upToId */
  #mark(method, chatId, upToId) {
    const key = `${method} ${chatId}`;
    if (Number(upToId) <= (this.#told.get(key) ?? 0)) return;
    this.#told.set(key, Number(upToId));
    if (this.#marks.has(key)) return;
    this.#marks.set(key, setTimeout(() => {
      this.#marks.delete(key);
      const mark = String(this.#told.get(key));
      this.#rpc.call(method, { chatId, upToId: mark }, { resend: true }).then((answer) => this.#reached(chatId, answer), () => {
        /* told again when there is more to tell, or when it is seen again */
        if (String(this.#told.get(key)) === mark) this.#told.delete(key);
      });
    }, MARK_MS));
  }
}
