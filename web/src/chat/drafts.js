// SPDX-License-Identifier: Apache-2.0
/**
 * What was begun and not sent, by chat: the same on all devices of the user. What is typed is told to the server when it has
 * rested for a moment; of several devices the last one that the server has heard counts. It is kept on this browser too, and
 * told when the connection is back. Event 'change' (detail: {chatId, remote}): remote: another device has written it.
 */
import { RpcError } from '../rpc-error.js';
import { parse, unparse } from './text.js';

/** @typedef {{text: string, replyTo?: string, at?: number}} Draft at: when the server has taken it; without it, it has not yet */
/** @typedef {import('./types.js').ServerDraft} ServerDraft */
/** @typedef {{chatId: string, pts?: number, draft?: ServerDraft}} Told */

const MOST = 100;
const REST_MS = 1000;
const PASSING = new Set(['connection_lost', 'timeout', 'closed']);
const content = (/** @type {Draft | undefined} */ draft) => JSON.stringify([parse(draft?.text ?? '').text, draft?.replyTo ?? '']);

export class Drafts extends EventTarget {
  #rpc;
  #storage;
  #key = '';
  /** @type {Map<string, Draft>} the oldest first */ #drafts = new Map();
  /** @type {Map<string, {timer: any, read: () => Draft}>} by chat: what is being typed */ #typed = new Map();
  /** @type {Set<string>} chats whose draft the server does not have yet */ #unsaved = new Set();
  /** @type {Map<string, Told[]>} by chat: it is on its way; what the log has said meanwhile */ #saving = new Map();
  /** @type {any} */ #pause = 0;

  /** @param {import('./types.js').Rpc} rpc @param {Pick<Storage, 'getItem' | 'setItem'> | null} storage */
  constructor(rpc, storage) {
    super();
    this.#rpc = rpc;
    this.#storage = storage;
  }

  /** @param {string} userId */
  open(userId) {
    this.close();
    this.#key = `aldis.drafts.${userId}`;
    try {
      this.#drafts = new Map(JSON.parse(this.#storage?.getItem(this.#key) ?? '[]'));
    } catch {
      this.#drafts = new Map();
    }
    for (const [chatId, { at }] of this.#drafts) if (!at) this.#unsaved.add(chatId);
  }

  close() {
    for (const { timer } of this.#typed.values()) clearTimeout(timer);
    clearTimeout(this.#pause);
    this.#pause = 0;
    this.#key = '';
    for (const map of [this.#drafts, this.#typed, this.#unsaved, this.#saving]) map.clear();
  }

  /** @param {string} chatId @returns {Draft | null} */
  get(chatId) {
    return this.#drafts.get(chatId) ?? null;
  }

  /** typing: the draft changes with each key; it is taken once that rests. @param {string} chatId @param {() => Draft} read */
  typing(chatId, read) {
    clearTimeout(this.#typed.get(chatId)?.timer);
    this.#typed.set(chatId, { read, timer: setTimeout(() => this.set(chatId, read()), REST_MS) });
  }

  /** @param {string} chatId @param {Draft} draft without text: it is gone */
  set(chatId, { text, replyTo }) {
    const known = this.#drafts.get(chatId);
    clearTimeout(this.#typed.get(chatId)?.timer);
    this.#typed.delete(chatId);
    if ((known?.text ?? '') === text && known?.replyTo === replyTo) return;
    this.#put(chatId, text.trim() || replyTo ? { text, ...(replyTo ? { replyTo } : {}) } : null, false);
    this.#unsaved.add(chatId);
    void this.#save(chatId);
  }

  /** take: the user's log says what the draft is now. @param {Told} update */
  take(update) {
    if (this.#saving.has(update.chatId)) this.#saving.get(update.chatId)?.push(update);
    else this.#accept(update.chatId, update.draft);
  }

  /** learn: a chat as an answer has it, which may be older than what is known. @param {{id: string, draft?: ServerDraft}} chat @param {boolean} anew nothing is known of the log before: one that it lacks is gone */
  learn({ id, draft }, anew) {
    const { at = 0 } = this.#drafts.get(id) ?? {};
    if (!this.#saving.has(id) && (draft ? draft.at > at : anew)) this.#accept(id, draft);
  }

  /** sent: this device has sent a message, which has cleared the draft: what was begun since is told again. @param {string} chatId */
  sent(chatId) {
    if (!this.#drafts.has(chatId)) return;
    this.#unsaved.add(chatId);
    void this.#save(chatId);
  }

  /** flush: the connection is there (again). */
  flush() {
    for (const chatId of this.#unsaved) void this.#save(chatId);
  }

  /** What is typed here, or not told yet, comes after what others have written. @param {string} chatId @param {ServerDraft} [draft] */
  #accept(chatId, draft) {
    if (!this.#key || this.#typed.has(chatId) || this.#unsaved.has(chatId)) return;
    const next = draft ? { text: unparse(draft.text, draft.entities), ...(draft.replyTo ? { replyTo: draft.replyTo } : {}), at: draft.at } : null;
    const known = this.#drafts.get(chatId);
    if (content(known) === content(next ?? undefined)) {
      if (known && next) known.at = next.at;
      this.#keep();
    } else this.#put(chatId, next, true);
  }

  /** @param {string} chatId @param {Draft | null} draft @param {boolean} remote */
  #put(chatId, draft, remote) {
    this.#drafts.delete(chatId);
    if (draft) this.#drafts.set(chatId, draft);
    for (const old of this.#drafts.keys()) if (this.#drafts.size > MOST) this.#drafts.delete(old);
    this.#keep();
    this.dispatchEvent(new CustomEvent('change', { detail: { chatId, remote } }));
  }

  /** One of a chat at a time. @param {string} chatId */
  async #save(chatId) {
    if (!this.#key || this.#saving.has(chatId) || this.#pause || this.#rpc.state !== 'online') return;
    const key = this.#key;
    const { text: written = '', replyTo } = this.#drafts.get(chatId) ?? {};
    const { text, entities } = parse(written);
    /** @type {Told[]} */ const told = [];
    this.#saving.set(chatId, told);
    this.#unsaved.delete(chatId);
    try {
      const answer = await this.#rpc.call('chat.setDraft', { chatId, text: text || replyTo ? text : null, ...(entities.length ? { entities } : {}), ...(replyTo ? { replyTo } : {}) });
      if (key !== this.#key) return;
      this.#saving.delete(chatId);
      const own = told.find(({ pts }) => pts === answer.pts)?.draft;
      const known = this.#drafts.get(chatId);
      if (known && !this.#unsaved.has(chatId)) known.at = own?.at ?? known.at ?? Date.now();
      this.#keep();
      for (const update of told) if ((update.pts ?? 0) > answer.pts) this.#accept(chatId, update.draft);
    } catch (error) {
      if (key !== this.#key) return;
      this.#saving.delete(chatId);
      return this.#failed(chatId, error);
    }
    if (this.#unsaved.has(chatId)) void this.#save(chatId);
  }

  /** What the server refuses (it is too long, nobody may write there any more) stays on this browser. @param {string} chatId @param {unknown} error */
  #failed(chatId, error) {
    if (!(error instanceof RpcError)) throw error;
    const later = error.code === RpcError.LIMIT || error.code === RpcError.UNAVAILABLE;
    if (later || PASSING.has(error.reason)) this.#unsaved.add(chatId);
    if (!later || this.#pause) return;
    this.#pause = setTimeout(() => {
      this.#pause = 0;
      this.flush();
    }, Math.max(error.retryAfterMs, REST_MS));
  }

  #keep() {
    try {
      if (this.#key) this.#storage?.setItem(this.#key, JSON.stringify([...this.#drafts]));
    } catch {
      /* full or forbidden: they live as long as the page */
    }
  }
}
