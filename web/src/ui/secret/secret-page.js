// SPDX-License-Identifier: Apache-2.0
/** A secret chat: whose device and key it is, what was said, and where one writes. */
import { Scope, fill, h } from '../../dom.js';
import { day } from '../../format.js';
import { openMenu, placeOf } from '../chat/menu.js';
import { confirm } from '../dialog.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { openSafety } from './safety-dialog.js';
import { dayRow, messageRow } from './secret-message.js';
import { TIMERS, endWords, secretProblem, stateWords, timerWords } from './secret-words.js';

/** @typedef {import('../../secret/secrets.js').Message} Message */

/* rows in the page; older ones stay on the device */
const SHOWN = 400;
const MOST_UNITS = 4096;

export class SecretPage {
  el = h('div', { class: 'chat secret-chat', testid: 'secret' });
  #app;
  #id;
  #back;
  #scope = new Scope();
  #head = h('header', { class: 'chat-head secret-head' });
  #body = h('div', { class: 'secret-body', testid: 'secret-history', tabIndex: 0, role: 'log', 'aria-label': 'Messages' });
  #foot = h('footer', { class: 'chat-foot' });
  #context = h('div', { class: 'composer-context', hidden: true });
  #field;
  #send;
  /** @type {Message | null} */ #reply = null;
  #key = '';
  #round = 0;
  #newest = 0;
  #shown = SHOWN;

  /** @param {import('../../app.js').App} app @param {string} id @param {() => void} back */
  constructor(app, id, back) {
    this.#app = app;
    this.#id = id;
    this.#back = back;
    this.#field = h('textarea', { class: 'composer-field', rows: 1, placeholder: 'Secret message', 'aria-label': 'Secret message', testid: 'secret-composer', autocomplete: 'off', dir: 'auto', maxLength: MOST_UNITS });
    this.#send = h('button', { class: 'composer-send', type: 'submit', 'aria-label': 'Send', testid: 'secret-send', disabled: true }, icon('send', 22));
    this.#field.addEventListener('input', () => this.#input());
    this.#field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    fill(this.el, this.#head, this.#body, this.#foot);
    this.#scope.listen(app.secrets, 'change', (event) => ['', id].includes(event.detail.secretId) && void this.#render());
    this.#scope.listen(document, 'visibilitychange', () => this.#seen());
    this.#scope.listen(window, 'focus', () => this.#seen());
    this.#scope.listen(window, 'keyup', (event) => event.key === 'PrintScreen' && this.#open && this.#do(() => app.secrets.screenshot(id)));
    void this.#render();
  }

  end() {
    this.#scope.end();
  }

  get #open() {
    const chat = this.#app.secrets.get(this.#id);
    return chat?.state === 'open' && !chat.unsure;
  }

  /** @param {() => Promise<unknown>} act */
  #do(act) {
    act().catch((error) => this.#app.toasts.show(secretProblem(error), { tone: 'bad' }));
  }

  async #render() {
    const { secrets } = this.#app;
    const round = ++this.#round;
    const chat = secrets.get(this.#id);
    const offer = secrets.offer(this.#id);
    const trust = chat ? await secrets.trust(this.#id) : offer?.trust ?? null;
    if (round !== this.#round || this.#scope.ended) return;
    if (!chat && !offer) return this.#nothing();
    const peer = /** @type {import('../../types.js').User} */ (chat?.peer ?? offer?.peer);
    const key = JSON.stringify([chat?.state ?? 'offered', chat?.unsure, chat?.proven, chat?.ttl, chat?.reason, trust?.status, peer]);
    if (key !== this.#key) {
      this.#key = key;
      this.#drawHead(peer, trust);
      this.#drawFoot(peer, trust);
    }
    this.#drawBody(peer, trust);
    this.#seen();
  }

  #nothing() {
    const { secrets } = this.#app;
    this.#key = '';
    fill(this.#head, this.#backButton());
    fill(this.#foot);
    fill(this.#body, h('div', { class: 'empty', testid: 'secret-gone' }, icon('lock', 36), h('h2', {}, secrets.ready ? 'This secret chat is not on this device' : 'Opening …'),
      secrets.ready && h('p', {}, 'Secret chats live on the two devices that began them, and are gone when they are ended.')));
  }

  #backButton() {
    return h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: this.#back }, icon('back', 24));
  }

  /** @param {import('../../types.js').User} peer @param {import('../../call/trust.js').Trust | null} trust */
  #drawHead(peer, trust) {
    const chat = this.#app.secrets.get(this.#id);
    const level = trust?.blocked ? 'changed' : trust?.verified ? 'verified' : 'unverified';
    const words = { changed: ['shieldAlert', 'Key changed'], verified: ['shieldCheck', 'Verified'], unverified: ['shield', 'Not verified'] }[level];
    const timer = h('button', { class: `icon-button secret-timer ${chat?.ttl ? 'on' : ''}`, type: 'button', testid: 'secret-timer', 'aria-label': `Timer: ${timerWords(chat?.ttl ?? 0)}`, title: `Self-destruct timer: ${timerWords(chat?.ttl ?? 0)}`, onclick: () => this.#timer(timer) }, icon('clock'));
    const more = h('button', { class: 'icon-button', type: 'button', testid: 'secret-menu', 'aria-label': 'More', onclick: () => this.#menu(more) }, icon('more'));
    fill(this.#head, this.#backButton(),
      h('div', { class: 'chat-about' }, h('span', { class: 'secret-face' }, avatar(peer), h('span', { class: 'secret-lock' }, icon('lock', 12))),
        h('span', { class: 'chat-title' }, h('strong', { testid: 'secret-title' }, peer.displayName), h('span', { class: 'chat-sub' }, chat ? stateWords(chat) : `@${peer.username} asks for a secret chat`))),
      chat?.key && h('button', { class: `secret-trust level-${level}`, type: 'button', testid: 'secret-trust', 'data-level': level, onclick: () => void openSafety(this.#app, this.#id) }, icon(words[0], 18), h('span', {}, words[1])),
      this.#open && timer, chat && more);
  }

  /** @param {import('../../types.js').User} peer @param {import('../../call/trust.js').Trust | null} trust */
  #drawFoot(peer, trust) {
    const { secrets } = this.#app;
    const chat = secrets.get(this.#id);
    const name = peer.displayName;
    const button = (/** @type {string} */ testid, /** @type {string} */ kind, /** @type {string} */ words, /** @type {() => Promise<unknown>} */ act) => h('button', { class: `button ${kind}`, type: 'button', testid, onclick: () => this.#do(act) }, words);
    const changed = [h('p', { class: 'secret-warning' }, icon('shieldAlert', 20), h('span', {}, `The security key is not the one that you compared with ${name}. They may have a new device, or somebody may be between you. Ask them by another way.`)),
      button('secret-take-key', 'danger-quiet', 'Take the new key', () => secrets.acceptChange(this.#id))];
    if (!chat) {
      fill(this.#foot, h('div', { class: 'secret-ask' }, trust?.blocked ? changed : null,
        h('div', { class: 'secret-choices' }, button('secret-decline', '', 'Decline', async () => { await secrets.decline(this.#id); this.#back(); }),
          h('button', { class: 'button good', type: 'button', testid: 'secret-accept', disabled: Boolean(trust?.blocked), onclick: () => this.#do(() => secrets.accept(this.#id)) }, icon('lock', 18), 'Accept on this device'))));
    } else if (chat.state === 'asked') fill(this.#foot, h('div', { class: 'secret-ask' }, h('div', { class: 'secret-choices' }, button('secret-cancel', '', 'Cancel the request', () => this.#end(false)))));
    else if (chat.state === 'ended') fill(this.#foot, h('div', { class: 'secret-ask' }, h('p', { testid: 'secret-ended' }, `This secret chat has ended. ${endWords(chat.reason, name)}`), h('div', { class: 'secret-choices' }, button('secret-delete', 'danger-quiet', 'Delete it from this device', () => this.#end(false)))));
    else if (chat.unsure) fill(this.#foot, h('div', { class: 'secret-ask' }, changed));
    else if (!this.#foot.contains(this.#field)) {
      fill(this.#foot, h('div', { class: 'composer' }, this.#context, h('form', { class: 'composer-row', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(); } }, this.#field, this.#send)));
      if (matchMedia('(min-width: 860px)').matches) queueMicrotask(() => this.#field.focus({ preventScroll: true }));
    }
  }

  /** @param {import('../../types.js').User} peer @param {import('../../call/trust.js').Trust | null} trust */
  #drawBody(peer, trust) {
    const { secrets } = this.#app;
    const messages = secrets.messages(this.#id);
    const atEnd = this.#body.scrollHeight - this.#body.scrollTop - this.#body.clientHeight < 80;
    const newest = messages.at(-1)?.n ?? 0;
    const host = { name: peer.displayName, find: (/** @type {string} */ id) => messages.find((message) => message.id === id) ?? null, menu: (/** @type {Message} */ message, /** @type {{x: number, y: number}} */ at) => this.#messageMenu(message, at) };
    const rows = [];
    let last = null;
    const shown = messages.slice(-this.#shown);
    for (const [i, message] of shown.entries()) {
      if (!last || day(last.at) !== day(message.at)) rows.push(dayRow(message.at));
      const next = shown[i + 1];
      const alike = (/** @type {Message | null | undefined} */ other) => other?.kind === 'text' && other.mine === message.mine && message.kind === 'text';
      rows.push(messageRow(message, { head: !alike(last), tail: !alike(next) }, host));
      last = message;
    }
    fill(this.#body, h('div', { class: 'secret-list' }, this.#about(peer, trust),
      messages.length > shown.length && h('button', { class: 'button small', type: 'button', onclick: () => { this.#shown *= 2; void this.#render(); } }, 'Earlier messages'), rows));
    if (atEnd || (newest > this.#newest && messages.at(-1)?.mine)) this.#body.scrollTop = this.#body.scrollHeight;
    this.#newest = newest;
  }

  /** What a secret chat is. @param {import('../../types.js').User} peer @param {import('../../call/trust.js').Trust | null} trust */
  #about(peer, trust) {
    const chat = this.#app.secrets.get(this.#id);
    const name = peer.displayName;
    const line = (/** @type {string} */ image, /** @type {string} */ text) => h('li', {}, icon(image, 18), h('span', {}, text));
    return h('div', { class: 'secret-about', testid: 'secret-about' },
      h('span', { class: 'secret-seal' }, icon('lock', 30)),
      h('h2', {}, !chat ? `${name} asks for a secret chat` : chat.state === 'asked' ? `Waiting for ${name}` : `Secret chat with ${name}`),
      h('ul', {}, line('laptop', chat?.state === 'asked' ? `It opens on the first device on which ${name} accepts, and on this one.` : 'Between this device and one of theirs. It is on none of your other devices.'),
        line('relay', 'The server passes on what it cannot read, and keeps nothing once it has arrived.'),
        line('eye', 'Browsers cannot tell when somebody takes a screenshot: only the Print Screen key is noticed, and told.')),
      !chat && h('p', { class: 'muted', testid: 'secret-offer-trust' }, trust?.verified ? `The key is the one that you compared with ${name}.` : trust?.status === 'first' ? `No key of ${name} was seen on this device before.` : trust?.blocked ? '' : trust?.warning ? `A device of ${name} that is new here.` : `The key of ${name} is known here, but was not compared.`));
  }

  /** What is in sight in a window that has the focus is read. */
  #seen() {
    if (!document.hidden && document.hasFocus() && this.#app.secrets.unread(this.#id) > 0) this.#app.secrets.read(this.#id).catch(() => {});
  }

  #input() {
    this.#send.disabled = !this.#field.value.trim();
    this.#field.style.height = 'auto';
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text || !this.#open) return;
    const reply = this.#reply?.id;
    this.#do(async () => {
      await this.#app.secrets.send(this.#id, text, reply);
    });
    this.#field.value = '';
    this.#answer(null);
    this.#input();
  }

  /** @param {Message | null} message */
  #answer(message) {
    this.#reply = message;
    this.#context.hidden = !message;
    fill(this.#context, message && [icon('reply', 20), h('span', { class: 'composer-about' }, h('strong', {}, 'Reply'), h('span', {}, message.text)), h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Do not reply', onclick: () => this.#answer(null) }, icon('close', 18))]);
    if (message) this.#field.focus();
  }

  /** @param {Message} message @param {{x: number, y: number}} at */
  #messageMenu(message, at) {
    const remove = () => this.#do(() => this.#app.secrets.remove(this.#id, [message.id]));
    openMenu(at, [this.#open && { label: 'Reply', icon: 'reply', testid: 'secret-menu-reply', run: () => this.#answer(message) },
      { label: 'Copy', icon: 'copy', testid: 'secret-menu-copy', run: () => void navigator.clipboard.writeText(message.text).catch(() => {}) },
      { label: message.mine && this.#open ? 'Delete on both devices' : 'Delete here', icon: 'trash', danger: true, testid: 'secret-menu-delete', run: remove }], 'Message');
  }

  /** @param {HTMLElement} button */
  #timer(button) {
    const now = this.#app.secrets.get(this.#id)?.ttl ?? 0;
    openMenu(placeOf(button), TIMERS.map(([ms, label]) => ({ label, icon: ms === now ? 'check' : 'clock', testid: `timer-${ms}`, run: () => ms !== now && this.#do(() => this.#app.secrets.timer(this.#id, ms)) })), 'After they are read, messages destroy themselves');
  }

  /** @param {HTMLElement} button */
  #menu(button) {
    const chat = this.#app.secrets.get(this.#id);
    openMenu(placeOf(button), [Boolean(chat?.key) && { label: 'Safety number', icon: 'shield', testid: 'secret-menu-safety', run: () => void openSafety(this.#app, this.#id) },
      { label: chat?.state === 'open' ? 'End the secret chat' : 'Delete', icon: 'trash', danger: true, testid: 'secret-end', run: () => this.#do(() => this.#end(chat?.state === 'open')) }], 'Secret chat');
  }

  /** @param {boolean} ask */
  async #end(ask) {
    if (ask && !(await confirm({ title: 'End this secret chat?', text: 'All its messages are deleted from this device, and its keys. On the other device nothing more can be read or written with them; what it shows is for its owner to delete.', yes: 'End it', danger: true, testid: 'secret-end-confirm' }))) return;
    await this.#app.secrets.end(this.#id);
    this.#back();
  }
}
