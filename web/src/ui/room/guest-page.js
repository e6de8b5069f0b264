// SPDX-License-Identifier: Apache-2.0
/** A room by its link, without an account: a name, a look at the camera, and in. */
import { Scope, h, write } from '../../dom.js';
import { LocalMedia } from '../../media/local-media.js';
import { RpcError } from '../../rpc-error.js';
import { roomProblem } from '../../room/words.js';
import { Preview } from '../call/preview.js';
import { Field } from '../field.js';
import { icon, wordmark } from '../icons.js';

const NAME_KEY = 'aldis.guest';

export class GuestPage {
  el;
  #app;
  #link;
  #scope = new Scope();
  #name;
  #note = h('p', { class: 'form-error', role: 'alert', testid: 'form-error' });
  #join = h('button', { class: 'button primary wide', type: 'submit', testid: 'guest-join' }, icon('people', 20), 'Join');
  #box = h('div', { class: 'guest-preview' });
  /** @type {LocalMedia | null} */ #local = null;
  /** @type {Preview | null} */ #preview = null;

  /** @param {import('../../app.js').App} app @param {string} link */
  constructor(app, link) {
    this.#app = app;
    this.#link = link;
    this.#name = new Field({ label: 'Your name', name: 'guestName', hint: 'What the others see.', input: { autocomplete: 'name', maxLength: 64, value: remembered() } });
    const form = h('form', { class: 'form guest-form', testid: 'guest-form', noValidate: true }, this.#name.el, this.#note, this.#join,
      h('p', { class: 'muted room-secret' }, icon('lock', 16), 'Encrypted to the server, which passes it on.'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#enter();
    });
    this.el = h('main', { class: 'guest', testid: 'guest-page' }, h('div', { class: 'guest-box' },
      h('header', { class: 'guest-head' }, wordmark(26), h('a', { class: 'button small quiet', href: '#/calls', testid: 'guest-login' }, 'Log in instead')),
      h('h1', {}, 'You are invited to a room'), h('p', { class: 'muted' }, 'No account is needed. Say who you are, look at yourself, and come in.'),
      h('div', { class: 'guest-columns' }, this.#box, form)));
    this.#scope.listen(app.roomDesk, 'ended', () => this.#back());
    this.#begin();
    if (matchMedia('(min-width: 860px)').matches) queueMicrotask(() => this.#name.input.focus());
  }

  get link() {
    return this.#link;
  }

  end() {
    this.#stop();
    this.#scope.end();
  }

  #begin() {
    if (this.#preview || this.#scope.ended) return;
    this.#local = new LocalMedia(this.#app);
    this.#preview = new Preview(this.#app, this.#local, { video: true });
    this.#box.replaceChildren(this.#preview.el);
    void this.#preview.start();
  }

  #stop() {
    this.#preview?.end();
    this.#preview = null;
    this.#local?.close();
    this.#local = null;
    this.#box.replaceChildren();
  }

  /** After the room: as before, on a connection of nobody. */
  #back() {
    const { rpc, account } = this.#app;
    if (account.user) return;
    rpc.stop();
    rpc.start(null);
    this.#begin();
  }

  async #enter() {
    const displayName = this.#name.value.trim();
    if (this.#name.error(displayName ? '' : 'Say who you are.')) return this.#name.input.focus();
    const { rpc, roomDesk } = this.#app;
    remember(displayName);
    write(this.#note, '');
    this.#join.disabled = true;
    try {
      if (rpc.state === 'offline') rpc.start(null);
      const { token, room } = await rpc.call('session.guest', { link: this.#link, displayName });
      /* the session belongs to its token: a connection that is lost takes it up again */
      rpc.start(token);
      const local = this.#local ?? new LocalMedia(this.#app);
      this.#preview?.end();
      this.#preview = null;
      this.#local = null;
      if (!await roomDesk.enter({ link: this.#link }, { title: room.title, displayName, local })) this.#back();
    } catch (error) {
      const wait = error instanceof RpcError ? error.retryAfterMs : 0;
      write(this.#note, `${roomProblem(error)}${wait ? ` (${Math.ceil(wait / 1000)} s)` : ''}`);
    } finally {
      this.#join.disabled = false;
    }
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(NAME_KEY) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} name */
function remember(name) {
  try {
    sessionStorage.setItem(NAME_KEY, name);
  } catch {
    /* storage is off */
  }
}
