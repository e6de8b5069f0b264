// SPDX-License-Identifier: Apache-2.0
/**
 * Sealed messages between the two devices of a call: AES-256-GCM, one key and one counter per direction.
 *
 *   u64 counter | ciphertext | tag[16]         nonce = 0000 0000 | counter, AAD = lv("aldis/call1/seal", T)
 *
 * The plaintext is padded (0x80, then zeros) to a multiple of 256 bytes, so that its length does not tell a mute from a
 * hang-up. The counter may skip (a message was lost with a connection) but never goes back.
 */
import { concat, lv, u64 } from './bytes.js';
import { CryptoError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

const subtle = globalThis.crypto.subtle;
const COUNTER_BYTES = 8;
const TAG_BYTES = 16;
const PAD_TO = 256;
/** so that base64url of a sealed message, with the fields around it, stays within the server's 64 KiB */
export const MAX_SEALED_BYTES = 47 * 1024;
const MAX_COUNTER = 2 ** 32;

/** @param {number} counter */
const nonce = (counter) => concat(new Uint8Array(4), u64(counter));
/** @param {Bytes} transcript */
const context = (transcript) => lv('aldis/call1/seal', transcript);

/** pad: to a multiple of 256 bytes. @param {Uint8Array} plain */
export function pad(plain) {
  const padded = new Uint8Array(Math.ceil((plain.length + 1) / PAD_TO) * PAD_TO);
  padded.set(plain);
  padded[plain.length] = 0x80;
  return padded;
}

/** @param {Bytes} padded */
export function unpad(padded) {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== 0x80) throw new CryptoError('malformed', 'padding');
  return padded.slice(0, end);
}

/** Seals what this device sends. */
export class Sealer {
  #key;
  #context;
  #next = 0;

  /** @param {CryptoKey} key @param {Bytes} transcript T */
  constructor(key, transcript) {
    this.#key = key;
    this.#context = context(transcript);
  }

  /** @param {Uint8Array} plain @returns {Promise<Bytes>} */
  async seal(plain) {
    const counter = this.#next++; /* taken before the first await: two calls at once get two counters */
    if (counter >= MAX_COUNTER) throw new CryptoError('exhausted');
    const padded = pad(plain);
    if (COUNTER_BYTES + padded.length + TAG_BYTES > MAX_SEALED_BYTES) {
      throw new CryptoError('malformed', 'the message is too long');
    }
    const algorithm = { name: 'AES-GCM', iv: nonce(counter), additionalData: this.#context };
    return concat(u64(counter), new Uint8Array(await subtle.encrypt(algorithm, this.#key, padded)));
  }
}

/** Opens what the peer's device sent. */
export class Opener {
  #key;
  #context;
  #next = 0;
  /** messages that never came, by the counters */
  lost = 0;

  /** @param {CryptoKey} key @param {Bytes} transcript T */
  constructor(key, transcript) {
    this.#key = key;
    this.#context = context(transcript);
  }

  /**
   * open: calls must not overlap.
   * @param {Bytes} sealed
   * @returns {Promise<Bytes>} throws CryptoError 'malformed', 'replayed' (seen, or older than one seen) or 'bad_seal'
   */
  async open(sealed) {
    if (sealed.length < COUNTER_BYTES + PAD_TO + TAG_BYTES || sealed.length > MAX_SEALED_BYTES) {
      throw new CryptoError('malformed', `a sealed message of ${sealed.length} bytes`);
    }
    const big = new DataView(sealed.buffer, sealed.byteOffset).getBigUint64(0);
    if (big >= BigInt(MAX_COUNTER)) throw new CryptoError('malformed', 'counter');
    const counter = Number(big);
    if (counter < this.#next) throw new CryptoError('replayed', 'sealed message');
    const algorithm = { name: 'AES-GCM', iv: nonce(counter), additionalData: this.#context };
    let padded;
    try {
      padded = new Uint8Array(await subtle.decrypt(algorithm, this.#key, sealed.subarray(COUNTER_BYTES)));
    } catch {
      throw new CryptoError('bad_seal');
    }
    this.lost += counter - this.#next;
    this.#next = counter + 1;
    return unpad(padded);
  }
}
