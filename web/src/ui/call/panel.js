// SPDX-License-Identifier: Apache-2.0
/** A card at the side of a call (from below on a phone). One is open at a time; Esc closes it, the focus goes back. */
import { Scope, h } from '../../dom.js';
import { icon } from '../icons.js';

/** @typedef {{title: string, testid: string, build: (scope: Scope) => import('../../dom.js').Children}} PanelOptions */

export class PanelSlot extends EventTarget {
  el = h('div', { class: 'panel-slot' });
  name = '';
  /** @type {Scope | null} */ #scope = null;
  /** @type {Element | null} */ #before = null;

  /** open: @param {string} name @param {PanelOptions} options */
  open(name, { title, testid, build }) {
    const before = this.name ? this.#before : document.activeElement;
    this.close(false);
    this.name = name;
    this.#before = before;
    const scope = (this.#scope = new Scope());
    const close = h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Close', testid: 'panel-close', onclick: () => this.close() }, icon('close', 20));
    const panel = h('div', { class: `panel panel-${name}`, role: 'dialog', 'aria-label': title, testid, tabIndex: -1 },
      h('header', { class: 'panel-head' }, h('h2', {}, title), close), h('div', { class: 'panel-body', tabIndex: 0, role: 'group', 'aria-label': title }, build(scope)));
    this.el.replaceChildren(panel);
    panel.focus({ preventScroll: true });
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** toggle: @param {string} name @param {PanelOptions} options */
  toggle(name, options) {
    if (this.name === name) this.close();
    else this.open(name, options);
  }

  /** @param {boolean} [refocus] @returns {boolean} whether one was open */
  close(refocus = true) {
    if (!this.name) return false;
    this.name = '';
    this.#scope?.end();
    this.#scope = null;
    this.el.replaceChildren();
    if (refocus && this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus({ preventScroll: true });
    this.dispatchEvent(new CustomEvent('change'));
    return true;
  }
}
