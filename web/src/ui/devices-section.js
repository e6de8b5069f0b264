// SPDX-License-Identifier: Apache-2.0
/** Settings: the devices that are logged in, and logging them out. */
import { fill, h } from '../dom.js';
import { ago, day } from '../format.js';
import { problem } from '../words.js';
import { confirm } from './dialog.js';
import { icon } from './icons.js';
import { page } from './settings-page.js';

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function devicesSection(app, back) {
  const list = h('ul', { class: 'sessions', testid: 'sessions' }, h('li', { class: 'muted' }, 'Loading …'));

  async function load() {
    try {
      const { sessions } = await app.rpc.call('session.list');
      const sorted = sessions.sort((/** @type {any} */ a, /** @type {any} */ b) => Number(b.current) - Number(a.current) || b.lastSeenAt - a.lastSeenAt);
      fill(list, sorted.map(row));
    } catch (error) {
      fill(list, h('li', {}, h('p', {}, problem(error)), h('button', { class: 'button small', type: 'button', onclick: load }, 'Try again')));
    }
  }

  /** @param {import('../types.js').SessionEntry} session */
  function row({ device, createdAt, lastSeenAt, current }) {
    const small = /phone|android/i.test(device.name);
    return h('li', { testid: 'session-row', 'data-device': device.id }, h('span', { class: 'row-icon' }, icon(small ? 'mobile' : 'laptop', 22)),
      h('span', { class: 'row-text' }, h('strong', {}, device.name, current && h('em', { class: 'tag' }, 'this one')),
        h('span', { class: 'row-sub' }, `${current ? 'In use now' : `Seen ${ago(lastSeenAt + 0)}`} · logged in ${day(createdAt).toLowerCase() === 'today' ? 'today' : `on ${day(createdAt)}`}`)),
      !current && h('button', { class: 'button small danger-quiet', type: 'button', testid: 'revoke', onclick: () => revoke(device) }, 'Log out'));
  }

  /** @param {import('../types.js').Device} device */
  async function revoke(device) {
    const yes = await confirm({ title: `Log out “${device.name}”?`, text: 'Calls stop ringing there, and a call that is going on there ends.', yes: 'Log it out', danger: true, testid: 'revoke-confirm' });
    if (!yes) return;
    try {
      await app.rpc.call('session.revoke', { deviceId: device.id });
      app.toasts.show(`“${device.name}” was logged out.`, { icon: 'check' });
    } catch (error) {
      app.toasts.show(problem(error), { tone: 'bad' });
    }
    void load();
  }

  void load();
  return { el: page('Your devices', back,
    h('section', { class: 'card' }, h('p', { class: 'muted' }, 'Every device below rings when you are called. Log out what you do not know, then change your password.'), list)) };
}
