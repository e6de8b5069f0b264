// SPDX-License-Identifier: Apache-2.0
/**
 * SFrame, RFC 9605: header, key derivation, and the AES-GCM suites (4 and 5) over WebCrypto.
 *
 *    0 1 2 3 4 5 6 7
 *   +-+-+-+-+-+-+-+-+-----------+-----------+     X = 0: KKK is the key id, X = 1: its length less one
 *   |X|  K  |Y|  C  |   key id  |  counter  |     Y, C: the same of the counter
 *   +-+-+-+-+-+-+-+-+-----------+-----------+     both big-endian, in as few bytes as possible (§4.3)
 */
import { concat, u16, u64, utf8 } from './bytes.js';
import { CryptoError } from './errors.js';
import { hkdf, hkdfAes } from './kdf.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{bits: 128 | 256, hash: 'SHA-256' | 'SHA-512'}} SuiteParameters */
/** @typedef {{key: CryptoKey, salt: Bytes}} SFrameKey what one key id derives (§4.4.2) */

export const SUITE_AES_128_GCM = 4;
export const SUITE_AES_256_GCM = 5;
export const TAG_BYTES = 16;
export const MAX_HEADER_BYTES = 17;

/** @type {Record<number, SuiteParameters>} §4.5 */
const SUITES = {
  [SUITE_AES_128_GCM]: { bits: 128, hash: 'SHA-256' },
  [SUITE_AES_256_GCM]: { bits: 256, hash: 'SHA-512' },
};

const subtle = globalThis.crypto.subtle;
const INLINE_MAX = 7;

/** @param {number | bigint} value @returns {Bytes} no leading zeros */
function minimal(value) {
  const bytes = u64(value);
  return bytes.slice(Math.min(bytes.findIndex((byte) => byte !== 0) >>> 0, 7));
}

/** @param {number | bigint} kid @param {number | bigint} counter @returns {Bytes} 1 to 17 bytes */
export function headerWrite(kid, counter) {
  const [kidBytes, counterBytes] = [kid, counter].map((value) => (value <= INLINE_MAX ? new Uint8Array(0) : minimal(value)));
  const nibble = (/** @type {number | bigint} */ value, /** @type {Bytes} */ bytes) =>
    bytes.length ? 8 | (bytes.length - 1) : Number(value);
  return concat(Uint8Array.of((nibble(kid, kidBytes) << 4) | nibble(counter, counterBytes)), kidBytes, counterBytes);
}

/**
 * headerParse: strict: the whole of @bytes must be one header in its shortest form.
 * @param {Uint8Array} bytes
 * @returns {{kid: bigint, counter: bigint} | null} null if it is none
 */
export function headerParse(bytes) {
  if (bytes.length < 1 || bytes.length > MAX_HEADER_BYTES) return null;
  const [kidNibble, counterNibble] = [bytes[0] >> 4, bytes[0] & 15];
  const kidLength = kidNibble & 8 ? (kidNibble & 7) + 1 : 0;
  const counterLength = counterNibble & 8 ? (counterNibble & 7) + 1 : 0;
  if (bytes.length !== 1 + kidLength + counterLength) return null;
  const kid = number(kidNibble, bytes.subarray(1, 1 + kidLength));
  const counter = number(counterNibble, bytes.subarray(1 + kidLength));
  return kid === null || counter === null ? null : { kid, counter };
}

/** @param {number} nibble @param {Uint8Array} bytes */
function number(nibble, bytes) {
  if (!bytes.length) return BigInt(nibble & 7);
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  const shortest = bytes.length > 1 ? bytes[0] !== 0 : bytes[0] > INLINE_MAX;
  return shortest ? value : null;
}

/**
 * deriveKey: sframe_secret = HKDF-Extract("", base_key); key and salt are expanded from it with the key id and the suite
 * in their labels.
 * @param {CryptoKey} baseKey an HKDF key
 * @param {number | bigint} kid
 * @param {number} suite 4 or 5
 * @returns {Promise<SFrameKey>}
 */
export async function deriveKey(baseKey, kid, suite) {
  const parameters = SUITES[suite];
  if (!parameters) throw new CryptoError('unsupported', `SFrame suite ${suite}`);
  const none = new Uint8Array(0);
  const label = (/** @type {string} */ name) => concat(utf8(`SFrame 1.0 Secret ${name} `), u64(kid), u16(suite));
  const [key, salt] = await Promise.all([
    hkdfAes(baseKey, none, label('key'), parameters.bits, parameters.hash),
    hkdf(baseKey, none, label('salt'), 12, parameters.hash),
  ]);
  return { key, salt };
}

/** §4.4.3: the salt XOR the counter. @param {Bytes} salt @param {number | bigint} counter @returns {Bytes} */
export function nonce(salt, counter) {
  const bytes = concat(new Uint8Array(4), u64(counter));
  for (let i = 0; i < 12; i++) bytes[i] ^= salt[i];
  return bytes;
}

/**
 * encrypt: §4.4.3. The caller sees to it that no counter is used twice with a key.
 * @param {SFrameKey} sframeKey
 * @param {Bytes} header
 * @param {number | bigint} counter the one in @header
 * @param {Bytes} metadata authenticated with the header
 * @param {Bytes} plain
 * @returns {Promise<Bytes>} ciphertext and tag
 */
export async function encrypt(sframeKey, header, counter, metadata, plain) {
  const iv = nonce(sframeKey.salt, counter);
  const algorithm = { name: 'AES-GCM', iv, additionalData: concat(header, metadata) };
  return new Uint8Array(await subtle.encrypt(algorithm, sframeKey.key, plain));
}

/**
 * decrypt: §4.4.4.
 * @param {SFrameKey} sframeKey
 * @param {Bytes} header
 * @param {number | bigint} counter
 * @param {Bytes} metadata
 * @param {Bytes} sealed ciphertext and tag
 * @returns {Promise<Bytes | null>} null if it does not authenticate
 */
export async function decrypt(sframeKey, header, counter, metadata, sealed) {
  const iv = nonce(sframeKey.salt, counter);
  const algorithm = { name: 'AES-GCM', iv, additionalData: concat(header, metadata) };
  try {
    return new Uint8Array(await subtle.decrypt(algorithm, sframeKey.key, sealed));
  } catch {
    return null;
  }
}
