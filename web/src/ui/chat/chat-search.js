// SPDX-License-Identifier: Apache-2.0
/** Looking for words in one chat: hits are walked through, newest first, and each is shown where it stands. */
import { Search } from '../../chat/search.js';
import { isGroup } from '../../chat/rights.js';
import { chatProblem } from '../../chat/words.js';
import { Scope, h, write } from '../../dom.js';
import { icon } from '../icons.js';

/** @typedef {import('../../chat/search.js').Hit} Hit */
/** @typedef {import('../../chat/types.js').Chat} Chat */

export class ChatSearch {
  el;
  #app;
  #chat;
  #show;
  #search;
  #scope = new Scope();
  #input;
  #count = h('span', { class: 'chat-search-count', role: 'status', testid: 'chat-search-count' });
  #up = walk('Older hit', 'up', () => this.#step(1), 'hit-older');
  #down = walk('Newer hit', 'down', () => this.#step(-1), 'hit-newer');
  #filters;
  #from = h('select', { class: 'select', 'aria-label': 'Written by', testid: 'search-from', onchange: () => this.#ask(true) }, h('option', { value: '' }, 'Everybody'));
  #before = h('input', { class: 'input', type: 'date', 'aria-label': 'Not later than', testid: 'search-before', onchange: () => this.#ask(true) });
  #at = -1;
  /** which question's hit is shown @type {unknown} */ #shown = null;
  /** one more step back, once a page is there */ #further = false;

  /**
   * @param {import('../../app.js').App} app @param {Chat} chat
   * @param {{show: (hit: Hit | null) => void, close: () => void}} needs show: null: none
   */
  constructor(app, chat, { show, close }) {
    this.#app = app;
    this.#chat = chat;
    this.#show = show;
    this.#search = new Search(app.rpc, { chatId: chat.id });
    this.#input = h('input', { class: 'input search-input', type: 'search', placeholder: 'Search in this chat', 'aria-label': 'Search in this chat', autocapitalize: 'none', autocomplete: 'off', spellcheck: false, maxLength: 256, testid: 'chat-search-input', oninput: () => this.#ask(false) });
    this.#filters = h('div', { class: 'chat-search-filters', hidden: true }, isGroup(chat) && h('label', {}, h('span', {}, 'From'), this.#from), h('label', {}, h('span', {}, 'Until'), this.#before));
    const more = h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Filters', title: 'Filters', 'aria-expanded': 'false', testid: 'search-filters', onclick: () => this.#toggle(more) }, icon('settings', 20));
    this.el = h('form', { class: 'chat-search', role: 'search', testid: 'chat-search-bar', onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      h('div', { class: 'chat-search-row' }, h('div', { class: 'search' }, icon('search', 20), this.#input, this.#count), this.#up, this.#down, more,
        h('button', { class: 'icon-button', type: 'button', 'aria-label': 'End the search', testid: 'chat-search-close', onclick: close }, icon('close', 20))), this.#filters);
    this.#scope.listen(this.#search, 'change', () => this.#render());
    this.#scope.listen(this.el, 'keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        close();
      } else if (event.target === this.#input && ['Enter', 'ArrowUp', 'ArrowDown'].includes(event.key)) {
        event.preventDefault();
        this.#step(event.key === 'ArrowDown' || event.shiftKey ? -1 : 1);
      }
    });
    this.#scope.defer(() => this.#search.stop());
    this.#render();
    if (isGroup(chat)) void this.#people();
  }

  end() {
    this.#scope.end();
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  async #people() {
    const members = await this.#app.messenger.chats.members(this.#chat.id).catch(() => []);
    if (this.#scope.ended) return;
    const me = this.#app.account.user?.id;
    this.#from.append(...members.filter(({ role }) => role !== 'banned').map(({ user }) => h('option', { value: user.id }, user.id === me ? `${user.displayName} (you)` : user.displayName)));
    this.#from.disabled = !members.length;
  }

  /** @param {HTMLElement} button */
  #toggle(button) {
    this.#filters.hidden = !this.#filters.hidden;
    button.setAttribute('aria-expanded', String(!this.#filters.hidden));
  }

  /** @param {boolean} now */
  #ask(now) {
    const [year, month, day] = this.#before.value.split('-').map(Number);
    this.#search.ask({ query: this.#input.value, ...(this.#from.value ? { from: this.#from.value } : {}), ...(day ? { before: new Date(year, month - 1, day + 1).getTime() } : {}) }, { now });
  }

  /** @param {1 | -1} by 1: back in time */
  #step(by) {
    const { hits, more, state } = this.#search;
    const to = this.#at + by;
    if (state !== 'ready' || to < 0) return;
    if (to < hits.length) return this.#go(to);
    if (!more) return;
    this.#further = true;
    void this.#search.older();
  }

  /** @param {number} to */
  #go(to) {
    this.#at = to;
    this.#further = false;
    this.#show(this.#search.hits[to] ?? null);
    this.#render();
  }

  #render() {
    const { state, hits, more, question, error, loadingMore } = this.#search;
    if ((state === 'ready' || state === 'idle') && question !== this.#shown) {
      this.#shown = question;
      return this.#go(hits.length ? 0 : -1);
    }
    if (this.#further && !loadingMore) {
      this.#further = false;
      if (hits.length > this.#at + 1) return this.#go(this.#at + 1);
    }
    write(this.#count, state === 'idle' ? '' : error ? chatProblem(error) : state === 'loading' && !hits.length ? '…' : hits.length ? `${this.#at + 1} of ${hits.length}${more ? '+' : ''}` : more ? 'None so far' : 'Nothing found');
    this.#up.disabled = !(this.#at + 1 < hits.length || more) || loadingMore;
    this.#down.disabled = this.#at <= 0;
  }
}

/** @param {string} label @param {string} image @param {() => void} run @param {string} testid */
function walk(label, image, run, testid) {
  return h('button', { class: 'icon-button', type: 'button', 'aria-label': label, title: label, testid, onclick: run }, icon(image, 20));
}
