// SPDX-License-Identifier: Apache-2.0
/** Settings: microphone, camera, speaker with a test each; the ring tone; notifications. */
import { Scope, fill, h } from '../dom.js';
import { LocalMedia } from '../media/local-media.js';
import { RING_TONES, chime, ring } from '../media/ringer.js';
import { trouble } from '../media/trouble.js';
import { deviceSelect } from './device-select.js';
import { icon } from './icons.js';
import { Meter } from './meter.js';
import { notificationState, askForNotifications } from './notify.js';
import { pushCard } from './push-card.js';
import { page } from './settings-page.js';

/** toggle: a switch. @param {string} label @param {string} sub @param {boolean} on @param {(on: boolean) => void} change @param {string} testid */
export function toggle(label, sub, on, change, testid) {
  const input = h('input', { type: 'checkbox', role: 'switch', checked: on, testid, onchange: () => change(input.checked) });
  return h('label', { class: 'toggle' }, h('span', {}, h('strong', {}, label), sub && h('small', {}, sub)), input, h('i', { class: 'toggle-knob', 'aria-hidden': 'true' }));
}

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function soundSection(app, back) {
  const scope = new Scope();
  const { settings } = app;
  return { end: () => scope.end(), el: page('Sound and picture', back, testCard(app, scope), ringCard(app, scope), pushCard(app, scope),
    h('section', { class: 'card' }, h('h2', {}, 'In calls'),
      toggle('Look before calling', 'Check camera and microphone before every call.', settings.get('previewBeforeCall'), (on) => settings.set('previewBeforeCall', on), 'preview-before'),
      toggle('Clean up the sound', 'Takes away noise and keeps your voice at one loudness. Switch it off for music.', settings.get('cleanSound'), (on) => settings.set('cleanSound', on), 'clean-sound'),
      toggle('Mirror my picture', 'You see yourself as in a mirror. Others see you as you are.', settings.get('mirrorSelf'), (on) => settings.set('mirrorSelf', on), 'mirror-self'))) };
}

/** @param {import('../app.js').App} app @param {Scope} scope */
function testCard(app, scope) {
  const note = h('div', { class: 'trouble', role: 'alert', hidden: true });
  const meter = new Meter();
  const video = h('video', { class: 'test-picture', muted: true, autoplay: true, playsInline: true, hidden: true });
  const button = h('button', { class: 'button', type: 'button', testid: 'test-media' }, icon('camera', 20), 'Test microphone and camera');
  /** @type {LocalMedia | null} */ let local = null;

  const stop = () => {
    local?.close();
    local = null;
    meter.watch(null);
    video.hidden = true;
    video.srcObject = null;
    fill(button, icon('camera', 20), 'Test microphone and camera');
  };
  const start = async () => {
    note.hidden = true;
    const media = (local = new LocalMedia(app));
    media.addEventListener('trouble', (event) => {
      const { source, error } = /** @type {CustomEvent} */ (event).detail;
      const { title, help } = trouble(error, source);
      note.hidden = false;
      fill(note, icon('warning', 20), h('div', {}, h('strong', {}, title), h('p', {}, help)));
    });
    media.addEventListener('microphone', () => meter.watch(media.microphone));
    media.addEventListener('camera', () => {
      video.srcObject = media.cameraStream;
      video.hidden = !media.cameraStream;
    });
    fill(button, icon('close', 20), 'Stop the test');
    await media.startMicrophone();
    if (local === media) await media.startCamera();
  };
  button.addEventListener('click', () => (local ? stop() : void start()));
  scope.defer(stop);
  const play = h('button', { class: 'button small', type: 'button', testid: 'test-speaker', onclick: () => chime('test', 0.9) }, 'Play');
  return h('section', { class: 'card' }, h('h2', {}, 'Devices'), deviceSelect(app, 'microphone', scope), meter.el, deviceSelect(app, 'camera', scope), video,
    deviceSelect(app, 'speaker', scope, play), note, button);
}

/** @param {import('../app.js').App} app @param {Scope} scope */
function ringCard(app, scope) {
  const { settings } = app;
  let stop = () => {};
  scope.defer(() => stop());
  const tones = h('select', { class: 'select', id: 'ring-tone', testid: 'ring-tone' }, Object.entries(RING_TONES).map(([value, label]) => h('option', { value }, label)));
  tones.value = settings.get('ringTone');
  const play = () => {
    stop();
    stop = ring(settings.get('ringTone'), settings.get('ringVolume'));
    scope.after(2800, () => stop());
  };
  tones.addEventListener('change', () => {
    settings.set('ringTone', /** @type {keyof typeof RING_TONES} */ (tones.value));
    play();
  });
  const volume = h('input', { type: 'range', class: 'range', id: 'ring-volume', min: '0', max: '1', step: '0.05', value: String(settings.get('ringVolume')), testid: 'ring-volume',
    onchange: () => { settings.set('ringVolume', Number(volume.value)); play(); } });
  const bell = h('div', { class: 'notify-row' });
  const renderBell = () => {
    const state = notificationState();
    const words = { granted: 'Calls are shown by the system when this page is in the background.', denied: 'Notifications are blocked for this page: allow them beside the address to see calls while you do something else.',
      default: 'See calls while this page is in the background.', missing: 'This browser shows no notifications on this page.' }[state];
    fill(bell, icon('bell', 20), h('span', {}, words), state === 'default' && h('button', { class: 'button small', type: 'button', testid: 'allow-notifications', onclick: async () => { await askForNotifications(); renderBell(); } }, 'Allow'));
  };
  renderBell();
  return h('section', { class: 'card' }, h('h2', {}, 'Ringing'),
    h('div', { class: 'device' }, h('label', { for: 'ring-tone' }, icon('bell', 18), 'Ring tone'), h('div', { class: 'device-row' }, tones, h('button', { class: 'button small', type: 'button', onclick: play }, 'Play'))),
    h('div', { class: 'device' }, h('label', { for: 'ring-volume' }, icon('speaker', 18), 'Volume'), volume), bell);
}
