// SPDX-License-Identifier: Apache-2.0
/**
 * Which counters of one key were seen: the newest and a window behind it (as RFC 3711 §3.3.2, with 1024 places).
 * Browsers hand the same frame to a transform more than once when RTX pads with it, so a duplicate is no attack.
 */
export const WINDOW = 1024;

export class ReplayWindow {
  #newest = -1;
  #bits = new Uint32Array(WINDOW / 32);

  /**
   * check: before the frame is authenticated; changes nothing.
   * @param {number} counter
   * @returns {'new' | 'duplicate' | 'old'} old: behind the window, so nobody can tell
   */
  check(counter) {
    if (counter > this.#newest) return 'new';
    if (counter <= this.#newest - WINDOW) return 'old';
    return this.#bits[(counter % WINDOW) >> 5] & (1 << (counter & 31)) ? 'duplicate' : 'new';
  }

  /** commit: the frame is authentic; its counter counts as seen. @param {number} counter */
  commit(counter) {
    if (counter - this.#newest >= WINDOW) this.#bits.fill(0);
    else for (let place = this.#newest + 1; place < counter; place++) this.#clear(place);
    this.#newest = Math.max(this.#newest, counter);
    this.#bits[(counter % WINDOW) >> 5] |= 1 << (counter & 31);
  }

  /** @param {number} counter */
  #clear(counter) {
    this.#bits[(counter % WINDOW) >> 5] &= ~(1 << (counter & 31));
  }
}
