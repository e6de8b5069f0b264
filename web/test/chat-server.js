// SPDX-License-Identifier: Apache-2.0
/** A scripted server for the chat model: messages, a log of updates, and a connection that can be cut; answers come when they are let. */
import { RpcError } from '../src/rpc-error.js';

/** @typedef {import('../src/chat/types.js').Message} Message */
/** @typedef {import('../src/chat/types.js').Update} Update */

export const ME = '1';
export const PEER = '2';
export const CHAT = '50';

/** settle: all that is waiting for a turn has had it. */
export const settle = async () => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
};

/** @returns {any} a Storage */
export function storage() {
  const map = new Map();
  return { getItem: (/** @type {string} */ key) => map.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value), removeItem: (/** @type {string} */ key) => void map.delete(key) };
}

export class ChatServer extends EventTarget {
  /** @type {'online' | 'waiting'} */ state = 'online';
  /** @type {Message[]} */ messages = [];
  /** @type {Update[]} */ updates = [];
  /** @type {[string, any][]} what was asked for */ calls = [];
  /** what is answered in the place of the next call of a method: 'lost before', 'lost after', or an error @type {Map<string, any[]>} */ faults = new Map();
  /** methods whose answers are held back until release() @type {Set<string>} */ slow = new Set();
  read = '0';
  peerRead = '0';
  /** @type {import('../src/chat/types.js').ServerDraft | null} */ draft = null;
  /** @type {Map<string, Message>} */ #sent = new Map();
  /** @type {(() => void)[]} */ #held = [];
  /** @type {Map<string, Set<(params: any) => void>>} */ #handlers = new Map();

  /** @param {number} count messages that there are already */
  constructor(count = 0) {
    super();
    for (let i = 0; i < count; i++) this.messages.push(this.#message(i % 2 ? ME : PEER, `text ${i + 1}`));
  }

  get pts() {
    return this.updates.length;
  }

  get top() {
    return this.messages.at(-1)?.id ?? '0';
  }

  /** @param {string} method @param {(params: any) => void} handler */
  on(method, handler) {
    this.#handlers.set(method, (this.#handlers.get(method) ?? new Set()).add(handler));
    return () => this.#handlers.get(method)?.delete(handler);
  }

  /** @param {string} method @param {any} [params] */
  async call(method, params = {}) {
    this.calls.push([method, params]);
    if (this.state !== 'online') throw RpcError.lost(method);
    const fault = this.faults.get(method)?.shift();
    if (fault instanceof Error) throw fault;
    if (fault === 'lost before') throw RpcError.lost(method);
    const result = structuredClone(this.#answer(method, params));
    if (fault === 'lost after') throw RpcError.lost(method);
    if (this.slow.has(method)) await new Promise((resolve) => this.#held.push(() => resolve(undefined)));
    return result;
  }

  /** release: the answers that were held back arrive. */
  async release() {
    for (const go of this.#held.splice(0)) go();
    await settle();
  }

  /** tell: @param {any} update live */
  tell(update) {
    if (this.state === 'online') for (const handler of this.#handlers.get('update') ?? []) handler(structuredClone(update));
  }

  cut() {
    this.state = 'waiting';
  }

  heal() {
    this.state = 'online';
  }

  /** happen: an update of the log; live unless told otherwise. @param {object} update @param {boolean} [live] */
  happen(update, live = true) {
    const logged = /** @type {any} */ ({ chatId: CHAT, ...update, pts: this.pts + 1, ptsCount: 1 });
    this.updates.push(logged);
    if (live) this.tell(logged);
    return logged;
  }

  /** say: a new message. @param {string} from @param {string} text @param {{live?: boolean} & Partial<Message>} [more] */
  say(from, text, { live = true, ...more } = {}) {
    const message = { ...this.#message(from, text), ...more };
    this.messages.push(message);
    this.happen({ type: 'message.new', message }, live);
    return message;
  }

  /** remove: @param {string} id @param {boolean} [live] */
  remove(id, live = true) {
    this.messages = this.messages.filter((one) => one.id !== id);
    for (const update of this.updates) if (update.message?.id === id) Object.assign(update, { type: 'message.deleted', ids: [id], message: undefined });
    this.happen({ type: 'message.deleted', ids: [id] }, live);
  }

  get chat() {
    const unread = this.messages.filter(({ id, from }) => from !== ME && Number(id) > Number(this.read)).length;
    return { id: CHAT, kind: 'private', title: '', about: '', memberCount: 2, permissions: [], role: 'member', peer: { id: PEER, username: 'bob', displayName: 'Bob' }, topId: String(this.#last), readUpToId: this.read, peerReadUpToId: this.peerRead, peerDeliveredUpToId: '0', unread, mentions: 0 };
  }

  #last = 0;

  /** @param {string} from @param {string} text @returns {Message} */
  #message(from, text) {
    return { id: String(++this.#last), chatId: CHAT, from, at: 1_700_000_000_000 + this.#last * 1000, kind: 'text', text, entities: [] };
  }

  /** @param {string} method @param {any} params @returns {any} */
  #answer(method, params) {
    switch (method) {
      case 'updates.state': return { pts: this.pts };
      case 'updates.difference': {
        if (params.pts > this.pts) throw new RpcError(method, { code: -32602, data: { reason: 'pts' } });
        const updates = this.updates.slice(params.pts, params.pts + Math.min(params.limit, 3));
        return { updates, pts: params.pts + updates.length, more: params.pts + updates.length < this.pts };
      }
      case 'chat.list': return { chats: this.messages.length ? [{ chat: this.chat, lastMessage: this.messages.at(-1) }] : [] };
      case 'chat.get': return { chats: params.ids.includes(CHAT) ? [this.chat] : [] };
      case 'message.history': return this.#history(params);
      case 'message.send': return this.#send(params);
      case 'chat.setDraft': {
        const { text, entities = [], replyTo } = params;
        this.draft = text || replyTo ? { text, entities, ...(replyTo ? { replyTo } : {}), at: 1_700_000_000_000 + this.pts } : null;
        return { pts: this.happen({ type: 'draft', ...(this.draft ? { draft: this.draft } : {}) }).pts, ptsCount: 1 };
      }
      case 'message.read':
        this.read = params.upToId;
        return { ...this.happen({ type: 'read', userId: ME, upToId: params.upToId, unread: this.chat.unread, mentions: 0 }) };
      default: return { pts: this.pts, ptsCount: 0 };
    }
  }

  /** @param {any} params */
  #history({ limit, beforeId, afterId, aroundId }) {
    const before = (/** @type {string} */ id) => this.messages.filter((one) => Number(one.id) < Number(id));
    const after = (/** @type {string} */ id) => this.messages.filter((one) => Number(one.id) > Number(id));
    if (afterId) {
      const page = after(afterId).slice(0, limit);
      return { messages: page.reverse(), ...(after(afterId).length > limit ? { next: page[0].id } : {}) };
    }
    if (aroundId) return { messages: [...before(aroundId).slice(-limit / 2), ...this.messages.filter(({ id }) => id === aroundId), ...after(aroundId).slice(0, limit / 2)].reverse() };
    const all = beforeId ? before(beforeId) : this.messages;
    const page = all.slice(-limit);
    return { messages: page.reverse(), ...(all.length > limit ? { next: page.at(-1)?.id } : {}) };
  }

  /** @param {any} params */
  #send({ randomId, text, replyTo }) {
    const known = this.#sent.get(randomId);
    if (known) return { message: known, pts: this.updates.find(({ message }) => message?.id === known.id)?.pts ?? 0, ptsCount: 1 };
    const message = this.say(ME, text, replyTo ? { replyTo } : {});
    this.#sent.set(randomId, message);
    return { message, pts: this.pts, ptsCount: 1 };
  }
}
