// SPDX-License-Identifier: Apache-2.0
/** One tab of a browser speaks to the server; the others know that they do not. Event 'lost': another tab took it. */
export class TabLock extends EventTarget {
  #name;
  #locks = globalThis.navigator?.locks;
  /** @type {(() => void) | null} */ #release = null;

  /** @param {string} name */
  constructor(name) {
    super();
    this.#name = name;
  }

  /** take: Returns: false when another tab has it. @returns {Promise<boolean>} */
  take() {
    return this.#request({ ifAvailable: true });
  }

  /** steal: takes it from the tab that has it. @returns {Promise<boolean>} */
  steal() {
    return this.#request({ steal: true });
  }

  /** @param {LockOptions} options @returns {Promise<boolean>} */
  #request(options) {
    /* browsers give Web Locks only to secure contexts; without them every tab goes on, and the server keeps the newest */
    if (!this.#locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#locks?.request(this.#name, options, (lock) => {
        resolve(Boolean(lock));
        return lock ? new Promise((/** @type {(value?: any) => void} */ done) => { this.#release = done; }) : undefined;
      }).catch(() => {
        this.#release = null;
        this.dispatchEvent(new CustomEvent('lost'));
      });
    });
  }

  release() {
    this.#release?.();
  }
}
