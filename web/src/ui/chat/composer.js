// SPDX-License-Identifier: Apache-2.0
/** Where a message is written: a reply or an edit above it, people to mention, Enter sends. Events: 'send' (detail: {text, entities, replyTo, quote, edits, silent}), 'later' (detail: what is to be sent at another time), 'typing', 'up' (↑ in an empty field), 'poll' (one is wanted). */
import { parse, unparse } from '../../chat/text.js';
import { plain } from '../../chat/words.js';
import { h, fill, write } from '../../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { openMenu } from './menu.js';

/** @typedef {import('../../chat/types.js').Message} Message */
/** @typedef {import('../../chat/types.js').User} User */

const MOST_UNITS = 4096;
const NEAR_UNITS = 200;
const MENTIONS = 6;
/** @type {Record<string, string>} */
const WRAPS = { b: '**', i: '__', k: '`', d: '||' };

export class Composer extends EventTarget {
  el;
  /** what is answered @type {Message | null} */ reply = null;
  /** what of that @type {import('../../chat/types.js').Quote | null} */ #quote = null;
  /** what is written anew @type {Message | null} */ editing = null;
  /** what stood here before an edit began */ #before = '';
  #nameOf;
  #context = h('div', { class: 'composer-context', hidden: true });
  #field;
  #send;
  /** other ways to send */ #ways;
  #reminders;
  #left = h('span', { class: 'composer-left', 'aria-live': 'polite' });
  #list = h('ul', { class: 'mentions', role: 'listbox', id: 'mentions', 'aria-label': 'People to mention', hidden: true, testid: 'mentions' });
  /** @type {User[]} who can be mentioned */ #people = [];
  #chosen = 0;
  #coarse = matchMedia('(pointer: coarse)');

  /** @param {{nameOf: (id: string) => string, polls?: boolean, reminders?: boolean}} needs polls: it offers to make one; reminders: what is sent later comes to oneself */
  constructor({ nameOf, polls = false, reminders = false }) {
    super();
    this.#reminders = reminders;
    this.#nameOf = nameOf;
    this.#field = h('textarea', { class: 'composer-field', rows: 1, placeholder: 'Message', 'aria-label': 'Message', testid: 'composer', autocomplete: 'off', enterKeyHint: this.#coarse.matches ? 'enter' : 'send', 'aria-controls': 'mentions', 'aria-autocomplete': 'list', dir: 'auto' });
    this.#send = h('button', { class: 'composer-send', type: 'submit', 'aria-label': 'Send', testid: 'send', disabled: true }, icon('send', 22));
    this.#ways = h('button', { class: 'icon-button composer-ways', type: 'button', 'aria-haspopup': 'menu', 'aria-label': 'Other ways to send', title: 'Other ways to send', testid: 'send-ways', hidden: true, onclick: () => this.#openWays() }, icon('up', 18));
    this.#send.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      if (!this.#ways.hidden) this.#openWays();
    });
    const form = h('form', { class: 'composer-row', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(); } }, polls && h('button', { class: 'icon-button composer-poll', type: 'button', 'aria-label': 'New poll', title: 'New poll', testid: 'new-poll', onclick: () => this.dispatchEvent(new CustomEvent('poll')) }, icon('poll', 22)), this.#field, this.#left, this.#ways, this.#send);
    this.el = h('div', { class: 'composer' }, this.#list, this.#context, form);
    this.#field.addEventListener('input', () => this.#input());
    this.#field.addEventListener('keydown', (event) => this.#key(event));
    this.#field.addEventListener('blur', () => setTimeout(() => this.#mentions([]), 150));
    this.#field.addEventListener('click', () => this.#suggest());
  }

  get text() {
    return this.editing ? this.#before : this.#field.value;
  }

  set text(text) {
    this.#field.value = text;
    this.#input(false);
  }

  /** take: a draft from elsewhere, unless somebody writes here. @param {string} text @param {Message | null} reply @returns {boolean} whether it stands here now */
  take(text, reply) {
    const writing = this.#field.value !== '' && document.hasFocus() && document.activeElement === this.#field;
    if (this.editing || writing) return false;
    this.text = text;
    if (reply?.id !== this.reply?.id) this.#quote = null;
    this.reply = reply;
    this.#showContext();
    return true;
  }

  /** people: who can be mentioned. @param {User[]} people */
  set people(people) {
    this.#people = people;
  }

  get people() {
    return this.#people;
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** answer: @param {Message | null} message @param {import('../../chat/types.js').Quote | null} [quote] what of it */
  answer(message, quote = null) {
    if (this.editing) this.#endEdit();
    this.reply = message;
    this.#quote = quote;
    this.#showContext();
    if (message) this.focus();
  }

  /** edit: @param {Message} message */
  edit(message) {
    if (!this.editing) this.#before = this.#field.value;
    this.reply = this.#quote = null;
    this.editing = message;
    this.text = unparse(message.text, message.entities);
    this.#showContext();
    this.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  /** restore: what was refused stands in the field again. @param {Message} message @param {string} text */
  restore(message, text) {
    this.edit(message);
    this.text = text;
  }

  #endEdit() {
    this.editing = null;
    this.text = this.#before;
    this.#before = '';
  }

  #cancel() {
    if (this.editing) this.#endEdit();
    this.reply = this.#quote = null;
    this.#showContext();
    this.dispatchEvent(new CustomEvent('context'));
  }

  #showContext() {
    const about = this.editing ?? this.reply;
    const quoted = this.editing ? null : this.#quote;
    this.#context.hidden = !about;
    if (about) {
      fill(this.#context, icon(this.editing ? 'edit' : 'reply', 20),
        h('div', { class: 'composer-about' }, h('strong', {}, this.editing ? 'Edit message' : `Reply to ${this.#nameOf(about.from)}`), h('span', { class: quoted ? 'quoted' : '', testid: 'composer-about' }, quoted?.text ?? plain(about))),
        h('button', { class: 'icon-button', type: 'button', 'aria-label': this.editing ? 'Do not edit' : 'Do not reply', testid: 'composer-cancel', onclick: () => { this.#cancel(); this.focus(); } }, icon('close', 18)));
    }
    this.#send.setAttribute('aria-label', this.editing ? 'Save' : 'Send');
    fill(this.#send, icon(this.editing ? 'check' : 'send', 22));
    this.#offerWays();
  }

  #input(byHand = true) {
    const { value } = this.#field;
    this.#grow();
    const left = MOST_UNITS - value.trim().length;
    write(this.#left, left < NEAR_UNITS ? String(left) : '');
    this.#left.classList.toggle('over', left < 0);
    this.#send.disabled = !value.trim() || left < 0;
    this.#offerWays();
    if (!byHand) return;
    this.#suggest();
    this.dispatchEvent(new CustomEvent('context'));
    if (value.trim() && !this.editing) this.dispatchEvent(new CustomEvent('typing'));
  }

  #grow() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }

  #offerWays() {
    this.#ways.hidden = Boolean(this.editing) || this.#send.disabled;
  }

  #openWays() {
    const { right, top } = this.#ways.getBoundingClientRect();
    openMenu({ x: right, y: top, from: 'below' }, [{ label: this.#reminders ? 'Remind me …' : 'Send later …', icon: this.#reminders ? 'bell' : 'clock', testid: 'send-later', run: () => this.#later() },
      !this.#reminders && { label: 'Send without sound', icon: 'bellOff', testid: 'send-silent', run: () => this.#submit(true) }], 'Other ways to send');
  }

  /** What stands there is to be sent at another time; it stays until that is done: clear(). */
  #later() {
    const written = this.#written();
    if (written) this.dispatchEvent(new CustomEvent('later', { detail: written }));
  }

  /** clear: what stood here is on its way. */
  clear() {
    this.reply = this.#quote = null;
    this.text = '';
    this.#showContext();
    this.#mentions([]);
    this.focus();
  }

  #written() {
    if (this.#send.disabled) return null;
    const written = this.#field.value;
    const { text, entities } = parse(written, this.#people);
    return text.trim() ? { text, entities, replyTo: this.reply?.id, quote: (this.reply && this.#quote) ?? undefined, edits: this.editing, written } : null;
  }

  #submit(silent = false) {
    const detail = this.#written();
    if (!detail) return;
    this.reply = this.#quote = null;
    if (this.editing) this.#endEdit();
    else this.text = '';
    this.#showContext();
    this.#mentions([]);
    this.focus();
    this.dispatchEvent(new CustomEvent('send', { detail: { ...detail, silent } }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (!this.#list.hidden && this.#choose(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && (!this.#coarse.matches || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape' && (this.reply || this.editing)) {
      event.preventDefault();
      event.stopPropagation();
      this.#cancel();
    } else if (event.key === 'ArrowUp' && !this.#field.value && !this.editing) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('up'));
    } else if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && WRAPS[event.key]) {
      event.preventDefault();
      this.#wrap(WRAPS[event.key]);
    }
  }

  /** Puts marks around what is selected. @param {string} mark */
  #wrap(mark) {
    const { selectionStart: start, selectionEnd: end, value } = this.#field;
    this.#field.setRangeText(mark + value.slice(start, end) + mark, start, end, 'select');
    this.#field.setSelectionRange(start + mark.length, end + mark.length);
    this.#input();
  }

  /** The name that is being written after an @. */
  #typedName() {
    const before = this.#field.value.slice(0, this.#field.selectionStart);
    return /(?:^|[\s(])@(\w{0,32})$/.exec(before)?.[1];
  }

  #suggest() {
    const typed = this.#typedName()?.toLowerCase();
    this.#mentions(typed === undefined ? [] : this.#people.filter(({ username, displayName }) => `${username} ${displayName}`.toLowerCase().split(/\s+/).some((word) => word.startsWith(typed))).slice(0, MENTIONS));
  }

  /** @param {User[]} people */
  #mentions(people) {
    this.#list.hidden = !people.length;
    this.#chosen = 0;
    fill(this.#list, people.map((user, i) => h('li', { class: 'mention-choice', role: 'option', id: `mention-${i}`, 'aria-selected': String(i === 0), 'data-username': user.username, testid: 'mention-choice',
      onpointerdown: (/** @type {Event} */ event) => { event.preventDefault(); this.#take(user.username); } }, avatar(user, 's'), h('strong', {}, user.displayName), h('span', { class: 'muted' }, `@${user.username}`))));
    if (people.length) this.#field.setAttribute('aria-activedescendant', 'mention-0');
    else this.#field.removeAttribute('aria-activedescendant');
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for the list */
  #choose(event) {
    const choices = [...this.#list.children];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.#chosen = (this.#chosen + (event.key === 'ArrowDown' ? 1 : choices.length - 1)) % choices.length;
      choices.forEach((one, i) => one.setAttribute('aria-selected', String(i === this.#chosen)));
      this.#field.setAttribute('aria-activedescendant', `mention-${this.#chosen}`);
    } else if (event.key === 'Enter' || event.key === 'Tab') this.#take(choices[this.#chosen].getAttribute('data-username') ?? '');
    else if (event.key === 'Escape') this.#mentions([]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {string} username */
  #take(username) {
    const at = this.#field.selectionStart;
    const typed = this.#typedName() ?? '';
    this.#field.setRangeText(`${username} `, at - typed.length, at, 'end');
    this.#mentions([]);
    this.#input();
    this.focus();
  }
}
