// SPDX-License-Identifier: Apache-2.0
/** What members of a group may, how often they write, and what becomes of it as it grows. */
import { may } from '../../chat/rights.js';
import { h } from '../../dom.js';
import { confirm } from '../dialog.js';
import { icon } from '../icons.js';
import { toggle } from '../room/room-invite.js';
import { discussionRow } from './discussion.js';
import { retentionRow, timerRow } from './timer.js';

/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../chat/types.js').Right} Right */
/** @typedef {(method: string, params: object) => Promise<boolean>} Do says what was refused */

const PERMISSIONS = /** @type {const} */ ([['send', 'Write', 'Members may write messages'], ['invite', 'Add people', 'Members may add others'], ['info', 'Change the group', 'Members may change name and description'], ['calls', 'Voice chats', 'Members may start a voice chat'], ['pin', 'Pin messages', 'Members may pin messages for all']]);
const SECOND = 1000;
const SLOW = /** @type {const} */ ([[0, 'At will'], [10 * SECOND, 'Every 10 s'], [30 * SECOND, 'Every 30 s'], [60 * SECOND, 'Every minute'], [300 * SECOND, 'Every 5 min'], [900 * SECOND, 'Every 15 min'], [3600 * SECOND, 'Every hour']]);

/** groupRules: @param {import('../../app.js').App} app @param {() => Chat} chatNow @param {Do} run @param {() => void} redraw what was refused stands as it was @returns {import('../../dom.js').Children} */
export function groupRules(app, chatNow, run, redraw) {
  const chat = chatNow();
  const rules = may(chat, 'ban') && chat.kind !== 'channel';
  return [rules && h('h3', { class: 'form-title' }, 'Members may'),
    ...(rules ? PERMISSIONS.map(([right, label, hint]) => toggle(`may-${right}`, label, hint, chat.permissions.includes(right), async (on) => {
      const now = chatNow().permissions;
      if (!(await run('chat.update', { permissions: on ? [...new Set([...now, right])] : now.filter((one) => one !== right) }))) redraw();
    })) : []),
    rules && chat.kind === 'supergroup' && slowMode(chat, run, redraw),
    chat.kind === 'supergroup' && may(chat, 'info') && toggle('group-topics', 'Topics', 'What is written stands in threads, each with a name', Boolean(chat.topics), async (on) => { if (!(await run('chat.update', { topics: on }))) redraw(); }),
    may(chat, 'info') && timerRow(chat, run, redraw),
    may(chat, 'info') && may(chat, 'delete') && retentionRow(chat, run, redraw),
    discussionRow(app, chat, run, redraw),
    chat.role === 'owner' && toggle('group-protected', 'Nothing is forwarded', 'Messages stay here; who reads them can still copy them', Boolean(chat.protected), async (on) => { if (!(await run('chat.update', { protected: on }))) redraw(); }),
    chat.role === 'owner' && chat.kind === 'group' && grow(run)].flat();
}

/** @param {Chat} chat @param {Do} run @param {() => void} redraw */
function slowMode({ slowModeMs = 0 }, run, redraw) {
  const known = SLOW.some(([ms]) => ms === slowModeMs);
  const choice = h('select', { class: 'select', id: 'slow-mode', testid: 'slow-mode', onchange: async () => { if (!(await run('chat.update', { slowModeMs: Number(choice.value) }))) redraw(); } },
    [...SLOW, ...(known ? [] : [/** @type {const} */ ([slowModeMs, `Every ${Math.round(slowModeMs / SECOND)} s`])])].map(([ms, label]) => h('option', { value: String(ms), selected: ms === slowModeMs }, label)));
  return h('div', { class: 'slow-row' }, h('label', { for: 'slow-mode' }, h('strong', {}, 'Slow mode'), h('small', {}, 'How often one member writes; admins at will')), choice);
}

/** @param {Do} run */
function grow(run) {
  return h('div', { class: 'slow-row' }, h('span', {}, h('strong', {}, 'A large group'), h('small', {}, 'Up to 200,000 people, a public name, slow mode; newcomers see what is written from then on')),
    h('button', { class: 'button small', type: 'button', testid: 'group-migrate', onclick: async () => {
      if (await confirm({ title: 'Make it a large group?', text: 'Messages and members stay. From then on nobody is shown who has read what, and who joins later sees all that is written from now on. It cannot become a small group again.', yes: 'Make it large', testid: 'migrate-confirm' })) await run('chat.migrate', {});
    } }, icon('group', 18), 'Make it large'));
}
