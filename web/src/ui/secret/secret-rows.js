// SPDX-License-Identifier: Apache-2.0
/** The secret chats of this device, and what others ask for: above the list of chats, and unlike it. */
import { Scope, fill, h } from '../../dom.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { noticeWords, stateWords } from './secret-words.js';

export class SecretRows {
  el = h('section', { class: 'secret-rows', testid: 'secret-rows', 'aria-label': 'Secret chats', hidden: true });
  #app;
  #scope = new Scope();

  /** @param {import('../../app.js').App} app */
  constructor(app) {
    this.#app = app;
    this.#scope.listen(app.secrets, 'change', () => this.#render());
    this.#scope.listen(app.router, 'change', () => this.#render());
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  #render() {
    const { secrets } = this.#app;
    const rows = [...secrets.offers().map(({ secretId, peer }) => this.#row(secretId, peer, 'Asks for a secret chat', 1, 'offered')),
      ...secrets.list().map((chat) => this.#row(chat.secretId, chat.peer, this.#line(chat), secrets.unread(chat.secretId), chat.state))];
    this.el.hidden = rows.length === 0;
    fill(this.el, h('h2', { class: 'list-title' }, icon('lock', 14), 'Secret, on this device alone'), h('ul', {}, rows));
  }

  /** @param {import('../../secret/secrets.js').Chat} chat */
  #line(chat) {
    const last = this.#app.secrets.messages(chat.secretId).at(-1);
    if (chat.state !== 'open' || chat.unsure || !last) return stateWords(chat);
    if (last.ttl) return `${last.mine ? 'You: a' : 'A'} message that destroys itself`;
    return last.kind === 'notice' ? noticeWords(last, chat.peer.displayName) : `${last.mine ? 'You: ' : ''}${last.text}`;
  }

  /** @param {string} secretId @param {import('../../types.js').User} peer @param {string} line @param {number} unread @param {string} state */
  #row(secretId, peer, line, unread, state) {
    const { name, rest } = this.#app.router.route;
    const selected = name === 'secret' && rest[0] === secretId;
    return h('li', { class: `row chat-row ${selected ? 'selected' : ''}`, testid: 'secret-row', 'data-secret': secretId, 'data-state': state, 'data-title': peer.displayName, 'data-unread': String(unread) },
      h('a', { class: 'row-main', href: routeHash('secret', secretId), ...(selected ? { 'aria-current': 'true' } : {}) },
        h('span', { class: 'secret-face' }, avatar(peer), h('span', { class: 'secret-lock' }, icon('lock', 12))),
        h('span', { class: 'row-text' }, h('span', { class: 'chat-line' }, h('strong', {}, peer.displayName)),
          h('span', { class: 'chat-line row-sub' }, h('span', { class: 'row-words' }, line), unread > 0 && h('span', { class: 'badge', 'aria-label': `${unread} unread` }, String(unread))))));
  }
}

/** askForSecret: @param {import('../../app.js').App} app @param {import('../../types.js').User} user */
export async function askForSecret(app, user) {
  const there = app.secrets.list().find((chat) => chat.peer.id === user.id && chat.state !== 'ended');
  app.router.go('secret', there?.secretId ?? (await app.secrets.ask(user)));
}
