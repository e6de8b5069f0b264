// SPDX-License-Identifier: Apache-2.0
/** The rooms of this user, and links to them. Event 'change'. */

/** @typedef {import('./types.js').Room} Room */

const LINK = /^[A-Za-z0-9_-]{22}$/;

export class Rooms extends EventTarget {
  /** @type {Room[]} newest first */ list = [];
  /** @type {'empty' | 'loading' | 'ready' | 'failed'} */ state = 'empty';
  /** @type {unknown} */ error = null;
  #rpc;
  #round = 0;

  /** @param {import('../rpc.js').RpcClient} rpc */
  constructor(rpc) {
    super();
    this.#rpc = rpc;
    rpc.on('room.invited', () => void this.refresh());
  }

  async refresh() {
    const round = ++this.#round;
    if (this.state !== 'ready') this.#become('loading');
    try {
      const { rooms } = await this.#rpc.call('room.list');
      if (round !== this.#round) return;
      this.list = rooms;
      this.#become('ready');
    } catch (error) {
      if (round !== this.#round) return;
      this.error = error;
      this.#become(this.list.length ? 'ready' : 'failed');
    }
  }

  clear() {
    this.#round++;
    this.list = [];
    this.#become('empty');
  }

  /** @param {string} id @returns {Room | null} */
  get(id) {
    return this.list.find((room) => room.id === id) ?? null;
  }

  /** create: @param {string} title @param {Partial<import('./types.js').Policy>} policy @param {string} [fromCallId] @returns {Promise<Room>} */
  async create(title, policy, fromCallId) {
    const { room } = await this.#rpc.call('room.create', { title, policy, ...(fromCallId ? { fromCallId } : {}) });
    this.keep(room);
    return room;
  }

  /** keep: a room that has changed, or a new one. @param {Room} room */
  keep(room) {
    const known = this.get(room.id);
    this.list = known ? this.list.map((one) => (one === known ? { ...known, ...room } : one)) : [room, ...this.list];
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** remove: a room for good. @param {string} roomId */
  async remove(roomId) {
    await this.#rpc.call('room.delete', { roomId });
    this.list = this.list.filter(({ id }) => id !== roomId);
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** @param {Rooms['state']} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent('change'));
  }
}

/** linkAddress: what to give to others: the secret stands behind '#', which browsers send to no server. @param {string} link @param {{origin: string, pathname: string}} [place] */
export function linkAddress(link, { origin, pathname } = location) {
  return `${origin}${pathname}#/join/${link}`;
}

/** linkOf: the secret of a link, however much of the address was pasted; '' if there is none. @param {string} text */
export function linkOf(text) {
  const last = text.trim().split('/').at(-1) ?? '';
  return LINK.test(last) ? last : '';
}
