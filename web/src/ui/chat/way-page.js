// SPDX-License-Identifier: Apache-2.0
/** Where an invitation or a public name leads to, and coming in. What one is in already, or may read, is shown itself. */
import { wayParams } from '../../chat/ways.js';
import { chatProblem, membersLine } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { RpcError } from '../../rpc-error.js';
import { icon } from '../icons.js';
import { chatAvatar } from './chat-avatar.js';

/** @typedef {import('../../chat/types.js').Chat} Chat */

export class WayPage {
  el = h('div', { class: 'way', testid: 'way-page' });
  #app;
  #way;
  #back;
  #scope = new Scope();
  /** the chat that one has asked to join */ #waitsFor = '';
  #looking = true;
  #round = 0;

  /** @param {import('../../app.js').App} app @param {string} way @param {() => void} back */
  constructor(app, way, back) {
    this.#app = app;
    this.#way = way;
    this.#back = back;
    /* who waits is let in, sooner or later: the chat comes by the log */
    this.#scope.listen(app.messenger.chats, 'change', (event) => this.#waitsFor && event.detail.chatId === this.#waitsFor && app.router.replace('chats', this.#waitsFor));
    /* the page may be there before the session is */
    this.#scope.listen(app.rpc, 'session', () => this.#looking && void this.#load());
    void this.#load();
  }

  end() {
    this.#scope.end();
  }

  async #load() {
    const round = ++this.#round;
    this.#looking = true;
    fill(this.el, this.#head(), h('p', { class: 'row-note', role: 'status' }, 'Looking where this leads …'));
    try {
      const found = await this.#app.rpc.call('chat.resolve', wayParams(this.#way), { resend: true });
      if (round === this.#round && !this.#scope.ended) this.#show(found);
    } catch (error) {
      if (round === this.#round && !this.#scope.ended) this.#failed(error);
    }
  }

  #head() {
    return h('header', { class: 'chat-head' }, h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: this.#back }, icon('back', 24)),
      h('span', { class: 'chat-title' }, h('strong', {}, this.#way.startsWith('@') ? this.#way : 'Invitation')));
  }

  /** @param {any} error */
  #failed(error) {
    if (error instanceof RpcError && [RpcError.UNAUTHENTICATED, RpcError.LOST, RpcError.CLOSED].includes(error.code)) return;
    this.#looking = false;
    const nowhere = ['link', 'username', 'chat'].includes(error?.reason);
    fill(this.el, this.#head(), h('div', { class: 'empty', role: 'alert', testid: 'way-nowhere' }, icon(nowhere ? 'link' : 'warning', 36), h('h2', {}, nowhere ? 'This leads nowhere' : 'You cannot go in there'),
      h('p', {}, nowhere ? (this.#way.startsWith('@') ? `Nobody and no public chat is called ${this.#way} here.` : 'The invitation was taken back, has ended, or is used up. Ask for a new one.') : chatProblem(error)),
      !nowhere && h('button', { class: 'button', type: 'button', onclick: () => void this.#load() }, 'Try again')));
  }

  /** @param {{user?: import('../../types.js').User, chat?: Chat, info?: any, approval?: boolean}} found */
  #show({ user, chat, info, approval }) {
    const { people, messenger, router } = this.#app;
    this.#looking = false;
    if (user) {
      people.learn(user);
      return router.replace('people', user.id);
    }
    /* a public chat is looked at itself; the way in stands under it */
    if (chat && (chat.username || !['left', 'banned'].includes(chat.role)) && !(approval && chat.role === 'left')) {
      messenger.chats.learn(chat);
      return router.replace('chats', chat.id);
    }
    this.#invitation({ ...info, ...chat }, Boolean(approval));
  }

  /** @param {Chat} chat @param {boolean} approval */
  #invitation(chat, approval) {
    const note = h('p', { class: 'form-error', role: 'alert' });
    const join = h('button', { class: 'button primary wide', type: 'button', testid: 'way-join', onclick: () => void this.#join(chat, join, note) }, approval ? 'Ask to join' : chat.kind === 'channel' ? 'Subscribe' : 'Join');
    fill(this.el, this.#head(), h('div', { class: 'way-box' }, h('div', { class: 'card way-card', testid: 'way-card' }, chatAvatar(chat, 'l'),
      h('h1', { testid: 'way-title' }, chat.title), h('p', { class: 'muted', testid: 'way-members' }, `${chat.kind === 'channel' ? 'Channel' : 'Group'} · ${membersLine(chat)}`),
      chat.about && h('p', { class: 'way-about', dir: 'auto' }, chat.about),
      h('p', { class: 'muted' }, approval ? 'An admin lets you in, or not. They see your name.' : chat.kind === 'channel' ? 'Its admins see that you are in it.' : 'Everybody in it sees that you are in it.'), join, note)));
    join.focus({ preventScroll: true });
  }

  /** @param {Chat} chat @param {HTMLButtonElement} button @param {HTMLElement} note */
  async #join(chat, button, note) {
    button.disabled = true;
    fill(note);
    try {
      const answer = await this.#app.messenger.change('chat.join', wayParams(this.#way));
      if (this.#scope.ended) return;
      if (answer.chat) return this.#app.router.replace('chats', answer.chat.id);
      this.#waitsFor = chat.id;
      button.replaceWith(h('p', { class: 'way-asked', role: 'status', testid: 'way-asked' }, icon('check', 20), 'You have asked. The chat opens here when an admin lets you in.'));
    } catch (error) {
      button.disabled = false;
      fill(note, chatProblem(error));
    }
  }
}
