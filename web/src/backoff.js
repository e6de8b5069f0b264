// SPDX-License-Identifier: Apache-2.0
/**
 * How long to wait before the nth try: doubles from 500 ms to 15 s, and each wait is drawn from its upper half, so that
 * clients of a server that came back do not all arrive in the same moment.
 */
export class Backoff {
  /** @param {{firstMs?: number, mostMs?: number, random?: () => number}} [options] */
  constructor({ firstMs = 500, mostMs = 15000, random = Math.random } = {}) {
    this.firstMs = firstMs;
    this.mostMs = mostMs;
    this.random = random;
    this.tries = 0;
  }

  /** @returns {number} milliseconds to wait now */
  next() {
    const ceiling = Math.min(this.mostMs, this.firstMs * 2 ** Math.min(this.tries++, 16));
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }

  reset() {
    this.tries = 0;
  }
}
