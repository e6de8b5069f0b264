// SPDX-License-Identifier: Apache-2.0
/**
 * Renegotiation and ICE over the sealed channel once a call is agreed ("perfect negotiation": on a collision the polite
 * side, the callee, takes its offer back), and the healing of a lost path by ICE restart.
 *
 *   healthy -- disconnected 2 s, failed, suspected (path-watch.js) --> healing: a restart now and every 8 s --> healthy
 *                                                                       45 s without success: event 'hopeless'
 *
 * Events: 'path' (detail: {up}), 'suspect' (the connection to the server may be gone as well), 'hopeless', 'broken'
 * (detail: {reason}).
 */
import { CryptoError } from '../crypto/errors.js';
import { PathWatch } from './path-watch.js';
import { descriptionParse, tidy } from './sdp.js';

/** @typedef {import('./channel.js').SealedChannel} SealedChannel */
/** @typedef {import('./media.js').CallMedia} CallMedia */

const DISCONNECTED_MS = 2000;
/* the polite side begins a little later: most restarts then need no collision */
const POLITE_MS = 1500;
const RESTART_EVERY_MS = 8000;
const HOPELESS_MS = 45000;

export class Negotiator extends EventTarget {
  #media;
  #channel;
  #polite;
  #renewServers;
  #ignoring = false;
  #started = false;
  #closed = false;
  #up = false;
  #wasUp = false;
  /** @type {any} */ #restartTimer = 0;
  /** @type {any} */ #hopelessTimer = 0;
  #queue = Promise.resolve();
  #off = new AbortController();
  #watch;

  /**
   * @param {{media: CallMedia, channel: SealedChannel, polite: boolean, renewServers: () => Promise<RTCIceServer[] | null>}} needs
   */
  constructor({ media, channel, polite, renewServers }) {
    super();
    this.#media = media;
    this.#channel = channel;
    this.#polite = polite;
    this.#renewServers = renewServers;
    const { signal } = this.#off;
    media.addEventListener('candidate', (event) => {
      channel.send({ ice: [/** @type {CustomEvent} */ (event).detail] });
    }, { signal });
    media.addEventListener('negotiate', () => void this.#run(() => this.#offer()), { signal });
    media.addEventListener('state', () => this.#pathChanged(), { signal });
    this.#watch = new PathWatch(media);
    this.#watch.addEventListener('suspect', () => this.#suspected());
  }

  /** start: the first offer and answer are in place. */
  start() {
    this.#started = true;
    this.#watch.start();
    this.#pathChanged();
    this.#waitForPath(RESTART_EVERY_MS); /* a first path that never comes is healed like a lost one */
  }

  /** received: a message of the channel; looks at sdp and ice. @param {Record<string, any>} message */
  received(message) {
    if (message.sdp) void this.#run(() => this.#remote(descriptionParse(message.sdp)));
    for (const candidate of message.ice ?? []) void this.#run(() => this.#candidate(candidate));
  }

  #suspected() {
    this.dispatchEvent(new CustomEvent('suspect'));
    void this.restart();
  }

  /** restart: finds a new path. */
  async restart() {
    const { pc } = this.#media;
    if (!this.#started || this.#closed) return;
    if (!this.#up) this.#waitForPath(RESTART_EVERY_MS);
    if (pc.signalingState === 'have-local-offer' && pc.localDescription) {
      /* the last offer is not answered yet: perhaps it never came, and it does no harm to come twice */
      const { type, sdp } = pc.localDescription;
      this.#channel.send({ sdp: { type, sdp: tidy(sdp) } });
      return;
    }
    const servers = await this.#renewServers().catch(() => null);
    if (this.#closed) return;
    if (servers) pc.setConfiguration({ ...pc.getConfiguration(), iceServers: servers });
    this.#watch.expect();
    pc.restartIce();
    void this.#run(() => this.#offer());
  }

  /** useAnyPath: the peer may know our addresses from now on. */
  async useAnyPath() {
    const { pc } = this.#media;
    if (pc.getConfiguration().iceTransportPolicy !== 'relay') return;
    pc.setConfiguration({ ...pc.getConfiguration(), iceTransportPolicy: 'all' });
    await this.restart();
  }

  close() {
    this.#closed = true;
    this.#watch.close();
    this.#off.abort();
    clearTimeout(this.#restartTimer);
    clearTimeout(this.#hopelessTimer);
  }

  /** One step after another. @param {() => Promise<void>} step */
  #run(step) {
    this.#queue = this.#queue.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (this.#closed) return;
        const reason = error instanceof CryptoError ? error.reason : '';
        /* what only WebRTC refused (a late candidate, say) is healed by the next restart */
        if (reason) this.dispatchEvent(new CustomEvent('broken', { detail: { reason } }));
        else console.warn('negotiation:', error);
      }
    });
    return this.#queue;
  }

  async #offer() {
    const { pc } = this.#media;
    if (!this.#started || pc.signalingState !== 'stable') return;
    const sdp = await this.#media.setLocal();
    if (sdp.type === 'offer') this.#channel.send({ sdp });
  }

  /** @param {import('./sdp.js').Description} description */
  async #remote(description) {
    const { pc } = this.#media;
    const collision = description.type === 'offer' && pc.signalingState !== 'stable';
    this.#ignoring = collision && !this.#polite;
    if (this.#ignoring) return;
    if (description.type === 'answer' && pc.signalingState !== 'have-local-offer') return; /* to an offer taken back */
    if (description.type === 'offer') this.#watch.expect();
    await this.#media.setRemote(description); /* rolls our own offer back if there is one */
    if (description.type !== 'offer') return;
    this.#channel.send({ sdp: await this.#media.setLocal() });
    this.#media.learnCodecs();
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #candidate(candidate) {
    try {
      await this.#media.pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoring) console.debug('candidate:', error);
    }
  }

  #pathChanged() {
    if (this.#closed || !this.#started) return;
    const { connectionState, iceConnectionState } = this.#media.pc;
    const up = connectionState === 'connected' && (iceConnectionState === 'connected' || iceConnectionState === 'completed');
    if (up !== this.#up) {
      this.#up = up;
      this.#wasUp ||= up;
      if (up) {
        clearTimeout(this.#restartTimer);
        clearTimeout(this.#hopelessTimer);
        this.#hopelessTimer = 0;
      }
      this.dispatchEvent(new CustomEvent('path', { detail: { up } }));
    }
    if (up || !this.#wasUp) return;
    this.#waitForPath(iceConnectionState === 'failed' ? 0 : DISCONNECTED_MS);
  }

  /** Restarts in @ms if there is no path by then, again and again, until it is hopeless. @param {number} ms */
  #waitForPath(ms) {
    clearTimeout(this.#restartTimer);
    const wait = ms + (this.#polite ? POLITE_MS : 0);
    this.#restartTimer = setTimeout(() => !this.#up && !this.#closed && void this.restart(), wait);
    this.#hopelessTimer ||= setTimeout(() => !this.#up && this.dispatchEvent(new CustomEvent('hopeless')), HOPELESS_MS);
  }
}
