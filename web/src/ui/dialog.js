// SPDX-License-Identifier: Apache-2.0
/** Modal sheets on <dialog>: the browser keeps the focus inside and gives it back. */
import { h } from '../dom.js';
import { icon } from './icons.js';

/**
 * @typedef {object} DialogOptions
 * @property {string} title
 * @property {import('../dom.js').Children} body
 * @property {import('../dom.js').Children} [actions]
 * @property {string} [testid]
 * @property {string} [kind] a class
 * @property {boolean} [dismissable] by Esc, the backdrop and a close button (default true)
 * @property {'dialog' | 'alertdialog'} [role]
 * @property {() => void} [onclose]
 */

let count = 0;

export class Dialog {
  el;
  /** @type {Promise<string>} resolves with what close() was given ('' when dismissed) */ closed;

  /** @param {DialogOptions} options */
  constructor({ title, body, actions, testid, kind = '', dismissable = true, role = 'dialog', onclose }) {
    const id = `dialog-${++count}`;
    const close = dismissable && h('button', { class: 'icon-button dialog-close', type: 'button', 'aria-label': 'Close', testid: 'dialog-close', onclick: () => this.close() }, icon('close'));
    this.el = h('dialog', { class: `dialog ${kind}`, role, testid, 'aria-labelledby': id },
      h('div', { class: 'dialog-box' },
        h('header', { class: 'dialog-head' }, h('h2', { id }, title), close),
        h('div', { class: 'dialog-body' }, body),
        actions && h('footer', { class: 'dialog-actions' }, actions)));
    this.el.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      if (!dismissable) event.preventDefault();
    });
    if (dismissable) this.el.addEventListener('pointerdown', (event) => event.target === this.el && this.close());
    else this.el.addEventListener('cancel', (event) => event.preventDefault());
    this.closed = new Promise((resolve) => this.el.addEventListener('close', () => {
      this.el.remove();
      onclose?.();
      resolve(this.el.returnValue);
    }, { once: true }));
    document.body.append(this.el);
    this.el.showModal();
  }

  close(value = '') {
    if (this.el.open) this.el.close(value);
  }
}

/**
 * confirm: asks before something that cannot be undone.
 * @param {{title: string, text: string, yes: string, no?: string, danger?: boolean, testid?: string}} question
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, yes, no = 'Cancel', danger = false, testid = 'confirm' }) {
  const dialog = new Dialog({
    title, testid, kind: 'dialog-small', role: 'alertdialog', body: h('p', {}, text),
    actions: [
      h('button', { class: 'button', type: 'button', testid: `${testid}-no`, onclick: () => dialog.close() }, no),
      h('button', { class: `button ${danger ? 'danger' : 'primary'}`, type: 'button', testid: `${testid}-yes`, onclick: () => dialog.close('yes') }, yes),
    ],
  });
  return (await dialog.closed) === 'yes';
}
