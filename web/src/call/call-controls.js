// SPDX-License-Identifier: Apache-2.0
/** What this side puts into a call: microphone, camera, screen, and what it says about them. */
import { CallView } from './call-view.js';

/** @typedef {import('./outgoing.js').OutgoingLeg | import('./incoming.js').IncomingLeg} AnyLeg */

export class CallControls extends CallView {
  /** whether our microphone is muted */ muted = false;
  /** the attempt behind this call; for the engine and tests @type {AnyLeg | null} */ leg = null;
  /** both sides have confirmed the keys @protected */ established = false;
  /** @type {MediaStreamTrack | null} */ #microphone = null;
  /** @type {MediaStreamTrack | null} */ #camera = null;
  /** @type {MediaStream | null} */ #screen = null;

  /** @protected @param {AnyLeg} leg @returns {AnyLeg | null} the one before */
  replaceLeg(leg) {
    const before = this.leg;
    this.leg = leg;
    return before;
  }

  /** takeLocal: what this side brings along. @param {MediaStream | null | undefined} stream */
  takeLocal(stream) {
    this.#microphone = stream?.getAudioTracks()[0] ?? null;
    this.#camera = stream?.getVideoTracks()[0] ?? null;
    if (this.#microphone && this.muted) this.#microphone.enabled = false;
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    if (this.#microphone) this.#microphone.enabled = !muted;
    this.#tell({ mute: muted });
  }

  /** @param {MediaStream | null} stream */
  async setCamera(stream) {
    this.#camera = stream?.getVideoTracks()[0] ?? null;
    this.#tell({ camera: !!this.#camera });
    await this.leg?.media?.send('camera', this.#camera);
  }

  /** @param {MediaStream | null} stream with its sound, if it has any */
  async shareScreen(stream) {
    this.#screen = stream;
    const [video, audio] = [stream?.getVideoTracks()[0] ?? null, stream?.getAudioTracks()[0] ?? null];
    if (video && !video.contentHint) video.contentHint = 'detail';
    this.#tell({ screen: !!video });
    await Promise.all([this.leg?.media?.send('screen', video), this.leg?.media?.send('screenAudio', audio)]);
  }

  /** @param {MediaStreamTrack | null} track */
  async replaceMicrophone(track) {
    if (track) track.enabled = !this.muted;
    this.#microphone = track;
    await this.leg?.media?.send('audio', track);
  }

  /** @protected */
  ownState() {
    return { mute: this.muted, camera: !!this.#camera, screen: !!this.#screen };
  }

  /**
   * sendAll: the keys are good: from now on our tracks may leave.
   * @protected
   * @param {import('./media.js').CallMedia} media
   */
  async sendAll(media) {
    const sent = [media.send('audio', this.#microphone), media.send('camera', this.#camera)];
    if (this.#screen) sent.push(this.shareScreen(this.#screen));
    await Promise.all(sent);
    await media.letSend();
  }

  /** @param {object} change */
  #tell(change) {
    if (this.established && this.state !== 'ended') this.leg?.channel.send(change);
  }
}
