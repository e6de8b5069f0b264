// SPDX-License-Identifier: Apache-2.0
/**
 * What was written and is not known to be sent. Each message has a random id, the same in each try, so that the server
 * writes it once; one chat's go out one after the other, in order; they wait for the connection and survive the page.
 * Events: 'change' (detail: {chatId}), 'sent' (detail: {message, pts}).
 *
 *   waiting -> sending -> (gone)      answered
 *              sending -> waiting     connection lost, server busy: again later
 *              sending -> failed      refused; retry() -> waiting, drop()
 */
import { b64u, random } from '../crypto/bytes.js';
import { Backoff } from '../backoff.js';
import { RpcError } from '../rpc-error.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Entity} Entity */
/**
 * @typedef {object} Draft what is to be sent
 * @property {string} text
 * @property {Entity[]} [entities]
 * @property {string} [replyTo]
 * @property {import('./types.js').Quote} [quote] what of it
 * @property {string} [threadId] the topic that it is written in
 * @property {boolean} [silent] it asks for no attention
 */
/** @typedef {{randomId: string, chatId: string, text: string, entities: Entity[], replyTo?: string, quote?: import('./types.js').Quote, threadId?: string, silent?: boolean, at: number, state: 'waiting' | 'sending' | 'failed', error?: unknown, seen?: boolean}} Item seen: its message has come by the log already */

const TRY_MS = 20000;
const PASSING = new Set(['connection_lost', 'timeout', 'closed']);

export class Outbox extends EventTarget {
  /** @type {Item[]} in the order of writing */ #items = [];
  #rpc;
  #storage;
  #key = '';
  /** by chat: how long to wait after what the server would not take now @type {Map<string, Backoff>} */ #backoffs = new Map();
  /** @type {Map<string, any>} by chat: nothing goes out before this timer */ #pauses = new Map();

  /** @param {import('./types.js').Rpc} rpc @param {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null} storage */
  constructor(rpc, storage) {
    super();
    this.#rpc = rpc;
    this.#storage = storage;
  }

  /** open: takes up what this user's earlier page left behind. @param {string} userId */
  open(userId) {
    this.close();
    this.#key = `aldis.outbox.${userId}`;
    this.#items = read(this.#storage, this.#key);
    for (const chatId of new Set(this.#items.map((item) => item.chatId))) this.#changed(chatId);
  }

  close() {
    for (const timer of this.#pauses.values()) clearTimeout(timer);
    this.#pauses.clear();
    this.#backoffs.clear();
    this.#items = [];
    this.#key = '';
  }

  /** of: what is still to be seen of a chat's. @param {string} chatId @returns {Item[]} */
  of(chatId) {
    return this.#items.filter((item) => item.chatId === chatId && !item.seen);
  }

  /** send: @param {string} chatId @param {Draft} draft @returns {Item} */
  send(chatId, { text, entities = [], replyTo, quote, threadId, silent }) {
    const item = /** @type {Item} */ ({ randomId: b64u(random(8)), chatId, text, entities, ...(replyTo ? { replyTo } : {}), ...(quote ? { quote } : {}), ...(threadId ? { threadId } : {}), ...(silent ? { silent } : {}), at: Date.now(), state: 'waiting' });
    this.#items.push(item);
    this.#changed(chatId);
    void this.#pump(chatId);
    return item;
  }

  /** flush: the connection is there (again). */
  flush() {
    for (const chatId of new Set(this.#items.map((item) => item.chatId))) void this.#pump(chatId);
  }

  /** retry: one that was refused, again. @param {string} randomId */
  retry(randomId) {
    const item = this.#items.find((one) => one.randomId === randomId);
    if (item?.state !== 'failed') return;
    item.state = 'waiting';
    delete item.error;
    this.#changed(item.chatId);
    void this.#pump(item.chatId);
  }

  /** drop: one that was refused, or waits, is not sent. @param {string} randomId */
  drop(randomId) {
    const item = this.#items.find((one) => one.randomId === randomId);
    if (item && item.state !== 'sending') this.#remove(item);
  }

  /** claims: a message of one's own has come by the log: the one that is on its way is not shown twice. @param {Message} message */
  claims(message) {
    const item = this.#items.find((one) => one.chatId === message.chatId && one.state === 'sending' && !one.seen && one.text === message.text);
    if (!item) return;
    item.seen = true;
    this.#changed(item.chatId);
  }

  /** @param {string} chatId */
  async #pump(chatId) {
    const mine = this.#items.filter((item) => item.chatId === chatId);
    const item = mine.find((one) => one.state === 'waiting');
    if (!item || mine.some((one) => one.state === 'sending') || this.#rpc.state !== 'online' || this.#pauses.has(chatId)) return;
    item.state = 'sending';
    this.#changed(chatId);
    const { randomId, text, entities, replyTo, quote, threadId, silent } = item;
    const key = this.#key;
    try {
      const answer = await this.#rpc.call('message.send', { chatId, randomId, text, ...(entities.length ? { entities } : {}), ...(replyTo ? { replyTo } : {}), ...(quote ? { quote } : {}), ...(threadId ? { threadId } : {}), ...(silent ? { silent } : {}) }, { timeoutMs: TRY_MS });
      if (key !== this.#key) return;
      this.#backoffs.delete(chatId);
      this.#remove(item);
      this.dispatchEvent(new CustomEvent('sent', { detail: answer }));
    } catch (error) {
      if (key !== this.#key) return;
      this.#failed(item, error);
    }
    void this.#pump(chatId);
  }

  /** @param {Item} item @param {unknown} error */
  #failed(item, error) {
    if (!(error instanceof RpcError)) throw error;
    if (error.reason === 'message_deleted') return this.#remove(item); /* it was sent, and deleted since */
    const later = error.code === RpcError.LIMIT || error.code === RpcError.UNAVAILABLE || error.reason === 'timeout';
    if (later) this.#pause(item.chatId, error.retryAfterMs);
    if (later || PASSING.has(error.reason)) item.state = 'waiting';
    else Object.assign(item, { state: 'failed', error, seen: false });
    this.#changed(item.chatId);
  }

  /** Nothing of a chat goes out for a while. @param {string} chatId @param {number} leastMs */
  #pause(chatId, leastMs) {
    const backoff = this.#backoffs.get(chatId) ?? new Backoff();
    this.#backoffs.set(chatId, backoff);
    this.#pauses.set(chatId, setTimeout(() => {
      this.#pauses.delete(chatId);
      void this.#pump(chatId);
    }, Math.max(leastMs, backoff.next())));
  }

  /** @param {Item} item */
  #remove(item) {
    this.#items = this.#items.filter((one) => one !== item);
    this.#changed(item.chatId);
  }

  /** @param {string} chatId */
  #changed(chatId) {
    this.#keep();
    this.dispatchEvent(new CustomEvent('change', { detail: { chatId } }));
  }

  #keep() {
    if (!this.#key) return;
    const left = this.#items.map(({ seen, error, ...item }) => item);
    try {
      if (left.length) this.#storage?.setItem(this.#key, JSON.stringify(left));
      else this.#storage?.removeItem(this.#key);
    } catch {
      /* full or forbidden: they live as long as the page */
    }
  }
}

/** @param {Pick<Storage, 'getItem'> | null} storage @param {string} key @returns {Item[]} */
function read(storage, key) {
  try {
    const items = JSON.parse(storage?.getItem(key) ?? '[]');
    /* whether those that were on their way have arrived, their random ids will tell */
    return items.filter((/** @type {any} */ item) => typeof item?.randomId === 'string' && typeof item.chatId === 'string' && typeof item.text === 'string' && Array.isArray(item.entities))
      .map((/** @type {Item} */ item) => ({ ...item, state: item.state === 'failed' ? 'failed' : 'waiting' }));
  } catch {
    return [];
  }
}
