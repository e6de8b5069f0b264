// SPDX-License-Identifier: Apache-2.0
/** A menu at a place: of a message, of a chat. Arrow keys go through it; Esc, Tab and a click elsewhere close it. */
import { h } from '../../dom.js';
import { icon } from '../icons.js';

/** @typedef {{label: string, icon: string, testid?: string, danger?: boolean, run: () => void}} Choice */

const EDGE = 8;

/**
 * openMenu: @param {{x: number, y: number, from?: 'above' | 'below'}} at from below: the corner at its lower right; else at its upper left @param {(Choice | false | null | undefined | '')[]} choices @param {string} label
 * @param {((close: () => void) => HTMLElement | false)} [top] what stands over them: buttons
 * @returns {() => void} closes it
 */
export function openMenu(at, choices, label, top = () => false) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const menu = h('div', { class: 'menu', role: 'menu', 'aria-label': label, popover: 'auto', testid: 'menu' });
  const close = () => menu.hidePopover();
  const over = top(close);
  if (over) menu.append(over);
  for (const choice of choices) {
    if (!choice) continue;
    menu.append(h('button', { class: `menu-item ${choice.danger ? 'danger-text' : ''}`, type: 'button', role: 'menuitem', tabIndex: -1, testid: choice.testid, onclick: () => { close(); choice.run(); } },
      icon(choice.icon, 20), choice.label));
  }
  menu.addEventListener('keydown', (event) => step(menu, event, close));
  menu.addEventListener('toggle', (event) => {
    if (/** @type {any} */ (event).newState !== 'closed') return;
    const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (inside) before?.focus({ preventScroll: true });
  });
  /* what is outside of a modal dialog can be neither seen nor pressed */
  ([...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body).append(menu);
  menu.showPopover();
  const { width, height } = menu.getBoundingClientRect();
  const [x, y] = at.from === 'below' ? [at.x - width, at.y - height - 4] : [at.x, at.y];
  menu.style.left = `${Math.max(EDGE, Math.min(x, innerWidth - width - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, Math.min(y, innerHeight - height - EDGE))}px`;
  menu.querySelector('button')?.focus({ preventScroll: true });
  return close;
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event @param {() => void} close */
function step(menu, event, close) {
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll('button')].filter((item) => item.getClientRects().length));
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /* what stands beside each other is gone through by the arrows to the sides, and passed by those up and down */
  const row = /** @type {Element} */ (document.activeElement).closest('.quick-bar');
  const [begin, end] = row ? [0, row.childElementCount - 1] : [at, at];
  const to = { ArrowDown: end + 1, ArrowUp: begin - 1 + items.length, ArrowRight: at + 1, ArrowLeft: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === 'Tab') close();
  else if (to !== undefined) items[to % items.length].focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** placeOf: where a menu of an element opens. @param {Element} element */
export function placeOf(element) {
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left, y: bottom + 4 };
}
