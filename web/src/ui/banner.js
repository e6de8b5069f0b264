// SPDX-License-Identifier: Apache-2.0
/** "Connection lost. Your call goes on; trying again in 3 s - Retry now". It floats: nothing moves when it comes. */
import { h, write } from '../dom.js';

/* A connection that is back within this time is not worth a word. */
const PATIENCE_MS = 1500;

export class Banner {
  #text = h('span', {});
  #count = h('span', { class: 'banner-count', 'aria-hidden': 'true' });
  #retry;
  el;
  #rpc;
  #inCall;
  #since = 0;
  #shown = false;

  /** @param {{rpc: import('../rpc.js').RpcClient, inCall: () => boolean}} needs */
  constructor({ rpc, inCall }) {
    this.#rpc = rpc;
    this.#inCall = inCall;
    this.#retry = h('button', { class: 'button small', type: 'button', testid: 'retry-now', onclick: () => rpc.retryNow() }, 'Retry now');
    this.el = h('div', { class: 'banner', testid: 'reconnect-banner', hidden: true },
      h('span', { class: 'banner-lamp' }), h('span', { class: 'banner-text', role: 'status' }, this.#text, this.#count), this.#retry);
    rpc.addEventListener('state', () => this.#update());
    addEventListener('online', () => rpc.probe());
    addEventListener('offline', () => rpc.probe());
    document.addEventListener('visibilitychange', () => document.hidden || rpc.probe());
    setInterval(() => this.#since && this.#update(), 500);
  }

  #update() {
    const { state } = this.#rpc;
    const down = state === 'waiting' || state === 'connecting';
    if (!down) {
      if (state === 'online' && this.#shown) this.#back();
      else if (state !== 'online') this.#hide();
      this.#since = 0;
      return;
    }
    this.#since ||= Date.now();
    if (Date.now() - this.#since < PATIENCE_MS) return;
    this.#shown = true;
    this.el.hidden = false;
    this.el.dataset.state = state;
    const lost = navigator.onLine === false ? 'You are offline.' : 'Connection lost.';
    write(this.#text, `${lost}${this.#inCall() ? ' Your call goes on; ' : ' '}`);
    const seconds = Math.max(1, Math.ceil((this.#rpc.retryAt - Date.now()) / 1000));
    const doing = state === 'connecting' ? 'trying now …' : `trying again in ${seconds} s`;
    write(this.#count, this.#inCall() ? doing : doing.replace('t', 'T'));
    this.#retry.hidden = state === 'connecting';
  }

  #back() {
    this.#shown = false;
    this.el.dataset.state = 'online';
    write(this.#text, 'Connected again.');
    write(this.#count, '');
    this.#retry.hidden = true;
    setTimeout(() => this.#shown || this.#hide(), 1600);
  }

  #hide() {
    this.#shown = false;
    this.el.hidden = true;
  }
}
