// SPDX-License-Identifier: Apache-2.0
/** The topics of a chat, over its history: one is looked at, or all of them. Event 'choose' (detail: {threadId}; '': all). */
import { isAdmin, may } from '../../chat/rights.js';
import { chatProblem } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { Dialog } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { openMenu, placeOf } from './menu.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Topic} Topic */

const MOST_UNREAD = 99;

export class TopicBar extends EventTarget {
  el = h('nav', { class: 'topic-bar', 'aria-label': 'Topics', hidden: true, testid: 'topics' });
  /** the one that is looked at */ threadId = '';
  #app;
  #entry;
  #scope = new Scope();
  #shown = '';
  #had = false;

  /** @param {App} app @param {import('../../chat/chats.js').Entry} entry */
  constructor(app, entry) {
    super();
    this.#app = app;
    this.#entry = entry;
    this.#scope.listen(entry.topics, 'change', () => this.#render());
    this.#scope.listen(app.messenger.chats, 'change', (event) => event.detail.chatId === entry.chat.id && this.#changed());
    this.#scope.listen(app.rpc, 'session', () => entry.chat.topics && entry.topics.stir());
    this.#changed();
  }

  end() {
    this.#scope.end();
  }

  /** Topics were turned on, or off. */
  #changed() {
    const has = Boolean(this.#entry.chat.topics);
    if (has && !this.#had) void this.#entry.topics.load().catch((error) => this.#app.toasts.show(chatProblem(error), { tone: 'warn' }));
    if (!has && this.#had) this.choose('');
    this.#had = has;
    this.#render();
  }

  /** choose: @param {string} threadId */
  choose(threadId) {
    if (threadId === this.threadId) return;
    this.threadId = threadId;
    this.#render();
    this.dispatchEvent(new CustomEvent('choose', { detail: { threadId } }));
  }

  #render() {
    const { chat, topics } = this.#entry;
    const mayChange = may(chat, 'info');
    const key = JSON.stringify([chat.topics, mayChange, isAdmin(chat), topics.list, topics.more, this.threadId]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.el.hidden = !chat.topics;
    const focused = /** @type {HTMLElement | null} */ (this.el.contains(document.activeElement) ? document.activeElement : null)?.dataset.thread;
    const chip = (/** @type {string} */ id, /** @type {import('../../dom.js').Children} */ inner) => h('button', { class: 'chip topic', type: 'button', 'aria-pressed': String(id === this.threadId), testid: 'topic', 'data-thread': id, onclick: () => this.choose(id) }, inner);
    const current = topics.get(this.threadId);
    fill(this.el, h('div', { class: 'topic-chips' }, chip('', 'All'), topics.list.map((topic) => chip(topic.threadId, [topic.pinned && icon('pin', 14), h('span', { dir: 'auto' }, topic.title), topic.closed && icon('lock', 14),
      topic.unread ? h('span', { class: 'badge', 'aria-label': `${topic.unread} unread` }, topic.unread > MOST_UNREAD ? `${MOST_UNREAD}+` : String(topic.unread)) : null])),
    topics.more && h('button', { class: 'chip', type: 'button', testid: 'topics-more', onclick: () => void topics.older().catch(() => {}) }, 'More …')),
    mayChange && current && h('button', { class: 'icon-button', type: 'button', 'aria-haspopup': 'menu', 'aria-label': `Change the topic ${current.title}`, title: 'Change the topic', testid: 'topic-menu', onclick: (/** @type {Event} */ event) => this.#menu(/** @type {Element} */ (event.currentTarget), current) }, icon('more', 20)),
    mayChange && h('button', { class: 'icon-button', type: 'button', 'aria-label': 'New topic', title: 'New topic', testid: 'topic-new', onclick: () => void this.#edit(null) }, icon('plus', 20)));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (this.el.querySelector(`[data-thread="${focused}"]`))?.focus();
  }

  /** @param {Element} at @param {Topic} topic */
  #menu(at, topic) {
    const admin = isAdmin(this.#entry.chat);
    openMenu(placeOf(at), [{ label: 'Rename', icon: 'edit', testid: 'topic-rename', run: () => void this.#edit(topic) },
      admin && { label: topic.pinned ? 'Take off the pin' : 'Pin', icon: 'pin', testid: 'topic-pin', run: () => void this.#update(topic, { pinned: !topic.pinned }) },
      admin && { label: topic.closed ? 'Open again' : 'Close', icon: topic.closed ? 'unlock' : 'lock', testid: 'topic-close', run: () => void this.#update(topic, { closed: !topic.closed }) }], topic.title);
  }

  /** @param {Topic} topic @param {{title?: string, pinned?: boolean, closed?: boolean}} change @returns {Promise<string>} '' or why not */
  async #update({ threadId }, change) {
    const { chat } = this.#entry;
    try {
      await this.#app.messenger.change('topic.update', { chatId: chat.id, threadId, ...change });
      return '';
    } catch (error) {
      if (change.title === undefined) this.#app.toasts.show(chatProblem(error), { tone: 'bad' });
      return chatProblem(error);
    }
  }

  /** @param {string} title @returns {Promise<string>} '' or why not */
  async #create(title) {
    const { chat, topics } = this.#entry;
    try {
      const { topic } = await this.#app.messenger.change('topic.create', { chatId: chat.id, title });
      await topics.load();
      this.choose(topic.threadId);
      return '';
    } catch (error) {
      return chatProblem(error);
    }
  }

  /** A name: of a new one, or another. @param {Topic | null} topic */
  async #edit(topic) {
    const title = new Field({ label: 'Name', name: 'topicTitle', input: { maxLength: 128, autocomplete: 'off', value: topic?.title ?? '' } });
    const form = h('form', { class: 'form' }, title.el, h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'topic-save' }, topic ? 'Save' : 'Open it')));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const name = title.value.trim();
      if (title.error(name ? '' : 'Give it a name.')) return;
      if (!title.error(topic ? name === topic.title ? '' : await this.#update(topic, { title: name }) : await this.#create(name))) dialog.close();
    });
    const dialog = new Dialog({ title: topic ? 'Rename the topic' : 'New topic', testid: 'topic-dialog', kind: 'dialog-small', body: form });
    title.input.focus();
    await dialog.closed;
  }
}
