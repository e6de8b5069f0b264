// SPDX-License-Identifier: Apache-2.0
/** Forms in which somebody proves again who they are: fields for the password and a code, and a form that asks the server. */
import { h, write } from '../dom.js';
import { RpcError } from '../rpc-error.js';
import { problem } from '../words.js';
import { Field, countdown } from './field.js';

export function passwordField() {
  return new Field({ label: 'Your password', name: 'totpPassword', password: true, input: { autocomplete: 'current-password' } });
}

/** codeField: @param {string} label @param {string} hint */
export function codeField(label, hint) {
  return new Field({ label, name: 'totpCode', hint, input: { autocomplete: 'one-time-code', autocapitalize: 'none', spellcheck: false, maxLength: 32, inputMode: 'text' } });
}

/**
 * @typedef {object} ProofFormOptions
 * @property {import('../dom.js').Scope} scope ends with what the form stands in
 * @property {string} username for password managers
 * @property {Field[]} fields
 * @property {Node[]} [more] between the fields and the button
 * @property {string} label of the button
 * @property {string} testid of the button
 * @property {string} [kind] of the button
 * @property {() => boolean} check whether something is wrong already
 * @property {(reason: string) => Field | null} place the field that a refusal is about
 * @property {() => Promise<void>} run
 */

/** proofForm: runs, says what the server refuses where it belongs, and waits as long as it says. @param {ProofFormOptions} options */
export function proofForm({ scope, username, fields, more = [], label, testid, kind = 'primary', check, place, run }) {
  const note = h('p', { class: 'form-error', role: 'alert', testid: 'form-error' });
  const button = h('button', { class: `button ${kind}`, type: 'submit', testid }, label);
  const form = h('form', { class: 'form', noValidate: true }, h('input', { type: 'text', name: 'username', value: username, autocomplete: 'username', hidden: true }), fields.map(({ el }) => el), more, note, button);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    write(note, '');
    if (check()) return void fields.find(({ el }) => el.classList.contains('wrong'))?.input.focus();
    button.disabled = true;
    try {
      await run();
    } catch (error) {
      if (scope.ended) return;
      const field = error instanceof RpcError ? place(error.reason) : null;
      const words = error instanceof RpcError && error.reason === 'bad_password' ? 'That is not your password.' : problem(error);
      if (field) {
        field.error(words);
        field.input.focus();
      } else write(note, words);
      if (error instanceof RpcError && error.retryAfterMs) {
        return scope.defer(countdown(error.retryAfterMs, (seconds) => write(note, `${words} Try again in ${seconds} s.`), () => {
          write(note, '');
          button.disabled = false;
        }));
      }
    }
    button.disabled = false;
  });
  return form;
}
