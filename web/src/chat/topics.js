// SPDX-License-Identifier: Apache-2.0
/**
 * The topics of a supergroup: pinned ones first, then by their newest message. Each has a history of its own. What the log
 * tells of one has the list asked for anew, soon, since counts depend on how far the user has read.
 * Event: 'change'.
 */
import { History } from './history.js';

/** @typedef {import('./types.js').Topic} Topic */
/** @typedef {import('./types.js').Message} Message */

const PAGE = 50;
const REFRESH_MS = 400;

export class Topics extends EventTarget {
  /** @type {Topic[]} */ list = [];
  /** whether there are older ones */ more = false;
  #rpc;
  #chatId;
  /** @type {Map<string, History>} */ #histories = new Map();
  /** how many pages are shown */ #pages = 1;
  #round = 0;
  #loaded = false;
  /** @type {any} */ #timer = 0;

  /** @param {import('./types.js').Rpc} rpc @param {string} chatId */
  constructor(rpc, chatId) {
    super();
    this.#rpc = rpc;
    this.#chatId = chatId;
  }

  /** get: @param {string} threadId @returns {Topic | null} */
  get(threadId) {
    return this.list.find((topic) => topic.threadId === threadId) ?? null;
  }

  /** history: of one. @param {string} threadId */
  history(threadId) {
    const known = this.#histories.get(threadId);
    if (known) return known;
    const history = new History(this.#rpc, this.#chatId, threadId);
    this.#histories.set(threadId, history);
    return history;
  }

  /** load: the list as it is now. */
  async load() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#loaded = true;
    const round = ++this.#round;
    /** @type {Topic[]} */ const list = [];
    let before;
    for (let page = 0; page < this.#pages && (page === 0 || before); page++) {
      const answer = await this.#rpc.call('topic.list', { chatId: this.#chatId, limit: PAGE, ...(before ? { before } : {}) }, { resend: true });
      list.push(...answer.topics);
      before = answer.next;
    }
    if (round !== this.#round) return;
    this.list = list;
    this.more = before !== undefined;
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** older: a page more. */
  async older() {
    this.#pages++;
    await this.load();
  }

  /** apply: to all histories. @param {(history: History) => void} change */
  apply(change) {
    for (const history of this.#histories.values()) change(history);
  }

  /** stir: something has happened in a topic, or has been read. */
  stir() {
    if (!this.#loaded || this.#timer) return;
    this.#timer = setTimeout(() => void this.load().catch(() => {
      /* the connection: asked again with the next thing that happens, or when the chat is opened */
    }), REFRESH_MS);
  }

  /** forget: as if nothing had been asked for. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#round++;
    this.apply((history) => history.forget());
    if (this.#loaded) this.stir();
  }
}
