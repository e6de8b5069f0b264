// SPDX-License-Identifier: Apache-2.0
/** Settings: whether this browser rings while the page is closed. */
import { fill, h } from '../dom.js';
import { icon } from './icons.js';
import { toggle } from './sound-section.js';

const WORDS = /** @type {Record<string, string>} */ ({
  missing: 'This browser cannot be woken while the page is closed, or not over this connection.',
  blocked: 'Notifications are blocked for this page: allow them beside the address, then switch this on again.',
  failed: 'The push service of this browser did not answer. Try again later.',
});

/** pushCard: @param {import('../app.js').App} app @param {import('../dom.js').Scope} scope */
export function pushCard(app, scope) {
  const { push, settings } = app;
  const card = h('section', { class: 'card', testid: 'push-card' });
  const render = () => {
    const { state } = push;
    const on = state === 'on' || state === 'busy';
    card.hidden = !app.serverInfo?.features?.includes('push');
    card.dataset.state = state;
    fill(card, h('h2', {}, 'While this page is closed'),
      state !== 'missing' && toggle('Ring this browser when it is closed', 'The maker of this browser passes calls and messages on, encrypted: it sees that something comes, not from whom or what.',
        on, (want) => void (want ? push.enable() : push.disable()), 'push-ring'),
      on && toggle('Show what messages say', 'Notifications can be read on a locked screen. Without this they only say who wrote.',
        settings.get('pushPreview'), (want) => void push.setPreview(want), 'push-preview'),
      WORDS[state] && h('div', { class: 'notify-row', role: 'status', testid: 'push-trouble' }, icon('warning', 20), h('span', {}, WORDS[state])));
  };
  scope.listen(push, 'change', render);
  scope.listen(app, 'serverinfo', render);
  render();
  return card;
}
