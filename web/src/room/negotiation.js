// SPDX-License-Identifier: Apache-2.0
/**
 * One connection to the server's media plane: this side always offers, complete and without trickle (the server is ICE-lite:
 * it answers wherever packets come from). One exchange at a time; what is asked for meanwhile goes into the next.
 * Events: 'state' (detail: {state}), 'track' (detail: {mid, track}), 'lost': it will not come back by itself. The server has
 * let go of a transport that was silent for half a minute; what answers then is a new one, with which a connection that has
 * its keys already makes no others (JSEP): a new connection is needed.
 */

const RESTART_MS = [500, 2000, 5000, 10000];
const PATIENCE_MS = 4000;

/** @typedef {(offer: string) => Promise<string>} Exchange gives the answer */

export class Negotiation extends EventTarget {
  pc;
  closed = false;
  lost = false;
  #exchange;
  #running = false;
  #wanted = false;
  #restart = false;
  /** @type {{resolve: () => void, reject: (error: unknown) => void}[]} */ #waiting = [];
  #tries = 0;
  /** @type {any} */ #timer = 0;

  /** @param {{iceServers: RTCIceServer[], exchange: Exchange, makeConnection?: (config: RTCConfiguration) => RTCPeerConnection}} options */
  constructor({ iceServers, exchange, makeConnection = (config) => new RTCPeerConnection(config) }) {
    super();
    this.#exchange = exchange;
    this.pc = makeConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc.addEventListener('connectionstatechange', () => this.#changed());
    this.pc.addEventListener('track', ({ transceiver, track }) => this.dispatchEvent(new CustomEvent('track', { detail: { mid: transceiver.mid, track } })));
  }

  get state() {
    return this.closed ? 'closed' : this.pc.connectionState;
  }

  /** negotiate: offers what the connection has by then. @returns {Promise<void>} when it was answered */
  negotiate() {
    this.#wanted = true;
    const done = new Promise((/** @type {(value?: any) => void} */ resolve, reject) => this.#waiting.push({ resolve, reject }));
    void this.#run();
    return done;
  }

  /** restart: a new path, on the same connection. @returns {Promise<void>} */
  restart() {
    this.#restart = true;
    return this.negotiate();
  }

  close() {
    this.closed = true;
    clearTimeout(this.#timer);
    this.pc.close();
    for (const { reject } of this.#waiting.splice(0)) reject(new DOMException('closed', 'AbortError'));
  }

  async #run() {
    if (this.#running || this.closed) return;
    this.#running = true;
    while (this.#wanted && !this.closed) {
      this.#wanted = false;
      const waiting = this.#waiting.splice(0);
      try {
        await this.#once();
        for (const { resolve } of waiting) resolve();
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#running = false;
  }

  async #once() {
    const iceRestart = this.#restart;
    this.#restart = false;
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart }));
      const sdp = await this.#exchange(this.pc.localDescription?.sdp ?? '');
      if (!this.closed) await this.pc.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      this.#restart ||= iceRestart;
      throw error;
    }
  }

  #changed() {
    const { connectionState } = this.pc;
    clearTimeout(this.#timer);
    if (connectionState === 'connected') this.#tries = 0;
    if (connectionState === 'disconnected') this.#timer = setTimeout(() => this.#again(), PATIENCE_MS);
    if (connectionState === 'failed') this.#again();
    this.dispatchEvent(new CustomEvent('state', { detail: { state: connectionState } }));
  }

  /** Restarts until it is connected again, ever more slowly, or lost. */
  #again() {
    if (this.closed) return;
    if (this.#tries === RESTART_MS.length) {
      this.lost = true;
      this.dispatchEvent(new CustomEvent('lost'));
      return;
    }
    const wait = RESTART_MS[this.#tries++];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.restart().catch(() => {});
      this.#timer = setTimeout(() => this.pc.connectionState !== 'connected' && this.#again(), PATIENCE_MS);
    }, wait);
  }
}
