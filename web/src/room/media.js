// SPDX-License-Identifier: Apache-2.0
/** Sound and pictures of a room session: this side's devices go into the publisher, what comes is the subscriber's. */
import { Publisher } from './publisher.js';
import { slotsFor } from './slots.js';
import { Subscriber } from './subscriber.js';

/** @typedef {import('./types.js').Source} Source */
/** @typedef {import('./types.js').Role} Role */

export class RoomMedia {
  /** @type {Publisher | null} */ publisher = null;
  /** @type {Subscriber | null} */ subscriber = null;
  #session;
  #local;
  #makeConnection;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  #off = new AbortController();
  #pictures = 0;
  /** @type {Map<Source, boolean>} what the server was told */ #told = new Map();

  /**
   * @param {{session: import('./session.js').RoomSession, local: import('../media/local-media.js').LocalMedia | null,
   *   makeConnection?: (config: RTCConfiguration) => RTCPeerConnection}} needs local: null for one who only listens
   */
  constructor({ session, local, makeConnection }) {
    this.#session = session;
    this.#local = local;
    this.#makeConnection = makeConnection;
    const { signal } = this.#off;
    local?.addEventListener('microphone', () => void this.#send('mic'), { signal });
    local?.addEventListener('camera', () => void this.#send('camera'), { signal });
    local?.addEventListener('screen', () => void this.#send('screen'), { signal });
    local?.addEventListener('change', () => void this.#tell(), { signal });
  }

  /** whether there are connections of this participant */
  get started() {
    return this.subscriber !== null;
  }

  /** whether a connection will not come back by itself */
  get lost() {
    return Boolean(this.publisher?.lost || this.subscriber?.lost);
  }

  /** 'connected' when all that there is is connected @returns {'connecting' | 'connected' | 'disconnected'} */
  get state() {
    const states = [this.publisher?.state, this.subscriber?.state].filter((state) => state !== undefined);
    if (states.some((state) => state === 'disconnected' || state === 'failed')) return 'disconnected';
    return states.length && states.every((state) => state === 'connected') ? 'connected' : 'connecting';
  }

  /** start: with connections of its own. @param {RTCIceServer[]} iceServers */
  start(iceServers) {
    this.#iceServers = iceServers;
    this.#drop();
    const session = this.#session;
    const subscriber = new Subscriber({ iceServers, makeConnection: this.#makeConnection, subscribe: async (sdp) => {
      const answer = await session.call('subscribe', { sdp });
      session.slots.offered(answer.slots);
      return answer.sdp;
    } });
    this.subscriber = subscriber;
    subscriber.addEventListener('lost', () => session.dispatchEvent(new CustomEvent('lost')));
    for (const type of ['track', 'state']) subscriber.addEventListener(type, () => session.dispatchEvent(new CustomEvent('media')));
    subscriber.start(slotsFor(this.#pictures)).then(() => session.dispatchEvent(new CustomEvent('slots'))).catch((error) => this.#trouble(error));
    if (session.me && session.me.role !== 'listener') this.#publish();
  }

  /** again: the connection to the server is back: what was not answered is asked again. */
  again() {
    for (const link of [this.publisher, this.subscriber]) {
      if (link && (link.pc.signalingState !== 'stable' || link.state === 'failed')) link.restart().catch(() => {});
    }
    void this.#tell(true);
  }

  /** show: so many pictures are to be seen: more of them than slots take one more offer. @param {number} pictures */
  show(pictures) {
    this.#pictures = pictures;
    const wanted = slotsFor(pictures);
    if (this.subscriber && wanted > this.subscriber.slots) this.subscriber.grow(wanted).catch((error) => this.#trouble(error));
  }

  /** role: a host has given this side another role. @param {Role} before @param {Role} now */
  role(before, now) {
    if (now === 'listener' && this.publisher) {
      this.publisher.close();
      this.publisher = null;
      this.#told.clear();
      if (this.#local?.camera) this.#local.stopCamera();
      if (this.#local?.screen) this.#local.stopScreen();
    } else if (before === 'listener' && now !== 'listener' && !this.publisher && this.started) {
      this.#publish();
    }
  }

  /** muted: a host has muted tracks of this side. @param {string[]} trackIds @param {string} by */
  muted(trackIds, by) {
    const sources = trackIds.map((id) => this.publisher?.sourceOf(id)).filter((source) => source !== null && source !== undefined);
    for (const source of sources) {
      this.#told.set(source, true);
      if (source === 'mic') this.#local?.setMuted(true);
      if (source === 'camera') this.#local?.stopCamera();
      if (source === 'screen') this.#local?.stopScreen();
    }
    this.#session.dispatchEvent(new CustomEvent('muted', { detail: { sources, by } }));
  }

  /** layers: @param {string} trackId @param {string[]} active */
  async layers(trackId, active) {
    await this.publisher?.layers(trackId, active);
  }

  /** trackFor: the track of a slot. @param {string} mid */
  trackFor(mid) {
    return this.subscriber?.tracks.get(mid) ?? null;
  }

  close() {
    this.#off.abort();
    this.#drop();
  }

  #drop() {
    this.publisher?.close();
    this.subscriber?.close();
    this.publisher = null;
    this.subscriber = null;
    this.#told.clear();
  }

  #publish() {
    const session = this.#session;
    const publisher = new Publisher({ iceServers: this.#iceServers, makeConnection: this.#makeConnection, publish: (sdp, tracks) => session.call('publish', { sdp, tracks }) });
    this.publisher = publisher;
    publisher.addEventListener('state', () => session.dispatchEvent(new CustomEvent('media')));
    publisher.addEventListener('lost', () => session.dispatchEvent(new CustomEvent('lost')));
    publisher.addEventListener('tracks', () => void this.#tell());
    for (const source of /** @type {const} */ (['mic', 'camera', 'screen'])) void this.#send(source);
  }

  /** @param {'mic' | 'camera' | 'screen'} source */
  async #send(source) {
    const local = this.#local;
    if (!this.publisher || !local) return;
    try {
      if (source === 'screen') await this.publisher.set('screen_audio', local.screen?.getAudioTracks()[0] ?? null);
      const track = source === 'mic' ? local.microphone : source === 'camera' ? local.camera : local.screen?.getVideoTracks()[0] ?? null;
      await this.publisher.set(source, track);
      await this.#tell();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Tells the others what is off; a camera that is off is a muted track. @param {boolean} [all] also what they were told before */
  async #tell(all = false) {
    const { publisher } = this;
    const local = this.#local;
    if (!publisher || !local || !this.#session.inside) return;
    /** @type {Record<string, boolean>} */ const muted = {};
    for (const [source, off] of /** @type {const} */ ([['mic', local.muted || !local.microphone], ['camera', !local.camera]])) {
      const id = publisher.trackId(source);
      if (!id || (!all && (this.#told.get(source) ?? false) === off)) continue;
      this.#told.set(source, off);
      muted[id] = off;
    }
    if (Object.keys(muted).length) await this.#session.call('update', { muted }, { resend: true }).catch(() => {});
  }

  /** @param {unknown} error */
  #trouble(error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    this.#session.dispatchEvent(new CustomEvent('trouble', { detail: { error } }));
  }
}
