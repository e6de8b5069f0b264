// SPDX-License-Identifier: Apache-2.0
/** When a message is to be sent, or a reminder to come: a date and a time, and some that are at hand. */
import { chatProblem } from '../../chat/words.js';
import { fill, h, write } from '../../dom.js';
import { when } from '../../format.js';
import { Dialog } from '../dialog.js';
import { Field } from '../field.js';
import { toggle } from '../room/room-invite.js';

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
/* The server takes no more than 365 days ahead. */
const MOST_MS = 365 * 24 * HOUR;

/** nearTimes: times that people mean. @param {number} now @returns {[string, number][]} */
export function nearTimes(now) {
  const at = (/** @type {number} */ days, /** @type {number} */ hour) => {
    const date = new Date(now);
    date.setDate(date.getDate() + days);
    return date.setHours(hour, 0, 0, 0);
  };
  const toMonday = ((8 - new Date(now).getDay()) % 7) || 7;
  /** @type {[string, number][]} */
  const all = [['In an hour', Math.ceil((now + HOUR) / MINUTE) * MINUTE], ['Tonight', at(0, 20)], ['Tomorrow', at(1, 9)], ['Monday', at(toMonday, 9)]];
  return all.filter(([, time], i) => time > now + 5 * MINUTE && !all.slice(0, i).some(([, other]) => other === time));
}

/** timeProblem: '' when it can be sent then. @param {number} at @param {number} now */
export function timeProblem(at, now) {
  if (!Number.isFinite(at)) return 'Choose a date and a time.';
  if (at <= now) return 'That time has passed.';
  return at > now + MOST_MS ? 'No more than a year ahead.' : '';
}

const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
/** As the fields of the browser have it, in the time of this place. @param {number} ms */
const dateValue = (ms) => { const d = new Date(ms); return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`; };
/** @param {number} ms */
const timeValue = (ms) => { const d = new Date(ms); return `${two(d.getHours())}:${two(d.getMinutes())}`; };

/**
 * sendLater: asks for a time until it is taken or given up.
 * @param {{reminder: boolean, at?: number, silent?: boolean, save: (at: number, silent: boolean) => Promise<void>}} needs at: when it is due now, of one that is
 *   scheduled; silent: it can be chosen; save: what it rejects with is said in the dialog
 * @returns {Promise<boolean>} whether it was taken
 */
export async function sendLater({ reminder, at = 0, silent, save }) {
  const now = Date.now();
  const first = at > now ? at : nearTimes(now)[0][1];
  let still = Boolean(silent);
  const date = new Field({ label: 'Date', name: 'laterDate', input: { type: 'date', value: dateValue(first), min: dateValue(now), max: dateValue(now + MOST_MS), required: true } });
  const clock = new Field({ label: 'Time', name: 'laterTime', input: { type: 'time', value: timeValue(first), required: true } });
  const words = h('p', { class: 'later-words', 'aria-live': 'polite', testid: 'later-words' });
  const note = h('p', { class: 'form-error', role: 'alert' });
  const button = h('button', { class: 'button primary', type: 'submit', testid: 'later-save' }, at ? 'Change the time' : reminder ? 'Remind me' : 'Schedule');
  /* what is not touched stays as it is, to the second */
  const chosen = () => (at > now && date.value === dateValue(at) && clock.value === timeValue(at) ? at : new Date(`${date.value}T${clock.value}`).getTime());
  const near = h('div', { class: 'later-near', role: 'group', 'aria-label': 'Times at hand' }, nearTimes(now).map(([label, time]) => h('button', { class: 'chip', type: 'button', testid: 'later-near', onclick: () => {
    date.input.value = dateValue(time);
    clock.input.value = timeValue(time);
    show();
  } }, label)));
  const show = () => {
    const problem = timeProblem(chosen(), Date.now());
    fill(note);
    date.error('');
    write(words, problem ? '' : `${reminder ? 'You are reminded' : 'It is sent'} ${when(chosen())}.`);
    for (const [i, [, time]] of nearTimes(now).entries()) near.children[i].setAttribute('aria-pressed', String(date.value === dateValue(time) && clock.value === timeValue(time)));
  };
  const form = h('form', { class: 'form', noValidate: true }, near, h('div', { class: 'later-fields' }, date.el, clock.el), words,
    silent !== undefined && toggle('later-silent', 'Without sound', 'It comes without asking for attention', still, (on) => { still = on; }), note,
    h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), button));
  for (const field of [date, clock]) field.input.addEventListener('input', show);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const problem = timeProblem(chosen(), Date.now());
    if (date.error(problem)) return date.input.focus();
    button.disabled = true;
    try {
      await save(chosen(), still);
      dialog.close('saved');
    } catch (error) {
      button.disabled = false;
      fill(note, chatProblem(error));
    }
  });
  const dialog = new Dialog({ title: at ? 'Another time' : reminder ? 'Remind me' : 'Send later', testid: 'later-dialog', kind: 'dialog-small', body: form });
  show();
  date.input.focus();
  return (await dialog.closed) === 'saved';
}
