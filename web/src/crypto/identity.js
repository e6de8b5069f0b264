// SPDX-License-Identifier: Apache-2.0
/**
 * The identity of this device: an Ed25519 key pair per account, made in the browser, whose private half cannot be
 * exported by anybody, us included. Other people pin its public half.
 */
import { b64u, utf8 } from './bytes.js';
import { CryptoError } from './errors.js';
import { Pins } from './pins.js';
import { UsedCalls } from './used-calls.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./store.js').KeyStore} KeyStore */
/** @typedef {{publicKey: Bytes, sign: (bytes: Bytes) => Promise<Bytes>}} Signer */

const subtle = globalThis.crypto.subtle;

/**
 * identityVerify: throws CryptoError 'bad_signature' if @signature is not one of @publicKey over @bytes.
 * @param {Bytes} publicKey 32 bytes
 * @param {Bytes} signature 64 bytes
 * @param {Bytes} bytes
 */
export async function identityVerify(publicKey, signature, bytes) {
  let good = false;
  try {
    const key = await subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    good = await subtle.verify('Ed25519', key, signature, bytes);
  } catch {
    /* not a point of the curve */
  }
  if (!good) throw new CryptoError('bad_signature');
}

export class Identity {
  #privateKey;

  /**
   * @param {CryptoKey} privateKey
   * @param {Bytes} publicKey
   * @param {KeyStore} store
   * @param {string} account
   */
  constructor(privateKey, publicKey, store, account) {
    this.#privateKey = privateKey;
    /** 32 bytes */
    this.publicKey = publicKey;
    /** the keys of other people that this account has seen */
    this.pins = new Pins(store, account);
    /** the calls that this account has taken part in */
    this.usedCalls = new UsedCalls(store, account);
  }

  /** What account.register and account.login want as device.identityKey. */
  get encoded() {
    return b64u(this.publicKey);
  }

  /** @param {Bytes} bytes @returns {Promise<Bytes>} 64 bytes */
  async sign(bytes) {
    return new Uint8Array(await subtle.sign('Ed25519', this.#privateKey, bytes));
  }

  /**
   * load: the identity of an account in this browser.
   * @param {KeyStore} store
   * @param {string} account any fixed name of the account: its username, say
   * @returns {Promise<Identity | null>} null if there is none, or if it no longer works
   */
  static async load(store, account) {
    const kept = await store.get('identity', account);
    if (!kept) return null;
    const identity = new Identity(kept.privateKey, kept.publicKey, store, account);
    try {
      const probe = utf8('aldis/identity/probe');
      await identityVerify(identity.publicKey, await identity.sign(probe), probe);
    } catch {
      return null;
    }
    return identity;
  }

  /**
   * create: makes one and keeps it, in the place of any before.
   * @param {KeyStore} store
   * @param {string} account
   * @returns {Promise<Identity>}
   */
  static async create(store, account) {
    const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey('Ed25519', false, ['sign', 'verify']));
    const publicKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey));
    await store.put('identity', account, { privateKey: pair.privateKey, publicKey });
    return new Identity(pair.privateKey, publicKey, store, account);
  }

  /** loadOrCreate: @param {KeyStore} store @param {string} account */
  static async loadOrCreate(store, account) {
    return (await Identity.load(store, account)) ?? Identity.create(store, account);
  }
}
