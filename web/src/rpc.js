// SPDX-License-Identifier: Apache-2.0
/**
 * JSON-RPC 2.0 over one WebSocket that comes back by itself.
 *
 *   offline -> connecting -> online         (start(), then session.start answered, or no token given)
 *   connecting|online -> waiting -> connecting   (lost: again after a backoff, or at once by retryNow())
 *   any -> offline                          (stop(); another tab took over: 4001; the token is no longer good: 4003)
 *
 * Calls made while there is no connection wait for it until their own timeout. Calls in flight when it is lost fail with
 * `connection_lost`, except those marked `resend`, which are sent again, in order, after the session is back.
 */
import { Backoff } from './backoff.js';
import { RpcError } from './rpc-error.js';
import { Sequence } from './sequence.js';

/** @typedef {'offline' | 'connecting' | 'online' | 'waiting'} RpcState */
/** @typedef {{timeoutMs?: number, resend?: boolean, urgent?: boolean}} CallOptions */
/**
 * @typedef {object} Pending
 * @property {string} id
 * @property {string} method
 * @property {string} text
 * @property {boolean} resend
 * @property {(result: any) => void} resolve
 * @property {(error: RpcError) => void} reject
 * @property {any} timer
 */

const CALL_TIMEOUT_MS = 15000;
const CONNECT_TIMEOUT_MS = 10000;
/* A path that drops packets gives no close event: if nothing was heard for this long, ask, and give up if not answered. */
const QUIET_MS = 20000;
const PROBE_TIMEOUT_MS = 6000;
const CLOSED_TAKEN_OVER = 4001;
const CLOSED_REVOKED = 4003;

export class RpcClient extends EventTarget {
  /** @type {RpcState} */ state = 'offline';
  /** when the next try is due (ms since the epoch), while waiting */ retryAt = 0;
  /** 'taken_over', 'signed_out' or 'refused' when the client will not come back by itself */ stopReason = '';
  /** what to add to Date.now() to get the server's time */ clockOffsetMs = 0;

  #url;
  #makeSocket;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {string | null} */ #token = null;
  #backoff;
  #sequence = new Sequence();
  #nextId = 1;
  /** @type {Map<string, Pending>} sent, not answered */ #sent = new Map();
  /** @type {Pending[]} not sent yet */ #queue = [];
  /** @type {Map<string, Set<(params: any) => void>>} */ #handlers = new Map();
  /** @type {any} */ #timer = 0;
  /** @type {any} */ #probeTimer = 0;

  /**
   * @param {string} url ws: or wss: address
   * @param {{makeSocket?: (url: string) => WebSocket, random?: () => number}} [options]
   */
  constructor(url, { makeSocket = (address) => new WebSocket(address, 'aldis.v1'), random = Math.random } = {}) {
    super();
    this.#url = url;
    this.#makeSocket = makeSocket;
    this.#backoff = new Backoff({ random });
  }

  /** start: connects; with a token every connection begins by session.start. @param {string | null} token */
  start(token) {
    if (token !== this.#token) this.#sequence.forget();
    this.#token = token;
    this.stopReason = '';
    this.#backoff.reset();
    this.#connect();
  }

  /** stop: hangs up for good; what waits fails. */
  stop(reason = '') {
    this.#token = null;
    this.stopReason = reason;
    this.#sequence.forget();
    this.#drop();
    for (const pending of [...this.#sent.values(), ...this.#queue]) this.#settle(pending, RpcError.closed(pending.method));
    this.#queue = [];
    this.#setState('offline');
  }

  /** retryNow: does not wait for the backoff to end. */
  retryNow() {
    if (this.state === 'waiting') this.#connect();
  }

  /** probe: asks whether the other end is there (after sleep, after a change of network). @param {number} [timeoutMs] */
  probe(timeoutMs = PROBE_TIMEOUT_MS) {
    if (this.state === 'waiting') this.#connect();
    else if (this.state === 'online') this.#sendProbe(timeoutMs);
  }

  /**
   * call: one method call.
   * @param {string} method
   * @param {object} [params]
   * @param {CallOptions} [options] resend: the call may be sent twice, so send it again after a lost connection
   * @returns {Promise<any>} the result; rejects with RpcError
   */
  call(method, params = {}, { timeoutMs = CALL_TIMEOUT_MS, resend = false, urgent = false } = {}) {
    const id = String(this.#nextId++);
    const text = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    return new Promise((resolve, reject) => {
      /** @type {Pending} */
      const pending = { id, method, text, resend, resolve, reject, timer: 0 };
      pending.timer = setTimeout(() => this.#settle(pending, RpcError.timeout(method)), timeoutMs);
      if (this.state === 'offline') this.#settle(pending, RpcError.closed(method));
      else if (urgent || this.state === 'online') this.#send(pending);
      else this.#queue.push(pending);
    });
  }

  /**
   * on: calls @handler with the params of every notification of @method.
   * @param {string} method
   * @param {(params: any) => void} handler
   * @returns {() => void} takes it off again
   */
  on(method, handler) {
    const set = this.#handlers.get(method) ?? new Set();
    this.#handlers.set(method, set.add(handler));
    return () => set.delete(handler);
  }

  #connect() {
    this.#drop();
    this.#setState('connecting');
    /** @type {WebSocket} */
    let socket;
    try {
      socket = this.#makeSocket(this.#url);
    } catch {
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(), CONNECT_TIMEOUT_MS);
    socket.onopen = () => socket === this.#socket && this.#opened();
    socket.onmessage = (event) => socket === this.#socket && this.#received(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  async #opened() {
    const socket = this.#socket;
    if (!this.#token) {
      this.#online();
      return;
    }
    const params = { token: this.#token, ...(this.#sequence.last === undefined ? {} : { lastSeq: this.#sequence.last }) };
    this.#sequence.hold();
    try {
      const result = await this.call('session.start', params, { urgent: true, timeoutMs: CONNECT_TIMEOUT_MS });
      if (socket === this.#socket) this.#sessionStarted(result);
    } catch (error) {
      if (socket !== this.#socket || !(error instanceof RpcError)) return;
      if (error.code === RpcError.UNAUTHENTICATED || error.code === RpcError.FORBIDDEN) this.stop('signed_out');
      else this.#lost(error.retryAfterMs);
    }
  }

  /** @param {any} result */
  #sessionStarted(result) {
    if (typeof result.serverTime === 'number') this.clockOffsetMs = result.serverTime - Date.now();
    const { held, resync } = this.#sequence.started(result);
    this.#online();
    this.dispatchEvent(new CustomEvent('session', { detail: { ...result, resync } }));
    if (this.state !== 'online') return; /* who heard it did not believe it */
    if (resync) this.dispatchEvent(new CustomEvent('resync'));
    for (const { method, params } of held.map((params) => params.message)) this.#notified(method, params);
  }

  #online() {
    clearTimeout(this.#timer);
    this.#backoff.reset();
    this.#setState('online');
    this.#heard();
    const queue = this.#queue;
    this.#queue = [];
    for (const pending of queue) this.#send(pending);
  }

  /** @param {unknown} data */
  #received(data) {
    this.#heard();
    let message;
    try {
      message = JSON.parse(String(data));
    } catch {
      return; /* not ours to repair: the server's tests see to its JSON */
    }
    for (const one of Array.isArray(message) ? message : [message]) this.#dispatch(one);
  }

  /** @param {any} message */
  #dispatch(message) {
    if (typeof message?.method === 'string') {
      const params = message.params ?? {};
      if (this.#sequence.held) this.#sequence.take({ seq: params.seq, message: { method: message.method, params } });
      else this.#notified(message.method, params);
      return;
    }
    const pending = this.#sent.get(String(message?.id));
    if (pending) this.#settle(pending, message.error ? new RpcError(pending.method, message.error) : null, message.result);
  }

  /** @param {string} method @param {any} params */
  #notified(method, params) {
    const verdict = this.#sequence.take(params);
    if (verdict === 'seen') return;
    for (const handler of this.#handlers.get(method) ?? []) handler(params);
    if (verdict === 'gap') this.dispatchEvent(new CustomEvent('resync'));
  }

  /** @param {Pending} pending */
  #send(pending) {
    this.#sent.set(pending.id, pending);
    this.#socket?.send(pending.text);
  }

  /** @param {Pending} pending @param {RpcError | null} error @param {any} [result] */
  #settle(pending, error, result) {
    clearTimeout(pending.timer);
    this.#sent.delete(pending.id);
    this.#queue = this.#queue.filter((other) => other !== pending);
    if (error) pending.reject(error);
    else pending.resolve(result);
  }

  /** @param {number} code */
  #closed(code) {
    if (code === CLOSED_TAKEN_OVER) this.stop('taken_over');
    else if (code === CLOSED_REVOKED) this.stop('signed_out');
    else this.#lost();
  }

  #lost(leastMs = 0) {
    this.#drop();
    const wait = Math.max(leastMs, this.#backoff.next());
    this.retryAt = Date.now() + wait;
    this.#timer = setTimeout(() => this.#connect(), wait);
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    this.#queue = [...sent.filter((pending) => pending.resend), ...this.#queue];
    for (const pending of sent) if (!pending.resend) this.#settle(pending, RpcError.lost(pending.method));
    this.#setState('waiting');
  }

  /** Forgets the socket, whose late events are then nobody's. */
  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#probeTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #heard() {
    if (this.state !== 'online') return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => this.#sendProbe(), QUIET_MS);
  }

  #sendProbe(timeoutMs = PROBE_TIMEOUT_MS) {
    const socket = this.#socket;
    this.call('server.info', {}, { timeoutMs }).catch((error) => {
      if (socket && socket === this.#socket && error.code === RpcError.TIMEOUT) this.#lost();
    });
  }

  /** @param {RpcState} state */
  #setState(state) {
    if (state === this.state && state !== 'waiting') return;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: { state, retryAt: this.retryAt, reason: this.stopReason } }));
  }
}
