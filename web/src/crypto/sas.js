// SPDX-License-Identifier: Apache-2.0
/**
 * What two people compare: 4 emoji of 256 (32 bits) and 12 digits. Both nonces were committed to or unknown to the other
 * side when chosen, so somebody in the middle has one guess per call, at 1 in 4 294 967 296.
 */
import { concat, utf8 } from './bytes.js';
import { EMOJI } from './emoji.js';
import { hkdf } from './kdf.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {{emoji: {char: string, name: string}[], digits: string}} Sas digits: two groups of six */

const EMOJI_COUNT = 4;
const DIGITS = 12;

/**
 * sasOf: HKDF(K.sas, salt = n_A ‖ n_B, "sas"): bytes 0-3 choose the emoji, bytes 4-11 (modulo 10^12, whose bias is below
 * 2^-23) are the digits.
 * @param {CryptoKey} key K.sas
 * @param {Bytes} callerNonce
 * @param {Bytes} calleeNonce
 * @returns {Promise<Sas>}
 */
export async function sasOf(key, callerNonce, calleeNonce) {
  const bytes = await hkdf(key, concat(callerNonce, calleeNonce), utf8('sas'), EMOJI_COUNT + 8);
  const number = new DataView(bytes.buffer).getBigUint64(EMOJI_COUNT) % 10n ** BigInt(DIGITS);
  const digits = number.toString().padStart(DIGITS, '0');
  return {
    emoji: Array.from(bytes.subarray(0, EMOJI_COUNT), (index) => ({ ...EMOJI[index] })),
    digits: `${digits.slice(0, 6)} ${digits.slice(6)}`,
  };
}
