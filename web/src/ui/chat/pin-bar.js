// SPDX-License-Identifier: Apache-2.0
/** What is pinned in a chat, over its history: a press goes to it, the next press to the one before; and the list of all. */
import { may } from '../../chat/rights.js';
import { chatProblem, plain } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { day } from '../../format.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Message} Message */

const PAGE = 100;

export class PinBar {
  el = h('div', { class: 'pin-bar', hidden: true, testid: 'pin-bar' });
  #app;
  #id;
  #jump;
  #scope = new Scope();
  /** @type {Message[]} newest first */ #pins = [];
  #at = 0;
  #round = 0;

  /** @param {App} app @param {string} chatId @param {(messageId: string) => void} jump */
  constructor(app, chatId, jump) {
    this.#app = app;
    this.#id = chatId;
    this.#jump = jump;
    const { chats } = app.messenger;
    this.#scope.listen(chats, 'pins', (event) => event.detail.chatId === chatId && void this.#load());
    this.#scope.listen(app.rpc, 'session', () => void this.#load());
    if (this.#chat?.pinned) void this.#load();
  }

  end() {
    this.#scope.end();
  }

  get #chat() {
    return this.#app.messenger.chats.get(this.#id)?.chat ?? null;
  }

  async #load() {
    const round = ++this.#round;
    const { messages } = await this.#app.rpc.call('message.pinned', { chatId: this.#id, limit: PAGE }, { resend: true }).catch(() => ({ messages: this.#pins }));
    if (round !== this.#round || this.#scope.ended) return;
    this.#pins = messages;
    this.#at = 0;
    this.#render();
  }

  #render() {
    const pin = this.#pins[this.#at];
    this.el.hidden = !pin;
    if (!pin) return fill(this.el);
    const many = this.#pins.length > 1;
    fill(this.el, h('button', { class: 'pin-main', type: 'button', testid: 'pin-go', onclick: () => this.#go() }, icon('pin', 20),
      h('span', { class: 'pin-words' }, h('strong', {}, many ? `Pinned message ${this.#pins.length - this.#at} of ${this.#pins.length}` : 'Pinned message'), h('span', {}, plain(pin)))),
    h('button', { class: 'icon-button', type: 'button', 'aria-label': 'All pinned messages', title: 'All pinned messages', testid: 'pin-list', onclick: () => this.#list() }, icon('more', 20)));
  }

  #go() {
    const pin = this.#pins[this.#at];
    if (!pin) return;
    this.#jump(pin.id);
    this.#at = (this.#at + 1) % this.#pins.length;
    this.#render();
  }

  #list() {
    const chat = this.#chat;
    const rows = this.#pins.map((pin) => h('li', { class: 'member', testid: 'pin', 'data-id': pin.id },
      h('button', { class: 'pin-main', type: 'button', onclick: () => { dialog.close(); this.#jump(pin.id); } }, h('span', { class: 'pin-words' }, h('strong', {}, `${this.#app.names.of(pin.from)}, ${day(pin.at)}`), h('span', {}, plain(pin)))),
      chat && may(chat, 'pin') && h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Take it off', title: 'Take it off', testid: 'pin-off', onclick: () => { dialog.close(); void pinMessage(this.#app, pin, false); } }, icon('close', 20))));
    const dialog = new Dialog({ title: 'Pinned messages', testid: 'pins-dialog', body: h('ul', { class: 'group-members' }, rows) });
  }
}

/** pinMessage: for all in the chat. @param {App} app @param {Message} message @param {boolean} pinned */
export async function pinMessage(app, { chatId, id }, pinned) {
  try {
    await app.messenger.change('message.pin', { chatId, messageId: id, pinned });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}
