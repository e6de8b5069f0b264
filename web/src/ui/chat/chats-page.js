// SPDX-License-Identifier: Apache-2.0
/** The list of chats, the latest first; over it, in its place, what is searched for; new groups. */
import { isGroup } from '../../chat/rights.js';
import { wayOf } from '../../chat/ways.js';
import { chatProblem, chatTitle, preview, typingLine } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { day, time } from '../../format.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';
import { SecretRows } from '../secret/secret-rows.js';
import { chatAvatar } from './chat-avatar.js';
import { openGroup } from './group-dialog.js';
import { openMenu } from './menu.js';
import { newGroup } from './new-group.js';
import { SearchResults } from './search-results.js';

/** @typedef {import('../../chat/chats.js').Entry} Entry */

export class ChatsPage {
  el;
  #app;
  #scope = new Scope();
  #input;
  #found;
  #list = h('ul', { class: 'chat-rows' });
  #body;
  #rest = h('div', {});
  #selected = '';
  /** @type {Map<string, {el: HTMLElement, version: string}>} */ #rows = new Map();
  #drawing = false;

  /** @param {import('../../app.js').App} app */
  constructor(app) {
    this.#app = app;
    const { messenger, names } = app;
    const secrets = new SecretRows(app);
    this.#scope.defer(() => secrets.end());
    this.#input = h('input', { class: 'input search-input', type: 'search', placeholder: 'Search', 'aria-label': 'Search chats, people and messages', autocapitalize: 'none', autocomplete: 'off', spellcheck: false, maxLength: 256, testid: 'chat-search', oninput: () => this.#typed() });
    this.#found = new SearchResults(app, { when, openUser: (userId) => void openChat(app, userId) });
    this.#body = h('div', { class: 'list-body', testid: 'chats' }, secrets.el, this.#list, this.#rest);
    this.el = h('div', { class: 'list', testid: 'chats-page' },
      h('header', { class: 'list-head' }, h('h1', {}, 'Chats'),
        h('div', { class: 'list-actions' }, h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Saved messages', title: 'Saved messages', testid: 'saved', onclick: () => void openChat(app, app.account.user?.id ?? '') }, icon('bookmark')),
          h('button', { class: 'button small primary', type: 'button', testid: 'new-group', onclick: () => void newGroup(app) }, icon('plus', 18), 'New group'))),
      h('form', { class: 'search', role: 'search', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#enter(); } }, icon('search', 20), this.#input), h('div', { class: 'list-stack' }, this.#body, this.#found.el));
    this.#scope.listen(this.el, 'keydown', (event) => this.#key(event));
    this.#scope.defer(() => this.#found.end());
    for (const [target, type] of /** @type {[EventTarget, string][]} */ ([[messenger.chats, 'change'], [messenger.chats, 'marks'], [messenger.chats, 'typing'], [messenger.drafts, 'change'], [messenger.outbox, 'change'], [names, 'change']])) this.#scope.listen(target, type, () => this.#soon());
    this.#scope.listen(this.#body, 'scroll', () => {
      if (this.#body.scrollTop + this.#body.clientHeight > this.#body.scrollHeight - 500) void messenger.chats.loadMore();
    }, { passive: true });
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  /** @param {string} chatId */
  select(chatId) {
    this.#selected = chatId;
    for (const [id, { el }] of this.#rows) {
      el.classList.toggle('selected', id === chatId);
      if (id === chatId) el.firstElementChild?.setAttribute('aria-current', 'true');
      else el.firstElementChild?.removeAttribute('aria-current');
    }
  }

  /** Draws before the next frame, however much has happened until then. */
  #soon() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (!this.#scope.ended) this.#render();
    });
  }

  /** The list stays as it is underneath, to be laid out by nobody: the field must not wait for it, however long it is. */
  #typed() {
    this.#found.find(this.#input.value);
    this.#body.inert = !this.#found.el.hidden;
  }

  #enter() {
    const way = wayOf(this.#input.value);
    if (way) return this.#app.router.go('chats', way);
    if (!this.#found.press()) this.#list.querySelector('a')?.click();
  }

  /** Arrow keys go from the field through what is under it. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Escape' && this.#input.value) {
      this.#input.value = '';
      this.#typed();
      this.#input.focus();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const links = this.#found.el.hidden ? /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('.row-main')]) : this.#found.links;
      const at = links.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + (event.key === 'ArrowDown' ? 1 : -1);
      if (at < 0) this.#input.focus();
      else links[at]?.focus();
    } else return;
    event.preventDefault();
  }

  #render() {
    const { chats } = this.#app.messenger;
    const all = chats.list();
    this.#place(all);
    fill(this.#rest, ...this.#note(all.length));
    this.select(this.#selected);
  }

  /** @param {number} count @returns {(HTMLElement | false)[]} */
  #note(count) {
    const { chats } = this.#app.messenger;
    if (count && chats.more) return [h('p', { class: 'row-note' }, 'Loading …')];
    if (count) return [];
    if (chats.state === 'failed') {
      return [h('div', { class: 'empty' }, icon('warning', 36), h('h2', {}, 'Your chats are not here'), h('p', {}, chatProblem(chats.error)), h('button', { class: 'button', type: 'button', onclick: () => void chats.refresh() }, 'Try again'))];
    }
    if (chats.state !== 'ready') return Array.from({ length: 6 }, () => h('div', { class: 'row ghost', 'aria-hidden': 'true' }, h('i', { class: 'avatar avatar-m' }), h('span', {}, h('i', {}), h('i', {}))));
    return [h('div', { class: 'empty', testid: 'empty-chats' }, icon('chat', 36), h('h2', {}, 'No chats yet'), h('p', {}, 'Type the username of somebody you know above. Yours is ', h('strong', {}, `@${this.#app.account.user?.username}`), ': give it to them.'))];
  }

  /** Rows that have changed are drawn anew, the others moved to their places. @param {Entry[]} entries */
  #place(entries) {
    const ids = new Set(entries.map(({ chat }) => chat.id));
    for (const [id, { el }] of this.#rows) {
      if (ids.has(id)) continue;
      el.remove();
      this.#rows.delete(id);
    }
    entries.forEach((entry, i) => {
      const el = this.#row(entry);
      if (this.#list.children[i] !== el) this.#list.insertBefore(el, this.#list.children[i] ?? null);
    });
  }

  /** @param {Entry} entry @returns {HTMLElement} */
  #row(entry) {
    const line = this.#line(entry);
    const { chat, last } = entry;
    const version = JSON.stringify([chatTitle(chat), chat.unread, chat.mentions, last?.id, last?.at, line, last && when(last.at)]);
    const known = this.#rows.get(chat.id);
    if (known?.version === version) return known.el;
    const el = this.#make(entry, line);
    if (known) known.el.replaceWith(el);
    this.#rows.set(chat.id, { el, version });
    return el;
  }

  /** What stands under the title. @param {Entry} entry @returns {{kind: string, who: string, text: string, mark: string}} */
  #line({ chat, last, read, delivered }) {
    const { messenger, names, account } = this.#app;
    const me = account.user?.id ?? '';
    const typing = typingLine(messenger.chats.typists(chat.id).map((id) => names.of(id)), !isGroup(chat));
    if (typing) return { kind: 'typing', who: '', text: typing, mark: '' };
    const draft = messenger.drafts.get(chat.id);
    if (draft?.text.trim() && chat.id !== this.#selected) return { kind: 'draft', who: 'Draft', text: draft.text, mark: '' };
    const waiting = messenger.outbox.of(chat.id).at(-1);
    if (waiting) return { kind: '', who: 'You', text: waiting.text, mark: waiting.state === 'failed' ? 'warning' : 'clock' };
    if (!last) return { kind: '', who: '', text: '', mark: '' };
    const { who, text } = preview(last, chat, (id) => names.of(id), me);
    const mine = last.from === me && last.kind === 'text' && chat.kind !== 'saved';
    return { kind: last.kind === 'service' ? 'service' : '', who: who === 'You' && !isGroup(chat) ? '' : who, text, mark: !mine ? '' : Number(last.id) <= read ? 'checks read' : Number(last.id) <= delivered ? 'checks' : 'check' };
  }

  /** @param {Entry} entry @param {{kind: string, who: string, text: string, mark: string}} line */
  #make(entry, { kind, who, text, mark }) {
    const { chat, last } = entry;
    const [image, state] = mark.split(' ');
    const el = h('li', { class: 'row chat-row', 'data-chat': chat.id, testid: 'chat-row', 'data-title': chatTitle(chat), 'data-unread': String(chat.unread) },
      h('a', { class: 'row-main', href: routeHash('chats', chat.id) }, chatAvatar(chat),
        h('span', { class: 'row-text' },
          h('span', { class: 'chat-line' }, h('strong', {}, chatTitle(chat)), last && h('time', { dateTime: new Date(last.at).toISOString() }, when(last.at))),
          h('span', { class: `chat-line row-sub kind-${kind || 'text'}` }, image && h('span', { class: `row-mark ${state ?? ''}` }, icon(image, 16)),
            h('span', { class: 'row-words' }, who && h('span', { class: 'row-who' }, `${who}: `), text),
            chat.mentions > 0 && h('span', { class: 'badge badge-at', role: 'img', 'aria-label': 'You were mentioned', testid: 'mention-badge' }, icon('at', 14)),
            chat.unread > 0 && h('span', { class: 'badge', testid: 'unread', 'aria-label': `${chat.unread} unread` }, chat.unread > 999 ? '999+' : String(chat.unread))))));
    el.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      chatMenu(this.#app, entry, { x: event.clientX, y: event.clientY });
    });
    return el;
  }
}

/** @param {number} at */
function when(at) {
  const name = day(at);
  return name === 'Today' ? time(at) : name === 'Yesterday' ? name : new Date(at).toLocaleDateString([], Date.now() - at < 6 * 86400000 ? { weekday: 'short' } : { day: 'numeric', month: 'short' });
}

/** @param {import('../../app.js').App} app @param {Entry} entry @param {{x: number, y: number}} at */
function chatMenu(app, { chat }, at) {
  openMenu(at, [{ label: 'Open', icon: 'chat', run: () => app.router.go('chats', chat.id) },
    chat.unread > 0 && { label: 'Mark as read', icon: 'checks', testid: 'mark-read', run: () => app.messenger.read(chat.id, chat.topId) },
    isGroup(chat) && { label: 'Members and settings', icon: 'group', run: () => void openGroup(app, chat.id) }], chatTitle(chat));
}

/** openChat: the private chat with somebody, or with oneself. @param {import('../../app.js').App} app @param {string} userId */
export async function openChat(app, userId) {
  try {
    const { chat } = await app.messenger.chats.open(userId);
    app.router.go('chats', chat.id);
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}
