// SPDX-License-Identifier: Apache-2.0
/** The list of people in a room: who waits, who is inside, and what a host can do about it. */
import { fill, h } from '../../dom.js';
import { plural } from '../../format.js';
import { trackOf } from '../../room/roster.js';
import { roomProblem } from '../../room/words.js';
import { confirm } from '../dialog.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';

/** @typedef {import('../../room/types.js').Participant} Participant */
/** @typedef {import('../../room/session.js').RoomSession} RoomSession */

const ROLE = { host: 'Host', speaker: '', listener: 'Listens' };

/**
 * peoplePanel: @param {import('../../app.js').App} app @param {RoomSession} session @param {import('../../dom.js').Scope} scope
 * @param {{local: import('../../media/local-media.js').LocalMedia}} parts
 * @returns {import('../../dom.js').Children}
 */
export function peoplePanel(app, session, scope, { local }) {
  const waiting = h('div', { class: 'people-waiting' });
  const title = h('h3', {});
  const list = h('ul', { class: 'people-list', testid: 'room-people' });
  /* whose actions are unfolded */
  let open = '';
  const ask = (/** @type {string} */ name, /** @type {object} */ params, done = '') => session.call(name, params)
    .then(() => done && app.toasts.show(done, { ms: 3000 })).catch((error) => app.toasts.show(roomProblem(error), { tone: 'warn' }));
  const toggle = (/** @type {string} */ id) => {
    open = open === id ? '' : id;
    render();
    list.querySelector(`[data-participant="${id}"] button`)?.scrollIntoView({ block: 'nearest' });
  };
  const render = () => {
    const { roster } = session;
    const focus = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset.testid + (document.activeElement.closest('li')?.dataset.participant ?? '') : '';
    fill(waiting, roster.isHost && roster.lobby.size > 0 && [h('h3', {}, `${plural(roster.lobby.size, 'person waits', 'people wait')} to come in`),
      h('ul', { class: 'people-list', testid: 'room-lobby' }, [...roster.lobby.values()].map((one) => lobbyRow(one, ask)))]);
    title.textContent = `In the room: ${roster.count}`;
    const people = [...roster.people.values()].sort((a, b) => Number(b.id === roster.me) - Number(a.id === roster.me) || Number(b.hand) - Number(a.hand) || a.joinedAt - b.joinedAt);
    fill(list, people.map((one) => row(one, { session, local, open: open === one.id, toggle, ask })),
      roster.count > people.length && h('li', { class: 'muted' }, `and ${roster.count - people.length} more`));
    if (focus) for (const button of list.querySelectorAll('button')) if (button.dataset.testid + (button.closest('li')?.dataset.participant ?? '') === focus) button.focus();
  };
  for (const type of ['roster', 'lobby']) scope.listen(session, type, render);
  scope.listen(session, 'speakers', () => {
    const speaking = new Set(session.roster.speakers);
    for (const one of list.children) /** @type {HTMLElement} */ (one).dataset.speaking = String(speaking.has(/** @type {HTMLElement} */ (one).dataset.participant ?? ''));
  });
  scope.listen(local, 'change', render);
  render();
  return [waiting, title, list];
}

/** @typedef {(name: string, params: object, done?: string) => Promise<unknown>} Ask */

/** @param {Participant} participant @param {Ask} ask */
function lobbyRow(participant, ask) {
  const { id, displayName } = participant;
  return h('li', { class: 'person-line', 'data-participant': id }, avatar({ id: participant.userId ?? id, displayName }, 's'),
    h('span', { class: 'person-words' }, h('strong', {}, displayName), h('small', {}, participant.userId ? '' : 'Guest')),
    h('button', { class: 'button small quiet', type: 'button', testid: 'lobby-refuse', 'aria-label': `Send ${displayName} away`, onclick: () => ask('admit', { participantId: id, admit: false }) }, 'No'),
    h('button', { class: 'button small primary', type: 'button', testid: 'lobby-admit', 'aria-label': `Let ${displayName} in`, onclick: () => ask('admit', { participantId: id }) }, 'Let in'));
}

/** @param {Participant} participant @param {{session: RoomSession, local: import('../../media/local-media.js').LocalMedia, open: boolean, toggle: (id: string) => void, ask: Ask}} parts */
function row(participant, { session, local, open, toggle, ask }) {
  const { id, displayName, role, hand, away, userId } = participant;
  const { roster } = session;
  const self = id === roster.me;
  const muted = self ? local.muted || !local.microphone : !trackOf(participant, 'mic');
  const owner = userId !== undefined && userId === session.room?.ownerId;
  const words = [self ? 'You' : '', ROLE[role], !userId ? 'Guest' : '', away ? 'connection lost' : ''].filter(Boolean).join(', ');
  const marks = [hand && icon('hand', 18), trackOf(participant, 'screen') && icon('screen', 18), icon(muted ? 'micOff' : 'mic', 18)];
  const state = [hand ? 'hand raised' : '', muted ? 'microphone off' : 'microphone on'].filter(Boolean).join(', ');
  const menu = roster.isHost && !self && h('button', { class: 'icon-button', type: 'button', testid: 'person-menu', 'aria-expanded': String(open), 'aria-label': `What to do about ${displayName}`, onclick: () => toggle(id) }, icon('more', 20));
  return h('li', { class: 'person-line', testid: 'room-person', 'data-participant': id, 'data-muted': String(muted), 'data-role': role, 'data-speaking': String(roster.speakers.includes(id)) },
    avatar({ id: userId ?? id, displayName }, 's'), h('span', { class: 'person-words' }, h('strong', {}, displayName), h('small', {}, words)),
    h('span', { class: `person-marks ${muted ? '' : 'live'}`, role: 'img', 'aria-label': state }, marks), menu,
    open && menu && actions(participant, { owner, muted, ask }));
}

/** @param {Participant} participant @param {{owner: boolean, muted: boolean, ask: Ask}} parts */
function actions(participant, { owner, muted, ask }) {
  const { id: participantId, displayName, role, userId } = participant;
  const action = (/** @type {string} */ testid, /** @type {string} */ text, /** @type {() => unknown} */ run, bad = false) =>
    h('button', { class: `button small ${bad ? 'danger-quiet' : ''}`, type: 'button', testid, onclick: run }, text);
  const sure = async (/** @type {string} */ name, /** @type {string} */ title, /** @type {string} */ text, /** @type {string} */ yes) => {
    if (await confirm({ title, text, yes, danger: true, testid: `confirm-${name}` })) await ask(name, { participantId });
  };
  return h('div', { class: 'person-actions-row', role: 'group', 'aria-label': displayName },
    !muted && action('person-mute', 'Mute', () => ask('mute', { participantId, kind: 'audio' }, `${displayName} was muted.`)),
    trackOf(participant, 'camera') && action('person-camera-off', 'Camera off', () => ask('mute', { participantId, kind: 'video' })),
    role === 'listener' && action('person-speaker', 'Let speak', () => ask('role', { participantId, role: 'speaker' })),
    !owner && role !== 'listener' && action('person-listener', 'Listen only', () => ask('role', { participantId, role: 'listener' })),
    userId && role !== 'host' && action('person-host', 'Make host', () => ask('role', { participantId, role: 'host' })),
    !owner && role === 'host' && action('person-unhost', 'No host any more', () => ask('role', { participantId, role: 'speaker' })),
    !owner && action('person-kick', 'Send out', () => sure('kick', `Send ${displayName} out?`, 'They may come again, unless the room is locked.', 'Send out'), true),
    !owner && action('person-ban', 'Ban', () => sure('ban', `Ban ${displayName}?`, userId ? 'They are sent out and cannot come back.' : 'A guest is sent out; by the link they may come again. Make a new link, or lock the room, to keep them out.', 'Ban'), true));
}
