// SPDX-License-Identifier: Apache-2.0
/** Settings: change the password. */
import { checkPassword } from '../account.js';
import { h, write } from '../dom.js';
import { RpcError } from '../rpc-error.js';
import { problem } from '../words.js';
import { Field, countdown } from './field.js';
import { page } from './settings-page.js';

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function passwordSection(app, back) {
  const name = app.account.user?.username ?? '';
  const old = new Field({ label: 'Password now', name: 'oldPassword', password: true, input: { autocomplete: 'current-password' } });
  const fresh = new Field({ label: 'New password', name: 'newPassword', hint: 'At least 8 characters. A few words in a row are good.', password: true, input: { autocomplete: 'new-password' } });
  const note = h('p', { class: 'form-error', role: 'alert', testid: 'form-error' });
  const button = h('button', { class: 'button primary', type: 'submit', testid: 'submit' }, 'Change password');
  const hidden = h('input', { type: 'text', name: 'username', value: name, autocomplete: 'username', hidden: true });
  /** @type {() => void} */ let stop = () => {};

  const form = h('form', { class: 'form', testid: 'password-form', noValidate: true }, hidden, old.el, fresh.el, note, button);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    write(note, '');
    const wrong = [old.error(old.value ? '' : 'Enter the password that you have now.'), fresh.error(checkPassword(fresh.value, name))].some(Boolean);
    if (wrong) return;
    button.disabled = true;
    try {
      await app.account.changePassword(old.value, fresh.value);
      old.input.value = fresh.input.value = '';
      app.toasts.show('Your password was changed. Your other devices were logged out.', { icon: 'check' });
    } catch (error) {
      if (error instanceof RpcError && error.reason === 'bad_password') old.error('That is not your password now.');
      else write(note, problem(error));
      if (error instanceof RpcError && error.retryAfterMs) {
        stop = countdown(error.retryAfterMs, (seconds) => write(note, `${problem(error)} Try again in ${seconds} s.`), () => {
          write(note, '');
          button.disabled = false;
        });
        return;
      }
    }
    button.disabled = false;
  });
  return { end: () => stop(), el: page('Password', back,
    h('section', { class: 'card' }, h('p', { class: 'muted' }, 'Changing it logs out all your other devices.'), form)) };
}
