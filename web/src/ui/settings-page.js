// SPDX-License-Identifier: Apache-2.0
/** Settings: the list of sections, and the small ones among them. */
import { Scope, h, write } from '../dom.js';
import { routeHash } from '../router.js';
import { accountSection } from './account-section.js';
import { confirm } from './dialog.js';
import { devicesSection } from './devices-section.js';
import { icon } from './icons.js';
import { avatar } from './lamp.js';
import { passwordSection } from './password-section.js';
import { privacySection } from './privacy-section.js';
import { openShortcuts } from './shortcuts.js';
import { soundSection, toggle } from './sound-section.js';
import { twoFactorSection } from './two-factor-section.js';

const SECTIONS = /** @type {const} */ ([['profile', 'Profile', 'people'], ['sound', 'Sound and picture', 'mic'], ['privacy', 'Privacy', 'shield'], ['look', 'Appearance', 'sun'],
  ['devices', 'Your devices', 'laptop'], ['password', 'Password', 'key'], ['two-step', 'Two-step login', 'shieldCheck'], ['data', 'Your data', 'down'], ['about', 'About', 'info']]);

/** @typedef {import('../app.js').App} App */

export class SettingsList {
  el;

  /** @param {App} app */
  constructor(app) {
    this.el = h('div', { class: 'list', testid: 'settings-page' }, h('header', { class: 'list-head' }, h('h1', {}, 'Settings')),
      h('nav', { class: 'list-body', 'aria-label': 'Settings' }, h('ul', {}, SECTIONS.map(([key, label, image]) =>
        h('li', { class: 'row', 'data-key': key }, h('a', { class: 'row-main', href: routeHash('settings', key), testid: `settings-${key}` },
          h('span', { class: 'row-icon' }, icon(image, 20)), h('span', { class: 'row-text' }, h('strong', {}, label)), icon('next', 18)))),
      h('li', { class: 'row' }, h('button', { class: 'row-main danger-text', type: 'button', testid: 'log-out', onclick: () => logOut(app) },
        h('span', { class: 'row-icon' }, icon('logout', 20)), h('span', { class: 'row-text' }, h('strong', {}, 'Log out')))))));
  }

  /** @param {string} key */
  select(key) {
    for (const row of this.el.querySelectorAll('.row')) row.classList.toggle('selected', row.getAttribute('data-key') === (key || 'profile'));
  }
}

/** @param {App} app */
async function logOut(app) {
  const yes = await confirm({ title: 'Log out on this browser?', text: 'Calls stop ringing here. The people you have verified stay verified when you log in again in this browser.', yes: 'Log out', testid: 'logout-confirm' });
  if (yes) await app.account.logOut();
}

/**
 * page: the frame of a section.
 * @param {string} title
 * @param {() => void} back
 * @param {...import('../dom.js').Children} children
 */
export function page(title, back, ...children) {
  return h('div', { class: 'settings' }, h('header', { class: 'settings-head' },
    h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: back }, icon('back', 24)), h('h1', {}, title)), ...children);
}

/**
 * settingsPage: @param {App} app @param {string} key @param {() => void} back
 * @returns {import('./shell.js').Pane}
 */
export function settingsPage(app, key, back) {
  switch (key) {
    case 'sound': return soundSection(app, back);
    case 'privacy': return privacySection(app, back);
    case 'look': return look(app, back);
    case 'devices': return devicesSection(app, back);
    case 'password': return passwordSection(app, back);
    case 'two-step': return twoFactorSection(app, back);
    case 'data': return accountSection(app, back);
    case 'about': return about(app, back);
    default: return profile(app, back);
  }
}

/** @param {App} app @param {() => void} back */
function profile(app, back) {
  const { user, device } = /** @type {import('../account.js').Login} */ (app.account.login);
  const copy = async () => {
    await navigator.clipboard?.writeText(`@${user.username}`);
    app.toasts.show('Your username was copied.', { icon: 'check', ms: 2500 });
  };
  return { el: page('Profile', back,
    h('section', { class: 'card profile' }, avatar(user, 'l'), h('div', {}, h('h2', {}, user.displayName), h('p', { class: 'muted', testid: 'my-username' }, `@${user.username}`)),
      h('button', { class: 'button small', type: 'button', onclick: copy }, 'Copy username')),
    h('section', { class: 'card' }, h('h2', {}, 'This browser'), h('p', { class: 'muted' }, `It is called “${device.name}” in the list of your devices. Its key was made here and cannot leave this browser: clearing the site’s data makes a new one, and people will be asked to compare emoji with you again.`)),
    h('section', { class: 'card' }, h('button', { class: 'button danger-quiet', type: 'button', onclick: () => logOut(app) }, icon('logout', 20), 'Log out'))) };
}

/** @param {App} app @param {() => void} back */
function look(app, back) {
  const themes = /** @type {const} */ ([['auto', 'As the system', 'laptop'], ['light', 'Light', 'sun'], ['dark', 'Dark', 'moon']]);
  const group = h('div', { class: 'choices', role: 'radiogroup', 'aria-label': 'Theme' }, themes.map(([value, label, image]) =>
    h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'theme', value, checked: app.settings.get('theme') === value, testid: `theme-${value}`, onchange: () => app.settings.set('theme', value) }),
      h('span', { class: `swatch swatch-${value}`, 'aria-hidden': 'true' }, h('i', {}), h('i', {}), h('i', {})), h('span', { class: 'choice-label' }, icon(image, 18), label))));
  return { el: page('Appearance', back, h('section', { class: 'card' }, h('h2', {}, 'Theme'), group),
    h('section', { class: 'card' }, h('h2', {}, 'Keyboard'), toggle('Shortcuts of one key', 'M, V, S and the like in a call, / and ? outside. Those with Ctrl always work.', app.settings.get('letterKeys'), (on) => app.settings.set('letterKeys', on), 'letter-keys'))) };
}

/** @param {App} app @param {() => void} back */
function about(app, back) {
  const own = typeof __ALDIS_VERSION__ === 'undefined' ? '' : __ALDIS_VERSION__;
  const serverVersion = h('dd', {}, app.serverInfo?.version ?? '…');
  const scope = new Scope();
  scope.listen(app, 'serverinfo', () => write(serverVersion, app.serverInfo?.version ?? ''));
  return { end: () => scope.end(), el: page('About', back,
    h('section', { class: 'card' }, h('h2', {}, 'Aldis'), h('p', {}, 'Named after the signal lamp: light from one ship to another, that only these two read.'),
      h('dl', { class: 'facts' }, h('div', {}, h('dt', {}, 'This page'), h('dd', {}, own)), h('div', {}, h('dt', {}, 'Server'), serverVersion), h('div', {}, h('dt', {}, 'Address'), h('dd', {}, location.host)))),
    h('section', { class: 'card' }, h('h2', {}, 'What the server knows'), h('p', { class: 'muted' }, 'Who calls whom, when, how long, and how many bytes. Not what you say or show in a call: the keys are made in the two browsers. What you write in chats it keeps, for all of your devices, and can read. The server also delivers this page, so whoever runs it has to be trusted to deliver it unchanged.')),
    h('section', { class: 'card' }, h('button', { class: 'button', type: 'button', testid: 'open-shortcuts', onclick: () => openShortcuts() }, icon('keyboard', 20), 'Keyboard shortcuts'))) };
}
