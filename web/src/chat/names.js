// SPDX-License-Identifier: Apache-2.0
/** Names of those who write: what is not known is asked for, many at once. Event 'change'. */

const WAIT_MS = 20;
const MOST = 100;

export class Names extends EventTarget {
  #rpc;
  #people;
  /** @type {Set<string>} */ #wanted = new Set();
  /** @type {Set<string>} asked for, and not there */ #nobody = new Set();
  /** @type {any} */ #timer = 0;

  /** @param {import('./types.js').Rpc} rpc @param {Pick<import('../people.js').People, 'peek' | 'learn'>} people */
  constructor(rpc, people) {
    super();
    this.#rpc = rpc;
    this.#people = people;
  }

  /** of: the name of somebody; '…' as long as it is not known. @param {string} id @returns {string} */
  of(id) {
    return this.user(id)?.displayName ?? (this.#nobody.has(id) ? 'Somebody' : '…');
  }

  /** user: @param {string} id @returns {import('./types.js').User | null} null: not known (yet) */
  user(id) {
    const known = this.#people.peek(id);
    if (!known && !this.#nobody.has(id)) this.#want(id);
    return known;
  }

  /** @param {string} id */
  #want(id) {
    if (!this.#wanted.size) this.#timer = setTimeout(() => void this.#ask(), WAIT_MS);
    this.#wanted.add(id);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#wanted.clear();
    this.#nobody.clear();
  }

  async #ask() {
    const ids = [...this.#wanted].slice(0, MOST);
    this.#wanted.clear();
    try {
      const { users } = await this.#rpc.call('user.get', { ids }, { resend: true });
      for (const user of users) this.#people.learn(user);
      for (const id of ids) if (!this.#people.peek(id)) this.#nobody.add(id);
    } catch {
      return; /* whoever still wants them asks again when it draws */
    }
    this.dispatchEvent(new CustomEvent('change'));
  }
}
