// SPDX-License-Identifier: Apache-2.0
/**
 * The page's end of the media worker: hands it the keys once, and gives each sender and receiver its transform.
 * Events: 'died' (the worker is gone; nothing passes any more), 'failed' (detail: {id, reason}: one track's stream broke).
 */

/** @typedef {import('../crypto/media-keys.js').MediaSecrets} MediaSecrets */
/** @typedef {import('../crypto/media-worker.js').TrackOptions} TrackOptions */
/** @typedef {import('../crypto/media-worker.js').TrackCounters} TrackCounters */

const STATS_TIMEOUT_MS = 2000;

export class MediaClient extends EventTarget {
  #worker;
  /** @type {Map<string, {promise: Promise<void>, done: () => void}>} */ #attached = new Map();
  /** @type {Map<number, (tracks: Record<string, TrackCounters>) => void>} */ #asked = new Map();
  #nextAsk = 1;

  /** @param {string} url of the worker (a TrustedScriptURL where there are such) */
  constructor(url) {
    super();
    this.#worker = new Worker(url, { type: 'module', name: 'aldis-media' });
    this.#worker.onmessage = ({ data }) => this.#received(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('died', { detail: { reason: event.message } }));
    };
  }

  /** @param {any} data */
  #received(data) {
    if (data.type === 'attached') this.#entry(data.id).done();
    else if (data.type === 'stats') this.#asked.get(data.ask)?.(data.tracks);
    else if (data.type === 'failed') this.dispatchEvent(new CustomEvent('failed', { detail: data }));
  }

  /** giveSecrets: frames wait in the worker until this. @param {MediaSecrets} secrets */
  giveSecrets(secrets) {
    this.#worker.postMessage({ type: 'secrets', secrets });
  }

  /**
   * transform: for a sender or a receiver; to be set in the task in which the transceiver appeared.
   * @param {TrackOptions} options
   */
  transform(options) {
    this.#entry(options.id);
    return new RTCRtpScriptTransform(this.#worker, options);
  }

  /**
   * payloadTypes: what the negotiated numbers mean, where frames do not say.
   * @param {string} id
   * @param {Record<number, string>} types
   */
  payloadTypes(id, types) {
    this.#worker.postMessage({ type: 'codecs', id, payloadTypes: types });
  }

  /** attached: resolves once the worker says that @id's transform runs and has its keys. @param {string} id */
  attached(id) {
    return this.#entry(id).promise;
  }

  /**
   * stats: counters by track id; empty if the worker does not answer.
   * @returns {Promise<Record<string, TrackCounters>>}
   */
  stats() {
    const ask = this.#nextAsk++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish({}), STATS_TIMEOUT_MS);
      const finish = (/** @type {Record<string, TrackCounters>} */ tracks) => {
        clearTimeout(timer);
        this.#asked.delete(ask);
        resolve(tracks);
      };
      this.#asked.set(ask, finish);
      this.#worker.postMessage({ type: 'stats', ask });
    });
  }

  close() {
    this.#worker.terminate();
    for (const finish of this.#asked.values()) finish({});
  }

  /** @param {string} id */
  #entry(id) {
    let entry = this.#attached.get(id);
    if (!entry) {
      let done = () => {};
      const promise = /** @type {Promise<void>} */ (new Promise((resolve) => (done = resolve)));
      entry = { promise, done };
      this.#attached.set(id, entry);
    }
    return entry;
  }
}
