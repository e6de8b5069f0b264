// SPDX-License-Identifier: Apache-2.0
/**
 * Why a message, a frame or a call was refused. `reason` is stable: tests, the call log and the interface use it.
 * @typedef {'malformed' | 'bad_signature' | 'bad_key' | 'bad_seal' | 'bad_commitment' | 'bad_confirmation'
 *   | 'wrong_call' | 'wrong_peer' | 'stale' | 'replayed' | 'downgrade' | 'out_of_order' | 'fingerprint'
 *   | 'unsupported' | 'exhausted'} CryptoReason
 */

export class CryptoError extends Error {
  /**
   * @param {CryptoReason} reason
   * @param {string} [detail] for the console; never holds a secret
   */
  constructor(reason, detail = '') {
    super(detail ? `${reason}: ${detail}` : reason);
    this.name = 'CryptoError';
    this.reason = reason;
  }
}
