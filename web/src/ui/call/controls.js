// SPDX-License-Identifier: Apache-2.0
/** The row of buttons under a call. */
import { Scope, h } from '../../dom.js';
import { canShareScreen } from '../../media/capture.js';
import { icon } from '../icons.js';

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {string} key the shortcut
 * @property {boolean} extra goes into "more" on a phone
 * @property {boolean} [panel] opens one, and its label stays
 * @property {() => {on: boolean, label: string, image: string, alert?: boolean}} look on: for the eye; the label says what a press does
 * @property {() => void} run
 */

/** control: one round button that can be redrawn. @param {Control} options */
export function control({ name, key, extra, panel = false, look, run }) {
  const face = h('span', { class: 'control-face' });
  const button = h('button', { class: `control control-${name} ${extra ? 'extra' : ''}`, type: 'button', testid: `call-${name}`, onclick: run }, face);
  const update = () => {
    const { on, label, image, alert = false } = look();
    button.dataset.on = String(on);
    if (panel) button.setAttribute('aria-expanded', String(on));
    button.setAttribute('aria-label', label);
    button.title = key ? `${label} (${key.toUpperCase()})` : label;
    button.classList.toggle('alert', alert);
    if (face.dataset.image !== image) {
      face.dataset.image = image;
      face.replaceChildren(icon(image, 24));
    }
  };
  return { button, update };
}

/**
 * @typedef {object} ControlActions
 * @property {() => void} mic
 * @property {() => void} camera
 * @property {() => void} screen
 * @property {() => void} devices
 * @property {() => void} figures
 * @property {() => void} full
 * @property {() => void} popOut
 * @property {() => void} room
 * @property {() => void} more
 * @property {() => void} hangUp
 */

export class Controls {
  el;
  #updates;

  /**
   * @param {import('../../media/local-media.js').LocalMedia} local
   * @param {ControlActions} act
   * @param {{panel: () => string, hasPicture: () => boolean}} state
   * @param {Scope} scope
   */
  constructor(local, act, state, scope) {
    const list = CONTROLS(local, act, state).map(control);
    this.#updates = list.map((one) => one.update);
    const hangUp = h('button', { class: 'control hang-up', type: 'button', 'aria-label': 'Hang up', title: 'Hang up (Ctrl+Shift+H)', testid: 'call-hangup', onclick: act.hangUp }, h('span', { class: 'control-face' }, icon('hangup', 28)));
    this.el = h('div', { class: 'controls', role: 'toolbar', 'aria-label': 'Call' }, h('div', { class: 'controls-row' }, list.map((one) => one.button), hangUp));
    scope.listen(local, 'change', () => this.update());
    scope.listen(document, 'fullscreenchange', () => this.update());
    this.update();
  }

  update() {
    for (const update of this.#updates) update();
  }
}

/**
 * @param {import('../../media/local-media.js').LocalMedia} local
 * @param {ControlActions} act
 * @param {{panel: () => string, hasPicture: () => boolean}} state
 * @returns {Control[]}
 */
const CONTROLS = (local, act, state) => [
  { name: 'mic', key: 'm', extra: false, run: act.mic, look: () => {
    const live = local.microphone?.readyState === 'live';
    return { on: !local.muted, alert: local.muted || !live, image: local.muted || !live ? 'micOff' : 'mic', label: !live ? 'No microphone: try again' : local.muted ? 'Turn the microphone on' : 'Turn the microphone off' };
  } },
  { name: 'camera', key: 'v', extra: false, run: act.camera, look: () => ({ on: Boolean(local.camera), image: local.camera ? 'camera' : 'cameraOff', label: local.camera ? 'Turn the camera off' : 'Turn the camera on' }) },
  ...(canShareScreen() ? [{ name: 'screen', key: 's', extra: false, run: act.screen, look: () => ({ on: Boolean(local.screen), image: local.screen ? 'screenOff' : 'screen', label: local.screen ? 'Stop sharing the screen' : 'Share your screen' }) }] : []),
  { name: 'devices', key: '', extra: true, panel: true, run: act.devices, look: () => ({ on: state.panel() === 'devices', image: 'settings', label: 'Microphone, camera, speaker' }) },
  { name: 'figures', key: 'i', extra: true, panel: true, run: act.figures, look: () => ({ on: state.panel() === 'figures', image: 'gauge', label: 'Figures of the connection' }) },
  ...(document.fullscreenEnabled ? [{ name: 'full', key: 'f', extra: true, run: act.full, look: () => ({ on: Boolean(document.fullscreenElement), image: document.fullscreenElement ? 'fullOff' : 'full', label: document.fullscreenElement ? 'Leave full screen' : 'Full screen' }) }] : []),
  ...(document.pictureInPictureEnabled ? [{ name: 'pop-out', key: '', extra: true, run: act.popOut, look: () => ({ on: Boolean(document.pictureInPictureElement), image: 'popOut', label: document.pictureInPictureElement ? 'Picture back into this window' : 'Picture in a window of its own' }) }] : []),
  { name: 'room', key: '', extra: true, run: act.room, look: () => ({ on: false, image: 'userPlus', label: 'Go on in a room, with more people' }) },
  { name: 'more', key: '', extra: false, panel: true, run: act.more, look: () => ({ on: state.panel() === 'more', image: 'more', label: 'More' }) },
];

/** morePanel: on a phone, what does not fit into the row. @param {ControlActions} act */
export function morePanel(act) {
  const item = (/** @type {string} */ image, /** @type {string} */ text, /** @type {() => void} */ run, /** @type {string} */ testid) =>
    h('li', {}, h('button', { type: 'button', class: 'more-item', testid, onclick: run }, icon(image, 22), text));
  return h('ul', { class: 'more-list' }, item('settings', 'Microphone, camera, speaker', act.devices, 'more-devices'), item('gauge', 'Figures of the connection', act.figures, 'more-figures'), item('userPlus', 'Go on in a room, with more people', act.room, 'more-room'),
    document.fullscreenEnabled && item('full', 'Full screen', act.full, 'more-full'), document.pictureInPictureEnabled && item('popOut', 'Picture in a window of its own', act.popOut, 'more-pop-out'));
}
