// SPDX-License-Identifier: Apache-2.0
/**
 * What is looked for: messages, and unless it is one chat that is searched, chats and people too. Asked for while somebody types, but
 * not at each letter; an answer to what is not asked any more is dropped, and what was found stays until all that is new is there.
 * Event 'change'.
 */
import { RpcError } from '../rpc-error.js';

/** @typedef {import('./types.js').Chat} Chat */
/** @typedef {import('./types.js').User} User */
/** @typedef {{message: import('./types.js').Message, highlights: [number, number][]}} Hit highlights: offset and length, in UTF-16 units */
/** @typedef {{query: string, from?: string, before?: number}} Question from: a user's id */
/** @typedef {{chats: Chat[], users: User[], open: Chat[]}} Names open: public chats, by name and title */

export const WAIT_MS = 250;
const PAGE = 30;
const NAMES = 20;
/* Pages without a hit that still have a next one: so many in a row, then somebody has to want more. */
const EMPTY_PAGES = 4;
const WORD = /[\p{L}\p{N}]/u;

export class Search extends EventTarget {
  /** 'idle': nothing is asked for; 'loading': what is shown is of the question before @type {'idle' | 'loading' | 'ready' | 'failed'} */ state = 'idle';
  /** what the results are of @type {Question} */ question = { query: '' };
  /** @type {Hit[]} newest first */ hits = [];
  /** @type {Names} */ names = { chats: [], users: [], open: [] };
  /** @type {unknown} */ error = null;
  /** a page is on its way */ loadingMore = false;
  #rpc;
  #chatId;
  #know;
  #round = 0;
  /** @type {any} */ #timer = 0;
  /** @type {string | undefined} */ #next = undefined;
  /** @type {Question} what was asked last */ #asked = { query: '' };

  /**
   * @param {import('./types.js').Rpc} rpc
   * @param {{chatId?: string, know?: (chatIds: string[]) => Promise<unknown>}} [options] chatId: the one chat that is searched; know: has the chats of hits at hand
   */
  constructor(rpc, { chatId, know = async () => {} } = {}) {
    super();
    this.#rpc = rpc;
    this.#chatId = chatId;
    this.#know = know;
  }

  /** whether there is more than was loaded */
  get more() {
    return this.#next !== undefined;
  }

  /** ask: @param {Question} question @param {{now?: boolean}} [options] now: it was not typed */
  ask(question, { now = false } = {}) {
    const query = question.query.trim();
    const asked = { ...question, query };
    if (this.state !== 'idle' && this.state !== 'failed' && JSON.stringify(asked) === JSON.stringify(this.#asked)) return;
    this.#asked = asked;
    const round = ++this.#round;
    clearTimeout(this.#timer);
    this.loadingMore = false;
    if (!WORD.test(query)) return this.#nothing();
    this.state = 'loading';
    this.#timer = setTimeout(() => void this.#run(round, asked), now ? 0 : WAIT_MS);
    this.#change();
  }

  /** again: after a failure. */
  again() {
    this.state = 'failed';
    this.ask(this.#asked, { now: true });
  }

  /** stop: nothing is looked for any more. */
  stop() {
    this.#round++;
    clearTimeout(this.#timer);
    this.#asked = { query: '' };
    this.#nothing();
  }

  /** older: the next page. @returns {Promise<void>} never rejects */
  async older() {
    if (!this.more || this.loadingMore || this.state !== 'ready') return;
    const round = this.#round;
    this.loadingMore = true;
    this.#change();
    try {
      const page = await this.#page(this.question, this.#next);
      if (round !== this.#round) return;
      this.hits = [...this.hits, ...page.hits];
      this.#next = page.next;
      this.error = null;
    } catch (error) {
      if (round !== this.#round) return;
      this.error = error;
    }
    this.loadingMore = false;
    this.#change();
  }

  /** @param {number} round @param {Question} question */
  async #run(round, question) {
    const [names, page] = await Promise.allSettled([this.#chatId ? this.names : this.#names(question.query), this.#page(question)]);
    if (round !== this.#round) return;
    this.question = question;
    /* one half alone is better than nothing; a query of signs alone has no words, which is no failure */
    const failed = page.status === 'rejected' && page.reason?.reason !== 'query' ? page.reason : names.status === 'rejected' && names.reason?.reason !== 'query' ? names.reason : null;
    this.names = names.status === 'fulfilled' ? names.value : { chats: [], users: [], open: [] };
    this.hits = page.status === 'fulfilled' ? page.value.hits : [];
    this.#next = page.status === 'fulfilled' ? page.value.next : undefined;
    this.error = failed;
    this.state = failed ? 'failed' : 'ready';
    if (failed instanceof RpcError && failed.retryAfterMs) this.#timer = setTimeout(() => void this.#run(round, question), failed.retryAfterMs);
    this.#change();
  }

  /** @param {Question} question @param {string} [next] @returns {Promise<{hits: Hit[], next?: string}>} */
  async #page({ query, from, before }, next) {
    for (let i = 1; ; i++) {
      const page = await this.#rpc.call('search.messages', { query, kind: 'text', limit: PAGE, ...(this.#chatId ? { chatId: this.#chatId } : {}), ...(from ? { from } : {}), ...(before ? { before } : {}), ...(next ? { next } : {}) }, { resend: true });
      if (page.hits.length || page.next === undefined || i >= EMPTY_PAGES) {
        await this.#know([...new Set(page.hits.map((/** @type {Hit} */ { message }) => message.chatId))]).catch(() => {});
        return page;
      }
      next = page.next;
    }
  }

  /** @param {string} query @returns {Promise<Names>} */
  async #names(query) {
    const { chats, open, users } = await this.#rpc.call('search.chats', { query: query.replace(/^@/, ''), limit: NAMES }, { resend: true });
    return { chats, open, users };
  }

  #nothing() {
    this.state = 'idle';
    this.question = { query: '' };
    this.hits = [];
    this.names = { chats: [], users: [], open: [] };
    this.error = null;
    this.#next = undefined;
    this.#change();
  }

  #change() {
    this.dispatchEvent(new CustomEvent('change'));
  }
}
