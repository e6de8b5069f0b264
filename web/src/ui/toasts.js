// SPDX-License-Identifier: Apache-2.0
/** Short notes at the edge of the page, over dialogs too, and a voice for screen readers. */
import { h, write } from '../dom.js';
import { icon } from './icons.js';

/** @typedef {{tone?: 'calm' | 'warn' | 'bad', icon?: string, action?: {label: string, run: () => void}, ms?: number, key?: string}} ToastOptions */

export class Toasts {
  el = h('div', { class: 'toasts', popover: 'manual', role: 'region', 'aria-label': 'Notes', testid: 'toasts' });
  #polite = h('div', { class: 'unseen', 'aria-live': 'polite', testid: 'announcer' });
  #urgent = h('div', { class: 'unseen', 'aria-live': 'assertive' });

  constructor() {
    document.body.append(this.el, this.#polite, this.#urgent);
  }

  /**
   * show: @ms 0 stays until closed; @key: a newer one of the same key takes the older one's place.
   * @param {string} text
   * @param {ToastOptions} [options]
   * @returns {() => void} takes it away
   */
  show(text, { tone = 'calm', icon: name, action, ms = 6000, key } = {}) {
    const gone = () => {
      toast.remove();
      if (!this.el.childElementCount) this.el.hidePopover?.();
    };
    const toast = h('div', { class: `toast tone-${tone}`, 'data-key': key ?? '' },
      icon(name ?? (tone === 'calm' ? 'info' : 'warning'), 20), h('span', { class: 'toast-text' }, text),
      action && h('button', { class: 'button small', type: 'button', onclick: () => { gone(); action.run(); } }, action.label),
      h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Dismiss', onclick: gone }, icon('close', 18)));
    if (key) for (const old of [...this.el.children]) if (old instanceof HTMLElement && old.dataset.key === key) old.remove();
    this.el.append(toast);
    /* shown anew, so that it lies over a dialog that was opened since */
    this.el.hidePopover?.();
    this.el.showPopover?.();
    this.say(text, tone === 'bad');
    if (ms) setTimeout(gone, ms);
    return gone;
  }

  /** say: for screen readers alone. @param {string} text */
  say(text, urgent = false) {
    const region = urgent ? this.#urgent : this.#polite;
    write(region, '');
    setTimeout(() => write(region, text), 50);
  }
}
