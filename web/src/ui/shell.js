// SPDX-License-Identifier: Apache-2.0
/** The app when nobody is talking: a rail of places, a list, and what was chosen from it. */
import { isWay } from '../chat/ways.js';
import { chatTitle, preview } from '../chat/words.js';
import { Scope, fill, h, write } from '../dom.js';
import { routeHash } from '../router.js';
import { CallsPage } from './calls-page.js';
import { ChatPage } from './chat/chat-page.js';
import { ChatsPage } from './chat/chats-page.js';
import { WayPage } from './chat/way-page.js';
import { icon, mark } from './icons.js';
import { avatar } from './lamp.js';
import { notifyMessage } from './notify.js';
import { PeoplePage } from './people-page.js';
import { Nobody, PersonPage } from './person-page.js';
import { RoomPage } from './room/room-page.js';
import { RoomsPage } from './room/rooms-page.js';
import { SecretPage } from './secret/secret-page.js';
import { SettingsList, settingsPage } from './settings-page.js';

const PLACES = /** @type {const} */ ([['chats', 'Chats', 'chat'], ['calls', 'Calls', 'clock'], ['rooms', 'Rooms', 'grid'], ['people', 'People', 'people'], ['settings', 'Settings', 'settings']]);

/** @typedef {{el: HTMLElement, end?: () => void, select?: (key: string) => void, show?: (part: string) => void}} Pane show: a part of what it holds */

export class Shell {
  el;
  #app;
  #scope = new Scope();
  #list = h('section', { class: 'list-pane' });
  #detail = h('section', { class: 'detail-pane', testid: 'detail' });
  #nav;
  #unread = h('span', { class: 'badge rail-badge', testid: 'nav-unread', hidden: true });
  /** @type {Pane | null} */ #listPane = null;
  /** @type {Pane | null} */ #detailPane = null;
  #listName = '';
  #detailKey = '';

  /** @param {import('../app.js').App} app @param {string} userId */
  constructor(app, userId) {
    this.#app = app;
    this.userId = userId;
    const me = /** @type {import('../types.js').User} */ (app.account.user);
    this.#nav = h('nav', { class: 'rail', 'aria-label': 'Places' },
      h('a', { class: 'rail-brand', href: '#/chats', 'aria-label': 'Aldis' }, mark(38)),
      PLACES.map(([name, label, image]) => h('a', { class: 'rail-item', href: routeHash(name), testid: `nav-${name}`, 'data-name': name }, icon(image, 24), h('span', {}, label), name === 'chats' && this.#unread)),
      h('a', { class: 'rail-me', href: routeHash('settings', 'profile'), 'aria-label': `Profile of ${me.displayName}`, testid: 'nav-profile' }, avatar(me, 'm')));
    this.el = h('div', { class: 'shell', testid: 'shell' }, this.#nav, h('main', { class: 'panes' }, this.#list, this.#detail));
    this.#scope.listen(app.router, 'change', () => this.#route());
    this.#scope.listen(window, 'keydown', (event) => this.#key(event));
    this.#scope.listen(app.messenger.chats, 'change', () => this.#count());
    this.#scope.listen(app.messenger.chats, 'message', (event) => this.#notify(event.detail.message));
    this.#scope.listen(app.secrets, 'message', ({ detail: { secretId, silent } }) => !silent && notifyMessage({ chatId: 'secret', title: 'Secret chat', text: '' }, () => app.router.go('secret', secretId)));
    this.#count();
    this.#route();
  }

  end() {
    this.#listPane?.end?.();
    this.#detailPane?.end?.();
    this.#scope.end();
  }

  /** How many chats have something unread. */
  #count() {
    const { unreadChats } = this.#app.messenger.chats;
    write(this.#unread, unreadChats > 99 ? '99+' : String(unreadChats));
    this.#unread.hidden = unreadChats === 0;
    this.#unread.setAttribute('aria-label', `${unreadChats} with unread messages`);
    document.title = unreadChats ? `(${unreadChats}) Aldis` : 'Aldis';
  }

  /** A message that came while nobody looks. @param {import('../chat/types.js').Message} message */
  #notify(message) {
    const { messenger, names, router, settings, account } = this.#app;
    const chat = messenger.chats.get(message.chatId)?.chat;
    if (!chat || message.from === account.user?.id || message.kind !== 'text' || message.silent || Number(message.id) <= Number(chat.readUpToId)) return;
    const { who, text } = preview(message, chat, (id) => names.of(id), account.user?.id ?? '');
    notifyMessage({ chatId: chat.id, title: chatTitle(chat), text: settings.get('pushPreview') ? `${who ? `${who}: ` : ''}${text}` : '' }, () => router.go('chats', chat.id));
  }

  #route() {
    const { name: place, rest } = this.#app.router.route;
    const name = place === 'secret' ? 'chats' : place; /* beside the chats */
    for (const item of this.#nav.querySelectorAll('.rail-item')) {
      if (item.getAttribute('data-name') === name) item.setAttribute('aria-current', 'page');
      else item.removeAttribute('aria-current');
    }
    if (name !== this.#listName) {
      this.#listPane?.end?.();
      this.#listPane = this.#listOf(name);
      this.#listName = name;
      fill(this.#list, this.#listPane.el);
    }
    const key = rest[0] ?? '';
    this.#listPane?.select?.(key);
    this.el.dataset.open = key ? 'detail' : 'list';
    this.el.dataset.place = name;
    const detailKey = `${place === 'secret' ? place : ['chats', 'settings', 'rooms'].includes(name) && (key || name === 'settings') ? name : 'person'}/${key}`;
    if (detailKey === this.#detailKey) return this.#detailPane?.show?.(rest[1] ?? '');
    this.#detailKey = detailKey;
    this.#detailPane?.end?.();
    this.#detailPane = this.#paneOf(key && place === 'secret' ? place : name, key);
    fill(this.#detail, this.#detailPane.el);
    this.#detail.scrollTop = 0;
    this.#detailPane.show?.(rest[1] ?? '');
  }

  /** @param {string} name @returns {Pane} */
  #listOf(name) {
    switch (name) {
      case 'settings': return new SettingsList(this.#app);
      case 'people': return new PeoplePage(this.#app);
      case 'rooms': return new RoomsPage(this.#app);
      case 'calls': return new CallsPage(this.#app);
      default: return new ChatsPage(this.#app);
    }
  }

  /** @param {string} name @param {string} key @returns {Pane} */
  #paneOf(name, key) {
    const back = () => this.#app.router.go(name);
    if (name === 'settings') return settingsPage(this.#app, key || 'profile', back);
    if (name === 'chats' && isWay(key)) return new WayPage(this.#app, key, back);
    if (name === 'secret') return new SecretPage(this.#app, key, () => this.#app.router.go('chats'));
    if (name === 'chats' && key) return new ChatPage(this.#app, key, back);
    if (name === 'rooms' && key) return new RoomPage(this.#app, key, back);
    return key ? new PersonPage(this.#app, key, back) : new Nobody(this.#app);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea');
    if (event.key !== '/' || !this.#app.settings.get('letterKeys') || typing || event.ctrlKey || event.metaKey || this.#app.calls.busy || this.#app.roomDesk.busy || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    if (!['people', 'chats'].includes(this.#listName)) this.#app.router.go('people');
    setTimeout(() => this.#list.querySelector('input')?.focus(), 30);
  }
}
