// SPDX-License-Identifier: Apache-2.0
/** Camera and microphone before a call: picture, level, devices, and what is wrong with them. */
import { Scope, fill, h } from '../../dom.js';
import { trouble } from '../../media/trouble.js';
import { deviceSelect } from '../device-select.js';
import { icon } from '../icons.js';
import { Meter } from '../meter.js';

export class Preview {
  el;
  #scope = new Scope();
  #local;
  #meter = new Meter();
  #video = h('video', { autoplay: true, muted: true, playsInline: true, testid: 'preview-video' });
  #trouble = h('div', { class: 'troubles', role: 'alert' });
  /** @type {Map<string, HTMLElement>} */ #notes = new Map();
  #cameraButton;

  /** @param {import('../../app.js').App} app @param {import('../../media/local-media.js').LocalMedia} local @param {{video: boolean}} options */
  constructor(app, local, { video }) {
    this.#local = local;
    this.video = video;
    this.#cameraButton = h('button', { class: 'button small on-picture', type: 'button', testid: 'preview-camera', onclick: () => this.#toggleCamera() });
    this.el = h('div', { class: 'preview', testid: 'preview', 'data-camera': 'off' },
      h('div', { class: 'preview-picture' }, this.#video, h('div', { class: 'preview-none' }, icon('cameraOff', 30), h('span', {}, 'Your camera is off')), this.#cameraButton),
      this.#trouble, h('div', { class: 'preview-devices' }, deviceSelect(app, 'microphone', this.#scope), this.#meter.el, deviceSelect(app, 'camera', this.#scope), deviceSelect(app, 'speaker', this.#scope)));
    this.#video.classList.toggle('mirrored', app.settings.get('mirrorSelf'));
    this.#scope.listen(local, 'microphone', () => { this.#clear('microphone'); this.#meter.watch(local.microphone); });
    this.#scope.listen(local, 'camera', () => { this.#clear('camera'); this.#update(); });
    this.#scope.listen(local, 'trouble', (event) => this.#explain(event.detail));
    this.#update();
    this.#meter.watch(local.microphone);
  }

  /** start: takes the devices. */
  async start() {
    const { microphone } = this.#local;
    if (!microphone) await this.#local.startMicrophone();
    if (this.video && !this.#local.camera && !this.#scope.ended) await this.#local.startCamera();
  }

  end() {
    this.#meter.end();
    this.#video.srcObject = null;
    this.#scope.end();
  }

  async #toggleCamera() {
    this.video = !this.#local.camera;
    if (this.#local.camera) this.#local.stopCamera();
    else await this.#local.startCamera();
  }

  #update() {
    const { cameraStream } = this.#local;
    this.el.dataset.camera = cameraStream ? 'on' : 'off';
    this.#video.srcObject = cameraStream;
    fill(this.#cameraButton, icon(cameraStream ? 'camera' : 'cameraOff', 18), cameraStream ? 'Turn off' : 'Turn on the camera');
  }

  /** @param {string} source */
  #clear(source) {
    this.#notes.get(source)?.remove();
    this.#notes.delete(source);
  }

  /** @param {{source: import('../../media/trouble.js').Source, error: unknown}} detail */
  #explain({ source, error }) {
    this.#clear(source);
    const { title, help, canRetry } = trouble(error, source);
    const again = () => void (source === 'microphone' ? this.#local.startMicrophone() : this.#local.startCamera());
    const note = h('div', { class: 'trouble', testid: `trouble-${source}` }, icon(source === 'camera' ? 'cameraOff' : 'micOff', 22),
      h('div', {}, h('strong', {}, title), h('p', {}, help), canRetry && h('button', { class: 'button small', type: 'button', onclick: again }, 'Try again')));
    this.#notes.set(source, note);
    this.#trouble.append(note);
  }
}
