// SPDX-License-Identifier: Apache-2.0
/** Choosing microphone, camera and speaker; the lists follow what is plugged in. */
import { fill, h } from '../dom.js';
import { Devices } from '../media/devices.js';
import { icon } from './icons.js';

const KINDS = /** @type {const} */ ({
  microphone: { kind: 'audioinput', label: 'Microphone', image: 'mic' },
  camera: { kind: 'videoinput', label: 'Camera', image: 'camera' },
  speaker: { kind: 'audiooutput', label: 'Speaker', image: 'speaker' },
});

let count = 0;

/**
 * deviceSelect: a labelled choice that sets settings[name].
 * @param {{settings: import('../settings.js').Settings, devices: Devices}} app
 * @param {keyof typeof KINDS} name
 * @param {import('../dom.js').Scope} scope
 * @param {...import('../dom.js').Children} beside
 * @returns {HTMLElement | null} null where the browser gives no choice (the speaker in some)
 */
export function deviceSelect(app, name, scope, ...beside) {
  const { kind, label, image } = KINDS[name];
  if (name === 'speaker' && !Devices.canChooseSpeaker) return null;
  const id = `device-${++count}`;
  const select = h('select', { id, class: 'select', testid: `select-${name}`, onchange: () => app.settings.set(name, select.value) });
  const update = () => {
    const list = app.devices.of(kind);
    const chosen = app.settings.get(name);
    fill(select, h('option', { value: '' }, list.length || app.devices.has(kind) ? 'System default' : `No ${label.toLowerCase()} found`),
      list.map((device, i) => h('option', { value: device.deviceId }, Devices.label(device, i))));
    select.value = list.some((device) => device.deviceId === chosen) ? chosen : '';
    select.disabled = !list.length;
  };
  scope.listen(app.devices, 'change', update);
  scope.listen(app.settings, 'change', (event) => event.detail.name === name && update());
  update();
  return h('div', { class: 'device' }, h('label', { for: id }, icon(image, 18), label), h('div', { class: 'device-row' }, select, ...beside));
}
