// SPDX-License-Identifier: Apache-2.0
/** Hearing and seeing the other side. Event 'level' (detail: {level}), 'blocked': the browser wants a click first. */
import { Scope, h } from '../../dom.js';
import { Devices } from '../../media/devices.js';
import { watchLevel } from '../../media/level.js';

export class Playback extends EventTarget {
  audio = h('audio', { autoplay: true, testid: 'remote-audio' });
  video = h('video', { class: 'remote-video', autoplay: true, playsInline: true, muted: true, testid: 'remote-video' });
  screen = h('video', { class: 'remote-screen', autoplay: true, playsInline: true, muted: true, testid: 'remote-screen' });
  #session;
  #scope = new Scope();
  #settings;
  #stopLevel = () => {};
  /** @type {MediaStreamTrack | null} */ #levelTrack = null;

  /** @param {import('../../types.js').CallSession} session @param {import('../../settings.js').Settings} settings */
  constructor(session, settings) {
    super();
    this.#session = session;
    this.#settings = settings;
    this.#scope.listen(session, 'tracks', () => this.#attach());
    this.#scope.listen(settings, 'change', (event) => event.detail.name === 'speaker' && void this.#route());
    for (const element of [this.video, this.screen]) {
      for (const type of ['resize', 'loadeddata', 'playing']) this.#scope.listen(element, type, () => this.dispatchEvent(new CustomEvent('picture')));
    }
    void this.#route();
    this.#attach();
  }

  end() {
    this.#stopLevel();
    this.#scope.end();
    for (const element of [this.audio, this.video, this.screen]) element.srcObject = null;
  }

  /** play: after a click, when the browser had blocked the sound. */
  async play() {
    await Promise.all([this.audio, this.video, this.screen].filter((one) => one.srcObject).map((one) => one.play()));
  }

  /** whether there is a picture of the other side's camera */
  get hasPicture() {
    return this.#session.peerState.camera && live(this.#session.remoteStream);
  }

  get hasScreen() {
    return this.#session.peerState.screen && live(this.#session.remoteScreenStream);
  }

  #attach() {
    const { remoteStream, remoteScreenStream } = this.#session;
    if (this.audio.srcObject !== remoteStream) {
      this.audio.srcObject = remoteStream;
      this.video.srcObject = remoteStream;
      if (remoteStream) {
        for (const type of ['addtrack', 'removetrack']) this.#scope.listen(remoteStream, type, () => this.#attach());
        this.audio.play().catch((error) => error.name === 'NotAllowedError' && this.dispatchEvent(new CustomEvent('blocked')));
      }
    }
    if (this.screen.srcObject !== remoteScreenStream) this.screen.srcObject = remoteScreenStream;
    for (const track of [...(remoteStream?.getTracks() ?? []), ...(remoteScreenStream?.getTracks() ?? [])]) {
      track.onmute = track.onunmute = track.onended = () => this.dispatchEvent(new CustomEvent('picture'));
    }
    const voice = remoteStream?.getAudioTracks()[0] ?? null;
    if (voice !== this.#levelTrack) {
      this.#levelTrack = voice;
      this.#stopLevel();
      this.#stopLevel = voice ? watchLevel(voice, (level) => this.dispatchEvent(new CustomEvent('level', { detail: { level } }))) : () => {};
    }
    this.dispatchEvent(new CustomEvent('picture'));
  }

  async #route() {
    if (!Devices.canChooseSpeaker) return;
    try {
      await this.audio.setSinkId(this.#settings.get('speaker'));
    } catch {
      await this.audio.setSinkId('').catch(() => {});
    }
  }
}

/** @param {MediaStream | null} stream */
function live(stream) {
  return Boolean(stream?.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted));
}
