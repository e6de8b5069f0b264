// SPDX-License-Identifier: Apache-2.0
/**
 * SECRET1: how two devices agree on the root key of a secret chat (docs/e2ee.md). No I/O: bytes in, bytes out.
 *
 *   requester                                accepter
 *   request()        -- R1 request -->       opened()        both signed by the identity keys that calls are signed with
 *   accepted()       <-- R2 accept ---       accept()        T = SHA-256 (body of R2), root key from T
 *
 * R2 brings the first message of the ratchet: who opens it knows that the other side has the keys.
 */
import { Reader, equal, lv, u16, u64 } from '../crypto/bytes.js';
import { KEY_BYTES, MAX_BODY_BYTES, MAX_ID_BYTES, SIGNATURE_BYTES, name, partyParse, suitesParse, suitesWrite } from '../crypto/call1-wire.js';
import { CryptoError } from '../crypto/errors.js';
import { identityVerify } from '../crypto/identity.js';
import { hkdf, hkdfKey, sha256 } from '../crypto/kdf.js';
import { DH_BYTES, KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_BYTES, SUITE_X25519_MLKEM768, bestSuite, dhAgree, dhGenerate, ownSuites } from '../crypto/kem.js';
import { concat, utf8 } from '../crypto/bytes.js';
import { MAX_MESSAGE_BYTES, answer, begin, hmacKey, open, seal } from './ratchet.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/** @typedef {import('../crypto/call1-wire.js').Party} Party */
/** @typedef {import('../crypto/identity.js').Signer} Signer */
/** @typedef {import('../crypto/kem.js').Kem} Kem */
/** @typedef {import('./ratchet.js').State} State */
/**
 * @typedef {object} Pending what the requester keeps until it is answered
 * @property {Bytes} hash SHA-256 of R1
 * @property {{publicKey: Bytes, privateKey: CryptoKey}} dh
 * @property {unknown} kem
 * @property {number[]} suites
 * @property {{user: string, name: string}} to
 */
/**
 * @typedef {object} Asked what R1 says
 * @property {Bytes} secretId
 * @property {string} to
 * @property {Party} from
 * @property {Bytes} identityKey
 * @property {Bytes} dh
 * @property {Bytes} kem
 * @property {number[]} suites
 * @property {number} sentAt
 * @property {Bytes} hash
 */
/** @typedef {{state: State, context: Bytes, suite: number, peer: Party, identityKey: Bytes}} Established */

export const SECRET_ID_BYTES = 16;
const HASH_BYTES = 32;
/** As long as the server lets a request wait, and the clocks of calls. */
export const REQUEST_MS = 7 * 24 * 3600 * 1000 + 5 * 60 * 1000;
const AHEAD_MS = 5 * 60 * 1000;
const EMPTY = new Uint8Array(0);
const LABEL = { request: 'aldis/secret1/request', accept: 'aldis/secret1/accept', root: utf8('aldis/secret1/root') };

/**
 * request: R1.
 * @param {{identity: Signer, self: Party, to: {user: string, name: string}, secretId: Bytes, now: number, kem: Kem | null}} options
 * @returns {Promise<{request: Bytes, pending: Pending}>}
 */
export async function request({ identity, self, to, secretId, now, kem }) {
  if (secretId.length !== SECRET_ID_BYTES) throw new CryptoError('malformed', 'secretId');
  const [dh, pair] = await Promise.all([dhGenerate(), kem ? kem.generate() : null]);
  const suites = ownSuites(kem);
  const body = lv(LABEL.request, secretId, to.user, self.user, self.name, self.device, identity.publicKey, dh.publicKey,
    pair?.publicKey ?? EMPTY, suitesWrite(suites), u64(now));
  const message = lv(body, await identity.sign(body));
  return { request: message, pending: { hash: await sha256(message), dh, kem: pair?.kept ?? null, suites, to } };
}

/**
 * opened: checks R1. Decides nothing about trust: look at identityKey before accept().
 * @param {Bytes} message
 * @param {{self: string, from: {user: string, name: string, device: string, key: Bytes}, secretId: Bytes, now: number}} expected what the server said
 * @returns {Promise<Asked>}
 */
export async function opened(message, { self, from: said, secretId: id, now }) {
  const outer = new Reader(message);
  const body = outer.field(1, MAX_BODY_BYTES);
  const signature = outer.field(SIGNATURE_BYTES);
  outer.end();
  const reader = new Reader(body);
  reader.label(LABEL.request);
  const secretId = reader.field(SECRET_ID_BYTES);
  const to = name(reader, MAX_ID_BYTES);
  const from = partyParse(reader);
  const identityKey = reader.field(KEY_BYTES);
  const dh = reader.field(DH_BYTES);
  const kem = reader.field(0, KEM_PUBLIC_BYTES);
  const suites = suitesParse(reader);
  if (kem.length !== (suites.includes(SUITE_X25519_MLKEM768) ? KEM_PUBLIC_BYTES : 0)) throw new CryptoError('malformed', 'KEM key');
  const sentAt = new Reader(reader.field(8)).u64();
  reader.end();
  await identityVerify(identityKey, signature, body);
  if (!equal(secretId, id)) throw new CryptoError('wrong_call', 'secretId');
  if (to !== self) throw new CryptoError('wrong_peer', 'not for us');
  if (from.user !== said.user || from.name !== said.name || from.device !== said.device || !equal(identityKey, said.key)) throw new CryptoError('wrong_peer');
  if (sentAt > now + AHEAD_MS || now - sentAt > REQUEST_MS) throw new CryptoError('stale');
  return { secretId, to, from, identityKey, dh, kem, suites, sentAt, hash: await sha256(message) };
}

/** @param {Bytes} dh @param {Bytes} kem @param {Bytes} transcript */
async function rootKey(dh, kem, transcript) {
  const ikm = concat(dh, kem);
  const key = await hkdfKey(ikm);
  for (const bytes of [ikm, dh, kem]) bytes.fill(0);
  return hmacKey(await hkdf(key, transcript, LABEL.root, 32));
}

/** @param {Bytes} transcript */
const signedByAccepter = (transcript) => lv(`${LABEL.accept}/signature`, transcript);

/**
 * accept: R2, whose end is @hello, the first message of the ratchet.
 * @param {Asked} asked
 * @param {{identity: Signer, self: Party, kem: Kem | null, hello: Bytes}} options
 * @returns {Promise<{accept: Bytes} & Established>}
 */
export async function accept(asked, { identity, self, kem, hello }) {
  const suites = ownSuites(kem);
  const suite = bestSuite(suites, asked.suites);
  const own = await dhGenerate();
  const dh = await dhAgree(own.privateKey, asked.dh);
  const { ciphertext, secret } = suite === SUITE_X25519_MLKEM768 && kem ? await encapsulate(kem, asked.kem) : { ciphertext: EMPTY, secret: EMPTY };
  const body = lv(LABEL.accept, asked.hash, self.user, self.name, self.device, identity.publicKey, own.publicKey, ciphertext,
    suitesWrite(suites), u16(suite));
  const context = await sha256(body);
  const first = await begin(await rootKey(dh, secret, context), asked.dh);
  const { state, message } = await seal(first, hello, context);
  const signature = await identity.sign(signedByAccepter(context));
  return { accept: lv(body, signature, message), state, context, suite, peer: asked.from, identityKey: asked.identityKey };
}

/**
 * accepted: R2. Decides nothing about trust: look at identityKey before anything is sent.
 * @param {Bytes} message
 * @param {Pending} pending
 * @param {{device: string, kem: Kem | null}} options device: which one the server said
 * @returns {Promise<{hello: Bytes} & Established>}
 */
export async function accepted(message, pending, { device, kem }) {
  const outer = new Reader(message);
  const body = outer.field(1, MAX_BODY_BYTES);
  const signature = outer.field(SIGNATURE_BYTES);
  const first = outer.field(1, MAX_MESSAGE_BYTES);
  outer.end();
  const reader = new Reader(body);
  reader.label(LABEL.accept);
  const hash = reader.field(HASH_BYTES);
  const from = partyParse(reader);
  const identityKey = reader.field(KEY_BYTES);
  const dh = reader.field(DH_BYTES);
  const ciphertext = reader.field(0, KEM_CIPHERTEXT_BYTES);
  const suites = suitesParse(reader);
  const suite = new Reader(reader.field(2)).u16();
  if (ciphertext.length !== (suite === SUITE_X25519_MLKEM768 ? KEM_CIPHERTEXT_BYTES : 0)) throw new CryptoError('malformed', 'KEM ciphertext');
  reader.end();
  if (!equal(hash, pending.hash)) throw new CryptoError('wrong_call');
  if (from.user !== pending.to.user || from.name !== pending.to.name || from.device !== device) throw new CryptoError('wrong_peer');
  const context = await sha256(body);
  await identityVerify(identityKey, signature, signedByAccepter(context));
  if (suite !== bestSuite(pending.suites, suites)) throw new CryptoError('downgrade');
  const shared = await dhAgree(pending.dh.privateKey, dh);
  const secret = suite === SUITE_X25519_MLKEM768 && kem ? await kem.restore(pending.kem)(ciphertext) : new Uint8Array(0);
  const root = await rootKey(shared, secret, context);
  const { state, plain } = await open(answer(root, pending.dh), first, context);
  return { hello: plain, state, context, suite, peer: from, identityKey };
}

/** @param {Kem} kem @param {Bytes} publicKey */
async function encapsulate(kem, publicKey) {
  try {
    return await kem.encapsulate(publicKey);
  } catch {
    throw new CryptoError('bad_key', 'ML-KEM');
  }
}
