// SPDX-License-Identifier: Apache-2.0
/**
 * The sealed channel of a call: JSON messages between the two devices, one after another, over call.seal.
 *
 *   {sdp: {type, sdp}}  {ice: [candidate]}  {mute, camera, screen: boolean}  {hangup: reason}  {verified: true}
 *   {hold: true}: the caller is asking its user about a changed key   {sync: true}: tell me your state again
 *
 * What cannot be sent now is sent when the connection is back: the very same bytes, so that the other side can drop what it
 * already has. Events: 'message' (detail: the message), 'lost' (messages are missing), 'broken' (detail: {reason}).
 */
import { b64u, text, unb64u, utf8 } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';
import { MAX_SEALED_BYTES } from '../crypto/seal.js';

/** @typedef {import('../crypto/seal.js').Sealer} Sealer */
/** @typedef {import('../crypto/seal.js').Opener} Opener */
/** @typedef {import('./rpc-like.js').RpcLike} RpcLike */

const MAX_WAITING = 256;
const MAX_ICE_PER_MESSAGE = 32;
const SEND_TIMEOUT_MS = 60000;
const RETRY_MS = 1000;
/* limit, unavailable, timeout, connection lost: worth another try */
const AGAIN = new Set([-32005, -32007, -32101, -32102]);

export class SealedChannel extends EventTarget {
  #rpc;
  #callId;
  /** @type {{sealer: Sealer, opener: Opener} | null} */ #agreed = null;
  /** @type {Record<string, any>[]} */ #outbox = [];
  /** @type {string[]} what came before start() */ #inbox = [];
  #sending = false;
  #pumping = Promise.resolve();
  #closed = false;
  #opening = Promise.resolve();
  #lost = 0;

  /** @param {RpcLike} rpc @param {string} callId */
  constructor(rpc, callId) {
    super();
    this.#rpc = rpc;
    this.#callId = callId;
  }

  /**
   * start: the keys are agreed and confirmed; what waited goes out and is read.
   * @param {{sealer: Sealer, opener: Opener}} agreed
   */
  start(agreed) {
    this.#agreed = agreed;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const blob of inbox) this.receive(blob);
    this.#pump();
  }

  /** @param {Record<string, any>} message */
  send(message) {
    if (this.#closed) return;
    const last = this.#outbox.at(-1);
    if (message.ice && last?.ice && last.ice.length < MAX_ICE_PER_MESSAGE) last.ice.push(...message.ice);
    else this.#outbox.push(message);
    this.#pump();
  }

  /** receive: a blob of call.sealed. @param {string} blob */
  receive(blob) {
    if (this.#closed) return;
    if (!this.#agreed) {
      if (this.#inbox.length < MAX_WAITING) this.#inbox.push(blob);
      return;
    }
    const { opener } = this.#agreed;
    this.#opening = this.#opening.then(() => this.#open(opener, blob));
  }

  /**
   * farewell: one last message, past what waits; gives it @ms to leave.
   * @param {Record<string, any>} message
   * @param {number} ms
   */
  async farewell(message, ms) {
    if (this.#closed || !this.#agreed) return;
    this.#outbox = [message];
    this.#pump();
    await Promise.race([this.#pumping, new Promise((resolve) => setTimeout(resolve, ms))]);
  }

  /** flushed: resolves when nothing waits to be sent. */
  flushed() {
    return this.#pumping;
  }

  close() {
    this.#closed = true;
    this.#outbox = [];
    this.#inbox = [];
  }

  /** @param {Opener} opener @param {string} blob */
  async #open(opener, blob) {
    if (this.#closed) return;
    try {
      const message = await openMessage(opener, blob);
      if (opener.lost > this.#lost) {
        this.#lost = opener.lost;
        this.dispatchEvent(new CustomEvent('lost'));
      }
      this.dispatchEvent(new CustomEvent('message', { detail: message }));
    } catch (error) {
      const reason = error instanceof CryptoError ? error.reason : 'malformed';
      if (reason === 'replayed') return; /* sent again after a lost connection */
      this.dispatchEvent(new CustomEvent('broken', { detail: { reason } }));
    }
  }

  #pump() {
    if (this.#sending || !this.#agreed) return;
    this.#sending = true;
    this.#pumping = this.#sendAll(this.#agreed.sealer);
  }

  /** @param {Sealer} sealer */
  async #sendAll(sealer) {
    try {
      while (this.#outbox.length && !this.#closed) {
        const message = /** @type {Record<string, any>} */ (this.#outbox.shift());
        const sealed = await sealer.seal(utf8(JSON.stringify(message)));
        await this.#deliver(b64u(sealed));
      }
    } catch (error) {
      this.dispatchEvent(new CustomEvent('broken', { detail: { reason: /** @type {any} */ (error).reason ?? 'malformed' } }));
    } finally {
      this.#sending = false;
    }
  }

  /** Until it is there, the call is over, or the server refuses it for good. @param {string} blob */
  async #deliver(blob) {
    while (!this.#closed) {
      try {
        await this.#rpc.call('call.seal', { callId: this.#callId, blob }, { resend: true, timeoutMs: SEND_TIMEOUT_MS });
        return;
      } catch (error) {
        const { code, retryAfterMs } = /** @type {any} */ (error);
        if (!AGAIN.has(code)) return; /* the call is gone; call.ended says so */
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs || RETRY_MS));
      }
    }
  }
}

/**
 * openMessage: opens and parses one.
 * @param {Opener} opener
 * @param {string} blob
 * @returns {Promise<Record<string, any>>}
 */
export async function openMessage(opener, blob) {
  const plain = await opener.open(unb64u(blob, MAX_SEALED_BYTES));
  return messageParse(text(plain));
}

/**
 * messageParse: checks the shape of what it knows and drops what it does not.
 * @param {string} json
 * @returns {Record<string, any>}
 */
export function messageParse(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new CryptoError('malformed', 'not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CryptoError('malformed', 'message');
  /** @type {Record<string, any>} */
  const message = {};
  for (const [name, check] of Object.entries(SHAPES)) {
    if (value[name] === undefined) continue;
    if (!check(value[name])) throw new CryptoError('malformed', name);
    message[name] = value[name];
  }
  return message;
}

const isBoolean = (/** @type {any} */ value) => typeof value === 'boolean';
const isShort = (/** @type {any} */ value) => (value ?? null) === null || (typeof value === 'string' && value.length <= 1024);

/** @param {any} value */
const isCandidate = (value) => typeof value === 'object' && value !== null && typeof value.candidate === 'string'
  && value.candidate.length <= 1024 && isShort(value.sdpMid) && isShort(value.usernameFragment)
  && [undefined, null, 0, 1, 2, 3].includes(value.sdpMLineIndex);

/** @type {Record<string, (value: any) => boolean>} */
const SHAPES = {
  sdp: (value) => typeof value === 'object' && value !== null && ['offer', 'answer'].includes(value.type)
    && typeof value.sdp === 'string',
  ice: (value) => Array.isArray(value) && value.length <= 2 * MAX_ICE_PER_MESSAGE && value.every(isCandidate),
  mute: isBoolean,
  camera: isBoolean,
  screen: isBoolean,
  hangup: (value) => typeof value === 'string' && /^[a-z_]{1,40}$/.test(value),
  verified: isBoolean,
  hold: isBoolean,
  sync: isBoolean,
};
