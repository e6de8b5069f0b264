// SPDX-License-Identifier: Apache-2.0
/** Find somebody by username; everyone from the call log. */
import { USERNAME_RULE } from '../crypto/names.js';
import { Scope, fill, h } from '../dom.js';
import { ago } from '../format.js';
import { routeHash } from '../router.js';
import { RpcError } from '../rpc-error.js';
import { problem } from '../words.js';
import { icon } from './icons.js';
import { avatar } from './lamp.js';

const TYPING_MS = 250;

/** @typedef {import('../types.js').User} User */

export class PeoplePage {
  el;
  #app;
  #scope = new Scope();
  #input;
  #found = h('div', { class: 'found', 'aria-live': 'polite' });
  #list = h('div', { class: 'list-body', testid: 'people' });
  #selected = '';
  #round = 0;
  /** @type {any} */ #timer = 0;
  /** @type {{query: string, user: User | null, text: string}} */ #answer = { query: '', user: null, text: '' };

  /** @param {import('../app.js').App} app */
  constructor(app) {
    this.#app = app;
    this.#input = h('input', { class: 'input search-input', type: 'search', placeholder: 'Find by username', 'aria-label': 'Find somebody by username', autocapitalize: 'none',
      autocomplete: 'off', spellcheck: false, maxLength: 64, testid: 'search', oninput: () => this.#typed() });
    const form = h('form', { class: 'search', role: 'search', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void this.#search(true); } }, icon('search', 20), this.#input);
    this.el = h('div', { class: 'list', testid: 'people-page' }, h('header', { class: 'list-head' }, h('h1', {}, 'People')), form, this.#found, this.#list);
    this.#scope.listen(app.log, 'change', () => this.#render());
    this.#scope.defer(() => clearTimeout(this.#timer));
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  /** @param {string} userId */
  select(userId) {
    this.#selected = userId;
    for (const row of this.el.querySelectorAll('.row')) row.classList.toggle('selected', row.getAttribute('data-user') === userId);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#render();
    this.#timer = setTimeout(() => void this.#search(false), TYPING_MS);
  }

  /** @param {boolean} submitted Enter was pressed: then also open the one who was found */
  async #search(submitted) {
    clearTimeout(this.#timer);
    const query = this.#input.value.trim().replace(/^@/, '');
    const round = ++this.#round;
    if (!query || (!submitted && !USERNAME_RULE.test(query))) {
      this.#answer = { query: '', user: null, text: '' };
      return this.#render();
    }
    try {
      const user = await this.#app.people.find(query);
      if (round !== this.#round) return;
      this.#answer = { query, user, text: '' };
      if (submitted && user.id !== this.#app.account.user?.id) this.#app.router.go('people', user.id);
    } catch (error) {
      if (round !== this.#round) return;
      const nobody = error instanceof RpcError && (error.code === RpcError.NOT_FOUND || error.code === -32602);
      this.#answer = { query, user: null, text: nobody ? `Nobody is called @${query} here. A username has to be complete.` : problem(error) };
    }
    this.#render();
  }

  #render() {
    const query = this.#input.value;
    const { user, text } = this.#answer;
    const people = this.#app.people.matching(query);
    const isMe = user?.id === this.#app.account.user?.id;
    fill(this.#found,
      user && !people.some((one) => one.user.id === user.id) && h('ul', {}, isMe ? h('li', { class: 'row-note' }, 'That is you.') : this.#row(user, 'Found by username')),
      text && !people.length && h('p', { class: 'row-note', testid: 'not-found' }, text));
    fill(this.#list, people.length
      ? [h('h2', { class: 'list-title' }, query ? 'From your calls' : 'Recent'), h('ul', {}, people.map((one) => this.#row(one.user, `Last call ${ago(one.last.startedAt)}`)))]
      : !query && this.#app.log.state === 'ready' && h('div', { class: 'empty' }, icon('people', 36), h('h2', {}, 'Nobody here yet'),
        h('p', {}, 'Type the username of somebody you know. Yours is ', h('strong', {}, `@${this.#app.account.user?.username}`), ': give it to them.')));
    this.select(this.#selected);
  }

  /** @param {User} user @param {string} sub */
  #row(user, sub) {
    return h('li', { class: 'row', 'data-user': user.id, testid: 'person-row', 'data-username': user.username },
      h('a', { class: 'row-main', href: routeHash('people', user.id) }, avatar(user),
        h('span', { class: 'row-text' }, h('strong', {}, user.displayName), h('span', { class: 'row-sub' }, h('span', { class: 'row-words' }, `@${user.username} · ${sub}`)))),
      h('button', { class: 'icon-button row-call', type: 'button', 'aria-label': `Video call ${user.displayName}`, testid: 'row-video', onclick: () => this.#app.calls.call(user, { video: true }) }, icon('camera', 20)),
      h('button', { class: 'icon-button row-call', type: 'button', 'aria-label': `Call ${user.displayName}`, testid: 'row-call', onclick: () => this.#app.calls.call(user, { video: false }) }, icon('phone', 20)));
  }
}
