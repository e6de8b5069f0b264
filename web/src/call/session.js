// SPDX-License-Identifier: Apache-2.0
/**
 * One call, as the interface sees it.
 *
 *   ringing --accepted--> connecting --keys confirmed, path up, fingerprints equal--> active <--path--> reconnecting
 *   any --> ended (endReason)
 *
 * security.level: pending until all of that was checked; then unverified or verified. changed: the other side's key is not
 * the one that was compared, and the call stands still until acceptChangedKey(). broken: a check failed; the call is over.
 *
 * Events: 'state', 'security', 'tracks', 'peer', 'ringing', 'route', 'warning' (detail: {reason}), 'ended'.
 */
import { CryptoError } from '../crypto/errors.js';
import { CallControls } from './call-controls.js';
import { streamOf } from './call-view.js';
import { StatsReader, routeOf } from './stats.js';
import { EndError } from './wait.js';

/** @typedef {import('./leg.js').Established} Established */
/** @typedef {import('./call-controls.js').AnyLeg} AnyLeg */
/** @typedef {import('../types.js').CallStats} CallStats */

const NO_MEDIA_MS = 30000;
const GLARE_MS = 3000;
const PROBE_MS = 2500;
const SUMMARY_MS = 500;
/** The server has ended the call for us, or never had it. */
const NOTHING_TO_TELL = new Set(['answered_elsewhere', 'glare', 'call_ended', 'busy']);

export class CallSession extends CallControls {
  #onEnded;
  #checked = false;
  #pathUp = false;
  #stats = new StatsReader();
  /** @type {any} */ #noMediaTimer = 0;

  /**
   * @param {{id: string, peer: import('../types.js').User, outgoing: boolean, video: boolean, onEnded: (session: CallSession) => void}} call
   */
  constructor({ onEnded, ...call }) {
    super(call);
    this.#onEnded = onEnded;
  }

  /* --- what the interface does --- */

  /** accept: takes an incoming call. @param {{video?: boolean, localStream: MediaStream}} options */
  async accept({ localStream }) {
    if (this.outgoing || this.state !== 'ringing') throw new Error('there is nothing to accept');
    if (this.security.level === 'changed') throw new Error('the changed key has to be accepted first');
    this.takeLocal(localStream);
    this.setState('connecting');
    await this.run();
  }

  async decline() {
    await this.#finish('declined');
  }

  /** hangup: at any time; cancels or declines a call that rings. @param {string} [reason] */
  async hangup(reason = 'hangup') {
    await this.#finish(this.state !== 'ringing' ? reason : this.outgoing ? 'cancelled' : 'declined');
  }

  /** markVerified: the two have compared and it matched. */
  async markVerified() {
    if (!this.#checked || this.state === 'ended') return;
    const { leg } = this;
    await leg?.trust?.verify(this.peer.displayName);
    this.setSecurity({ ...this.security, level: 'verified' });
    leg?.channel.send({ verified: true });
    if (leg?.trust && !leg.hides(leg.trust)) await leg.negotiator?.useAnyPath();
  }

  /** acceptName: what the server calls them is right: they told us. */
  async acceptName() {
    if (!this.claimedName) return;
    await this.leg?.trust?.rename(this.claimedName);
    this.setName(this.claimedName);
  }

  /** acceptChangedKey: also after the call has ended for it; then it holds for the next one. */
  async acceptChangedKey() {
    if (this.security.level !== 'changed') return;
    await this.leg?.trust?.acceptChange();
    this.setSecurity({ ...this.security, level: 'pending', reason: undefined });
  }

  /** @returns {Promise<CallStats>} */
  async stats() {
    const media = this.leg?.media;
    if (!media || media.closed) return { rttMs: null, lossPercent: null, bitrateKbps: {} };
    const [report, counters] = await Promise.all([media.pc.getStats(), media.counters()]);
    const stats = this.#stats.read(report, counters);
    this.setRoute(stats.route ?? '');
    return stats;
  }

  /* --- what the engine does --- */

  /** @returns {import('./leg.js').LegHooks} what a leg tells us */
  hooks() {
    return {
      trust: (trust, device) => {
        this.peerDevice = device;
        this.#trusted(trust);
      },
      connecting: () => this.setState('connecting'),
      ownState: () => this.ownState(),
    };
  }

  /** setLeg: another attempt takes the place of any before. @param {AnyLeg} leg */
  setLeg(leg) {
    this.replaceLeg(leg)?.close(new EndError('glare'));
    this.id = leg.id;
    this.outgoing = leg.outgoing;
    this.peerDevice = leg.peerDevice;
    if (leg.trust) this.#trusted(leg.trust);
    const mine = (/** @type {(detail: any) => void} */ act) => (/** @type {any} */ event) => leg === this.leg && act(event.detail);
    leg.channel.addEventListener('message', mine((message) => this.#message(message)));
    leg.channel.addEventListener('broken', mine(({ reason }) => this.#broken(reason)));
    leg.channel.addEventListener('lost', mine(() => this.resync()));
  }

  /** run: drives the attempt to an established call, or to its end. */
  async run() {
    const leg = /** @type {AnyLeg} */ (this.leg);
    try {
      const established = await leg.run();
      if (leg === this.leg && this.state !== 'ended') await this.#establish(leg, established);
    } catch (error) {
      if (error instanceof EndError && error.reason === 'glare') await this.glare();
      else if (leg === this.leg) this.failed(error);
    }
  }

  /** glare: the other's call to us goes on in the place of ours; it should be here any moment. */
  async glare() {
    const leg = this.leg;
    await new Promise((resolve) => setTimeout(resolve, GLARE_MS));
    if (leg === this.leg) this.end('glare');
  }

  /** failed: ends it for an error. @param {any} error */
  failed(error) {
    if (this.state === 'ended') return;
    if (error instanceof CryptoError) return this.#broken(error.reason);
    const known = error instanceof EndError;
    if (!known) console.error('call:', error);
    if (known && error.security) this.setSecurity({ ...this.security, reason: error.security });
    const reason = known ? error.reason : 'failed';
    if (!NOTHING_TO_TELL.has(reason)) void this.leg?.leave({ reason: 'failed' });
    this.end(reason);
  }

  /** resync: messages or a connection were lost: tell our state, ask for theirs, and mend the path if it is down. */
  resync() {
    if (!this.established || this.state === 'ended') return;
    this.leg?.channel.send({ ...this.ownState(), sync: true });
    if (!this.#pathUp) void this.leg?.negotiator?.restart();
  }

  /** abandon: the page goes away: no time for anything but one word to the server. */
  abandon() {
    if (this.state === 'ended') return;
    void this.leg?.leave({ reason: 'hangup' });
    this.end('hangup');
  }

  /** end: over, for whatever reason; nothing is sent. @param {string} reason */
  end(reason) {
    if (this.state === 'ended') return;
    this.leg?.close(new EndError(reason));
    this.#over(reason);
  }

  /* --- inside --- */

  /** @param {string} reason */
  #over(reason) {
    this.endReason = reason;
    clearTimeout(this.#noMediaTimer);
    this.setState('ended');
    this.#onEnded(this);
    this.emit('ended');
  }

  /** @param {import('./trust.js').Trust} trust */
  #trusted(trust) {
    this.#named(trust);
    if (trust.blocked) this.setSecurity({ ...this.security, level: 'changed', reason: 'identity_changed' });
    else if (trust.warning) this.emit('warning', { reason: trust.warning });
  }

  /** A name next to "verified" is the one that was compared, not what the server says now. @param {import('./trust.js').Trust} trust */
  #named(trust) {
    const { displayName } = this.peer;
    if (trust.verified && !trust.displayName) void trust.rename(displayName).catch(() => {});
    if (!trust.displayName || trust.displayName === displayName) return;
    this.setName(trust.displayName, displayName);
  }

  /** Both sides have confirmed the keys. @param {AnyLeg} leg @param {Established} established */
  async #establish(leg, established) {
    const { media, negotiator } = leg;
    if (!media || !negotiator) throw new EndError('failed');
    const { sas, suite, peerState } = established;
    this.established = true;
    this.setSecurity({ level: 'pending', emoji: sas.emoji, digits: sas.digits, suite });
    this.remoteStream = streamOf(media.receiverTrack('audio'), media.receiverTrack('camera'));
    this.emit('tracks');
    this.#peerSays(peerState);
    negotiator.addEventListener('path', (event) => void this.#pathChanged(leg, /** @type {CustomEvent} */ (event).detail.up));
    /* what took the path may have taken the connection to the server, over which a new one is found */
    negotiator.addEventListener('suspect', () => leg.env.rpc.probe?.(PROBE_MS));
    negotiator.addEventListener('hopeless', () => this.failed(new EndError('failed')));
    negotiator.addEventListener('broken', (event) => this.#broken(/** @type {CustomEvent} */ (event).detail.reason));
    media.addEventListener('died', () => void this.#workerDied());
    this.#noMediaTimer = setTimeout(() => this.failed(new EndError('failed')), NO_MEDIA_MS);
    leg.channel.send(this.ownState()); /* it may have changed while the keys were agreed */
    negotiator.start();
    await this.sendAll(media);
  }

  /** @param {AnyLeg} leg @param {boolean} up */
  async #pathChanged(leg, up) {
    this.#pathUp = up;
    if (this.state === 'ended') return;
    if (!up) {
      if (this.#checked) this.setState('reconnecting');
      leg.env.rpc.probe?.(PROBE_MS);
      return;
    }
    try {
      await leg.media?.verifyFingerprint();
    } catch (error) {
      return this.failed(error);
    }
    if (leg.closed || !this.#pathUp) return;
    clearTimeout(this.#noMediaTimer);
    if (!this.#checked) {
      this.#checked = true;
      this.activeAt = Date.now();
      this.setSecurity({ ...this.security, level: leg.trust?.verified ? 'verified' : 'unverified', reason: undefined });
      leg.say('connected').catch(() => {}); /* if it is lost, the server's call.ended says what came of it */
    }
    this.setState('active');
    if (leg.media && !leg.closed) this.setRoute(routeOf(await leg.media.pc.getStats()));
  }

  /** A message of the sealed channel. @param {Record<string, any>} message */
  #message(message) {
    this.leg?.negotiator?.received(message);
    this.#peerSays(message);
    if (message.sync) this.leg?.channel.send(this.ownState());
    if (!message.hangup) return;
    void this.leg?.leave({ reason: 'hangup' });
    this.end('hangup');
  }

  /** @param {Record<string, any>} message */
  #peerSays(message) {
    if (!this.setPeer(message)) return;
    const media = this.leg?.media;
    const shares = this.peerState.screen && media;
    this.remoteScreenStream = shares ? streamOf(media.receiverTrack('screen'), media.receiverTrack('screenAudio')) : null;
    this.emit('tracks');
  }

  async #workerDied() {
    try {
      await this.leg?.media?.restartWorker();
      this.emit('warning', { reason: 'worker_restarted' });
    } catch {
      this.failed(new EndError('failed'));
    }
  }

  /** A check failed: media stops before anything else happens. @param {string} reason */
  #broken(reason) {
    if (this.state === 'ended') return;
    this.leg?.close(new EndError(reason));
    this.setSecurity({ level: 'broken', reason });
    void this.leg?.leave({ reason: 'failed' });
    this.end(reason);
  }

  /** The user has had enough. @param {string} reason */
  async #finish(reason) {
    const { leg } = this;
    if (this.state === 'ended' || !leg) return;
    leg.media?.hush();
    /* the figures are read while the connection is still there, and nobody waits for them but the server */
    const stats = this.established ? this.#summary() : Promise.resolve(undefined);
    const params = stats.catch(() => undefined).then((figures) => {
      leg.stopMedia();
      return figures ? { stats: figures } : {};
    });
    this.#over(reason);
    await leg.goodbye(params);
  }

  /** A few figures for the operator; nothing about what was said. */
  async #summary() {
    const late = new Promise((resolve) => setTimeout(resolve, SUMMARY_MS, {}));
    const { rttMs, lossPercent, route, codecVideo } = /** @type {Partial<CallStats>} */ (await Promise.race([this.stats(), late]));
    const figures = Object.entries({ rttMs, lossPercent, route, codecVideo });
    return Object.fromEntries(figures.filter(([, value]) => value !== null && value !== undefined));
  }
}
