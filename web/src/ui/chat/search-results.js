// SPDX-License-Identifier: Apache-2.0
/**
 * What is found for what is typed over the list of chats: one's chats at once, then, all at one time, people, public chats and messages.
 * Arrow keys go through it.
 */
import { excerpt } from '../../chat/excerpt.js';
import { Search } from '../../chat/search.js';
import { chatProblem, chatTitle, first, kindLine, masked } from '../../chat/words.js';
import { Scope, fill, h, write } from '../../dom.js';
import { plural } from '../../format.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { chatAvatar } from './chat-avatar.js';

/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../types.js').User} User */
/** @typedef {import('../../chat/search.js').Hit} Hit */

/* So many of one's own chats stand above the rest. */
const CHATS = 8;
const PEOPLE = 5;
/* The next page is asked for when so many pixels are left. */
const AHEAD = 400;

export class SearchResults {
  el;
  #app;
  #when;
  #openUser;
  #search;
  #scope = new Scope();
  #query = '';
  #own = h('section', { testid: 'found-chats' });
  #others = h('section', { testid: 'found-others' });
  #title = h('h2', { class: 'list-title', hidden: true }, 'Messages');
  #hits = h('ul', { class: 'hit-rows' });
  #foot = h('div', { class: 'found-foot' });
  #said = h('p', { class: 'unseen', role: 'status' });
  /** @type {Hit[]} those that are drawn */ #drawn = [];
  #key = '';

  /** @param {import('../../app.js').App} app @param {{when: (at: number) => string, openUser: (userId: string) => void}} needs */
  constructor(app, { when, openUser }) {
    this.#app = app;
    this.#when = when;
    this.#openUser = openUser;
    this.#search = new Search(app.rpc, { know: (ids) => app.messenger.chats.fetchAll(ids) });
    this.el = h('div', { class: 'list-body found', testid: 'found', hidden: true }, this.#own, this.#others, this.#title, this.#hits, this.#foot, this.#said);
    this.#scope.listen(this.#search, 'change', () => this.#render());
    this.#scope.listen(app.names, 'change', () => { this.#drawn = []; this.#render(); });
    this.#scope.listen(this.el, 'scroll', () => {
      if (this.el.scrollTop + this.el.clientHeight > this.el.scrollHeight - AHEAD) void this.#search.older();
    }, { passive: true });
    this.#scope.defer(() => this.#search.stop());
  }

  end() {
    this.#scope.end();
  }

  /** find: @param {string} text '': nothing is looked for */
  find(text) {
    const query = text.trim();
    if (query !== this.#query) this.el.scrollTop = 0;
    this.#query = query;
    this.el.hidden = !query;
    this.#search.ask({ query });
    this.#render();
  }

  /** first: presses the first result. @returns {boolean} whether there is one */
  press() {
    const link = this.links[0];
    link?.click();
    return Boolean(link);
  }

  /** what the arrow keys go through @returns {HTMLElement[]} */
  get links() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.el.querySelectorAll('.row-main'))];
  }

  #render() {
    if (!this.#query) {
      fill(this.#own);
      fill(this.#others);
      fill(this.#hits);
      fill(this.#foot);
      this.#drawn = [];
      this.#key = '';
      this.#title.hidden = true;
      return;
    }
    const own = this.#ownChats();
    const { names, hits, state } = this.#search;
    const known = new Set(own.map(({ id }) => id));
    /* of another question: they go when the new ones come */
    const chats = [...names.chats, ...names.open].filter(({ id }) => !known.has(id));
    const people = this.#ownPeople(own);
    const users = names.users.filter(({ id }) => id !== this.#app.account.user?.id && !people.some((one) => one.id === id) && ![...own, ...chats].some(({ peer }) => peer?.id === id));
    const key = JSON.stringify([own.map(nameOf), people, chats.map(nameOf), users]);
    if (key !== this.#key) {
      this.#key = key;
      fill(this.#own, own.length > 0 && [h('h2', { class: 'list-title' }, 'Chats'), h('ul', {}, own.map((chat) => this.#chat(chat)))], people.length > 0 && [h('h2', { class: 'list-title' }, 'People you know'), h('ul', {}, people.map((user) => this.#person(user)))]);
      fill(this.#others, chats.length + users.length > 0 && [h('h2', { class: 'list-title' }, users.length ? 'People and chats' : 'More chats'), h('ul', {}, users.map((user) => this.#person(user)), chats.map((chat) => this.#chat(chat)))]);
    }
    this.#title.hidden = !hits.length;
    this.#drawHits(hits);
    fill(this.#foot, ...this.#note(own.length + people.length + chats.length + users.length));
    this.el.setAttribute('aria-busy', String(state === 'loading'));
    if (state === 'ready') write(this.#said, `${plural(own.length + chats.length, 'chat')}, ${plural(people.length + users.length, 'person', 'people')}, ${this.#search.more ? `${hits.length} or more messages` : plural(hits.length, 'message')}`);
  }

  /** @returns {Chat[]} */
  #ownChats() {
    const query = this.#query.toLowerCase().replace(/^@/, '');
    if (!query) return [];
    return this.#app.messenger.chats.list().map(({ chat }) => chat).filter((chat) => `${chatTitle(chat)} ${chat.peer?.username ?? chat.username ?? ''}`.toLowerCase().includes(query)).slice(0, CHATS);
  }

  /** People of one's calls with whom there is no chat. @param {Chat[]} own @returns {User[]} */
  #ownPeople(own) {
    const query = this.#query.toLowerCase().replace(/^@/, '');
    const chats = new Set([...own, ...this.#app.messenger.chats.list().map(({ chat }) => chat)].map(({ peer }) => peer?.id));
    return query ? this.#app.people.matching(query).map(({ user }) => user).filter(({ id }) => !chats.has(id) && id !== this.#app.account.user?.id).slice(0, PEOPLE) : [];
  }

  /** Those that go on behind what is drawn are put behind it. @param {Hit[]} hits */
  #drawHits(hits) {
    const goesOn = hits.length >= this.#drawn.length && this.#drawn.every((hit, i) => hit === hits[i]);
    if (!goesOn) fill(this.#hits);
    this.#hits.append(...hits.slice(goesOn ? this.#drawn.length : 0).map((hit) => this.#hit(hit)));
    this.#drawn = hits;
  }

  /** @param {number} names how many were found @returns {(HTMLElement | false)[]} */
  #note(names) {
    const { state, hits, more, loadingMore, error, question } = this.#search;
    const again = (/** @type {() => void} */ run) => h('p', { class: 'row-note', role: 'alert' }, chatProblem(error), ' ', h('button', { class: 'button small', type: 'button', onclick: run }, 'Try again'));
    if (state === 'failed') return [again(() => this.#search.again())];
    if (loadingMore) return [h('p', { class: 'row-note' }, 'Looking further …')];
    if (Boolean(error)) return [again(() => void this.#search.older())];
    if (state === 'ready' && more) return [h('button', { class: 'button small quiet found-more', type: 'button', testid: 'found-more', onclick: () => void this.#search.older() }, hits.length ? 'Older messages' : 'Look further back')];
    if (state === 'loading' && !hits.length && !names) return [h('p', { class: 'row-note' }, 'Searching …')];
    if (state === 'ready' && !hits.length && !names) return [h('div', { class: 'empty', testid: 'no-chats' }, icon('search', 36), h('h2', {}, `Nothing found for “${question.query}”`), h('p', {}, 'Messages are found by their words, your chats by their names, other people and public chats by their whole username.'))];
    return [];
  }

  /** @param {Chat} chat */
  #chat(chat) {
    return h('li', { class: 'row', testid: 'found-chat', 'data-chat': chat.id, 'data-title': chatTitle(chat), 'data-username': chat.peer?.username ?? chat.username ?? null }, h('a', { class: 'row-main', href: routeHash('chats', chat.id) }, chatAvatar(chat),
      h('span', { class: 'row-text' }, h('strong', {}, chatTitle(chat)), h('span', { class: 'row-sub' }, h('span', { class: 'row-words' }, kindLine(chat))))));
  }

  /** @param {User} user */
  #person(user) {
    return h('li', { class: 'row', testid: 'chat-person', 'data-username': user.username }, h('button', { class: 'row-main', type: 'button', onclick: () => this.#openUser(user.id) }, avatar(user),
      h('span', { class: 'row-text' }, h('strong', {}, user.displayName), h('span', { class: 'row-sub' }, h('span', { class: 'row-words' }, `@${user.username}`)))));
  }

  /** @param {Hit} hit */
  #hit({ message, highlights }) {
    const { messenger, names, account } = this.#app;
    const chat = messenger.chats.get(message.chatId)?.chat ?? null;
    const who = message.from === account.user?.id ? 'You' : chat && chat.kind !== 'private' && chat.kind !== 'saved' ? first(names.of(message.from)) : '';
    const title = chat ? chatTitle(chat) : 'Chat';
    return h('li', { class: 'row hit-row', testid: 'hit', 'data-chat': message.chatId, 'data-id': message.id }, h('a', { class: 'row-main', href: routeHash('chats', message.chatId, message.id) }, chat ? chatAvatar(chat) : h('i', { class: 'avatar avatar-m' }),
      h('span', { class: 'row-text' }, h('span', { class: 'chat-line' }, h('strong', {}, title), h('time', { dateTime: new Date(message.at).toISOString() }, this.#when(message.at))),
        h('span', { class: 'hit-words', dir: 'auto' }, who && chat?.kind !== 'saved' && h('span', { class: 'row-who' }, `${who}: `), excerpt(masked(message), highlights).map(({ text, hit }) => (hit ? h('mark', {}, text) : text))))));
  }

}

/** @param {Chat} chat */
const nameOf = (chat) => [chat.id, chatTitle(chat), kindLine(chat)];
