// SPDX-License-Identifier: Apache-2.0
/**
 * Notices that the path of a call is probably gone before ICE says so, which can take it half a minute and on the side
 * that moved may never happen: the network tells of a change, an address appears that was not asked for, or nothing at all
 * arrives any more where something did. Event 'suspect'.
 */

/** @typedef {import('./media.js').CallMedia} CallMedia */

const LOOK_MS = 1000;
const SILENT_LOOKS = 3;
/** so that one cause is told once */
const QUIET_MS = 2000;

export class PathWatch extends EventTarget {
  #media;
  #off = new AbortController();
  /** @type {any} */ #timer = 0;
  #gathered = false;
  #toldAt = -Infinity;
  #received = 0;
  #silent = 0;

  /** @param {CallMedia} media */
  constructor(media) {
    super();
    this.#media = media;
  }

  /** start: the first path is there or on its way. */
  start() {
    const { signal } = this.#off;
    const { pc } = this.#media;
    this.#gathered = pc.iceGatheringState === 'complete';
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState === 'complete') this.#gathered = true;
    }, { signal });
    this.#media.addEventListener('candidate', () => this.#gathered && this.#suspect(), { signal });
    globalThis.addEventListener?.('online', () => this.#suspect(), { signal });
    /** @type {any} */ (globalThis.navigator)?.connection?.addEventListener?.('change', () => this.#suspect(), { signal });
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** expect: addresses are about to be gathered on purpose. */
  expect() {
    this.#gathered = false;
    this.#silent = 0;
  }

  close() {
    this.#off.abort();
    clearInterval(this.#timer);
  }

  #suspect() {
    const now = performance.now();
    if (now - this.#toldAt < QUIET_MS) return;
    this.#toldAt = now;
    this.dispatchEvent(new CustomEvent('suspect'));
  }

  /** Once for every silence: when the other side has nothing to send, that is all it costs. */
  async #look() {
    const { pc } = this.#media;
    if (pc.connectionState !== 'connected') return;
    let received = 0;
    for (const entry of (await pc.getStats()).values()) {
      if (entry.type === 'inbound-rtp') received += entry.packetsReceived ?? 0;
    }
    const came = received > this.#received;
    this.#received = received;
    this.#silent = came ? 0 : this.#silent + 1;
    if (this.#silent === SILENT_LOOKS && received > 0) this.#suspect();
  }
}
