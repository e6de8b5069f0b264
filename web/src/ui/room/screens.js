// SPDX-License-Identifier: Apache-2.0
/**
 * The elements that play what the slots carry: one <video> for each video slot, one <audio> for each audio slot, for as long
 * as the slot lives. A slot that was given another source shows nothing until its first picture is there. Events: 'change',
 * 'blocked': the browser wants a click before it plays sound.
 */
import { Scope, h } from '../../dom.js';
import { Devices } from '../../media/devices.js';
import { reached } from '../../room/slots.js';

/** A picture whose timestamp does not tell is taken after this long. */
const DOUBT_MS = 2500;

/** @typedef {{el: HTMLVideoElement, version: number}} Screen */

export class Screens extends EventTarget {
  /** where what plays is kept while no tile shows it */ el = h('div', { class: 'room-pool', 'aria-hidden': 'true' });
  #session;
  #settings;
  #scope = new Scope();
  /** @type {Map<string, Screen>} by mid */ #screens = new Map();
  /** @type {Map<string, HTMLAudioElement>} */ #voices = new Map();

  /** @param {import('../../room/session.js').RoomSession} session @param {import('../../settings.js').Settings} settings */
  constructor(session, settings) {
    super();
    this.#session = session;
    this.#settings = settings;
    for (const type of ['slots', 'media']) this.#scope.listen(session, type, () => this.#update());
    this.#scope.listen(settings, 'change', (event) => event.detail.name === 'speaker' && this.#route());
    this.#update();
  }

  end() {
    this.#scope.end();
    for (const { el } of this.#screens.values()) el.srcObject = null;
    for (const el of this.#voices.values()) el.srcObject = null;
    this.el.remove();
  }

  /** of: the element that plays a track, while a slot carries it. @param {string} trackId @returns {HTMLVideoElement | null} */
  of(trackId) {
    const slot = this.#session.slots.showing(trackId);
    return (slot && this.#screens.get(slot.mid)?.el) ?? null;
  }

  /** rest: nothing shows this element. @param {HTMLVideoElement} el */
  rest(el) {
    if (el.parentElement !== this.el) this.el.append(el);
  }

  /** play: after a click. */
  async play() {
    await Promise.all([...this.#voices.values()].map((el) => el.play()));
  }

  #update() {
    const { media, slots } = this.#session;
    const known = new Set();
    for (const [mid, track] of media.subscriber?.tracks ?? []) {
      known.add(mid);
      if (track.kind === 'audio') this.#voice(mid, track);
      else this.#screen(mid, track, slots.get(mid));
    }
    for (const [mid, { el }] of this.#screens) {
      if (known.has(mid)) continue;
      el.srcObject = null;
      el.remove();
      this.#screens.delete(mid);
    }
    for (const [mid, el] of this.#voices) {
      if (known.has(mid)) continue;
      el.srcObject = null;
      el.remove();
      this.#voices.delete(mid);
    }
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** @param {string} mid @param {MediaStreamTrack} track */
  #voice(mid, track) {
    let el = this.#voices.get(mid);
    if (!el) {
      el = h('audio', { autoplay: true, testid: 'room-audio', 'data-mid': mid });
      this.#voices.set(mid, el);
      this.el.append(el);
      this.#sink(el);
    }
    if (holds(el, track)) return;
    el.srcObject = new MediaStream([track]);
    el.play().catch((error) => error.name === 'NotAllowedError' && this.dispatchEvent(new CustomEvent('blocked')));
  }

  /** @param {string} mid @param {MediaStreamTrack} track @param {import('../../room/slots.js').Slot | null} slot */
  #screen(mid, track, slot) {
    let screen = this.#screens.get(mid);
    if (!screen) {
      const el = h('video', { class: 'tile-video', autoplay: true, playsInline: true, muted: true, disablePictureInPicture: false, 'data-mid': mid, 'data-fresh': 'false', tabIndex: -1 });
      screen = { el, version: -1 };
      this.#screens.set(mid, screen);
      this.el.append(el);
    }
    if (!holds(screen.el, track)) screen.el.srcObject = new MediaStream([track]);
    const version = slot?.version ?? 0;
    if (screen.version === version) return;
    screen.version = version;
    screen.el.dataset.fresh = 'false';
    if (!slot?.trackId) return this.rest(screen.el);
    this.#freshen(screen, version, slot.rtp);
  }

  /** Waits for the first picture of the new source: the last one of the source before must not stand under another name.
   * @param {Screen} screen @param {number} version @param {number} rtp */
  #freshen(screen, version, rtp) {
    const since = performance.now();
    const { el } = screen;
    if (!el.requestVideoFrameCallback) return void (el.dataset.fresh = 'true');
    const look = (/** @type {number} */ _, /** @type {VideoFrameCallbackMetadata} */ { rtpTimestamp }) => {
      if (screen.version !== version) return;
      if (rtpTimestamp === undefined || reached(rtpTimestamp, rtp) || performance.now() - since > DOUBT_MS) {
        el.dataset.fresh = 'true';
        this.dispatchEvent(new CustomEvent('change'));
      } else {
        el.requestVideoFrameCallback(look);
      }
    };
    el.requestVideoFrameCallback(look);
    if (el.paused) el.play().catch(() => {});
  }

  #route() {
    for (const el of this.#voices.values()) this.#sink(el);
  }

  /** @param {HTMLAudioElement} el */
  #sink(el) {
    const speaker = this.#settings.get('speaker');
    if (Devices.canChooseSpeaker && speaker !== (el.sinkId ?? '')) el.setSinkId(speaker).catch(() => {});
  }
}

/** @param {HTMLMediaElement} el @param {MediaStreamTrack} track */
function holds(el, track) {
  return el.srcObject instanceof MediaStream && el.srcObject.getTracks()[0] === track;
}
