// SPDX-License-Identifier: Apache-2.0
/**
 * Call ids that were answered, declined or have ended. An invitation with one of them is a replay. Those older than what
 * the clock window of CALL1 lets in need not be kept. A call that still rings is not used up: after a reload it rings again.
 */
import { b64u } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

/* twice the clock window of call1.js: the caller's clock may be ahead when it is used, behind when it is replayed */
const KEEP_MS = 10 * 60 * 1000;

export class UsedCalls {
  #store;
  #account;

  /** @param {import('./store.js').KeyStore} store @param {string} account */
  constructor(store, account) {
    this.#store = store;
    this.#account = account;
  }

  /** @param {Bytes} callId */
  async has(callId) {
    return (await this.#store.get('calls', `${this.#account}\n${b64u(callId)}`)) !== undefined;
  }

  /** @param {Bytes} callId @param {number} [now] */
  async add(callId, now = Date.now()) {
    await this.#store.put('calls', `${this.#account}\n${b64u(callId)}`, now);
    for (const [key, at] of await this.#store.entries('calls', `${this.#account}\n`)) {
      if (now - at > KEEP_MS) await this.#store.remove('calls', key);
    }
  }
}
