// SPDX-License-Identifier: Apache-2.0
/** One chat: who or what it is, its history, and where one writes. */
import { isAdmin, isGroup, may } from '../../chat/rights.js';
import { newRandomId } from '../../chat/scheduled.js';
import { chatProblem, chatTitle, membersLine, plain, presenceLine, typingLine } from '../../chat/words.js';
import { Scope, fill, h, write } from '../../dom.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';
import { chatAvatar } from './chat-avatar.js';
import { ChatSearch } from './chat-search.js';
import { askForSecret } from '../secret/secret-rows.js';
import { Composer } from './composer.js';
import { openGroup } from './group-dialog.js';
import { HistoryView } from './history-view.js';
import { messageMenu } from './message-menu.js';
import { openMenu } from './menu.js';
import { PinBar } from './pin-bar.js';
import { newPoll } from './poll.js';
import { selectedPart } from './quote-part.js';
import { quickBar, react } from './reactions.js';
import { ScheduledBar } from './scheduled-view.js';
import { sendLater } from './send-later.js';
import { openTimer } from './timer.js';
import { TopicBar } from './topic-bar.js';
import { voiceChat } from './voice-chat.js';

/** @typedef {import('../../chat/chats.js').Entry} Entry */

/* Who only looks at a public chat is sent nothing: it is asked for. */
const LOOK_MS = 8000;

export class ChatPage {
  el = h('div', { class: 'chat', testid: 'chat' });
  #app;
  #id;
  #back;
  #scope = new Scope();
  #head = h('header', { class: 'chat-head' });
  /** under the head */ #bars = h('div', { class: 'chat-bars' });
  #sub = h('span', { class: 'chat-sub' });
  #foot = h('footer', { class: 'chat-foot' });
  /** @type {Entry | null} */ #entry = null;
  /** @type {HistoryView | null} */ #history = null;
  /** @type {TopicBar | null} */ #topics = null;
  /** @type {Composer | null} */ #composer = null;
  /** @type {ScheduledBar | null} */ #scheduled = null;
  /** @type {ChatSearch | null} */ #search = null;
  /** a message to be shown */ #wanted = '';
  #shown = '';
  /** another device has written the draft while the cursor was in ours: that one stands until a key is pressed here */ #behind = false;

  /** @param {import('../../app.js').App} app @param {string} id @param {() => void} back */
  constructor(app, id, back) {
    this.#app = app;
    this.#id = id;
    this.#back = back;
    const known = app.messenger.chats.get(id);
    if (known) this.#show(known);
    else void this.#load();
  }

  end() {
    this.#keepDraft();
    this.#search?.end();
    this.#history?.end();
    this.#scope.end();
  }

  /** show: @param {string} messageId a message that the address names, which then is forgotten; '': none */
  show(messageId) {
    if (!/^\d{1,16}$/.test(messageId)) return;
    this.#wanted = messageId;
    this.#topics?.choose('');
    if (this.#history) this.#showWanted();
    this.#app.router.replace('chats', this.#id);
  }

  #showWanted() {
    if (this.#wanted) void this.#history?.jump(this.#wanted);
    this.#wanted = '';
  }

  /** search: looks for words in this chat. */
  search() {
    const { chat } = /** @type {Entry} */ (this.#entry);
    this.#search ??= new ChatSearch(this.#app, chat, { show: (hit) => this.#history?.find(hit), close: () => this.#endSearch() });
    this.#bars.append(this.#search.el);
    this.#search.focus();
  }

  #endSearch() {
    this.#search?.end();
    this.#search?.el.remove();
    this.#search = null;
    this.#history?.find(null);
    if (matchMedia('(min-width: 860px)').matches) this.#composer?.focus();
  }

  async #load() {
    fill(this.el, h('header', { class: 'chat-head' }, this.#backButton()), h('div', { class: 'history' }));
    try {
      const entry = await this.#app.messenger.chats.fetch(this.#id);
      if (this.#scope.ended) return;
      if (entry) return this.#show(entry);
      this.#nothing('This chat is not here', 'It was deleted, or you are not in it any more.');
    } catch (error) {
      if (!this.#scope.ended) this.#nothing('Not loaded', chatProblem(error), () => void this.#load());
    }
  }

  /** @param {string} title @param {string} text @param {() => void} [again] */
  #nothing(title, text, again) {
    fill(this.el, h('header', { class: 'chat-head' }, this.#backButton()),
      h('div', { class: 'empty' }, icon('chat', 36), h('h2', {}, title), h('p', {}, text), again && h('button', { class: 'button', type: 'button', onclick: again }, 'Try again')));
  }

  #backButton() {
    return h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: this.#back }, icon('back', 24));
  }

  /** @param {Entry} entry */
  #show(entry) {
    const { messenger, names } = this.#app;
    this.#entry = entry;
    this.#history = this.#newHistory(entry);
    const pins = new PinBar(this.#app, this.#id, (messageId) => {
      this.#topics?.choose('');
      void this.#history?.jump(messageId);
    });
    this.#scope.defer(() => pins.end());
    this.#bars.append(pins.el);
    this.#composer = new Composer({ polls: isGroup(entry.chat), reminders: entry.chat.kind === 'saved', nameOf: (id) => (id === this.#app.account.user?.id ? 'yourself' : names.of(id)) });
    const composer = this.#composer;
    const scheduled = new ScheduledBar(this.#app, this.#id, () => composer.people);
    this.#scheduled = scheduled;
    this.#scope.defer(() => scheduled.end());
    this.#scope.listen(composer, 'later', (event) => void this.#later(event.detail));
    this.#scope.listen(this.#composer, 'send', (event) => void this.#send(event.detail));
    this.#scope.listen(this.#composer, 'typing', () => entry.chat.kind !== 'saved' && messenger.typing(this.#id));
    this.#scope.listen(this.#composer, 'context', () => {
      this.#behind = false;
      messenger.drafts.typing(this.#id, () => this.#draft());
    });
    this.#scope.listen(messenger.drafts, 'change', (event) => event.detail.chatId === this.#id && event.detail.remote && this.#draftCame());
    this.#scope.listen(this.#composer, 'up', () => {
      const last = this.#history?.lastOwn();
      if (last) this.#composer?.edit(last);
    });
    this.#scope.listen(this.#composer, 'poll', () => void newPoll(this.#app, /** @type {Entry} */ (this.#entry).chat, this.#topics?.threadId));
    this.#scope.listen(messenger.chats, 'change', (event) => event.detail.chatId === this.#id && this.#refresh());
    this.#scope.listen(messenger.chats, 'members', (event) => event.detail.chatId === this.#id && void this.#people());
    this.#scope.listen(messenger.chats, 'typing', (event) => event.detail.chatId === this.#id && this.#line());
    this.#scope.listen(messenger.chats, 'left', (event) => event.detail.chatId === this.#id && this.#left());
    this.#scope.listen(messenger.chats, 'message', (event) => this.#say(event.detail.message));
    this.#scope.listen(names, 'change', () => this.#line());
    messenger.presence.watch(entry.chat.kind === 'private' && entry.chat.peer ? [entry.chat.peer.id] : []);
    this.#scope.listen(messenger.presence, 'change', () => this.#line());
    this.#scope.every(60000, () => this.#line());
    this.#scope.listen(window, 'pagehide', () => this.#keepDraft());
    this.#scope.listen(window, 'keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== 'f' || event.shiftKey || event.altKey || this.#search?.el.contains(document.activeElement) || this.#app.calls.busy || this.#app.roomDesk.busy || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      this.search();
    });
    this.#scope.every(LOOK_MS, () => { if (entry.chat.role === 'left' && !document.hidden) void entry.log?.catchUp(); });
    const topics = new TopicBar(this.#app, entry);
    this.#topics = topics;
    this.#scope.defer(() => topics.end());
    this.#scope.listen(topics, 'choose', () => this.#chosen());
    this.#scope.listen(entry.topics, 'change', () => this.#refresh());
    this.#bars.append(topics.el);
    fill(this.el, h('div', {}, this.#head, this.#bars), this.#history.el, this.#foot);
    this.#refresh();
    void this.#people();
    this.#takeDraft();
    this.#showWanted();
    if (matchMedia('(min-width: 860px)').matches) queueMicrotask(() => this.#composer?.focus());
  }

  /** @param {Entry} entry */
  #newHistory(entry) {
    const view = new HistoryView(this.#app, entry);
    view.addEventListener('menu', (event) => this.#menu(/** @type {CustomEvent} */ (event).detail));
    return view;
  }

  /** A topic is looked at, or all of them: the chat is the same, its history another. */
  #chosen() {
    const entry = /** @type {Entry} */ (this.#entry);
    const threadId = this.#topics?.threadId;
    const before = /** @type {HistoryView} */ (this.#history);
    this.#history = this.#newHistory(threadId ? Object.create(entry, { history: { value: entry.topics.history(threadId) } }) : entry);
    before.end();
    before.el.replaceWith(this.#history.el);
    this.#endSearch();
    this.#refresh();
  }

  /** Why nothing can be written here; '' otherwise. */
  #mute() {
    const { chat, topics } = /** @type {Entry} */ (this.#entry);
    if (!may(chat, 'send')) return 'You may read here, not write.';
    return !isAdmin(chat) && topics.get(this.#topics?.threadId ?? '')?.closed ? 'This topic is closed: admins alone write here.' : '';
  }

  #refresh() {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const mute = this.#mute();
    const key = JSON.stringify([chatTitle(chat), chat.kind, chat.role, chat.rights, chat.permissions, mute]);
    this.#line();
    if (key === this.#shown) return;
    this.#shown = key;
    const group = isGroup(chat);
    const title = h('span', { class: 'chat-title' }, h('strong', { testid: 'chat-title' }, chatTitle(chat)), this.#sub);
    const about = group ? h('button', { class: 'chat-about', type: 'button', testid: 'chat-about', onclick: () => void openGroup(this.#app, chat.id) }, chatAvatar(chat), title)
      : chat.peer ? h('a', { class: 'chat-about', href: routeHash('people', chat.peer.id), testid: 'chat-about' }, chatAvatar(chat), title) : h('button', { class: 'chat-about', type: 'button', testid: 'chat-about', onclick: () => void openTimer(this.#app, chat, new Scope()) }, chatAvatar(chat), title);
    const call = (/** @type {boolean} */ video) => () => chat.peer && this.#app.calls.call(chat.peer, { video });
    fill(this.#head, this.#backButton(), about,
      chat.kind === 'private' && [h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Secret chat', title: 'Secret chat', testid: 'chat-secret', onclick: () => chat.peer && void askForSecret(this.#app, chat.peer) }, icon('lock')),
        h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Call', title: 'Call', testid: 'chat-call', onclick: call(false) }, icon('phone')),
        h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Video call', title: 'Video call', testid: 'chat-video', onclick: call(true) }, icon('camera'))],
      h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Search in this chat', title: 'Search in this chat (Ctrl+F)', testid: 'chat-find', onclick: () => this.search() }, icon('search')),
      group && may(chat, 'calls') && h('button', { class: 'button small', type: 'button', 'aria-label': 'Voice chat', testid: 'voice-chat', onclick: () => void voiceChat(this.#app, chat) }, icon('speaker', 18), h('span', { class: 'wide-only' }, 'Voice chat')));
    fill(this.#foot, chat.role === 'left' ? this.#joinBar() : [/** @type {ScheduledBar} */ (this.#scheduled).el, mute ? h('p', { class: 'chat-mute', testid: 'chat-mute' }, icon('lock', 18), mute) : /** @type {Composer} */ (this.#composer).el]);
  }

  /** Who looks at a public chat may come in. */
  #joinBar() {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const button = h('button', { class: 'button primary wide', type: 'button', testid: 'chat-join', onclick: async () => {
      button.disabled = true;
      try {
        await this.#app.messenger.change('chat.join', { username: chat.username });
        void this.#people();
      } catch (error) {
        button.disabled = false;
        this.#app.toasts.show(chatProblem(error), { tone: 'bad' });
      }
    } }, chat.kind === 'channel' ? 'Subscribe' : 'Join this group');
    return h('div', { class: 'chat-join' }, button);
  }

  /** The line under the title. */
  #line() {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const typing = typingLine(this.#app.messenger.chats.typists(this.#id).map((id) => this.#app.names.of(id)), !isGroup(chat));
    this.#sub.classList.toggle('typing', Boolean(typing));
    const here = chat.peer ? this.#app.messenger.presence.of(chat.peer.id) : null;
    this.#sub.classList.toggle('online', !typing && Boolean(here?.online));
    write(this.#sub, typing || (chat.kind === 'private' ? presenceLine(here) || `@${chat.peer?.username}` : chat.kind === 'saved' ? 'For yourself' : membersLine(chat)));
  }

  /** Who can be mentioned, and how far they have read. */
  async #people() {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const { people } = this.#app;
    if (chat.peer) people.learn(chat.peer);
    if (!isGroup(chat)) return void (chat.peer && this.#composer && (this.#composer.people = [chat.peer]));
    const members = await this.#app.messenger.chats.members(this.#id).catch(() => []);
    for (const { user } of members) people.learn(user);
    if (this.#composer && !this.#scope.ended) this.#composer.people = members.filter(({ role, user }) => role !== 'banned' && user.id !== this.#app.account.user?.id).map(({ user }) => user);
  }

  /** @param {{text: string, entities: any[], replyTo?: string, quote?: import('../../chat/types.js').Quote, edits: import('../../chat/types.js').Message | null, written: string, silent: boolean}} message */
  async #send({ text, entities, replyTo, quote, edits, written, silent }) {
    const { messenger, toasts } = this.#app;
    if (!edits) {
      messenger.send(this.#id, { text, entities, replyTo, quote, threadId: this.#topics?.threadId, silent });
      this.#behind = false;
      this.#keepDraft();
      return void this.#history?.toNewest();
    }
    try {
      await messenger.edit(this.#id, edits.id, text, entities);
    } catch (error) {
      toasts.show(`Not edited. ${chatProblem(error)}`, { tone: 'bad' });
      this.#composer?.restore(edits, written);
    }
  }

  /** @param {{text: string, entities: any[], replyTo?: string, quote?: import('../../chat/types.js').Quote}} message */
  async #later({ text, entities, replyTo, quote }) {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const randomId = newRandomId(); /* one for all tries */
    const reminder = chat.kind === 'saved';
    const taken = await sendLater({ reminder, silent: reminder ? undefined : false, save: (at, silent) => this.#app.messenger.scheduled.add(chat.id, { text, entities, replyTo, quote, threadId: this.#topics?.threadId, silent }, at, randomId) });
    if (!taken || this.#scope.ended) return;
    this.#composer?.clear();
    this.#behind = false;
    this.#keepDraft();
  }

  /** @param {{row: import('./message-row.js').Row, at: {x: number, y: number}}} detail */
  #menu({ row, at }) {
    const { chat } = /** @type {Entry} */ (this.#entry);
    const { message } = row;
    const part = message ? selectedPart(message.text, this.el.querySelector(`[data-id="${message.id}"] .msg-text`)) : null;
    openMenu(at, messageMenu(this.#app, chat, row, { reply: (message, quote) => this.#composer?.answer(message, quote), edit: (message) => this.#composer?.edit(message) }, part), 'Message',
      (close) => Boolean(message && message.kind !== 'service' && chat.role !== 'left') && quickBar(/** @type {import('../../chat/types.js').Message} */ (message), (emoji) => { close(); void react(this.#app, /** @type {import('../../chat/types.js').Message} */ (message), emoji); }));
  }

  /** New messages are read out while the chat is looked at. @param {import('../../chat/types.js').Message} message */
  #say(message) {
    if (message.chatId !== this.#id || message.from === this.#app.account.user?.id || message.kind !== 'text' || document.hidden) return;
    this.#app.toasts.say(`${this.#app.names.of(message.from)}: ${plain(message)}`);
  }

  #left() {
    this.#app.toasts.show('You are not in this group any more.', { icon: 'group', ms: 4000 });
    this.#back();
  }

  /** What stands in the field, as a draft. */
  #draft() {
    const { text = '', reply = null } = this.#composer ?? {};
    return { text, ...(reply ? { replyTo: reply.id } : {}) };
  }

  #takeDraft() {
    const draft = this.#app.messenger.drafts.get(this.#id);
    if (!draft || !this.#composer) return;
    this.#composer.text = draft.text;
    const reply = draft.replyTo ? this.#entry?.history.get(draft.replyTo) : null;
    if (reply) this.#composer.answer(reply);
  }

  /** Another device has written the draft: it is taken where nobody is writing. */
  #draftCame() {
    if (!this.#composer) return;
    const draft = this.#app.messenger.drafts.get(this.#id);
    const reply = draft?.replyTo ? this.#entry?.history.get(draft.replyTo) : null;
    this.#behind = !this.#composer.take(draft?.text ?? '', reply ?? null);
  }

  #keepDraft() {
    if (this.#composer && !this.#behind) this.#app.messenger.drafts.set(this.#id, this.#draft());
  }
}
