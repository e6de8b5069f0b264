// SPDX-License-Identifier: Apache-2.0
/**
 * The four messages of CALL1 in bytes (docs/e2ee.md draws them). Everything is lv(): fields behind u32 lengths, whose
 * number, order and sizes are fixed, so every message has exactly one form, and what is signed is what is sent.
 */
import { Reader, lv, text, u16, u64 } from './bytes.js';
import { CryptoError } from './errors.js';
import { DH_BYTES, KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_BYTES, SUITE_X25519_MLKEM768 } from './kem.js';
import { usernameOrThrow } from './names.js';
import { MAX_SEALED_BYTES } from './seal.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{user: string, name: string, device: string}} Party ids of the server, name is the username */
/**
 * @typedef {object} InviteBody
 * @property {Bytes} callId
 * @property {string} to the callee's user id
 * @property {Party} from
 * @property {Bytes} identityKey
 * @property {Bytes} dh X_A
 * @property {Bytes} kem EK_A, empty without suite 2
 * @property {number[]} suites best first
 * @property {number} sentAt ms since the epoch, the caller's clock
 * @property {boolean} video
 */
/**
 * @typedef {object} AcceptBody
 * @property {Bytes} invite SHA-256 of the whole M1
 * @property {Party} from
 * @property {Bytes} identityKey
 * @property {Bytes} dh X_B
 * @property {Bytes} kem CT_B, empty in suite 1
 * @property {number[]} suites all that the callee has
 * @property {number} suite the one in use
 */

export const HASH_BYTES = 32;
export const NONCE_BYTES = 32;
export const CALL_ID_BYTES = 16;
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
export const MAX_ID_BYTES = 64;
const MAX_NAME_BYTES = 260; /* jwt: and 64 characters of 4 bytes */
const MAX_SUITES = 8;
export const MAX_BODY_BYTES = 4096;
const FLAG_VIDEO = 1;

const LABEL = {
  invite: 'aldis/call1/invite',
  accept: 'aldis/call1/accept',
  confirm: 'aldis/call1/confirm',
  reveal: 'aldis/call1/reveal',
};

/** @param {number[]} suites */
export const suitesWrite = (suites) => Uint8Array.from(suites.flatMap((suite) => [...u16(suite)]));

/** @param {Reader} reader @returns {number[]} strictly falling: one form only */
export function suitesParse(reader) {
  const bytes = reader.field(2, 2 * MAX_SUITES);
  if (bytes.length % 2) throw new CryptoError('malformed', 'suites');
  const suites = Array.from({ length: bytes.length / 2 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  if (suites.some((suite, i) => suite === 0 || (i > 0 && suite >= suites[i - 1]))) {
    throw new CryptoError('malformed', 'suites');
  }
  return suites;
}

/** @param {Reader} reader @param {number} max */
export const name = (reader, max) => text(reader.field(1, max));

/** @param {Reader} reader @returns {Party} */
export function partyParse(reader) {
  const party = { user: name(reader, MAX_ID_BYTES), name: name(reader, MAX_NAME_BYTES), device: name(reader, MAX_ID_BYTES) };
  usernameOrThrow(party.name);
  return party;
}

/** @param {InviteBody} body @returns {Bytes} what is signed */
export function inviteBody({ callId, to, from, identityKey, dh, kem, suites, sentAt, video }) {
  return lv(LABEL.invite, callId, to, from.user, from.name, from.device, identityKey, dh, kem,
    suitesWrite(suites), u64(sentAt), Uint8Array.of(video ? FLAG_VIDEO : 0));
}

/** M1 and M2 begin alike. @param {Bytes} body @param {Bytes} signature @param {...Bytes} rest */
export const signed = (body, signature, ...rest) => lv(body, signature, ...rest);

/**
 * inviteParse: M1.
 * @param {Bytes} message
 * @returns {{fields: InviteBody, body: Bytes, signature: Bytes}} body: what the signature is over
 */
export function inviteParse(message) {
  const outer = new Reader(message);
  const body = outer.field(1, MAX_BODY_BYTES);
  const signature = outer.field(SIGNATURE_BYTES);
  outer.end();
  const reader = new Reader(body);
  reader.label(LABEL.invite);
  const callId = reader.field(CALL_ID_BYTES);
  const to = name(reader, MAX_ID_BYTES);
  const from = partyParse(reader);
  const identityKey = reader.field(KEY_BYTES);
  const dh = reader.field(DH_BYTES);
  const kem = reader.field(0, KEM_PUBLIC_BYTES);
  const suites = suitesParse(reader);
  if (kem.length !== (suites.includes(SUITE_X25519_MLKEM768) ? KEM_PUBLIC_BYTES : 0)) {
    throw new CryptoError('malformed', 'KEM key');
  }
  const sentAt = new Reader(reader.field(8)).u64();
  const [flags] = reader.field(1);
  if (flags & ~FLAG_VIDEO) throw new CryptoError('malformed', 'flags');
  reader.end();
  return { fields: { callId, to, from, identityKey, dh, kem, suites, sentAt, video: flags === FLAG_VIDEO }, body, signature };
}

/** @param {AcceptBody} body @returns {Bytes} T is its SHA-256 */
export function acceptBody({ invite, from, identityKey, dh, kem, suites, suite }) {
  return lv(LABEL.accept, invite, from.user, from.name, from.device, identityKey, dh, kem, suitesWrite(suites), u16(suite));
}

/** What the callee signs: the transcript and its commitment. @param {Bytes} transcript @param {Bytes} commitment */
export const acceptSigned = (transcript, commitment) => lv(`${LABEL.accept}/signature`, transcript, commitment);

/**
 * acceptParse: M2.
 * @param {Bytes} message
 * @returns {{fields: AcceptBody, body: Bytes, signature: Bytes, commitment: Bytes, sealed: Bytes}}
 */
export function acceptParse(message) {
  const outer = new Reader(message);
  const body = outer.field(1, MAX_BODY_BYTES);
  const signature = outer.field(SIGNATURE_BYTES);
  const commitment = outer.field(HASH_BYTES);
  const sealed = outer.field(1, MAX_SEALED_BYTES);
  outer.end();
  const reader = new Reader(body);
  reader.label(LABEL.accept);
  const invite = reader.field(HASH_BYTES);
  const from = partyParse(reader);
  const identityKey = reader.field(KEY_BYTES);
  const dh = reader.field(DH_BYTES);
  const kem = reader.field(0, KEM_CIPHERTEXT_BYTES);
  const suites = suitesParse(reader);
  const suite = new Reader(reader.field(2)).u16();
  if (kem.length !== (suite === SUITE_X25519_MLKEM768 ? KEM_CIPHERTEXT_BYTES : 0)) {
    throw new CryptoError('malformed', 'KEM ciphertext');
  }
  reader.end();
  return { fields: { invite, from, identityKey, dh, kem, suites, suite }, body, signature, commitment, sealed };
}

/** M3. @param {Bytes} nonce n_A @param {Bytes} tag @param {Bytes} sealed */
export const confirmWrite = (nonce, tag, sealed) => lv(LABEL.confirm, nonce, tag, sealed);

/** What the tag of M3 is over. @param {Bytes} transcript @param {Bytes} commitment @param {Bytes} nonce */
export const confirmTagged = (transcript, commitment, nonce) => lv(LABEL.confirm, transcript, commitment, nonce);

/** @param {Bytes} message M3 */
export function confirmParse(message) {
  const reader = new Reader(message);
  reader.label(LABEL.confirm);
  const nonce = reader.field(NONCE_BYTES);
  const tag = reader.field(HASH_BYTES);
  const sealed = reader.field(1, MAX_SEALED_BYTES);
  reader.end();
  return { nonce, tag, sealed };
}

/** M4. @param {Bytes} nonce n_B @param {Bytes} tag */
export const revealWrite = (nonce, tag) => lv(LABEL.reveal, nonce, tag);

/** What the tag of M4 is over. @param {Bytes} transcript @param {Bytes} callerNonce @param {Bytes} calleeNonce */
export const revealTagged = (transcript, callerNonce, calleeNonce) => lv(LABEL.reveal, transcript, callerNonce, calleeNonce);

/** @param {Bytes} message M4 */
export function revealParse(message) {
  const reader = new Reader(message);
  reader.label(LABEL.reveal);
  const nonce = reader.field(NONCE_BYTES);
  const tag = reader.field(HASH_BYTES);
  reader.end();
  return { nonce, tag };
}

/** commitment: SHA-256 of this. @param {Bytes} transcript @param {Bytes} nonce n_B */
export const committed = (transcript, nonce) => lv('SAS', transcript, nonce);
