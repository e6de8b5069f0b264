// SPDX-License-Identifier: Apache-2.0
/** Log in, or make an account. */
import { checkPassword, checkUsername, strength } from '../account.js';
import { Scope, fill, h, write } from '../dom.js';
import { RpcError } from '../rpc-error.js';
import { problem } from '../words.js';
import { Field, countdown } from './field.js';
import { icon, wordmark } from './icons.js';
import { Lamp } from './lamp.js';

const STRENGTH = ['', 'Easy to guess', 'Could be longer', 'Good', 'Very good'];

export class Welcome {
  el;
  #scope = new Scope();
  #app;
  #form = h('div', { class: 'welcome-form' });
  /** @type {'login' | 'register'} */ #mode = 'login';

  /** @param {import('../app.js').App} app */
  constructor(app) {
    this.#app = app;
    const lamp = new Lamp({ id: 'aldis', displayName: 'Aldis' });
    lamp.send();
    this.#scope.defer(() => lamp.stop());
    const point = (/** @type {string} */ name, /** @type {string} */ text) => h('li', {}, icon(name, 20), h('span', {}, text));
    this.el = h('main', { class: 'welcome', testid: 'welcome' },
      h('section', { class: 'welcome-art' },
        h('div', { class: 'welcome-lamp' }, lamp.el),
        h('div', { class: 'welcome-words' },
          h('p', { class: 'welcome-brand' }, wordmark(30)),
          h('h1', {}, 'Calls that stay between the two of you.'),
          h('ul', { class: 'welcome-points' },
            point('lock', 'Encrypted in your browser; the server cannot listen.'),
            point('shieldCheck', 'Four emoji prove that nobody is in between.'),
            point('relay', 'Straight from one to the other, where networks allow.')))),
      h('section', { class: 'welcome-side' }, this.#form));
    this.#render();
    const info = app.serverInfo;
    if (!info) this.#scope.listen(app, 'serverinfo', () => this.#render(true));
  }

  end() {
    this.#scope.end();
  }

  #canRegister() {
    return this.#app.serverInfo?.features?.includes('registration') ?? true;
  }

  /** @param {boolean} [keep] only when it makes a difference */
  #render(keep = false) {
    if (keep && (this.#canRegister() || this.#mode === 'login')) {
      this.#form.querySelector('.tabs')?.toggleAttribute('hidden', !this.#canRegister());
      return;
    }
    const tab = (/** @type {'login' | 'register'} */ mode, /** @type {string} */ text) => h('button', {
      type: 'button', role: 'tab', class: 'tab', 'aria-selected': String(mode === this.#mode), testid: `tab-${mode}`,
      onclick: () => { this.#mode = mode; this.#render(); },
    }, text);
    const tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Account', hidden: !this.#canRegister() }, tab('login', 'Log in'), tab('register', 'Create account'));
    fill(this.#form, h('p', { class: 'welcome-brand narrow' }, wordmark(26)), tabs, this.#mode === 'login' ? this.#login() : this.#register());
    const first = this.#form.querySelector('input');
    if (matchMedia('(min-width: 860px)').matches) queueMicrotask(() => first?.focus());
  }

  #login() {
    const username = new Field({ label: 'Username', name: 'username', input: { autocomplete: 'username', autocapitalize: 'none', spellcheck: false, maxLength: 64 } });
    const password = new Field({ label: 'Password', name: 'password', password: true, input: { autocomplete: 'current-password' } });
    const code = new Field({ label: 'Code', name: 'code', hint: 'From your authenticator app, or one of your recovery codes.', input: { autocomplete: 'one-time-code', autocapitalize: 'none', spellcheck: false, maxLength: 64 } });
    code.el.hidden = true; /* until the server asks for it, which it does once the password is right */
    const placeCode = () => {
      code.el.hidden = false;
      return code;
    };
    return this.#formOf({
      title: 'Welcome back', action: 'Log in', testid: 'login-form', fields: [username, password, code],
      check: () => [username.error(username.value.trim() ? '' : 'Enter your username.'), password.error(password.value ? '' : 'Enter your password.')].some(Boolean),
      run: () => this.#app.account.logIn(username.value.trim(), password.value, code.value.trim()),
      place: (error) => (error.reason === 'bad_password' ? password : ['code_required', 'bad_code'].includes(error.reason) ? placeCode() : null),
    });
  }

  #register() {
    const name = new Field({ label: 'Your name', name: 'displayName', hint: 'What people see when you call. You can leave it out.', input: { autocomplete: 'name', maxLength: 64 } });
    const username = new Field({ label: 'Username', name: 'username', hint: 'How people find you: 3 to 32 letters, digits or _.', input: { autocomplete: 'username', autocapitalize: 'none', spellcheck: false, maxLength: 64 } });
    const password = new Field({ label: 'Password', name: 'password', hint: 'At least 8 characters. A few words in a row are good.', password: true, input: { autocomplete: 'new-password' } });
    const meter = h('div', { class: 'strength', 'data-strength': '0', 'aria-hidden': 'true' }, h('i', {}), h('i', {}), h('i', {}), h('i', {}));
    password.el.insertBefore(meter, password.el.lastChild);
    password.input.addEventListener('input', () => {
      const value = strength(password.value);
      meter.dataset.strength = String(value);
      password.hint(password.value ? STRENGTH[value] : 'At least 8 characters. A few words in a row are good.');
    });
    for (const [field, check] of /** @type {[Field, () => string][]} */ ([[username, () => checkUsername(username.value.trim())],
      [password, () => checkPassword(password.value, username.value.trim())]])) field.input.addEventListener('change', () => field.value && field.error(check()));
    return this.#formOf({
      title: 'Create your account', action: 'Create account', testid: 'register-form', fields: [name, username, password],
      check: () => [username.error(checkUsername(username.value.trim())), password.error(checkPassword(password.value, username.value.trim()))].some(Boolean),
      run: () => this.#app.account.register(username.value.trim(), password.value, name.value.trim()),
      place: (error) => (['username_taken', 'username'].includes(error.reason) ? username : error.reason === 'password' ? password : error.reason === 'display_name' ? name : null),
    });
  }

  /**
   * @param {{title: string, action: string, testid: string, fields: Field[], check: () => boolean, run: () => Promise<void>, place: (error: RpcError) => Field | null}} options
   */
  #formOf({ title, action, testid, fields, check, run, place }) {
    const note = h('p', { class: 'form-error', role: 'alert', testid: 'form-error' });
    const button = h('button', { class: 'button primary wide', type: 'submit', testid: 'submit' }, action);
    const form = h('form', { class: 'form', testid, noValidate: true }, h('h2', {}, title), fields.map((field) => field.el), note, button);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      write(note, '');
      if (check()) return void fields.find((field) => field.el.classList.contains('wrong'))?.input.focus();
      button.disabled = true;
      write(button, 'One moment …');
      try {
        await run();
      } catch (error) {
        this.#failed(error, { note, button, action, place });
      }
    });
    return form;
  }

  /**
   * @param {unknown} error
   * @param {{note: HTMLElement, button: HTMLButtonElement, action: string, place: (error: RpcError) => Field | null}} form
   */
  #failed(error, { note, button, action, place }) {
    const ready = () => {
      button.disabled = false;
      write(button, action);
    };
    const words = problem(error);
    const wait = error instanceof RpcError ? error.retryAfterMs : 0;
    const field = error instanceof RpcError ? place(error) : null;
    if (field && !wait) {
      field.error(words);
      field.input.focus();
      return ready();
    }
    write(note, words);
    if (!wait) return ready();
    const stop = countdown(wait, (seconds) => {
      write(note, `${words} Wait a moment, then try again.`);
      write(button, `Try again in ${seconds} s`);
    }, () => {
      write(note, '');
      ready();
    });
    this.#scope.defer(stop);
  }
}
