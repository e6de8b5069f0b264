// SPDX-License-Identifier: Apache-2.0
/**
 * This side's microphone, camera and screen during a preview and its call. Events:
 *   'change'     something is on, off or another device
 *   'fallback'   detail {source, from, to}: a device went away and another took its place ('' = none is left)
 *   'trouble'    detail {source, error}
 *   'microphone' detail {track}: the sound comes from another track now; also 'camera' and 'screen' (stream or null)
 */
import { openCamera, openMicrophone, openScreen, release } from './capture.js';

/** @typedef {import('./trouble.js').Source} Source */

export class LocalMedia extends EventTarget {
  /** @type {MediaStreamTrack | null} */ microphone = null;
  /** @type {MediaStreamTrack | null} */ camera = null;
  /** @type {MediaStream | null} */ cameraStream = null;
  /** @type {MediaStream | null} */ screen = null;
  muted = false;
  closed = false;
  #settings;
  #devices;
  #off = new AbortController();
  /** @type {Set<Source>} sources that the user wants and that are gone */ #missing = new Set();

  /** @param {{settings: import('../settings.js').Settings, devices: import('./devices.js').Devices}} needs */
  constructor({ settings, devices }) {
    super();
    this.#settings = settings;
    this.#devices = devices;
    devices.addEventListener('change', () => void this.#tryMissing(), { signal: this.#off.signal });
    settings.addEventListener('change', (event) => {
      const { name } = /** @type {CustomEvent} */ (event).detail;
      if ((name === 'microphone' || name === 'cleanSound') && this.microphone) void this.startMicrophone();
      if (name === 'camera' && this.camera) void this.startCamera();
    }, { signal: this.#off.signal });
  }

  /** stream: microphone and camera, to hand to an engine. */
  get stream() {
    return new MediaStream([this.microphone, this.camera].filter((track) => track !== null));
  }

  /** startMicrophone: also to change it. @returns {Promise<boolean>} */
  async startMicrophone() {
    return this.#open('microphone', async () => {
      const track = await openMicrophone(this.#settings);
      if (this.closed) return track.stop();
      this.microphone?.stop();
      this.microphone = track;
      track.enabled = !this.muted;
      track.onended = () => track === this.microphone && void this.#lost('microphone', track);
      this.#emit('microphone', { track });
    });
  }

  /** startCamera: also to change it. @returns {Promise<boolean>} */
  async startCamera() {
    return this.#open('camera', async () => {
      const track = await openCamera(this.#settings);
      if (this.closed) return track.stop();
      this.camera?.stop();
      this.camera = track;
      this.cameraStream = new MediaStream([track]);
      track.onended = () => track === this.camera && void this.#lost('camera', track);
      this.#emit('camera', { stream: this.cameraStream });
    });
  }

  stopCamera() {
    this.#missing.delete('camera');
    this.camera?.stop();
    this.camera = null;
    this.cameraStream = null;
    this.#emit('camera', { stream: null });
  }

  /** startScreen: asks which. @param {{sound?: boolean}} [options] @returns {Promise<boolean>} */
  async startScreen(options) {
    return this.#open('screen', async () => {
      const stream = await openScreen(options);
      if (this.closed) return release(stream);
      this.screen = stream;
      stream.getVideoTracks()[0].onended = () => stream === this.screen && this.stopScreen();
      this.#emit('screen', { stream });
    });
  }

  stopScreen() {
    release(this.screen);
    this.screen = null;
    this.#emit('screen', { stream: null });
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** close: turns everything off. */
  close() {
    this.closed = true;
    this.#off.abort();
    this.microphone?.stop();
    this.camera?.stop();
    release(this.screen);
  }

  /** @param {Source} source @param {() => Promise<void>} open */
  async #open(source, open) {
    try {
      await open();
      this.#missing.delete(source);
      void this.#devices.refresh();
      return !this.closed;
    } catch (error) {
      /* closing the browser's dialog for a screen is a choice, not a trouble */
      const chosen = source === 'screen' && error instanceof DOMException && error.name === 'NotAllowedError';
      if (!chosen) this.dispatchEvent(new CustomEvent('trouble', { detail: { source, error } }));
      return false;
    }
  }

  /** A device went away by itself. @param {'microphone' | 'camera'} source @param {MediaStreamTrack} track */
  async #lost(source, track) {
    const from = track.label;
    await this.#devices.refresh();
    const ok = source === 'microphone' ? await this.startMicrophone() : await this.startCamera();
    const to = ok ? (source === 'microphone' ? this.microphone : this.camera)?.label ?? '' : '';
    if (!ok) {
      this.#missing.add(source);
      if (source === 'camera') {
        this.camera = null;
        this.cameraStream = null;
        this.#emit('camera', { stream: null });
      }
    }
    this.dispatchEvent(new CustomEvent('fallback', { detail: { source, from, to } }));
  }

  /** Something was plugged in: perhaps what is missing. */
  async #tryMissing() {
    for (const source of [...this.#missing]) {
      if (source === 'microphone' && this.#devices.has('audioinput')) await this.startMicrophone();
      if (source === 'camera' && this.#devices.has('videoinput')) await this.startCamera();
    }
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
    this.dispatchEvent(new CustomEvent('change'));
  }
}
