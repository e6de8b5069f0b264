// SPDX-License-Identifier: Apache-2.0
/**
 * The Double Ratchet (Signal's specification, revision 4), for two devices that share a root key: a key for each message,
 * which is forgotten when it was used, and a new Diffie-Hellman secret whenever the turn changes. Pure: a state goes in, the
 * next one comes out, so that whoever keeps it decides when it counts; a message that cannot be opened leaves no trace.
 *
 *   version u8 | ratchet key[32] | messages of the chain before u32 | number u32 | ciphertext | tag[16]
 *   '------------------------ header, bound as associated data ----------------'
 *
 * Keys are CryptoKeys that cannot be exported; HKDF-Extract under a key that is not readable is HMAC (RFC 5869 §2.2).
 */
import { Reader, b64u, concat, equal, lv, u32, utf8 } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';
import { hkdf, hkdfAes, hkdfKey, mac } from '../crypto/kdf.js';
import { DH_BYTES, dhAgree, dhGenerate } from '../crypto/kem.js';
import { pad, unpad } from '../crypto/seal.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/** @typedef {{chain: string, n: number, secret: CryptoKey}} Skipped */
/**
 * @typedef {object} State
 * @property {CryptoKey} root
 * @property {{publicKey: Bytes, privateKey: CryptoKey}} own
 * @property {Bytes | null} peer the other side's newest ratchet key
 * @property {CryptoKey | null} send
 * @property {CryptoKey | null} receive
 * @property {number} sent of the sending chain
 * @property {number} received of the receiving chain
 * @property {number} before how many the sending chain before had
 * @property {Skipped[]} skipped keys of messages that have not come, the oldest first
 */

const VERSION = 1;
const HEADER_BYTES = 1 + DH_BYTES + 4 + 4;
const TAG_BYTES = 16;
const PAD_TO = 256;
/** What fits into secret.send: 64 KiB. */
export const MAX_MESSAGE_BYTES = 65536;
/** Messages that may be missing before one that comes: each costs a key. */
export const MAX_SKIP = 1000;
/** Keys of missing messages that are kept; the oldest give way. */
export const MAX_KEPT = 2000;

const subtle = globalThis.crypto.subtle;
const NO_SALT = new Uint8Array(32);
const INFO = { root: utf8('aldis/secret1/ratchet'), key: utf8('aldis/secret1/message key'), nonce: utf8('aldis/secret1/message nonce') };

/** hmacKey: forgets the bytes. @param {Bytes} bytes */
export async function hmacKey(bytes) {
  const key = await subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  bytes.fill(0);
  return key;
}

/** KDF_RK: HKDF-SHA256(salt = root key, ikm = DH), 64 bytes: the next root key, a chain key. @param {CryptoKey} root @param {Bytes} dh */
async function nextRoot(root, dh) {
  const bytes = await mac(root, dh);
  dh.fill(0);
  const extracted = await hmacKey(bytes);
  const first = await mac(extracted, concat(INFO.root, Uint8Array.of(1)));
  const second = await mac(extracted, concat(first, INFO.root, Uint8Array.of(2)));
  return { root: await hmacKey(first), chain: await hmacKey(second) };
}

/** KDF_CK. @param {CryptoKey} chain */
async function nextChain(chain) {
  const secret = await mac(chain, Uint8Array.of(1));
  const message = await hkdfKey(secret);
  secret.fill(0);
  return { message, chain: await hmacKey(await mac(chain, Uint8Array.of(2))) };
}

/** @param {CryptoKey} message @param {Bytes} header @param {Bytes} context */
async function cipher(message, header, context) {
  const key = await hkdfAes(message, NO_SALT, INFO.key, 256);
  const iv = await hkdf(message, NO_SALT, INFO.nonce, 12);
  return { key, algorithm: { name: 'AES-GCM', iv, additionalData: lv('aldis/secret1/message', context, header) } };
}

/** begin: the side that knows the other's ratchet key; it can send at once. @param {CryptoKey} root @param {Bytes} peer @returns {Promise<State>} */
export async function begin(root, peer) {
  const own = await dhGenerate();
  const next = await nextRoot(root, await dhAgree(own.privateKey, peer));
  return { root: next.root, own, peer, send: next.chain, receive: null, sent: 0, received: 0, before: 0, skipped: [] };
}

/** answer: the side whose ratchet key the other knows; it can send when it has opened a message. @param {CryptoKey} root @param {{publicKey: Bytes, privateKey: CryptoKey}} own @returns {State} */
export const answer = (root, own) => ({ root, own, peer: null, send: null, receive: null, sent: 0, received: 0, before: 0, skipped: [] });

/**
 * seal: the next message, and the state after it.
 * @param {State} state
 * @param {Bytes} plain
 * @param {Bytes} context what else both sides agree on
 */
export async function seal(state, plain, context) {
  if (!state.send) throw new CryptoError('out_of_order', 'nothing was received yet');
  if (state.sent >= 0xffffffff) throw new CryptoError('exhausted');
  const padded = pad(plain);
  if (HEADER_BYTES + padded.length + TAG_BYTES > MAX_MESSAGE_BYTES) throw new CryptoError('malformed', 'the message is too long');
  const header = concat(Uint8Array.of(VERSION), state.own.publicKey, u32(state.before), u32(state.sent));
  const { message, chain } = await nextChain(state.send);
  const { key, algorithm } = await cipher(message, header, context);
  const sealed = new Uint8Array(await subtle.encrypt(algorithm, key, padded));
  return { state: { ...state, send: chain, sent: state.sent + 1 }, message: concat(header, sealed) };
}

/** @param {Bytes} message */
function parse(message) {
  if (message.length < HEADER_BYTES + PAD_TO + TAG_BYTES || message.length > MAX_MESSAGE_BYTES
    || (message.length - HEADER_BYTES - TAG_BYTES) % PAD_TO) throw new CryptoError('malformed', `a message of ${message.length} bytes`);
  const reader = new Reader(message);
  const [version] = reader.bytes(1);
  if (version !== VERSION) throw new CryptoError('malformed', 'version');
  return { header: message.slice(0, HEADER_BYTES), key: reader.bytes(DH_BYTES), before: reader.u32(), n: reader.u32(), sealed: reader.rest() };
}

/** The receiving chain up to @until, whose keys are kept for what may still come. @param {State} state @param {number} until @returns {Promise<State>} */
async function skip(state, until) {
  if (!state.receive || !state.peer) return state;
  if (until - state.received > MAX_SKIP) throw new CryptoError('exhausted', 'too many messages are missing');
  const name = b64u(state.peer);
  const skipped = [...state.skipped];
  let { receive } = state;
  for (let n = state.received; n < until; n++) {
    const { message, chain } = await nextChain(receive);
    skipped.push({ chain: name, n, secret: message });
    receive = chain;
  }
  return { ...state, receive, received: Math.max(until, state.received), skipped: skipped.slice(-MAX_KEPT) };
}

/** The turn has changed. @param {State} state @param {Bytes} peer @returns {Promise<State>} */
async function turn(state, peer) {
  const receiving = await nextRoot(state.root, await dhAgree(state.own.privateKey, peer));
  const own = await dhGenerate();
  const sending = await nextRoot(receiving.root, await dhAgree(own.privateKey, peer));
  return { ...state, root: sending.root, own, peer, send: sending.chain, receive: receiving.chain, before: state.sent, sent: 0, received: 0 };
}

/** @param {CryptoKey} message @param {Bytes} header @param {Bytes} sealed @param {Bytes} context */
async function unseal(message, header, sealed, context) {
  const { key, algorithm } = await cipher(message, header, context);
  try {
    return unpad(new Uint8Array(await subtle.decrypt(algorithm, key, sealed)));
  } catch (error) {
    throw error instanceof CryptoError ? error : new CryptoError('bad_seal');
  }
}

/**
 * open: what a message says, and the state after it. Throws CryptoError 'malformed', 'replayed', 'exhausted', 'bad_key' or
 * 'bad_seal'; the state before is then still the one.
 * @param {State} state
 * @param {Bytes} bytes
 * @param {Bytes} context
 * @returns {Promise<{state: State, plain: Bytes}>}
 */
export async function open(state, bytes, context) {
  const { header, key, before, n, sealed } = parse(bytes);
  const name = b64u(key);
  const kept = state.skipped.find((one) => one.chain === name && one.n === n);
  if (kept) {
    const plain = await unseal(kept.secret, header, sealed, context);
    return { state: { ...state, skipped: state.skipped.filter((one) => one !== kept) }, plain };
  }
  let next = state;
  if (!state.peer || !state.receive || !equal(key, state.peer)) {
    /* the first of the other side's whose key we knew: the turn is the same */
    next = await turn(await skip(state, before), key);
  } else if (n < state.received) throw new CryptoError('replayed', 'message');
  next = await skip(next, n);
  const { message, chain } = await nextChain(/** @type {CryptoKey} */ (next.receive));
  const plain = await unseal(message, header, sealed, context);
  return { state: { ...next, receive: chain, received: n + 1 }, plain };
}
