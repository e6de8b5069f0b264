// SPDX-License-Identifier: Apache-2.0
/** People: found by name, known from calls, and how far their keys are known here. */
import { sameUsername } from './crypto/names.js';
import { RpcError } from './rpc-error.js';

/** @typedef {import('./types.js').User} User */
/** @typedef {{level: 'none' | 'seen' | 'verified' | 'changed'}} Trust seen: a key is pinned, not compared */

export class People {
  #rpc;
  #log;
  #trustOf;
  /** @type {Map<string, User>} */ #known = new Map();

  /** @param {{rpc: import('./rpc.js').RpcClient, log: import('./call-log.js').CallLog, trustOf: ((id: string) => Promise<Trust>) | null}} needs */
  constructor({ rpc, log, trustOf }) {
    this.#rpc = rpc;
    this.#log = log;
    this.#trustOf = trustOf;
    log.addEventListener('change', () => {
      for (const { peer } of log.entries) this.#known.set(peer.id, peer);
    });
  }

  clear() {
    this.#known.clear();
  }

  /** @param {User} user */
  learn(user) {
    this.#known.set(user.id, user);
  }

  /** peek: what is known without asking. @param {string} id @returns {User | null} */
  peek(id) {
    return this.#known.get(id) ?? null;
  }

  /** get: @param {string} id @returns {Promise<User | null>} null: there is nobody with that id */
  async get(id) {
    const known = this.#known.get(id);
    if (known) return known;
    const { users } = await this.#rpc.call('user.get', { ids: [id] });
    const user = users.find((/** @type {User} */ one) => one.id === id) ?? null;
    if (user) this.learn(user);
    return user;
  }

  /** find: by exact username, in any case. Rejects with not_found, and when the server answers with anybody else. @param {string} username @returns {Promise<User>} */
  async find(username) {
    const { user } = await this.#rpc.call('user.find', { username });
    if (!sameUsername(user?.username, username)) throw new RpcError('user.find', { code: RpcError.UNTRUE, data: { reason: 'other_user' } });
    this.learn(user);
    return user;
  }

  /** devices: @param {string} userId @returns {Promise<import('./types.js').Device[]>} */
  async devices(userId) {
    return (await this.#rpc.call('device.list', { userId })).devices;
  }

  /** matching: people from the log whose names contain what is typed. @param {string} query */
  matching(query) {
    const plain = query.trim().replace(/^@/, '').toLowerCase();
    return this.#log.people().filter(({ user }) => !plain || `${user.displayName} ${user.username}`.toLowerCase().includes(plain));
  }

  /** trust: how far the keys of somebody are known on this browser. @param {string} userId @returns {Promise<Trust>} */
  async trust(userId) {
    return (await this.#trustOf?.(userId).catch(() => null)) ?? { level: 'none' };
  }
}
