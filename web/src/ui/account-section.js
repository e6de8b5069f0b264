// SPDX-License-Identifier: Apache-2.0
/** Settings: a copy of all that the server keeps of its user, and the end of the account. */
import { Scope, h, write } from '../dom.js';
import { exportLines } from '../export.js';
import { problem } from '../words.js';
import { confirm } from './dialog.js';
import { icon } from './icons.js';
import { codeField, passwordField, proofForm } from './proof-form.js';
import { saveFile } from './save-file.js';
import { page } from './settings-page.js';
import { toggle } from './sound-section.js';

/** @param {import('../app.js').App} app @param {() => void} back @returns {import('./shell.js').Pane} */
export function accountSection(app, back) {
  const scope = new Scope();
  return { end: () => scope.end(), el: page('Your data', back, copy(app, scope), end(app, scope)) };
}

/** @param {import('../app.js').App} app @param {Scope} scope */
function copy(app, scope) {
  const state = h('p', { class: 'muted', role: 'status', testid: 'export-state' });
  const button = h('button', { class: 'button', type: 'button', testid: 'export' }, icon('down', 20), 'Save a copy');
  const gone = new AbortController();
  scope.defer(() => gone.abort());
  button.addEventListener('click', async () => {
    button.disabled = true;
    write(state, 'Asking …');
    try {
      const parts = await exportLines(app.rpc, { signal: gone.signal, onItems: (n) => write(state, `${n} entries …`) });
      saveFile(`aldis-${app.account.user?.username ?? 'account'}.jsonl`, parts, 'application/jsonl');
      write(state, 'It was given to your browser to keep.');
    } catch (error) {
      if (!scope.ended) write(state, problem(error));
    }
    button.disabled = false;
  });
  return h('section', { class: 'card' }, h('h2', {}, 'A copy of your data'),
    h('p', { class: 'muted' }, 'Your account, devices and choices, your chats and what you can read in them, and your calls, as a text file of JSON lines. Secret chats are not in it: the server does not have them.'),
    button, state);
}

/** @param {import('../app.js').App} app @param {Scope} scope */
function end(app, scope) {
  const password = passwordField();
  const code = codeField('Code, if you log in in two steps', 'Of your app, or a recovery code.');
  let erase = false;
  const form = proofForm({ scope, username: app.account.user?.username ?? '', fields: [password, code], label: 'Delete my account', testid: 'delete-account', kind: 'danger-quiet',
    more: [toggle('Also delete what I wrote', 'For everybody who got it.', erase, (on) => { erase = on; }, 'erase')],
    check: () => password.error(password.value ? '' : 'Enter your password.'),
    place: (reason) => (reason === 'bad_password' ? password : ['bad_code', 'code_required'].includes(reason) ? code : null),
    run: async () => {
      const yes = await confirm({ title: 'Delete your account?', danger: true, yes: 'Delete it', testid: 'delete-confirm',
        text: `@${app.account.user?.username} is logged out everywhere, and leaves all chats. ${erase ? 'All that you wrote goes.' : 'What you wrote stays with those who got it.'} Nobody can bring the account back.` });
      if (!yes) return;
      await app.rpc.call('account.delete', { password: password.value, ...(code.value.trim() ? { code: code.value.trim() } : {}), eraseMessages: erase }, { timeoutMs: 30000 });
      await app.account.logOut();
    } });
  return h('section', { class: 'card' }, h('h2', {}, 'Delete your account'),
    h('p', { class: 'muted' }, 'It is gone for ever. Groups that are yours go to their admins, or to who has been in them longest.'), form);
}
