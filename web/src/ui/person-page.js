// SPDX-License-Identifier: Apache-2.0
/** One person: call them, how far their keys are known, your calls with them. And the page when nobody is chosen. */
import { Scope, fill, h } from '../dom.js';
import { day, plural, time } from '../format.js';
import { historyLine, problem } from '../words.js';
import { direction } from './calls-page.js';
import { openChat } from './chat/chats-page.js';
import { Timer } from './chat/timer.js';
import { icon } from './icons.js';
import { askForSecret } from './secret/secret-rows.js';
import { Lamp } from './lamp.js';

/** @typedef {import('../types.js').User} User */

export class Nobody {
  el;

  /** @param {import('../app.js').App} app */
  constructor(app) {
    const lamp = new Lamp({ id: 'nobody', displayName: 'A' });
    lamp.shut();
    const key = (/** @type {string} */ name, /** @type {string} */ text) => h('span', {}, h('kbd', {}, name), ` ${text}`);
    this.el = h('div', { class: 'nobody' }, h('div', { class: 'nobody-lamp' }, lamp.el), h('h2', {}, 'The lamp is ready'),
      h('p', {}, 'Choose somebody on the left, or find a person by username.'),
      h('p', { class: 'nobody-me' }, 'People reach you as ', h('strong', {}, `@${app.account.user?.username}`)),
      h('p', { class: 'nobody-keys' }, key('/', 'find people'), key('?', 'all shortcuts')));
  }
}

export class PersonPage {
  el = h('div', { class: 'person', testid: 'person' });
  #app;
  #id;
  #back;
  #scope = new Scope();
  #trust = h('div', { class: 'card trust' });
  #calls = h('div', {});
  #chat = h('section', { class: 'card', hidden: true });

  /** @param {import('../app.js').App} app @param {string} id @param {() => void} back */
  constructor(app, id, back) {
    this.#app = app;
    this.#id = id;
    this.#back = back;
    const known = app.people.peek(id);
    if (known) this.#render(known);
    else void this.#load();
    this.#scope.listen(app.log, 'change', () => this.#renderCalls());
    this.#scope.listen(app.messenger.chats, 'change', () => this.#renderChat());
    this.#scope.listen(app.calls, 'ended', () => void this.#renderTrust());
  }

  end() {
    this.#scope.end();
  }

  async #load() {
    fill(this.el, this.#head());
    try {
      const user = await this.#app.people.get(this.#id);
      if (user) return this.#render(user);
      fill(this.el, this.#head(), h('div', { class: 'empty' }, icon('people', 36), h('h2', {}, 'Nobody is here'), h('p', {}, 'The account does not exist any more.')));
    } catch (error) {
      fill(this.el, this.#head(), h('div', { class: 'empty' }, icon('warning', 36), h('h2', {}, 'Not loaded'), h('p', {}, problem(error)),
        h('button', { class: 'button', type: 'button', onclick: () => this.#load() }, 'Try again')));
    }
  }

  #head() {
    return h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: this.#back }, icon('back', 24));
  }

  /** @param {User} user */
  #render(user) {
    this.user = user;
    const lamp = new Lamp(user);
    const call = (/** @type {boolean} */ video) => () => this.#app.calls.call(user, { video });
    fill(this.el, this.#head(),
      h('header', { class: 'person-head' }, h('div', { class: 'person-lamp' }, lamp.el), h('h1', {}, user.displayName), h('p', { class: 'muted' }, `@${user.username}`),
        h('div', { class: 'person-actions' },
          h('button', { class: 'button primary', type: 'button', testid: 'call-audio', onclick: call(false) }, icon('phone', 20), 'Call'),
          h('button', { class: 'button', type: 'button', testid: 'call-video', onclick: call(true) }, icon('camera', 20), 'Video call'),
          h('button', { class: 'button', type: 'button', testid: 'person-chat', onclick: () => void openChat(this.#app, user.id) }, icon('chat', 20), 'Message'),
          h('button', { class: 'button', type: 'button', testid: 'person-secret', onclick: () => void askForSecret(this.#app, user) }, icon('lock', 20), 'Secret chat'))),
      this.#trust, this.#chat, h('section', { class: 'card' }, h('h2', {}, 'Your calls'), this.#calls));
    void this.#renderTrust();
    this.#renderCalls();
    this.#renderChat();
  }

  /** How long messages stay in the chat with them, once one is known. */
  #renderChat() {
    const entry = this.#chat.hidden && this.user ? this.#app.messenger.chats.list().find(({ chat }) => chat.kind === 'private' && chat.peer?.id === this.#id) : null;
    if (!entry) return;
    this.#chat.hidden = false;
    fill(this.#chat, h('h2', {}, 'Your chat'), new Timer(this.#app, entry.chat, this.#scope).el);
  }

  async #renderTrust() {
    const user = this.user;
    if (!user) return;
    const { level } = await this.#app.people.trust(user.id);
    const devices = await this.#app.people.devices(user.id).catch(() => []);
    const words = {
      none: ['shield', 'Keys not known yet', 'They are learned in your first call; compare the emoji in it once.'],
      seen: ['shield', 'Not compared yet', 'In your next call, compare the four emoji. After that the call is marked as verified by itself.'],
      verified: ['shieldCheck', 'Verified', `You compared the emoji with ${user.displayName}. If a key changes, calls stop until you accept it.`],
      changed: ['shieldAlert', 'The security key has changed', `Call ${user.displayName} and compare the emoji before you say anything private.`],
    }[level];
    this.#trust.dataset.level = level;
    fill(this.#trust, icon(words[0], 26), h('div', {}, h('h2', {}, words[1]), h('p', {}, words[2]),
      devices.length > 0 && h('p', { class: 'muted' }, `${plural(devices.length, 'device')}: ${devices.map((device) => device.name).join(', ')}`)));
  }

  #renderCalls() {
    if (!this.user) return;
    const entries = this.#app.log.with(this.#id).slice(0, 30);
    fill(this.#calls, entries.length
      ? h('ul', { class: 'mini-log' }, entries.map((entry) => {
        const { text, missed } = historyLine(entry);
        return h('li', { class: missed ? 'missed' : '' }, direction(entry), h('span', {}, text), h('time', {}, `${day(entry.startedAt)}, ${time(entry.startedAt)}`));
      }))
      : h('p', { class: 'muted' }, 'None so far.'));
  }
}
