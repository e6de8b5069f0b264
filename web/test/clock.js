// SPDX-License-Identifier: Apache-2.0
/** A virtual clock in place of setTimeout and Date.now (Node.js 18 has no mock.timers). */
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: Date.now };

export class Clock {
  now = 1_700_000_000_000;
  #next = 1;
  /** @type {Map<number, {due: number, fn: () => void}>} */ #timers = new Map();

  install() {
    Date.now = () => this.now;
    globalThis.setTimeout = /** @type {any} */ ((/** @type {() => void} */ fn, ms = 0) => {
      this.#timers.set(this.#next, { due: this.now + ms, fn });
      return this.#next++;
    });
    globalThis.clearTimeout = /** @type {any} */ ((/** @type {number} */ id) => this.#timers.delete(id));
  }

  restore() {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    Date.now = real.now;
  }

  /** tick: lets time pass; timers fire in order of their due times. @param {number} ms */
  tick(ms) {
    const end = this.now + ms;
    for (;;) {
      const [id, timer] = [...this.#timers].filter(([, one]) => one.due <= end).sort((a, b) => a[1].due - b[1].due)[0] ?? [];
      if (!id || !timer) break;
      this.#timers.delete(id);
      this.now = Math.max(this.now, timer.due);
      timer.fn();
    }
    this.now = end;
  }
}
