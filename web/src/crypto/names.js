// SPDX-License-Identifier: Apache-2.0
/**
 * Usernames, by the rule that the server keeps (docs/e2ee.md): 3 to 32 letters a to z, digits and underscores behind a
 * letter, in any case; or "jwt:" and the subject of an outside application. What breaks it is nobody's name, whatever the
 * server says: two names that look alike must not be two people.
 */
import { CryptoError } from './errors.js';

export const USERNAME_RULE = /^[A-Za-z][A-Za-z0-9_]{2,31}$/;

const EXTERNAL = /^jwt:/;
const SUBJECT_CHARS = 64;
/* as messaging/names.c: no controls, no separators of lines, no invisible marks but the joiners and tags of emoji */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d\u{e0020}-\u{e007f}])\p{Cf}/u;
const VISIBLE = /[^\p{Z}\p{C}]/u;
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** @param {string} subject */
const isSubject = (subject) => [...subject].length <= SUBJECT_CHARS && !/^[\t-\r ]|[\t-\r ]$/.test(subject) && VISIBLE.test(subject)
  && !FORBIDDEN.test(subject);

/**
 * usernameKey: what names are compared by: two names with the same one are shown to people as the same.
 * @param {unknown} username
 * @returns {string | null} null: no username
 */
export function usernameKey(username) {
  if (typeof username !== 'string') return null;
  if (USERNAME_RULE.test(username)) return username.toLowerCase();
  if (!EXTERNAL.test(username) || !isSubject(username.slice(4))) return null;
  return `jwt:${username.slice(4).normalize('NFKC').replace(INVISIBLE, '').toLowerCase()}`;
}

/** usernameOrThrow: its key, or CryptoError 'malformed'. @param {unknown} username @returns {string} */
export function usernameOrThrow(username) {
  const key = usernameKey(username);
  if (key === null) throw new CryptoError('malformed', 'username');
  return key;
}

/** sameUsername: @param {unknown} one @param {unknown} other */
export function sameUsername(one, other) {
  const key = usernameKey(one);
  return key !== null && key === usernameKey(other);
}
