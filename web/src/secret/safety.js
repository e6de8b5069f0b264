// SPDX-License-Identifier: Apache-2.0
/**
 * The safety number of two identity keys: 60 digits (199 bits) that both screens show alike, whoever asked whom. It is of the
 * keys alone, so it is long: nobody can search for keys that give the same.
 */
import { lv } from '../crypto/bytes.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */

const GROUPS = 12;

/** safetyNumber: @param {Bytes} one @param {Bytes} other identity keys @returns {Promise<string[]>} twelve groups of five digits */
export async function safetyNumber(one, other) {
  const order = one.findIndex((byte, i) => byte !== other[i]);
  const [low, high] = order < 0 || one[order] < other[order] ? [one, other] : [other, one];
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-512', lv('aldis/safety1', low, high)));
  return Array.from({ length: GROUPS }, (_, i) => {
    const value = sum.subarray(5 * i, 5 * i + 5).reduce((all, byte) => all * 256 + byte, 0);
    return String(value % 100000).padStart(5, '0');
  });
}
