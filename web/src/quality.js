// SPDX-License-Identifier: Apache-2.0
/** How good a connection is, from its figures, and what the user can do about it. */

/** @typedef {0 | 1 | 2 | 3} Grade 0: not known, 1: poor, 2: fair, 3: good */

/**
 * grade: one measurement.
 * @param {import('./types.js').CallStats} stats
 * @returns {Grade}
 */
export function grade({ rttMs, lossPercent }) {
  if (rttMs === null && lossPercent === null) return 0;
  const [rtt, loss] = [rttMs ?? 0, lossPercent ?? 0];
  if (loss > 8 || rtt > 600) return 1;
  if (loss > 2.5 || rtt > 280) return 2;
  return 3;
}

/**
 * Watches grades over time: worse at once after two bad ones in a row, better only after three good ones, so that the
 * mark does not flicker.
 */
export class QualityWatch {
  /** @type {Grade} */ grade = 0;
  /** @type {import('./types.js').CallStats | null} */ last = null;
  #worse = 0;
  #better = 0;

  /** @param {import('./types.js').CallStats} stats @returns {boolean} whether the grade changed */
  take(stats) {
    this.last = stats;
    const now = grade(stats);
    if (now === 0 || now === this.grade) {
      this.#worse = this.#better = 0;
      return false;
    }
    if (this.grade === 0) return this.#become(now);
    if (now < this.grade) {
      this.#better = 0;
      return ++this.#worse >= 2 && this.#become(now);
    }
    this.#worse = 0;
    return ++this.#better >= 3 && this.#become(now);
  }

  /** @param {Grade} next */
  #become(next) {
    this.grade = next;
    this.#worse = this.#better = 0;
    return true;
  }

  /**
   * hint: what helps while the connection is poor; '' when it is not.
   * @param {{sendingVideo: boolean, sharing: boolean, name: string}} situation
   */
  hint({ sendingVideo, sharing, name }) {
    if (this.grade !== 1) return '';
    const loss = (this.last?.lossPercent ?? 0) > 8;
    const cause = loss ? 'Parts of what you hear get lost.' : `It takes long until ${name} hears you.`;
    if (sharing) return `Weak connection. ${cause} Stop sharing your screen to leave more room for voice.`;
    if (sendingVideo) return `Weak connection. ${cause} Turn off your camera to leave more room for voice.`;
    return `Weak connection. ${cause} Move closer to your Wi-Fi, or use a cable.`;
  }
}

export const GRADE_WORDS = /** @type {const} */ (['Measuring', 'Weak', 'Fair', 'Good']);
