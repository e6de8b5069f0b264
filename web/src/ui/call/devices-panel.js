// SPDX-License-Identifier: Apache-2.0
/** Choosing devices in the middle of a call. */
import { chime } from '../../media/ringer.js';
import { h } from '../../dom.js';
import { deviceSelect } from '../device-select.js';
import { Meter } from '../meter.js';

/**
 * devicesPanel: @param {import('../../app.js').App} app @param {import('../../media/local-media.js').LocalMedia} local @param {import('../../dom.js').Scope} scope
 * @returns {import('../../dom.js').Children}
 */
export function devicesPanel(app, local, scope) {
  const meter = new Meter();
  meter.watch(local.microphone);
  scope.listen(local, 'microphone', () => meter.watch(local.microphone));
  scope.defer(() => meter.end());
  const play = h('button', { class: 'button small', type: 'button', onclick: () => chime('test', 0.9) }, 'Test');
  return [deviceSelect(app, 'microphone', scope), meter.el, deviceSelect(app, 'camera', scope), deviceSelect(app, 'speaker', scope, play)];
}
