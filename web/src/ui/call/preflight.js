// SPDX-License-Identifier: Apache-2.0
import { h } from '../../dom.js';
import { LocalMedia } from '../../media/local-media.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';
import { Preview } from './preview.js';

/**
 * preflight: looks at camera and microphone before a call goes out.
 * @param {import('../../app.js').App} app
 * @param {import('../../types.js').User} peer
 * @param {{video: boolean, local?: LocalMedia, signal: AbortSignal}} options signal: closes it, as if cancelled
 * @returns {Promise<LocalMedia | null>} null: not to be called
 */
export async function preflight(app, peer, { video, local = new LocalMedia(app), signal }) {
  const preview = new Preview(app, local, { video });
  const call = h('button', { class: 'button primary', type: 'button', testid: 'preflight-call', disabled: true, onclick: () => dialog.close('call') }, icon(video ? 'camera' : 'phone', 20), `Call ${peer.displayName}`);
  /* not before the camera is on or known not to work: whoever is called is told at once whether it is a video call */
  let settled = false;
  const update = () => { call.disabled = !settled || local.microphone?.readyState !== 'live'; };
  local.addEventListener('change', update);
  const again = h('input', { type: 'checkbox', checked: !app.settings.get('previewBeforeCall'), testid: 'preflight-skip', onchange: () => app.settings.set('previewBeforeCall', !again.checked) });
  const dialog = new Dialog({
    title: video ? `Video call with ${peer.displayName}` : `Call ${peer.displayName}`, testid: 'preflight', kind: 'dialog-preview', body: [preview.el],
    actions: [h('label', { class: 'quiet-check' }, again, 'Next time, call at once'),
      h('button', { class: 'button', type: 'button', testid: 'preflight-cancel', onclick: () => dialog.close() }, 'Cancel'), call],
  });
  signal.addEventListener('abort', () => dialog.close(), { once: true });
  void preview.start().then(() => {
    settled = true;
    update();
    if (dialog.el.open) call.focus();
  });
  const chosen = await dialog.closed;
  preview.end();
  local.removeEventListener('change', update);
  if (chosen === 'call') return local;
  local.close();
  return null;
}
