// SPDX-License-Identifier: Apache-2.0
/** Polls: what is chosen and by how many, voting, ending one, and making one. */
import { b64u, random } from '../../crypto/bytes.js';
import { chatProblem, pollOver } from '../../chat/words.js';
import { fill, h } from '../../dom.js';
import { plural } from '../../format.js';
import { Dialog, confirm } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { toggle } from '../room/room-invite.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Message} Message */
/** @typedef {import('../../chat/types.js').Poll} Poll */

const MOST = 10;

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

/** pollView: @param {Poll} poll @param {(option: number) => void} press */
export function pollView(poll, press) {
  const { options, voters, multiple, anonymous, quiz, own = [], correct } = poll;
  const over = pollOver(poll, Date.now());
  const shown = over || own.length > 0;
  const still = over || (quiz && own.length > 0);
  const kind = quiz ? 'Quiz' : `${anonymous ? 'Anonymous poll' : 'Poll'}${multiple ? ', several answers' : ''}`;
  return h('div', { class: 'poll', testid: 'poll', role: 'group', 'aria-label': kind }, h('span', { class: 'poll-kind' }, over ? `${kind}, ended` : kind),
    options.map(({ text, count }, i) => {
      const part = voters ? Math.round((100 * count) / voters) : 0;
      const mark = correct === i ? 'right' : own.includes(i) && correct !== undefined ? 'wrong' : '';
      const bar = h('meter', { class: 'poll-bar', min: 0, max: 100, value: part, 'aria-hidden': 'true' });
      return h('button', { class: `poll-option ${mark}`, type: 'button', disabled: still, 'aria-pressed': String(own.includes(i)), 'aria-label': `${text}${shown ? `, ${part} %, ${plural(count, 'vote')}` : ''}`, testid: 'poll-option', onclick: () => press(i) },
        h('span', { class: `poll-check ${multiple ? 'many' : ''}` }, (own.includes(i) || mark === 'right') && icon(mark === 'wrong' ? 'close' : 'check', 16)), h('span', { class: 'poll-text', dir: 'auto' }, text), shown && h('b', {}, `${part} %`), shown && bar);
    }),
    h('span', { class: 'poll-voters', testid: 'poll-voters' }, voters ? plural(voters, 'vote') : 'No votes yet'));
}

/** newPoll: @param {App} app @param {import('../../chat/types.js').Chat} chat */
export async function newPoll(app, chat) {
  const channel = chat.kind === 'channel';
  const question = new Field({ label: 'Question', name: 'pollQuestion', input: { maxLength: 300, autocomplete: 'off' } });
  /** @type {HTMLInputElement[]} */ const options = [];
  const list = h('div', { class: 'poll-fields' });
  const add = () => {
    if (options.length >= MOST) return;
    const field = h('input', { class: 'input', type: 'text', maxLength: 100, placeholder: `Answer ${options.length + 1}`, 'aria-label': `Answer ${options.length + 1}`, autocomplete: 'off', testid: 'poll-answer', oninput: () => { if (field === options.at(-1) && field.value) add(); } });
    options.push(field);
    list.append(field);
  };
  add();
  add();
  const choice = { anonymous: true, multiple: false };
  const note = h('p', { class: 'form-error', role: 'alert' });
  const randomId = b64u(random(8)); /* one for all tries */
  const form = h('form', { class: 'form' }, question.el, h('h3', { class: 'form-title' }, 'Answers'), list,
    !channel && toggle('poll-anonymous', 'Anonymous', 'Nobody sees who votes for what', true, (on) => { choice.anonymous = on; }),
    toggle('poll-multiple', 'Several answers', 'One may choose more than one', false, (on) => { choice.multiple = on; }), note,
    h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'poll-make' }, 'Ask')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answers = options.map(({ value }) => value.trim()).filter(Boolean);
    fill(note, answers.length < 2 ? 'Give at least two answers.' : new Set(answers).size < answers.length ? 'Two answers are the same.' : '');
    if (question.error(question.value.trim() ? '' : 'What do you ask?') || note.textContent) return;
    try {
      await app.messenger.change('message.send', { chatId: chat.id, randomId, poll: { question: question.value.trim(), options: answers, ...choice } });
      dialog.close();
    } catch (error) {
      fill(note, chatProblem(error));
    }
  });
  const dialog = new Dialog({ title: 'New poll', testid: 'poll-dialog', body: form });
  question.input.focus();
  await dialog.closed;
}
