// SPDX-License-Identifier: Apache-2.0
// A small JSON-RPC client over the `ws` package; everything that comes is held against openrpc.json.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { checkError, checkNotification, checkResult } from './schema.mjs';

export class RpcError extends Error {
  constructor(error) {
    super(`${error.code} ${error.data?.reason ?? ''}: ${error.message}`);
    Object.assign(this, { code: error.code, reason: error.data?.reason, data: error.data });
  }
}

export const newCallId = () => randomBytes(16).toString('base64url');
export const newIdentityKey = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x;

export class Client {
  /** @param {string} url ws://… @param {object} options of the ws package */
  static async open(url, options = {}) {
    const client = new Client();
    client.url = url;
    client.options = options;
    client.notifications = [];
    client.waiting = [];
    await client.connect();
    return client;
  }

  async connect() {
    this.pending = new Map();
    this.nextId = 1;
    this.socket = new WebSocket(this.url, ['aldis.v1'], this.options);
    this.closed = new Promise((resolve) => this.socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })));
    this.socket.on('message', (data) => this.receive(JSON.parse(String(data))));
    await new Promise((resolve, reject) => {
      this.socket.once('open', resolve).once('error', reject);
    });
    this.socket.on('error', () => {});
  }

  receive(message) {
    if (message.method) {
      checkNotification(message.method, message.params);
      if (this.listener?.(message)) return; // taken
      this.notifications.push(message);
      this.waiting = this.waiting.filter((waiter) => !waiter(message));
      return;
    }
    const entry = this.pending.get(message.id);
    if (!entry) return;
    this.pending.delete(message.id);
    try {
      if (message.error) {
        checkError(message.error);
        entry.reject(new RpcError(message.error));
      } else {
        checkResult(entry.method, message.result);
        entry.resolve(message.result);
      }
    } catch (error) {
      entry.reject(error);
    }
  }

  call(method, params = {}) {
    const id = this.nextId++;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => this.pending.set(id, { method, resolve, reject }));
  }

  /** The next (or an earlier, unseen) notification of that name that `test` accepts. */
  notification(name, test = () => true, timeoutMs = 10000) {
    const matches = (message) => message.method === name && test(message.params);
    const at = this.notifications.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.notifications.splice(at, 1)[0].params);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((waiter) => waiter !== waiter_);
        reject(new Error(`no ${name} within ${timeoutMs} ms`));
      }, timeoutMs);
      const waiter_ = (message) => {
        if (!matches(message)) return false;
        clearTimeout(timer);
        this.notifications.splice(this.notifications.indexOf(message), 1);
        resolve(message.params);
        return true;
      };
      this.waiting.push(waiter_);
    });
  }

  /** Registers a user with a fresh device and starts its session. */
  async register(username, password = `password of ${username}`) {
    this.identityKey = newIdentityKey();
    const device = { name: 'test', platform: 'node', identityKey: this.identityKey };
    Object.assign(this, await this.call('account.register', { username, password, device }));
    await this.start();
    return this;
  }

  /** Logs in on another device of a user that exists. */
  async login(username, password = `password of ${username}`) {
    this.identityKey = newIdentityKey();
    const device = { name: 'test', platform: 'node', identityKey: this.identityKey };
    Object.assign(this, await this.call('account.login', { username, password, device }));
    await this.start();
    return this;
  }

  async start(lastSeq) {
    this.session = await this.call('session.start', { token: this.token, ...(lastSeq === undefined ? {} : { lastSeq }) });
    return this.session;
  }

  close() {
    this.socket.close();
    return this.closed;
  }

  /** Cuts the connection as a lost network does: no close frame. */
  cut() {
    this.socket.terminate();
    return this.closed;
  }
}
