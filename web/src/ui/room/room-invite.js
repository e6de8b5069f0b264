// SPDX-License-Identifier: Apache-2.0
/** Inviting into a room: its link, people by their names; and for hosts its rules and its end. */
import { fill, h, write } from '../../dom.js';
import { linkAddress } from '../../room/rooms.js';
import { roomProblem } from '../../room/words.js';
import { confirm } from '../dialog.js';
import { icon } from '../icons.js';

/** @typedef {import('../../room/session.js').RoomSession} RoomSession */

/** toggle: a switch with a name and what it does. @param {string} testid @param {string} name @param {string} text @param {boolean} checked @param {(on: boolean) => void} change */
export function toggle(testid, name, text, checked, change) {
  const input = h('input', { type: 'checkbox', role: 'switch', checked, testid, onchange: () => change(input.checked) });
  return h('label', { class: 'toggle' }, h('span', {}, h('strong', {}, name), h('small', {}, text)), input, h('span', { class: 'toggle-knob' }));
}

/** copyLink: the address of a room, with a button that copies it. @param {import('../../app.js').App} app @param {string} link */
export function copyLink(app, link) {
  const address = linkAddress(link);
  const copy = async () => {
    const ok = await navigator.clipboard?.writeText(address).then(() => true, () => false);
    if (!ok) input.select();
    app.toasts.show(ok ? 'The link was copied.' : 'Press Ctrl+C to copy the link.', { ms: 3000, icon: 'copy', key: 'copied' });
  };
  const input = h('input', { class: 'input', type: 'text', readOnly: true, value: address, 'aria-label': 'Link to the room', testid: 'room-link', onfocus: () => input.select() });
  return h('div', { class: 'copy-row' }, input, h('button', { class: 'button', type: 'button', testid: 'room-link-copy', onclick: copy }, icon('copy', 18), 'Copy'));
}

/** invitePanel: @param {import('../../app.js').App} app @param {RoomSession} session @param {import('../../dom.js').Scope} scope @returns {import('../../dom.js').Children} */
export function invitePanel(app, session, scope) {
  const body = h('div', { class: 'invite' });
  let shown = '';
  const render = () => {
    const { room, roster } = session;
    const key = JSON.stringify([room, roster.isHost]);
    if (!room || key === shown) return;
    shown = key;
    fill(body, roster.isHost
      ? [share(app, session), byName(app, session), rules(app, session), ending(app, session)]
      : h('p', { class: 'muted' }, 'Hosts invite people and make the rules of this room. Ask one of them.'));
  };
  for (const type of ['room', 'roster']) scope.listen(session, type, render);
  render();
  return body;
}

/** @param {import('../../app.js').App} app @param {RoomSession} session */
function share(app, session) {
  const { link, policy } = /** @type {import('../../room/types.js').Room} */ (session.room);
  const fresh = async () => {
    try {
      const answer = await session.call('link');
      if (session.room) session.room = { ...session.room, link: answer.link ?? undefined };
      session.dispatchEvent(new CustomEvent('room'));
      app.toasts.show('There is a new link. The one before leads nowhere now.', { ms: 5000, icon: 'link' });
    } catch (error) {
      app.toasts.show(roomProblem(error), { tone: 'warn' });
    }
  };
  const who = policy.guests ? 'Everybody with this link can come, also without an account' : 'Everybody with an account here and this link can come';
  return h('section', { class: 'invite-part' }, h('h3', {}, 'Link'), link ? copyLink(app, link) : null,
    h('p', { class: 'muted' }, `${who}${policy.lobby ? '; they wait until a host lets them in.' : '.'}`),
    h('button', { class: 'button small quiet', type: 'button', testid: 'room-link-new', onclick: fresh }, icon('refresh', 16), link ? 'Make a new link' : 'Make a link'));
}

/** @param {import('../../app.js').App} app @param {RoomSession} session */
function byName(app, session) {
  const note = h('p', { class: 'field-note', role: 'status' });
  const input = h('input', { class: 'input', type: 'text', placeholder: 'Username', 'aria-label': 'Username of somebody to ring', autocapitalize: 'none', autocomplete: 'off', spellcheck: false, maxLength: 64, testid: 'invite-name' });
  const ring = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = input.value.trim().replace(/^@/, '');
    if (!name) return;
    try {
      const user = await app.people.find(name);
      const { invited } = await session.call('invite', { userIds: [user.id] });
      write(note, invited.length ? `It rings at ${user.displayName} …` : `${user.displayName} is here already, or may not come.`);
      input.value = '';
    } catch (error) {
      write(note, roomProblem(error));
    }
  };
  return h('section', { class: 'invite-part' }, h('h3', {}, 'Ring somebody'),
    h('form', { class: 'copy-row', onsubmit: ring }, input, h('button', { class: 'button', type: 'submit', testid: 'invite-ring' }, icon('bell', 18), 'Ring')), note);
}

/** @param {import('../../app.js').App} app @param {RoomSession} session */
function rules(app, session) {
  const { policy, locked } = /** @type {import('../../room/types.js').Room} */ (session.room);
  const ask = (/** @type {string} */ name, /** @type {object} */ params) => session.call(name, params).catch((error) => {
    app.toasts.show(roomProblem(error), { tone: 'warn' });
    session.dispatchEvent(new CustomEvent('room'));
  });
  return h('section', { class: 'invite-part' }, h('h3', {}, 'Rules'),
    toggle('rule-locked', 'Locked', 'Nobody comes in any more', locked, (on) => ask('lock', { locked: on })),
    toggle('rule-lobby', 'Lobby', 'Who comes by the link waits for a host', policy.lobby, (on) => ask('edit', { policy: { lobby: on } })),
    toggle('rule-guests', 'Guests', 'The link works without an account', policy.guests, (on) => ask('edit', { policy: { guests: on } })),
    toggle('rule-listen', 'Newcomers listen', 'They speak when a host lets them', policy.entryRole === 'listener', (on) => ask('edit', { policy: { entryRole: on ? 'listener' : 'speaker' } })));
}

/** @param {import('../../app.js').App} app @param {RoomSession} session */
function ending(app, session) {
  const end = async () => {
    const text = session.room?.policy.permanent ? 'Everybody is sent out. The room stays, and can be used again.' : 'Everybody is sent out, and the room is gone.';
    if (await confirm({ title: 'End the room for everybody?', text, yes: 'End it', danger: true, testid: 'confirm-end' })) {
      await session.call('end').catch((error) => app.toasts.show(roomProblem(error), { tone: 'warn' }));
    }
  };
  return h('button', { class: 'button danger-quiet wide', type: 'button', testid: 'room-end', onclick: end }, 'End the room for everybody');
}
