// SPDX-License-Identifier: Apache-2.0
/** Settings: the second factor of logging in: its state, setting it up with a QR code and recovery codes, turning it off. */
import { Scope, fill, h } from '../dom.js';
import { day } from '../format.js';
import { problem } from '../words.js';
import { icon } from './icons.js';
import { codeField, passwordField, proofForm } from './proof-form.js';
import { qrCode } from './qr-code.js';
import { saveFile } from './save-file.js';
import { page } from './settings-page.js';

/** @typedef {{enabled: boolean, enabledAt?: number, recoveryCodesLeft: number}} State */

/* With fewer recovery codes left it is time for new ones. */
const FEW = 3;

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function twoFactorSection(app, back) {
  const section = new TwoFactor(app);
  return { el: page('Two-step login', back, section.el), end: () => section.end() };
}

class TwoFactor {
  el = h('div', { class: 'two-factor', testid: 'two-factor' });
  #app;
  #scope = new Scope();

  /** @param {import('../app.js').App} app */
  constructor(app) {
    this.#app = app;
    void this.#load();
  }

  end() {
    this.#scope.end();
  }

  async #load() {
    fill(this.el, h('section', { class: 'card' }, h('p', { class: 'muted', role: 'status' }, 'Loading …')));
    try {
      const state = await this.#app.rpc.call('account.totpState', {}, { resend: true });
      if (!this.#scope.ended) this.#show(state);
    } catch (error) {
      if (!this.#scope.ended) fill(this.el, h('section', { class: 'card' }, h('p', { role: 'alert' }, problem(error)), h('button', { class: 'button small', type: 'button', onclick: () => void this.#load() }, 'Try again')));
    }
  }

  /** @param {State} state */
  #show({ enabled, enabledAt, recoveryCodesLeft }) {
    if (!enabled) {
      return fill(this.el, h('section', { class: 'card' }, h('p', { class: 'muted' }, 'Your password, and then a code that an app on your phone shows: who learns your password alone does not get in.'),
        this.#begin()));
    }
    fill(this.el, h('section', { class: 'card' }, h('h2', { class: 'two-factor-on', testid: 'totp-on' }, icon('shieldCheck', 22), 'Two-step login is on'),
      h('p', { class: 'muted' }, `${enabledAt ? `Since ${day(enabledAt).toLowerCase() === 'today' ? 'today' : day(enabledAt)}. ` : ''}Logging in on a new device takes a code of your authenticator app, or one of your recovery codes.`),
      h('p', { class: recoveryCodesLeft < FEW ? 'danger-text' : '', testid: 'codes-left' }, `${recoveryCodesLeft === 1 ? '1 recovery code is' : `${recoveryCodesLeft} recovery codes are`} left.${recoveryCodesLeft < FEW ? ' Turn it off and on again for new ones.' : ''}`)),
    h('section', { class: 'card' }, h('h2', {}, 'Turn it off'), this.#off()));
  }

  /** @param {Omit<import('./proof-form.js').ProofFormOptions, 'scope' | 'username'>} options */
  #form(options) {
    return proofForm({ scope: this.#scope, username: this.#app.account.user?.username ?? '', ...options });
  }

  #begin() {
    const password = passwordField();
    return this.#form({ fields: [password], label: 'Set it up', testid: 'totp-begin', check: () => password.error(password.value ? '' : 'Enter your password.'), place: (reason) => (reason === 'bad_password' ? password : null),
      run: async () => this.#setUp(await this.#app.rpc.call('account.totpBegin', { password: password.value }, { timeoutMs: 30000 })) });
  }

  /** @param {{secret: string, uri: string}} secret */
  #setUp({ secret, uri }) {
    if (this.#scope.ended) return;
    const code = codeField('Code', 'The six digits that the app shows now.');
    const parts = (secret.match(/.{1,4}/g) ?? []).join(' ');
    const copy = async () => {
      await navigator.clipboard?.writeText(secret);
      this.#app.toasts.show('Copied.', { icon: 'check', ms: 2500, key: 'copied' });
    };
    fill(this.el, h('section', { class: 'card' }, h('h2', {}, '1. Show this to your authenticator app'),
      h('p', { class: 'muted' }, 'Any app for codes will do: Aegis, 2FAS, Ente Auth, FreeOTP, Google Authenticator, a password manager …'),
      h('div', { class: 'two-factor-code' }, qrCode(uri, 'QR code for your authenticator app'), h('div', { class: 'two-factor-text' }, h('p', { class: 'muted' }, 'It cannot see it? Type this in:'),
        h('code', { class: 'secret', testid: 'totp-secret', 'data-secret': secret }, parts), h('div', { class: 'two-factor-buttons' }, h('button', { class: 'button small', type: 'button', onclick: copy }, icon('copy', 18), 'Copy'), h('a', { class: 'button small', href: uri }, icon('mobile', 18), 'Open the app'))))),
    h('section', { class: 'card' }, h('h2', {}, '2. Enter what it shows'),
      this.#form({ fields: [code], label: 'Turn it on', testid: 'totp-enable', check: () => code.error(code.value.trim() ? '' : 'Enter the code.'), place: (reason) => (reason === 'bad_code' ? code : null),
        run: async () => this.#codes((await this.#app.rpc.call('account.totpEnable', { code: code.value.trim() }, { timeoutMs: 30000 })).recoveryCodes) }),
      h('button', { class: 'button quiet', type: 'button', testid: 'totp-cancel', onclick: () => void this.#load() }, 'Cancel')));
    code.input.focus();
  }

  /** They are told this once. @param {string[]} codes */
  #codes(codes) {
    if (this.#scope.ended) return;
    const text = `Recovery codes of @${this.#app.account.user?.username} at ${location.host}\nEach lets you in once, in the place of a code.\n\n${codes.join('\n')}\n`;
    const copy = async () => {
      await navigator.clipboard?.writeText(text);
      this.#app.toasts.show('The codes were copied.', { icon: 'check', ms: 2500, key: 'copied' });
    };
    const title = h('h2', { class: 'two-factor-on', tabIndex: -1 }, icon('shieldCheck', 22), 'Two-step login is on');
    fill(this.el, h('section', { class: 'card' }, title, h('p', {}, 'Keep these recovery codes where your phone is not. Each lets you in once when you have no code. They are not shown again.'),
      h('ol', { class: 'recovery-codes', testid: 'recovery-codes' }, codes.map((one) => h('li', {}, h('code', {}, one)))),
      h('div', { class: 'two-factor-buttons' }, h('button', { class: 'button', type: 'button', testid: 'codes-copy', onclick: copy }, icon('copy', 20), 'Copy'), h('button', { class: 'button', type: 'button', testid: 'codes-save', onclick: () => saveFile('aldis-recovery-codes.txt', [text], 'text/plain') }, icon('down', 20), 'Save as a file')),
      h('button', { class: 'button primary', type: 'button', testid: 'codes-done', onclick: () => void this.#load() }, 'I have kept them')));
    title.focus();
  }

  #off() {
    const password = passwordField();
    const code = codeField('Code', 'Of your app, or a recovery code.');
    return this.#form({ fields: [password, code], label: 'Turn it off', testid: 'totp-disable', kind: 'danger-quiet',
      check: () => [password.error(password.value ? '' : 'Enter your password.'), code.error(code.value.trim() ? '' : 'Enter a code.')].some(Boolean),
      place: (reason) => (reason === 'bad_password' ? password : reason === 'bad_code' ? code : null),
      run: async () => {
        await this.#app.rpc.call('account.totpDisable', { password: password.value, code: code.value.trim() }, { timeoutMs: 30000 });
        this.#app.toasts.show('Two-step login is off.', { icon: 'check', ms: 4000 });
        if (!this.#scope.ended) await this.#load();
      } });
  }
}
