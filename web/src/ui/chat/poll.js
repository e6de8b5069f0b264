// SPDX-License-Identifier: Apache-2.0
/** Polls: what is chosen and by how many, voting, ending one, and making one. */
import { b64u, random } from '../../crypto/bytes.js';
import { chatProblem, pollOver } from '../../chat/words.js';
import { fill, h } from '../../dom.js';
import { plural, when } from '../../format.js';
import { Dialog, confirm } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { toggle } from '../room/room-invite.js';
import { timeProblem } from './send-later.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Message} Message */
/** @typedef {import('../../chat/types.js').Poll} Poll */

const MOST = 10;
const PAGE = 100;
const HOUR = 3600e3;
const DAY = 24 * HOUR;
const ENDS = /** @type {const} */ ([['0', 'By hand'], [String(HOUR), 'In an hour'], [String(DAY), 'In a day'], [String(3 * DAY), 'In 3 days'], [String(7 * DAY), 'In a week'], ['at', 'At a time …']]);

/** @param {App} app @param {string} method @param {Message} message @param {object} [params] */
async function ask(app, method, { chatId, id }, params = {}) {
  try {
    await app.messenger.change(method, { chatId, messageId: id, ...params });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}

/** vote: takes an option, or gives it back. @param {App} app @param {Message} message @param {number} option */
export function vote(app, message, option) {
  const { own = [], multiple } = /** @type {Poll} */ (message.poll);
  const has = own.includes(option);
  return ask(app, 'poll.vote', message, { options: has ? own.filter((one) => one !== option) : multiple ? [...own, option].sort((a, b) => a - b) : [option] });
}

/** closePoll: @param {App} app @param {Message} message */
export async function closePoll(app, message) {
  if (await confirm({ title: 'End this poll?', text: 'Nobody votes any more. It cannot be opened again.', yes: 'End it', danger: true, testid: 'poll-confirm' })) await ask(app, 'poll.close', message);
}

/** pollView: @param {Poll} poll @param {(option: number) => void} press @param {(() => void) | false} [voted] shows who has voted */
export function pollView(poll, press, voted = false) {
  const { options, voters, multiple, anonymous, quiz, own = [], correct, closesAt } = poll;
  const over = pollOver(poll, Date.now());
  const shown = over || own.length > 0;
  const still = over || (quiz && own.length > 0);
  const kind = quiz ? (anonymous ? 'Anonymous quiz' : 'Quiz') : `${anonymous ? 'Anonymous poll' : 'Poll'}${multiple ? ', several answers' : ''}`;
  return h('div', { class: 'poll', testid: 'poll', role: 'group', 'aria-label': kind }, h('span', { class: 'poll-kind' }, over ? `${kind}, ended` : closesAt ? `${kind}, ends ${when(closesAt)}` : kind),
    options.map(({ text, count }, i) => {
      const part = voters ? Math.round((100 * count) / voters) : 0;
      const mark = correct === i ? 'right' : own.includes(i) && correct !== undefined ? 'wrong' : '';
      const bar = h('meter', { class: 'poll-bar', min: 0, max: 100, value: part, 'aria-hidden': 'true' });
      return h('button', { class: `poll-option ${mark}`, type: 'button', disabled: still, 'aria-pressed': String(own.includes(i)), 'aria-label': `${text}${mark === 'right' ? ', right' : mark === 'wrong' ? ', wrong' : ''}${shown ? `, ${part} %, ${plural(count, 'vote')}` : ''}`, testid: 'poll-option', onclick: () => press(i) },
        h('span', { class: `poll-check ${multiple ? 'many' : ''}` }, (own.includes(i) || mark === 'right') && icon(mark === 'wrong' ? 'close' : 'check', 16)), h('span', { class: 'poll-text', dir: 'auto' }, text), shown && h('b', {}, `${part} %`), shown && bar);
    }),
    h('div', { class: 'poll-foot' }, h('span', { class: 'poll-voters', testid: 'poll-voters' }, voters ? plural(voters, 'vote') : over ? 'No votes' : 'No votes yet'),
      voted && !anonymous && voters > 0 && h('button', { class: 'poll-who', type: 'button', 'aria-haspopup': 'dialog', testid: 'poll-who', onclick: voted }, 'Who voted')));
}

/**
 * nextEnd: when the next of these polls ends by its time. No update tells of it.
 * @param {Message[]} messages @param {number} now @returns {number} Infinity: none
 */
export function nextEnd(messages, now) {
  return Math.min(...messages.map(({ poll }) => (poll?.closesAt && !pollOver(poll, now) ? poll.closesAt : Infinity)), Infinity);
}

/** showVoters: who has chosen what, of a poll that is not anonymous. @param {App} app @param {Message} message */
export function showVoters(app, { chatId, id, text, poll }) {
  const options = poll?.options ?? [];
  const page = async (/** @type {number} */ option, /** @type {string} */ next, /** @type {HTMLElement} */ list) => {
    try {
      const answer = await app.rpc.call('poll.voters', { chatId, messageId: id, option, limit: PAGE, ...(next ? { next } : {}) }, { resend: true });
      list.append(...answer.voters.map((/** @type {any} */ { user }) => h('li', { class: 'member', testid: 'voter', 'data-username': user.username }, avatar(user, 's'), h('span', { class: 'member-name' }, h('strong', {}, user.displayName), h('span', { class: 'muted' }, `@${user.username}`)))));
      if (!answer.next) return;
      const more = h('button', { class: 'button small', type: 'button', onclick: () => { more.parentElement?.remove(); void page(option, answer.next, list); } }, 'More');
      list.append(h('li', { class: 'row-note' }, more));
    } catch (error) {
      list.append(h('li', { class: 'row-note' }, chatProblem(error)));
    }
  };
  const dialog = new Dialog({ title: 'Who voted', testid: 'voters-dialog', kind: 'dialog-small', body: [h('p', { class: 'voters-question', dir: 'auto' }, text), ...options.map(({ text: answer, count }, option) => {
    const list = h('ul', { class: 'group-members' });
    if (count) void page(option, '', list);
    return h('section', { class: 'voters', testid: 'voters' }, h('h3', { dir: 'auto' }, answer, h('span', { class: 'muted' }, count ? plural(count, 'vote') : 'nobody')), count > 0 && list);
  })] });
  return dialog.closed;
}

/** newPoll: @param {App} app @param {import('../../chat/types.js').Chat} chat @param {string} [threadId] the topic that it is asked in */
export async function newPoll(app, chat, threadId) {
  const channel = chat.kind === 'channel';
  const question = new Field({ label: 'Question', name: 'pollQuestion', input: { maxLength: 300, autocomplete: 'off' } });
  /** @type {HTMLInputElement[]} */ const options = [];
  const list = h('div', { class: 'poll-fields' });
  const add = () => {
    if (options.length >= MOST) return;
    const n = options.length;
    const field = h('input', { class: 'input', type: 'text', maxLength: 100, placeholder: `Answer ${n + 1}`, 'aria-label': `Answer ${n + 1}`, autocomplete: 'off', testid: 'poll-answer', oninput: () => { if (field === options.at(-1) && field.value) add(); } });
    const right = h('input', { type: 'radio', name: 'poll-right', class: 'poll-right', 'aria-label': `Answer ${n + 1} is right`, title: 'The right answer', testid: 'poll-right', onchange: () => { fill(note); } });
    options.push(field);
    rights.push(right);
    list.append(h('div', { class: 'poll-field' }, right, field));
  };
  /** @type {HTMLInputElement[]} */ const rights = [];
  const choice = { anonymous: true, multiple: false, quiz: false };
  const note = h('p', { class: 'form-error', role: 'alert' });
  add();
  add();
  const randomId = b64u(random(8)); /* one for all tries */
  const several = toggle('poll-multiple', 'Several answers', 'One may choose more than one', false, (on) => { choice.multiple = on; });
  const quiz = toggle('poll-quiz', 'Quiz', 'One answer is right, and a vote stays; mark it above', false, (on) => {
    choice.quiz = on;
    list.classList.toggle('quiz', on);
    several.hidden = on;
    fill(note);
  });
  const ends = h('select', { class: 'select', id: 'poll-ends', testid: 'poll-ends', onchange: () => {
    at.el.hidden = ends.value !== 'at';
    if (!at.el.hidden) at.input.focus();
  } }, ENDS.map(([value, label]) => h('option', { value }, label)));
  const at = new Field({ label: 'Ends at', name: 'pollEndsAt', input: { type: 'datetime-local' } });
  at.el.hidden = true;
  const closesAt = () => (ends.value === 'at' ? new Date(at.value).getTime() : Number(ends.value) ? Date.now() + Number(ends.value) : 0);
  const form = h('form', { class: 'form', noValidate: true }, question.el, h('h3', { class: 'form-title' }, 'Answers'), list,
    !channel && toggle('poll-anonymous', 'Anonymous', 'Nobody sees who votes for what', true, (on) => { choice.anonymous = on; }),
    quiz, several, h('div', { class: 'slow-row' }, h('label', { for: 'poll-ends' }, h('strong', {}, 'Ends'), h('small', {}, 'You can end it before that')), ends), at.el, note,
    h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'poll-make' }, 'Ask')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const filled = options.map(({ value }, i) => ({ text: value.trim(), right: rights[i].checked })).filter(({ text }) => text);
    const answers = filled.map(({ text }) => text);
    const correct = filled.findIndex(({ right }) => right);
    fill(note, answers.length < 2 ? 'Give at least two answers.' : new Set(answers).size < answers.length ? 'Two answers are the same.' : choice.quiz && correct < 0 ? 'Mark the answer that is right.' : '');
    const timed = ends.value === 'at' && at.error(timeProblem(closesAt(), Date.now()));
    if (question.error(question.value.trim() ? '' : 'What do you ask?') || note.textContent || timed) return;
    const poll = { question: question.value.trim(), options: answers, anonymous: choice.anonymous, ...(choice.quiz ? { quiz: { correct } } : { multiple: choice.multiple }), ...(closesAt() ? { closesAt: closesAt() } : {}) };
    try {
      await app.messenger.change('message.send', { chatId: chat.id, randomId, poll, ...(threadId ? { threadId } : {}) });
      dialog.close();
    } catch (error) {
      fill(note, chatProblem(error));
    }
  });
  const dialog = new Dialog({ title: 'New poll', testid: 'poll-dialog', body: form });
  question.input.focus();
  await dialog.closed;
}
