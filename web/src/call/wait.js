// SPDX-License-Identifier: Apache-2.0
/** Waiting for what the other side or the user does, and why a call came to nothing. */

/** A call that ends without any rule of the keys being broken. `reason` as in call.ended. */
export class EndError extends Error {
  /** @param {string} reason @param {string} [security] what to say about the keys @param {any} [data] */
  constructor(reason, security = '', data = undefined) {
    super(reason);
    this.name = 'EndError';
    this.reason = reason;
    this.security = security;
    this.data = data;
  }
}

/**
 * A promise with its handles outside. One that nobody waits for any more may be rejected without noise.
 * @template T
 * @returns {{promise: Promise<T>, resolve: (value: T) => void, reject: (error: Error) => void}}
 */
export function deferred() {
  /** @type {any} */
  const handles = {};
  handles.promise = new Promise((resolve, reject) => Object.assign(handles, { resolve, reject }));
  handles.promise.catch(() => {});
  return handles;
}

/**
 * within: @promise, or @error after @ms.
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @param {Error} error
 * @returns {Promise<T>}
 */
export function within(promise, ms, error) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(error), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
