// SPDX-License-Identifier: Apache-2.0
/** Form fields with a label, a hint, and an error that is read out. */
import { h, write } from '../dom.js';
import { icon } from './icons.js';

let count = 0;

/**
 * @typedef {object} FieldOptions
 * @property {string} label
 * @property {string} name
 * @property {string} [hint]
 * @property {Record<string, any>} [input] properties of the input
 * @property {boolean} [password] with a button that shows it
 */

export class Field {
  el;
  input;
  #note;
  #hint;

  /** @param {FieldOptions} options */
  constructor({ label, name, hint = '', input = {}, password = false }) {
    const id = `field-${++count}`;
    this.#hint = hint;
    this.#note = h('p', { class: 'field-note', id: `${id}-note` }, hint);
    this.input = h('input', { id, name, type: password ? 'password' : 'text', class: 'input', 'aria-describedby': `${id}-note`, testid: name, ...input });
    this.el = h('div', { class: 'field' }, h('label', { for: id }, label),
      h('div', { class: 'input-row' }, this.input, password && this.#reveal()), this.#note);
    this.input.addEventListener('input', () => this.error(''));
  }

  get value() {
    return this.input.value;
  }

  /** hint: another hint, kept under an error. @param {string} text */
  hint(text) {
    this.#hint = text;
    if (!this.el.classList.contains('wrong')) write(this.#note, text);
  }

  /** error: '' takes it away. @param {string} text @returns {boolean} whether there is one */
  error(text) {
    this.el.classList.toggle('wrong', Boolean(text));
    this.input.setAttribute('aria-invalid', String(Boolean(text)));
    write(this.#note, text || this.#hint);
    return Boolean(text);
  }

  #reveal() {
    const button = h('button', { type: 'button', class: 'icon-button input-button', 'aria-label': 'Show the password', 'aria-pressed': 'false' }, icon('eye', 20));
    button.addEventListener('click', () => {
      const show = this.input.type === 'password';
      this.input.type = show ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(show));
      button.replaceChildren(icon(show ? 'eyeOff' : 'eye', 20));
    });
    return button;
  }
}

/**
 * Countdown: the wait that a server asked for, counted down in @element; calls @done at its end.
 * @param {number} ms
 * @param {(seconds: number) => void} tick
 * @param {() => void} done
 * @returns {() => void} stops
 */
export function countdown(ms, tick, done) {
  const end = Date.now() + ms;
  const timer = setInterval(step, 250);
  function step() {
    const left = end - Date.now();
    if (left > 0) return tick(Math.ceil(left / 1000));
    clearInterval(timer);
    done();
  }
  step();
  return () => clearInterval(timer);
}
