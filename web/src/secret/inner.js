// SPDX-License-Identifier: Apache-2.0
/**
 * What is said inside: JSON objects whose members are looked at one by one; what does not fit is 'malformed', what a later
 * version says is passed over.
 */
import { b64u, random, text, utf8 } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/**
 * hello, ready  the keys are there on both sides
 * text          id, text, replyTo?, ttl?: ms from being read on
 * delete        ids: of the sender's own messages
 * read          ids: of the other side's messages
 * timer         ttl: of what is written from now on, 0: none
 * screenshot    somebody has taken one, as far as a device can tell
 * @typedef {{t: 'hello'} | {t: 'ready'} | {t: 'screenshot'} | {t: 'timer', ttl: number} | {t: 'delete' | 'read', ids: string[]}
 *   | {t: 'text', id: string, text: string, replyTo?: string, ttl?: number} | {t: 'other'}} Inner
 */

export const MAX_TEXT = 8192;
export const MAX_TTL_MS = 366 * 24 * 3600 * 1000;
export const MAX_IDS = 500;
const ID = /^[\w-]{11}$/;

/** newId: of a message, the sender's. */
export const newId = () => b64u(random(8));

/** @param {Inner} inner @returns {Bytes} */
export const innerWrite = (inner) => utf8(JSON.stringify(inner));

/** @param {boolean} good @param {string} what */
function must(good, what) {
  if (!good) throw new CryptoError('malformed', what);
}

/** @param {unknown} ttl */
const isTtl = (ttl) => Number.isSafeInteger(ttl) && Number(ttl) >= 0 && Number(ttl) <= MAX_TTL_MS;
/** @param {unknown} id */
const isId = (id) => typeof id === 'string' && ID.test(id);

/** @param {any} value @returns {Inner} */
function read(value) {
  switch (value.t) {
    case 'hello': case 'ready': case 'screenshot': return { t: value.t };
    case 'timer':
      must(isTtl(value.ttl), 'ttl');
      return { t: 'timer', ttl: value.ttl };
    case 'delete': case 'read':
      must(Array.isArray(value.ids) && value.ids.length <= MAX_IDS && value.ids.every(isId), 'ids');
      return { t: value.t, ids: value.ids };
    case 'text':
      must(isId(value.id) && typeof value.text === 'string' && value.text.length > 0 && value.text.length <= MAX_TEXT, 'text');
      must(value.replyTo === undefined || isId(value.replyTo), 'replyTo');
      must(value.ttl === undefined || isTtl(value.ttl), 'ttl');
      return { t: 'text', id: value.id, text: value.text, ...(value.replyTo ? { replyTo: value.replyTo } : {}), ...(value.ttl ? { ttl: value.ttl } : {}) };
    default: return { t: 'other' };
  }
}

/** @param {Bytes} plain @returns {Inner} */
export function innerParse(plain) {
  let value;
  try {
    value = JSON.parse(text(plain));
  } catch {
    throw new CryptoError('malformed', 'not JSON');
  }
  must(value !== null && typeof value === 'object' && typeof value.t === 'string', 'no message');
  return read(value);
}
