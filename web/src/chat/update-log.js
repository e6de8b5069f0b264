// SPDX-License-Identifier: Apache-2.0
/**
 * An update log, the user's or that of a supergroup or channel, applied in order: every update once, none left out (docs/messaging.md).
 *
 *   update.pts <= pts      known: forgotten
 *   update.pts == pts + 1  applied
 *   more                   held back; updates.difference brings what is missing, then what was held is looked at again
 *
 * `pts` stands for `chatPts` in the log of a chat.
 * Events: 'reset' the log cannot be followed any more (too old, or the server's is another one): load everything anew;
 * 'closed' it may not be read any more.
 */
import { Backoff } from '../backoff.js';
import { RpcError } from '../rpc-error.js';

/** @typedef {import('./types.js').Update} Update */

const PAGE = 500;
/* What waits for a difference; more than this the difference will bring as well. */
const HELD_MOST = 1000;

export class UpdateLog extends EventTarget {
  /** the last update that was applied; -1: not known yet */ pts = -1;
  #rpc;
  #apply;
  #name;
  /** @type {{method: string, params: object}} */ #difference;
  /** @type {Map<number, Update>} */ #held = new Map();
  /** @type {Promise<void> | null} */ #walk = null;
  #round = 0;
  #backoff = new Backoff();
  /** @type {any} */ #timer = 0;

  /** @param {import('./types.js').Rpc} rpc @param {(update: Update) => void} apply @param {{chatId: string, pts: number}} [chat] whose log it is, and how far it is known; else the user's */
  constructor(rpc, apply, chat) {
    super();
    this.#rpc = rpc;
    this.#apply = apply;
    this.#name = /** @type {'pts' | 'chatPts'} */ (chat ? 'chatPts' : 'pts');
    this.#difference = chat ? { method: 'updates.chatDifference', params: { chatId: chat.chatId } } : { method: 'updates.difference', params: {} };
    if (chat) this.pts = chat.pts;
  }

  /** begin: asks how far the user's log is; what comes before the answer is held back. @returns {Promise<{chatId: string, chatPts: number}[]>} how far those of chats are */
  async begin() {
    const round = ++this.#round;
    clearTimeout(this.#timer);
    const { pts, chats = [] } = await this.#rpc.call('updates.state', {}, { resend: true });
    if (round !== this.#round) return [];
    this.pts = pts;
    this.#settle();
    return chats;
  }

  /** forget: another user. */
  forget() {
    this.#round++;
    clearTimeout(this.#timer);
    this.pts = -1;
    this.#held.clear();
    this.#walk = null;
  }

  /** take: a live update. @param {Update} update */
  take(update) {
    const pts = update[this.#name];
    if (pts === undefined || pts <= this.pts) return;
    if (this.#held.size < HELD_MOST) this.#held.set(pts, update);
    if (this.pts >= 0) this.#settle();
  }

  /** reached: an answer says that the log is this far: what is missing is fetched. @param {number} pts */
  reached(pts) {
    if (this.pts >= 0 && pts > this.pts) void this.catchUp();
  }

  /** catchUp: all that was missed, page by page; one walk at a time. @returns {Promise<void>} never rejects */
  catchUp() {
    if (this.pts < 0) return Promise.resolve();
    const round = this.#round;
    this.#walk ??= this.#fetch(round).then((done) => {
      if (round !== this.#round) return;
      this.#walk = null;
      if (done) this.#settle();
    });
    return this.#walk;
  }

  /** after: at once, or when what is being fetched has come, which may be older than what `fn` knows. @param {() => void} fn */
  after(fn) {
    if (this.#walk) void this.#walk.then(fn);
    else fn();
  }

  /** Applies what is next of what is held; what is behind a gap asks for the difference. */
  #settle() {
    for (const pts of this.#held.keys()) if (pts <= this.pts) this.#held.delete(pts);
    for (let next = this.#held.get(this.pts + 1); next; next = this.#held.get(this.pts + 1)) {
      this.#held.delete(this.pts + 1);
      this.#take(next);
    }
    if (this.#held.size && !this.#walk) void this.catchUp();
  }

  /** @param {Update} update */
  #take(update) {
    this.pts = /** @type {number} */ (update[this.#name]);
    this.#apply(update);
  }

  /** @param {number} round @returns {Promise<boolean>} whether the end was reached */
  async #fetch(round) {
    try {
      for (let more = true; more;) {
        const answer = await this.#rpc.call(this.#difference.method, { ...this.#difference.params, pts: this.pts, limit: PAGE }, { resend: true });
        if (round !== this.#round) return false;
        for (const update of answer.updates) if (update[this.#name] > this.pts) this.#take(update);
        this.pts = Math.max(this.pts, answer.pts);
        more = answer.more;
      }
      this.#backoff.reset();
      return true;
    } catch (error) {
      if (round === this.#round) this.#failed(error);
      return false;
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof RpcError && ['pts', 'pts_too_old'].includes(error.reason)) {
      this.forget();
      this.dispatchEvent(new CustomEvent('reset'));
      return;
    }
    if (error instanceof RpcError && [RpcError.FORBIDDEN, RpcError.NOT_FOUND].includes(error.code)) return void this.dispatchEvent(new CustomEvent('closed'));
    /* lost connections come back by themselves: the session asks again */
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.catchUp(), this.#backoff.next());
  }
}
