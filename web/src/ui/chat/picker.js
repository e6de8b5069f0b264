// SPDX-License-Identifier: Apache-2.0
/** Choosing people: those one knows from chats and calls, and others by username. */
import { USERNAME_RULE } from '../../crypto/names.js';
import { fill, h, write } from '../../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';

/** @typedef {import('../../types.js').User} User */

export class Picker {
  el;
  /** @type {Map<string, User>} */ chosen = new Map();
  #app;
  #without;
  #input;
  #tags = h('div', { class: 'picked' });
  #list = h('ul', { class: 'picker-list', testid: 'picker-list' });
  #note = h('p', { class: 'field-note', 'aria-live': 'polite' });
  /** @type {User | null} */ #found = null;
  #round = 0;

  /** @param {import('../../app.js').App} app @param {Set<string>} [without] ids of those who are in it already */
  constructor(app, without = new Set()) {
    this.#app = app;
    this.#without = without;
    this.#input = h('input', { class: 'input search-input', type: 'search', placeholder: 'Name or username', 'aria-label': 'Find people', autocapitalize: 'none', autocomplete: 'off', spellcheck: false, testid: 'picker-search',
      oninput: () => void this.#search(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter') { event.preventDefault(); void this.#takeFirst(); } } });
    this.el = h('div', { class: 'picker' }, this.#tags, h('div', { class: 'search' }, icon('search', 20), this.#input), this.#list, this.#note);
    this.#render();
  }

  focus() {
    this.#input.focus();
  }

  #query() {
    return this.#input.value.trim().replace(/^@/, '').toLowerCase();
  }

  async #search() {
    const query = this.#query();
    const round = ++this.#round;
    this.#found = null;
    write(this.#note, '');
    this.#render();
    if (!USERNAME_RULE.test(query)) return;
    const user = await this.#app.people.find(query).catch(() => null);
    if (round !== this.#round) return;
    this.#found = user;
    this.#render();
    if (!this.#list.childElementCount) write(this.#note, `Nobody is called @${query} here.`);
  }

  async #takeFirst() {
    await this.#search();
    const [first] = this.#people();
    if (first && !this.chosen.has(first.id)) this.#toggle(first);
  }

  #people() {
    const { messenger, people, account } = this.#app;
    const query = this.#query();
    const known = [...messenger.chats.list().flatMap(({ chat }) => (chat.peer ? [chat.peer] : [])), ...people.matching('').map(({ user }) => user), ...(this.#found ? [this.#found] : [])];
    return [...new Map(known.map((user) => [user.id, user])).values()].filter((user) => !this.#without.has(user.id) && user.id !== account.user?.id && (!query || `${user.displayName} ${user.username}`.toLowerCase().includes(query)));
  }

  #render() {
    fill(this.#list, this.#people().slice(0, 50).map((user) => h('li', {}, h('button', { class: 'picker-row', type: 'button', 'aria-pressed': String(this.chosen.has(user.id)), testid: 'picker-row', 'data-username': user.username, onclick: () => this.#toggle(user) },
      avatar(user, 's'), h('strong', {}, user.displayName), h('span', { class: 'muted' }, `@${user.username}`), h('span', { class: 'picker-check' }, this.chosen.has(user.id) && icon('check', 18))))));
    fill(this.#tags, [...this.chosen.values()].map((user) => h('button', { class: 'picked-tag', type: 'button', 'aria-label': `Without ${user.displayName}`, onclick: () => this.#toggle(user) }, user.displayName, icon('close', 14))));
    this.#tags.hidden = !this.chosen.size;
  }

  /** @param {User} user */
  #toggle(user) {
    if (!this.chosen.delete(user.id)) {
      this.chosen.set(user.id, user);
      this.#input.value = '';
    }
    this.#render();
    this.#input.focus();
  }
}
