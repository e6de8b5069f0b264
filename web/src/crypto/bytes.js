// SPDX-License-Identifier: Apache-2.0
/** Bytes: joining, comparing, text forms, length-prefixed fields and a strict bounded reader. */
import { CryptoError } from './errors.js';

/** Bytes over a buffer of their own, which is what WebCrypto takes. @typedef {Uint8Array<ArrayBuffer>} Bytes */

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Map([...ALPHABET].map((char, value) => [char, value]));

/** @param {string} text @returns {Bytes} */
export const utf8 = (text) => utf8Encoder.encode(text);

/**
 * text: the text of UTF-8 bytes.
 * @param {Uint8Array} bytes
 * @returns {string} throws CryptoError 'malformed' if they are not UTF-8
 */
export function text(bytes) {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    throw new CryptoError('malformed', 'not UTF-8');
  }
}

/** @param {...Uint8Array} parts @returns {Bytes} */
export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * equal: compares without stopping at the first difference.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** less: bytewise, of two of one length. @param {Uint8Array} a @param {Uint8Array} b */
export function less(a, b) {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at >= 0 && a[at] < b[at];
}

/** @param {number} length @returns {Bytes} */
export const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** @param {number} value @returns {Bytes} big-endian */
export const u16 = (value) => Uint8Array.of(value >> 8, value & 0xff);

/** @param {number} value @returns {Bytes} big-endian */
export function u32(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @param {number | bigint} value @returns {Bytes} big-endian */
export function u64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/**
 * lv: every field behind its length (u32, big-endian). Different lists of fields never give the same bytes.
 * @param {...(Uint8Array | string)} fields
 * @returns {Bytes}
 */
export function lv(...fields) {
  const parts = fields.map((field) => (typeof field === 'string' ? utf8(field) : field));
  return concat(...parts.flatMap((part) => [u32(part.length), part]));
}

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} digits @returns {Bytes} */
export function unhex(digits) {
  if (digits.length % 2 || /[^0-9a-fA-F]/.test(digits)) throw new CryptoError('malformed', 'not hexadecimal');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** b64u: base64url without padding (RFC 4648 §5). @param {Uint8Array} bytes */
export function b64u(bytes) {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const chars = Math.min(bytes.length - i, 3) + 1;
    for (let c = 0; c < chars; c++) out += ALPHABET[(group >> (18 - 6 * c)) & 63];
  }
  return out;
}

/**
 * unb64u: strict: no padding, no other characters, no stray bits, so that every value has one form.
 * @param {unknown} value
 * @param {number} [max] largest number of bytes
 * @returns {Bytes}
 */
export function unb64u(value, max = 65536) {
  if (typeof value !== 'string' || value.length % 4 === 1 || value.length > Math.ceil((max * 4) / 3)) {
    throw new CryptoError('malformed', 'not base64url');
  }
  const out = new Uint8Array(Math.floor((value.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const char of value) {
    const six = VALUES.get(char);
    if (six === undefined) throw new CryptoError('malformed', 'not base64url');
    held = ((held << 6) | six) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  if (held & ((1 << bits) - 1)) throw new CryptoError('malformed', 'not base64url');
  return out;
}

/** A cursor over received bytes. Everything it cannot read is CryptoError 'malformed'. */
export class Reader {
  #bytes;
  #view;
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @param {number} length */
  #take(length) {
    if (length > this.#bytes.length - this.#at) throw new CryptoError('malformed', 'cut off');
    const at = this.#at;
    this.#at += length;
    return at;
  }

  u16() {
    return this.#view.getUint16(this.#take(2));
  }

  u32() {
    return this.#view.getUint32(this.#take(4));
  }

  u64() {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new CryptoError('malformed', 'number too large');
    return Number(value);
  }

  /** @param {number} length @returns {Bytes} a copy */
  bytes(length) {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  /** rest: everything not read yet. @returns {Bytes} */
  rest() {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /**
   * field: one field of lv() of @min to @max bytes.
   * @param {number} min
   * @param {number} [max]
   * @returns {Bytes}
   */
  field(min, max = min) {
    const length = this.#view.getUint32(this.#take(4));
    if (length < min || length > max) throw new CryptoError('malformed', `a field of ${length} bytes`);
    return this.bytes(length);
  }

  /** label: one field that must be exactly @wanted. @param {string} wanted */
  label(wanted) {
    const expected = utf8(wanted);
    if (!equal(this.field(0, 64), expected)) throw new CryptoError('malformed', `not ${wanted}`);
  }

  /** end: nothing may be left. */
  end() {
    if (this.#at !== this.#bytes.length) throw new CryptoError('malformed', 'bytes left over');
  }
}
