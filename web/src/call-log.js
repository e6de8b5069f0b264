// SPDX-License-Identifier: Apache-2.0
/** The call log as far as it was fetched, and the people in it. Events: 'change'. */

const PAGE = 40;

/** @typedef {import('./types.js').HistoryEntry} HistoryEntry */
/** @typedef {import('./types.js').User} User */

export class CallLog extends EventTarget {
  /** @type {HistoryEntry[]} newest first */ entries = [];
  /** 'empty': nothing was asked for yet @type {'empty' | 'loading' | 'ready' | 'failed'} */ state = 'empty';
  /** @type {unknown} */ error = null;
  /** whether there is more to fetch */ more = false;
  #rpc;
  /** @type {any} */ #next = undefined;
  #round = 0;

  /** @param {import('./rpc.js').RpcClient} rpc */
  constructor(rpc) {
    super();
    this.#rpc = rpc;
    rpc.on('call.ended', () => void this.refresh());
  }

  /** refresh: fetches the newest page and puts it before what is known. */
  async refresh() {
    const round = ++this.#round;
    if (this.state !== 'ready') this.#become('loading');
    try {
      const { calls, next } = await this.#rpc.call('call.history', { limit: PAGE });
      if (round !== this.#round) return;
      const known = new Set(calls.map((/** @type {HistoryEntry} */ call) => call.callId));
      const meets = this.entries.some((entry) => known.has(entry.callId));
      if (meets) {
        this.entries = [...calls, ...this.entries.filter((entry) => !known.has(entry.callId))];
      } else {
        this.entries = calls;
        this.#next = next;
        this.more = next !== undefined && next !== null;
      }
      this.#become('ready');
    } catch (error) {
      if (round !== this.#round) return;
      this.error = error;
      this.#become(this.entries.length ? 'ready' : 'failed');
    }
  }

  /** loadMore: the next older page. */
  async loadMore() {
    if (!this.more || this.state === 'loading') return;
    const round = this.#round;
    this.#become('loading');
    try {
      const { calls, next } = await this.#rpc.call('call.history', { limit: PAGE, before: this.#next });
      if (round !== this.#round) return;
      const known = new Set(this.entries.map((entry) => entry.callId));
      this.entries = [...this.entries, ...calls.filter((/** @type {HistoryEntry} */ call) => !known.has(call.callId))];
      this.#next = next;
      this.more = next !== undefined && next !== null;
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    if (round === this.#round) this.#become('ready');
  }

  /** clear: another user. */
  clear() {
    this.#round++;
    this.entries = [];
    this.more = false;
    this.#next = undefined;
    this.#become('empty');
  }

  /** people: everyone in the log, the latest first. @returns {{user: User, last: HistoryEntry, calls: number}[]} */
  people() {
    /** @type {Map<string, {user: User, last: HistoryEntry, calls: number}>} */
    const people = new Map();
    for (const entry of this.entries) {
      const known = people.get(entry.peer.id);
      if (known) known.calls++;
      else people.set(entry.peer.id, { user: entry.peer, last: entry, calls: 1 });
    }
    return [...people.values()];
  }

  /** @param {string} userId */
  with(userId) {
    return this.entries.filter((entry) => entry.peer.id === userId);
  }

  /** @param {CallLog['state']} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent('change'));
  }
}
