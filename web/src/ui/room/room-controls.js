// SPDX-License-Identifier: Apache-2.0
/** The row of buttons under a room. */
import { h } from '../../dom.js';
import { canShareScreen } from '../../media/capture.js';
import { control } from '../call/controls.js';
import { icon } from '../icons.js';

/** @typedef {Record<'mic' | 'camera' | 'screen' | 'hand' | 'people' | 'invite' | 'layout' | 'devices' | 'figures' | 'more' | 'full' | 'leave', () => void>} RoomActions */

/**
 * @typedef {object} RoomLook
 * @property {() => string} panel the one that is open
 * @property {() => boolean} listens whether this side may only listen
 * @property {() => boolean} hand
 * @property {() => boolean} speakerView
 * @property {() => boolean} figures
 * @property {() => number} waiting in the lobby
 */

export class RoomControls {
  el;
  #updates;
  #badge = h('span', { class: 'control-badge', hidden: true });

  /** @param {import('../../media/local-media.js').LocalMedia} local @param {RoomActions} act @param {RoomLook} look @param {import('../../dom.js').Scope} scope */
  constructor(local, act, look, scope) {
    const list = buttons(local, act, look).map((one) => ({ name: one.name, ...control(one) }));
    this.#updates = [...list.map((one) => one.update), () => {
      const waiting = look.waiting();
      this.#badge.hidden = !waiting;
      this.#badge.textContent = String(waiting);
      for (const one of list) if (['mic', 'camera', 'screen'].includes(one.name)) one.button.hidden = look.listens();
    }];
    list.find(({ name }) => name === 'people')?.button.append(this.#badge);
    const leave = h('button', { class: 'control hang-up', type: 'button', 'aria-label': 'Leave the room', title: 'Leave (Ctrl+Shift+H)', testid: 'room-leave', onclick: act.leave }, h('span', { class: 'control-face' }, icon('hangup', 28)));
    this.el = h('div', { class: 'controls', role: 'toolbar', 'aria-label': 'Room' }, h('div', { class: 'controls-row' }, list.map((one) => one.button), leave));
    scope.listen(local, 'change', () => this.update());
    scope.listen(document, 'fullscreenchange', () => this.update());
    this.update();
  }

  update() {
    for (const update of this.#updates) update();
  }
}

/** @param {import('../../media/local-media.js').LocalMedia} local @param {RoomActions} act @param {RoomLook} look @returns {Parameters<typeof control>[0][]} */
const buttons = (local, act, look) => [
  { name: 'mic', key: 'm', extra: false, run: act.mic, look: () => {
    const live = local.microphone?.readyState === 'live';
    return { on: !local.muted, alert: local.muted || !live, image: local.muted || !live ? 'micOff' : 'mic', label: !live ? 'No microphone: try again' : local.muted ? 'Turn the microphone on' : 'Turn the microphone off' };
  } },
  { name: 'camera', key: 'v', extra: false, run: act.camera, look: () => ({ on: Boolean(local.camera), image: local.camera ? 'camera' : 'cameraOff', label: local.camera ? 'Turn the camera off' : 'Turn the camera on' }) },
  ...(canShareScreen() ? [{ name: 'screen', key: 's', extra: true, run: act.screen, look: () => ({ on: Boolean(local.screen), image: local.screen ? 'screenOff' : 'screen', label: local.screen ? 'Stop sharing the screen' : 'Share your screen' }) }] : []),
  { name: 'hand', key: 'r', extra: true, run: act.hand, look: () => ({ on: look.hand(), image: 'hand', label: look.hand() ? 'Lower your hand' : 'Raise your hand' }) },
  { name: 'people', key: 'p', extra: false, panel: true, run: act.people, look: () => ({ on: look.panel() === 'people', image: 'people', label: look.waiting() ? `People: ${look.waiting()} waiting to come in` : 'People' }) },
  { name: 'invite', key: '', extra: true, panel: true, run: act.invite, look: () => ({ on: look.panel() === 'invite', image: 'userPlus', label: 'Invite people; rules of the room' }) },
  { name: 'layout', key: 'g', extra: true, run: act.layout, look: () => ({ on: false, image: look.speakerView() ? 'grid' : 'spot', label: look.speakerView() ? 'Everybody in a grid' : 'Who speaks, large' }) },
  { name: 'devices', key: '', extra: true, panel: true, run: act.devices, look: () => ({ on: look.panel() === 'devices', image: 'settings', label: 'Microphone, camera, speaker' }) },
  { name: 'figures', key: 'i', extra: true, run: act.figures, look: () => ({ on: look.figures(), image: 'gauge', label: look.figures() ? 'Hide the figures' : 'How well each one comes' }) },
  { name: 'more', key: '', extra: false, panel: true, run: act.more, look: () => ({ on: look.panel() === 'more', image: 'more', label: 'More' }) },
];

/** roomMore: on a phone, what does not fit into the row. @param {RoomActions} act @param {RoomLook} look @param {() => void} close */
export function roomMore(act, look, close) {
  const item = (/** @type {string} */ image, /** @type {string} */ text, /** @type {() => void} */ run, /** @type {string} */ testid, closes = true) =>
    h('li', {}, h('button', { type: 'button', class: 'more-item', testid, onclick: () => { if (closes) close(); run(); } }, icon(image, 22), text));
  return h('ul', { class: 'more-list' },
    item('hand', look.hand() ? 'Lower your hand' : 'Raise your hand', act.hand, 'more-hand'),
    item(look.speakerView() ? 'grid' : 'spot', look.speakerView() ? 'Everybody in a grid' : 'Who speaks, large', act.layout, 'more-layout'),
    item('userPlus', 'Invite people; rules of the room', act.invite, 'more-invite', false),
    canShareScreen() && !look.listens() && item('screen', 'Share your screen', act.screen, 'more-screen'),
    item('settings', 'Microphone, camera, speaker', act.devices, 'more-devices', false),
    item('gauge', look.figures() ? 'Hide the figures' : 'How well each one comes', act.figures, 'more-figures'),
    document.fullscreenEnabled && item('full', 'Full screen', act.full, 'more-full'));
}
