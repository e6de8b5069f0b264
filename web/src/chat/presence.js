// SPDX-License-Identifier: Apache-2.0
/**
 * Whether people are here, or when they were last: of those whom somebody looks at. A server that does not tell says nothing.
 * Event 'change' (detail: {userId}).
 */
import { RpcError } from '../rpc-error.js';

/** @typedef {{online: boolean, lastSeenAt?: number}} State */

/* Who goes from chat to chat asks once. */
const WAIT_MS = 300;
const AGAIN_MS = 2000;

export class Presence extends EventTarget {
  #rpc;
  /** @type {string[]} */ #watched = [];
  /** @type {Map<string, State>} */ #states = new Map();
  #round = 0;
  /** @type {any} */ #timer = 0;

  /** @param {import('./types.js').Rpc} rpc */
  constructor(rpc) {
    super();
    this.#rpc = rpc;
    rpc.on('update', (update) => {
      if (update.type === 'presence' && this.#watched.includes(update.userId)) this.#set(update.userId, update);
    });
    /* a subscription lasts as long as its connection */
    rpc.addEventListener('session', () => this.#watched.length && this.#soon(0));
  }

  /** watch: these, and nobody else. @param {string[]} userIds */
  watch(userIds) {
    if (JSON.stringify(userIds) === JSON.stringify(this.#watched)) return;
    this.#watched = userIds;
    this.#states.clear();
    this.#soon(WAIT_MS);
  }

  /** of: null: not known @param {string} userId @returns {State | null} */
  of(userId) {
    return this.#states.get(userId) ?? null;
  }

  /** @param {number} ms */
  #soon(ms) {
    const round = ++this.#round;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(round), ms);
  }

  /** @param {number} round */
  async #ask(round) {
    try {
      const { users } = await this.#rpc.call('presence.subscribe', { userIds: this.#watched });
      if (round === this.#round) for (const user of users) this.#set(user.userId, user);
    } catch (error) {
      if (round === this.#round && error instanceof RpcError && error.code === RpcError.LIMIT) this.#soon(error.retryAfterMs || AGAIN_MS);
    }
  }

  /** @param {string} userId @param {State} state */
  #set(userId, { online, lastSeenAt }) {
    this.#states.set(userId, { online, ...(lastSeenAt ? { lastSeenAt } : {}) });
    this.dispatchEvent(new CustomEvent('change', { detail: { userId } }));
  }
}
