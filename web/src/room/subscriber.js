// SPDX-License-Identifier: Apache-2.0
/**
 * What this side receives of a room: sections offered once, whose senders the server changes without another exchange. Event
 * 'track' (detail: {mid, kind, track}): a section has its track, for good; 'state'; 'lost' (see Negotiation).
 */
import { Negotiation } from './negotiation.js';

export const AUDIO_SLOTS = 4;

/** describe: browsers receive the dependency descriptor only where they were asked to, and without it no more than the lowest of
 * the spatial layers of AV1. @param {any} transceiver */
function describe(transceiver) {
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.();
  const wanted = extensions?.find((/** @type {{uri: string}} */ { uri }) => uri.endsWith('#dependency-descriptor-rtp-header-extension'));
  if (!wanted) return;
  wanted.direction = 'recvonly';
  transceiver.setHeaderExtensionsToNegotiate(extensions);
}

export class Subscriber extends EventTarget {
  /** @type {Map<string, MediaStreamTrack>} by mid */ tracks = new Map();
  #link;
  #video = 0;

  /**
   * @param {object} options
   * @param {RTCIceServer[]} options.iceServers
   * @param {(sdp: string) => Promise<string>} options.subscribe gives the answer
   * @param {(config: RTCConfiguration) => RTCPeerConnection} [options.makeConnection]
   */
  constructor({ iceServers, subscribe, makeConnection }) {
    super();
    this.#link = new Negotiation({ iceServers, makeConnection, exchange: subscribe });
    for (const type of ['state', 'lost']) this.#link.addEventListener(type, () => this.dispatchEvent(new CustomEvent(type)));
    this.#link.addEventListener('track', (event) => {
      const { mid, track } = /** @type {CustomEvent} */ (event).detail;
      this.tracks.set(mid, track);
      this.dispatchEvent(new CustomEvent('track', { detail: { mid, kind: track.kind, track } }));
    });
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

  /** how many video slots were offered */
  get slots() {
    return this.#video;
  }

  /** start: the one offer. @param {number} video how many video slots */
  start(video) {
    for (let i = 0; i < AUDIO_SLOTS; i++) this.#link.pc.addTransceiver('audio', { direction: 'recvonly' });
    return this.grow(video);
  }

  /** grow: one more offer, where more pictures are to be shown than there are slots. @param {number} video */
  async grow(video) {
    if (video <= this.#video) return;
    for (; this.#video < video; this.#video++) describe(this.#link.pc.addTransceiver('video', { direction: 'recvonly' }));
    await this.#link.negotiate();
  }

  restart() {
    return this.#link.restart();
  }

  /** again: offers once more, after an exchange that was not answered. */
  again() {
    return this.#link.negotiate();
  }

  close() {
    this.#link.close();
  }
}
