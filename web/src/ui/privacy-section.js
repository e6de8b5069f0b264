// SPDX-License-Identifier: Apache-2.0
/** Settings: from whom this browser hides its addresses behind the relay of the server. */
import { Scope, h, write } from '../dom.js';
import { icon } from './icons.js';
import { page } from './settings-page.js';

const CHOICES = /** @type {const} */ ([
  ['strangers', 'From people who are new to me', 'A first call goes through the relay of the server, until you two have compared the emoji; a later one goes straight. The same for somebody whose key has changed.'],
  ['all', 'From everybody', 'All calls go through the relay of the server, which may make them a little slower. Where there is none, no call is made.'],
  ['none', 'From nobody', 'Every call takes the shortest way. Whoever you talk to can find out your addresses, also those in your network and beside a VPN.'],
]);

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function privacySection(app, back) {
  const scope = new Scope();
  const { settings } = app;
  const about = h('p', { class: 'muted', id: 'hide-about', testid: 'hide-about' });
  const choice = h('select', { class: 'select', id: 'hide-address', testid: 'hide-address', 'aria-describedby': 'hide-about',
    onchange: () => settings.set('hideAddress', /** @type {import('../call/leg.js').HideAddress} */ (choice.value)) },
    CHOICES.map(([value, label]) => h('option', { value }, label)));
  const relay = h('p', { class: 'muted', testid: 'hide-no-relay', hidden: true }, 'This server has no relay, so it cannot hide addresses.');
  const update = () => {
    const [value, , words] = CHOICES.find(([name]) => name === settings.get('hideAddress')) ?? CHOICES[0];
    choice.value = value;
    write(about, words);
    relay.hidden = !app.serverInfo || Boolean(app.serverInfo.features?.includes('turn'));
  };
  scope.listen(settings, 'change', update);
  scope.listen(app, 'serverinfo', update);
  update();
  return { end: () => scope.end(), el: page('Privacy', back, h('section', { class: 'card' }, h('h2', {}, 'Your address'),
    h('p', { class: 'muted' }, 'The address of your connection says roughly where you are. Nobody learns it before a call is answered.'),
    h('div', { class: 'device' }, h('label', { for: 'hide-address' }, icon('shield', 18), 'Hide it'), choice), about, relay)) };
}
