// SPDX-License-Identifier: Apache-2.0
/** HKDF, HMAC and hashes over WebCrypto. Keys stay CryptoKey objects that cannot be exported wherever that is possible. */
import { concat, utf8 } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */

const subtle = globalThis.crypto.subtle;

/** @param {Bytes} bytes @returns {Promise<Bytes>} */
export const sha256 = async (bytes) => new Uint8Array(await subtle.digest('SHA-256', bytes));

/** hkdfKey: imports input key material. @param {Bytes} ikm */
export const hkdfKey = (ikm) => subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits', 'deriveKey']);

/**
 * hkdf: RFC 5869, extract and expand.
 * @param {CryptoKey} key of hkdfKey()
 * @param {Bytes} salt
 * @param {Bytes} info
 * @param {number} length bytes
 * @param {'SHA-256' | 'SHA-512'} [hash]
 * @returns {Promise<Bytes>}
 */
export async function hkdf(key, salt, info, length, hash = 'SHA-256') {
  return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash, salt, info }, key, length * 8));
}

/**
 * hkdfAes: the same as an AES-GCM key that cannot be exported.
 * @param {CryptoKey} key
 * @param {Bytes} salt
 * @param {Bytes} info
 * @param {128 | 256} bits
 * @param {'SHA-256' | 'SHA-512'} [hash]
 */
export function hkdfAes(key, salt, info, bits, hash = 'SHA-256') {
  const algorithm = { name: 'HKDF', hash, salt, info };
  return subtle.deriveKey(algorithm, key, { name: 'AES-GCM', length: bits }, false, ['encrypt', 'decrypt']);
}

/** hkdfMac: the same as an HMAC-SHA-256 key. @param {CryptoKey} key @param {Bytes} salt @param {Bytes} info */
export function hkdfMac(key, salt, info) {
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt, info };
  return subtle.deriveKey(algorithm, key, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign', 'verify']);
}

/** @param {CryptoKey} key @param {Bytes} bytes @returns {Promise<Bytes>} */
export const mac = async (key, bytes) => new Uint8Array(await subtle.sign('HMAC', key, bytes));

/** @param {CryptoKey} key @param {Bytes} tag @param {Bytes} bytes */
export const macVerify = (key, tag, bytes) => subtle.verify('HMAC', key, tag, bytes);

/**
 * @typedef {object} CallKeys the seven keys of a call
 * @property {CryptoKey} confirmCaller
 * @property {CryptoKey} confirmCallee
 * @property {CryptoKey} sealCaller
 * @property {CryptoKey} sealCallee
 * @property {CryptoKey} mediaCaller HKDF key: SFrame's base_key
 * @property {CryptoKey} mediaCallee
 * @property {CryptoKey} sas HKDF key
 */

/**
 * callKeys: K(label) = HKDF-SHA256(ikm = X25519 secret ‖ ML-KEM secret, salt = T, info = "call v1 " + label).
 * @param {Bytes} dh
 * @param {Bytes} kem empty in suite 1
 * @param {Bytes} transcript T
 * @returns {Promise<CallKeys>}
 */
export async function callKeys(dh, kem, transcript) {
  const ikm = concat(dh, kem);
  const key = await hkdfKey(ikm);
  ikm.fill(0);
  const info = (/** @type {string} */ label) => utf8(`call v1 ${label}`);
  const base = async (/** @type {string} */ label) => {
    const bytes = await hkdf(key, transcript, info(label), 32);
    const derived = await hkdfKey(bytes);
    bytes.fill(0);
    return derived;
  };
  const [confirmCaller, confirmCallee, sealCaller, sealCallee, mediaCaller, mediaCallee, sas] = await Promise.all([
    hkdfMac(key, transcript, info('kc_a')),
    hkdfMac(key, transcript, info('kc_b')),
    hkdfAes(key, transcript, info('seal_a'), 256),
    hkdfAes(key, transcript, info('seal_b'), 256),
    base('media_a'),
    base('media_b'),
    base('sas'),
  ]);
  return { confirmCaller, confirmCallee, sealCaller, sealCallee, mediaCaller, mediaCallee, sas };
}
