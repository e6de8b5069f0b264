// SPDX-License-Identifier: Apache-2.0
/**
 * What this side sends into a room: microphone, camera in three sizes, screen in two. A source that was off comes back
 * without an exchange, but for the screen, whose track ends for the others when it is not shared.
 */
import { Negotiation } from './negotiation.js';

/** @typedef {import('./types.js').Source} Source */
/** @typedef {{transceiver: RTCRtpTransceiver, trackId: string, sent: boolean, active: string[] | null}} Sent sent: it is part of the offer; active: the encodings that somebody receives */

/** Of the camera at 1280x720: a quarter, a half, all of it. */
const CAMERA = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 160_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 600_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_800_000 },
];
/** A screen is for reading: half of it for small tiles, else all of it; frames give way before sharpness. */
const SCREEN = [
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000, maxFramerate: 5 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 15 },
];

/** encodings: of a source, as addTransceiver() takes them. @param {Source} source @returns {RTCRtpEncodingParameters[] | undefined} */
export function encodings(source) {
  if (source === 'camera') return CAMERA.map((one) => ({ ...one, active: true }));
  if (source === 'screen') return SCREEN.map((one) => ({ ...one, active: true }));
  return source === 'mic' ? [{ maxBitrate: 40_000 }] : [{ maxBitrate: 96_000 }];
}

/** prefer: codecs in the order of our liking: RED around Opus against loss; VP8, whose layers every browser sends.
 * @template {{mimeType: string}} C @param {C[]} codecs @param {Source} source @returns {C[]} */
export function prefer(codecs, source) {
  const order = source === 'mic' ? ['audio/red', 'audio/opus'] : source === 'screen_audio' ? ['audio/opus', 'audio/red'] : ['video/vp8', 'video/rtx', 'video/vp9', 'video/h264', 'video/av1'];
  const rank = (/** @type {C} */ { mimeType }) => order.indexOf(mimeType.toLowerCase()) >>> 0;
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

export class Publisher extends EventTarget {
  /** @type {Map<Source, Sent>} */ #sources = new Map();
  #link;

  /**
   * @param {object} options
   * @param {RTCIceServer[]} options.iceServers
   * @param {(sdp: string, tracks: {mid: string, source: Source}[]) => Promise<{sdp: string, tracks: {mid: string, id: string}[]}>} options.publish
   * @param {(config: RTCConfiguration) => RTCPeerConnection} [options.makeConnection]
   */
  constructor({ iceServers, publish, makeConnection }) {
    super();
    this.#link = new Negotiation({ iceServers, makeConnection, exchange: async (offer) => {
      const { sdp, tracks } = await publish(offer, this.#offered());
      for (const { mid, id } of tracks) this.#learn(mid, id);
      return sdp;
    } });
    for (const type of ['state', 'lost']) this.#link.addEventListener(type, () => this.dispatchEvent(new CustomEvent(type)));
  }

  get state() {
    return this.#link.state;
  }

  get lost() {
    return this.#link.lost;
  }

  get pc() {
    return this.#link.pc;
  }

  /** trackId: of a source, '' while it has none. @param {Source} source */
  trackId(source) {
    return this.#sources.get(source)?.trackId ?? '';
  }

  /** sourceOf: @param {string} trackId @returns {Source | null} */
  sourceOf(trackId) {
    for (const [source, sent] of this.#sources) if (sent.trackId === trackId) return source;
    return null;
  }

  /** set: what a source sends now; null: nothing. @param {Source} source @param {MediaStreamTrack | null} track */
  async set(source, track) {
    const known = this.#sources.get(source);
    if (!known && !track) return;
    if (!known) return this.#add(source, /** @type {MediaStreamTrack} */ (track));
    await known.transceiver.sender.replaceTrack(track);
    if (!source.startsWith('screen')) return;
    const sent = track !== null;
    if (sent === known.sent) return;
    known.sent = sent;
    known.transceiver.direction = sent ? 'sendonly' : 'inactive';
    if (!sent) known.trackId = '';
    await this.#link.negotiate();
  }

  /** layers: the encodings of a track that somebody receives; the others are not encoded. @param {string} trackId @param {string[]} active */
  async layers(trackId, active) {
    const source = this.sourceOf(trackId);
    const sent = source && this.#sources.get(source);
    if (!sent) return;
    sent.active = active;
    await this.#apply(sent);
  }

  restart() {
    return this.#link.restart();
  }

  /** again: offers once more, after an exchange that was not answered. */
  again() {
    return this.#sources.size ? this.#link.negotiate() : Promise.resolve();
  }

  close() {
    this.#link.close();
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  async #add(source, track) {
    const transceiver = this.#link.pc.addTransceiver(track, { direction: 'sendonly', sendEncodings: encodings(source) });
    const codecs = RTCRtpSender.getCapabilities(track.kind)?.codecs;
    if (codecs) transceiver.setCodecPreferences?.(prefer(codecs, source));
    /** @type {Sent} */ const sent = { transceiver, trackId: '', sent: true, active: null };
    this.#sources.set(source, sent);
    await this.#link.negotiate();
    await this.#apply(sent);
  }

  #offered() {
    return [...this.#sources].filter(([, { sent, transceiver }]) => sent && transceiver.mid !== null)
      .map(([source, { transceiver }]) => ({ mid: /** @type {string} */ (transceiver.mid), source }));
  }

  /** @param {string} mid @param {string} id */
  #learn(mid, id) {
    for (const sent of this.#sources.values()) {
      if (sent.transceiver.mid !== mid || sent.trackId === id) continue;
      Object.assign(sent, { trackId: id, active: null });
    }
    this.dispatchEvent(new CustomEvent('tracks'));
  }

  /** @param {Sent} sent */
  async #apply({ transceiver, active }) {
    const { sender } = transceiver;
    const parameters = sender.getParameters();
    if (!parameters.encodings?.length) return;
    let changed = false;
    for (const encoding of parameters.encodings) {
      const on = active === null || !encoding.rid || active.includes(encoding.rid);
      changed ||= encoding.active !== on;
      encoding.active = on;
    }
    if (sender.track?.kind === 'video' && sender.track.contentHint) {
      const wanted = 'maintain-resolution';
      changed ||= parameters.degradationPreference !== wanted;
      parameters.degradationPreference = wanted;
    }
    if (changed) await sender.setParameters(parameters).catch(() => {});
  }
}
