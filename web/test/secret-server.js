// SPDX-License-Identifier: Apache-2.0
/** A scripted server for secret chats: queues of two devices, which can be cut off, repeat, reorder, drop and change. */
import { Identity } from '../src/crypto/identity.js';
import { memoryStore } from '../src/crypto/store.js';
import { RpcError } from '../src/rpc-error.js';
import { memorySecretStore } from '../src/secret/store.js';
import { Secrets } from '../src/secret/secrets.js';

/** @typedef {import('../src/types.js').User} User */

/** One device with its connection; reload() makes a new page of it. */
export class Device extends EventTarget {
  /** @type {'online' | 'waiting'} */ state = 'online';
  /** @type {any[]} what waits for it */ queue = [];
  qts = 0;
  acked = 0;
  /** @type {Map<string, Set<(params: any) => void>>} */ handlers = new Map();
  /** methods whose next answer is lost: after it was done, or before @type {Map<string, 'after' | 'before'>} */ faults = new Map();
  store = memorySecretStore();
  clock = { now: 1_800_000_000_000 };
  clockOffsetMs = 0;

  /** @param {SecretServer} server @param {User} user @param {string} id @param {Identity} identity */
  constructor(server, user, id, identity) {
    super();
    Object.assign(this, { server, user, id, identity });
    this.server = server;
    this.user = user;
    this.id = id;
    this.identity = identity;
    this.secrets = this.page();
  }

  page() {
    return new Secrets({ rpc: /** @type {any} */ (this), store: async () => this.store, identity: async () => this.identity, self: () => ({ user: this.user, device: { id: this.id } }), now: () => this.clock.now });
  }

  /** The page is loaded anew. */
  async reload() {
    this.handlers.clear();
    this.secrets.clear();
    this.secrets = this.page();
    this.state = 'online';
    this.secrets.session();
    await this.server.settle();
  }

  /** @param {string} method @param {(params: any) => void} handler */
  on(method, handler) {
    this.handlers.set(method, (this.handlers.get(method) ?? new Set()).add(handler));
    return () => {};
  }

  /** @param {string} method @param {any} params */
  tell(method, params) {
    if (this.state === 'online') for (const handler of this.handlers.get(method) ?? []) handler(structuredClone(params));
  }

  /** @param {string} method @param {any} [params] @returns {Promise<any>} */
  async call(method, params = {}) {
    await null;
    const fault = this.faults.get(method);
    this.faults.delete(method);
    if (this.state !== 'online' || fault === 'before') throw RpcError.lost(method);
    const answer = this.server.serve(this, method, structuredClone(params));
    if (fault === 'after') {
      this.state = 'waiting';
      throw RpcError.lost(method);
    }
    return structuredClone(answer);
  }
}

export class SecretServer {
  /** @type {Device[]} */ devices = [];
  /** @type {Map<string, any>} */ chats = new Map();
  /** @type {Set<string>} */ sent = new Set();
  /** @type {[string, any][]} */ calls = [];
  /** what is told in the place of an update @type {(device: Device, update: any) => any[]} */ lie = (_, update) => [update];

  /** @param {string} name */
  async person(name) {
    const n = String(this.devices.length + 1);
    const device = new Device(this, { id: `10${n}`, username: name, displayName: name }, `20${n}`, await Identity.create(memoryStore(), name));
    this.devices.push(device);
    device.secrets.session();
    await this.settle();
    return device;
  }

  /** Everything has had its turn. */
  async settle() {
    for (let seen = -1, still = 0; still < 5; still = seen === this.calls.length ? still + 1 : 0) {
      seen = this.calls.length;
      for (const { secrets } of this.devices) await secrets.settled();
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
  }

  /** @param {string} id */
  device(id) {
    return this.devices.find((device) => device.id === id);
  }

  /** @param {Device | undefined} to @param {any} update */
  put(to, update) {
    if (!to) return;
    for (const one of this.lie(to, update)) {
      const row = { at: to.clock.now, ...one, qts: ++to.qts };
      to.queue.push(row);
      to.tell('secret.update', row);
    }
  }

  /** @param {Device} from */
  requestOf(from, /** @type {string} */ secretId, /** @type {string} */ blob) {
    return { secretId, from: from.user, device: { id: from.id, name: 'test', platform: 'web', identityKey: from.identity.encoded, addedAt: 0 }, blob, at: from.clock.now, expiresAt: from.clock.now + 1 };
  }

  /** @param {Device} from @param {string} method @param {any} params */
  serve(from, method, params) {
    this.calls.push([method, params]);
    const chat = this.chats.get(params.secretId);
    switch (method) {
      case 'secret.request': {
        if (chat) return { expiresAt: 1 };
        const to = /** @type {Device} */ (this.devices.find(({ user }) => user.id === params.userId));
        this.chats.set(params.secretId, { a: from.id, to: to.id, b: '', blob: params.blob });
        to.tell('secret.requested', this.requestOf(from, params.secretId, params.blob));
        return { expiresAt: 1 };
      }
      case 'secret.accept':
        if (chat.b) return {};
        chat.b = from.id;
        this.put(this.device(chat.a), { type: 'accepted', secretId: params.secretId, deviceId: from.id, blob: params.blob });
        return {};
      case 'secret.send': {
        if (!chat?.b) throw new RpcError(method, { code: -32003, data: { reason: 'secret' } });
        const key = `${from.id} ${params.randomId}`;
        if (!this.sent.has(key)) this.put(this.device(chat.a === from.id ? chat.b : chat.a), { type: 'message', secretId: params.secretId, deviceId: from.id, payload: params.payload, silent: params.silent });
        this.sent.add(key);
        return { at: from.clock.now };
      }
      case 'secret.discard':
        this.chats.delete(params.secretId);
        if (chat) this.put(this.device(chat.a === from.id ? chat.b : chat.a), { type: 'ended', secretId: params.secretId, reason: chat.b ? 'discarded' : 'declined' });
        return {};
      case 'secret.queue': return { updates: from.queue.filter(({ qts }) => qts > params.qts), qts: Math.max(from.qts, params.qts), more: false };
      case 'secret.ack':
        from.acked = Math.max(from.acked, params.qts);
        from.queue = from.queue.filter(({ qts }) => qts > params.qts);
        return {};
      case 'secret.list': {
        const all = [...this.chats];
        return { qts: from.qts, chats: all.filter(([, { a, b }]) => a === from.id || b === from.id).map(([secretId]) => ({ secretId })),
          requests: all.filter(([, { to, b }]) => to === from.id && !b).map(([secretId, { a, blob }]) => this.requestOf(/** @type {Device} */ (this.device(a)), secretId, blob)) };
      }
      default: throw new Error(method);
    }
  }
}
