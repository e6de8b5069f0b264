// SPDX-License-Identifier: Apache-2.0
/**
 * The key exchange of a call: X25519, and ML-KEM-768 (FIPS 203) by WebCrypto where the browser has it, else by
 * @noble/post-quantum, which is bundled and runs only then.
 *
 * Suite 2 = X25519 + ML-KEM-768, suite 1 = X25519 alone. Both sides list their suites inside what they sign, and the
 * highest common one is used, so a list that was shortened on the way is a signature that does not verify.
 */
import { CryptoError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{publicKey: Bytes, privateKey: CryptoKey}} DhPair */
/**
 * @typedef {object} KemPair
 * @property {Bytes} publicKey 1184 bytes
 * @property {unknown} kept what restore() makes decapsulate of again, also after it was in IndexedDB
 * @property {(ciphertext: Bytes) => Promise<Bytes>} decapsulate 1088 bytes in, 32 out
 */
/**
 * @typedef {object} Kem
 * @property {() => Promise<KemPair>} generate
 * @property {(kept: any) => KemPair['decapsulate']} restore
 * @property {(publicKey: Bytes) => Promise<{ciphertext: Bytes, secret: Bytes}>} encapsulate
 */

export const SUITE_X25519 = 1;
export const SUITE_X25519_MLKEM768 = 2;
export const DH_BYTES = 32;
export const KEM_PUBLIC_BYTES = 1184;
export const KEM_CIPHERTEXT_BYTES = 1088;

const subtle = /** @type {any} */ (globalThis.crypto.subtle);

/** @returns {Promise<DhPair>} */
export async function dhGenerate() {
  const pair = await subtle.generateKey('X25519', false, ['deriveBits']);
  return { publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)), privateKey: pair.privateKey };
}

/**
 * dhAgree: RFC 7748 §6.1. A peer key that gives the all-zero secret (small order) is refused, as its MAY there and RFC
 * 8446 §7.4.2 demand: the secret would not depend on us.
 * @param {CryptoKey} privateKey
 * @param {Bytes} peer
 * @returns {Promise<Bytes>}
 */
export async function dhAgree(privateKey, peer) {
  let secret;
  try {
    const key = await subtle.importKey('raw', peer, 'X25519', true, []);
    secret = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: key }, privateKey, 256));
  } catch {
    throw new CryptoError('bad_key', 'X25519'); /* some implementations check for zero themselves */
  }
  if (secret.every((byte) => byte === 0)) throw new CryptoError('bad_key', 'X25519 gives zero');
  return secret;
}

const ML_KEM = { name: 'ML-KEM-768' };

/** @type {Kem} */
export const webCryptoKem = {
  async generate() {
    const pair = await subtle.generateKey(ML_KEM, false, ['encapsulateBits', 'decapsulateBits']);
    return {
      publicKey: new Uint8Array(await subtle.exportKey('raw-public', pair.publicKey)),
      kept: pair.privateKey,
      decapsulate: webCryptoKem.restore(pair.privateKey),
    };
  },
  restore: (kept) => async (ciphertext) => new Uint8Array(await subtle.decapsulateBits(ML_KEM, kept, ciphertext)),
  async encapsulate(publicKey) {
    const key = await subtle.importKey('raw-public', publicKey, ML_KEM, false, ['encapsulateBits']);
    const { ciphertext, sharedKey } = await subtle.encapsulateBits(ML_KEM, key);
    return { ciphertext: new Uint8Array(ciphertext), secret: new Uint8Array(sharedKey) };
  },
};

/** @returns {Promise<Kem>} */
export async function softwareKem() {
  const { ml_kem768: kem } = await import('@noble/post-quantum/ml-kem.js');
  const own = (/** @type {Uint8Array} */ bytes) => new Uint8Array(bytes);
  return {
    async generate() {
      const { publicKey, secretKey } = kem.keygen();
      return {
        publicKey: own(publicKey),
        kept: secretKey,
        decapsulate: async (ciphertext) => own(kem.decapsulate(ciphertext, secretKey)),
      };
    },
    restore: (kept) => async (ciphertext) => own(kem.decapsulate(ciphertext, kept)),
    async encapsulate(publicKey) {
      const { cipherText, sharedSecret } = kem.encapsulate(publicKey);
      return { ciphertext: own(cipherText), secret: own(sharedSecret) };
    },
  };
}

async function hasNativeKem() {
  if (typeof subtle.encapsulateBits !== 'function') return false;
  try {
    await subtle.generateKey(ML_KEM, false, ['encapsulateBits', 'decapsulateBits']);
    return true;
  } catch {
    return false;
  }
}

/** @type {Promise<Kem | null> | undefined} */
let found;

/**
 * findKem: the ML-KEM of this browser, null if there is none and the fallback does not load either (then suite 1).
 * @returns {Promise<Kem | null>}
 */
export function findKem() {
  found ??= hasNativeKem().then((native) => (native ? webCryptoKem : softwareKem().catch(() => null)));
  return found;
}

/** ownSuites: what this browser can do, best first. @param {Kem | null} kem */
export const ownSuites = (kem) => (kem ? [SUITE_X25519_MLKEM768, SUITE_X25519] : [SUITE_X25519]);

/**
 * bestSuite: the highest common suite.
 * @param {number[]} ours
 * @param {number[]} theirs
 */
export function bestSuite(ours, theirs) {
  const best = Math.max(0, ...ours.filter((suite) => theirs.includes(suite)));
  if (!best) throw new CryptoError('unsupported', 'no common suite');
  return best;
}
