// SPDX-License-Identifier: Apache-2.0
/** One tab of a browser speaks to the server; the others know that they do not. Event 'lost': another tab took it. */
export class TabLock extends EventTarget {
  #name;
  #locks = globalThis.navigator?.locks;
  /** @type {AbortController | null} */ #waiting = null;

  /** @param {string} name */
  constructor(name) {
    super();
    this.#name = name;
  }

  /** take: Returns: false when another tab has it. @returns {Promise<boolean>} */
  take() {
    return this.#request({ ifAvailable: true });
  }

  /**
   * wait: until the tab that has it is closed, or has loaded another page: a page that is loaded anew may come before the
   * browser has taken the lock from its predecessor. Returns: false when another way was taken meanwhile (steal, wait), or
   * when the browser has no locks to wait for.
   * @returns {Promise<boolean>}
   */
  wait() {
    if (!this.#locks) return Promise.resolve(false);
    this.#waiting?.abort();
    this.#waiting = new AbortController();
    return this.#request({ signal: this.#waiting.signal });
  }

  /** steal: takes it from the tab that has it. @returns {Promise<boolean>} */
  steal() {
    this.#waiting?.abort();
    return this.#request({ steal: true });
  }

  /** @param {LockOptions} options @returns {Promise<boolean>} */
  #request(options) {
    /* browsers give Web Locks only to secure contexts; without them every tab goes on, and the server keeps the newest */
    if (!this.#locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#locks?.request(this.#name, options, (lock) => {
        resolve(Boolean(lock));
        return lock ? new Promise(() => {}) : undefined; /* kept as long as the page is there */
      }).catch(() => {
        if (options.signal?.aborted) return resolve(false);
        this.dispatchEvent(new CustomEvent('lost'));
      });
    });
  }
}
