// SPDX-License-Identifier: Apache-2.0
/**
 * A scrolled list of which only what is looked at, and a little more, is in the page: so many nodes, however long it is.
 * Heights are estimated, measured when drawn, and kept. What is looked at stays where it is when something above it comes,
 * goes, or turns out to be of another height; at its end the list stays at its end.
 * Event 'view' (detail: {first, last}): indexes of the items in sight; after each drawing.
 */
import { h } from '../../dom.js';

/** @typedef {{key: string, version: string, anchor?: boolean}} Item version: drawn anew when it differs; anchor false: moves to and fro (a date) */
/**
 * @template {Item} T
 * @typedef {object} ListOptions
 * @property {(item: T) => HTMLElement} render
 * @property {(item: T, width: number) => number} estimate in CSS pixels
 * @property {Record<string, any>} [props] of the element
 */

/* Drawn beyond the edges, in CSS pixels: what one turn of a wheel or a flick reaches before the next frame. */
const OVER = 900;
/* So near to its end, in CSS pixels, the list is at it. */
const END = 32;
const TRIES = 5;

/** @template {Item} T */
export class VirtualList extends EventTarget {
  el;
  /** whether the end is in sight: then it stays so */ atEnd = true;
  /** @type {T[]} */ items = [];
  #render;
  #estimate;
  #above = h('div', { class: 'vlist-space', 'aria-hidden': 'true' });
  #below = h('div', { class: 'vlist-space', 'aria-hidden': 'true' });
  #body = h('div', { class: 'vlist-body' });
  /** @type {Map<string, {el: HTMLElement, version: string}>} what is in the page */ #rows = new Map();
  /** @type {WeakMap<Element, string>} */ #keys = new WeakMap();
  /** @type {Map<string, number>} */ #heights = new Map();
  /** @type {Map<string, number>} index by key */ #index = new Map();
  /** tops of the items, and behind them the height of all; made anew when something has changed @type {Float64Array | null} */ #tops = null;
  #follow = true;
  #width = 0;
  /** where it was scrolled to when it was drawn */ #drawnAt = 0;
  #drawing = false;
  #observer;

  /** @param {ListOptions<T>} options */
  constructor({ render, estimate, props = {} }) {
    super();
    this.#render = render;
    this.#estimate = estimate;
    this.#body.append(this.#above, this.#below);
    this.el = h('div', { class: 'vlist', ...props }, this.#body);
    this.el.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#observer = new ResizeObserver(() => this.#resized());
    this.#observer.observe(this.el);
  }

  end() {
    this.#observer.disconnect();
  }

  /** set: what the list holds. @param {T[]} items @param {{follow?: boolean}} [options] follow: its end is the end of all: who is there stays there */
  set(items, { follow = true } = {}) {
    /* scrolled, and not yet told of it: what is looked at now is what has to stay */
    if (this.items.length && Math.abs(this.el.scrollTop - this.#drawnAt) > 1) this.#scrolled();
    const anchor = this.#anchor();
    this.items = items;
    this.#follow = follow;
    this.#index = new Map(items.map((item, i) => [item.key, i]));
    this.#tops = null;
    if (this.#heights.size > 2 * items.length + 500) for (const key of this.#heights.keys()) if (!this.#index.has(key)) this.#heights.delete(key);
    this.#draw(this.atEnd && follow ? null : anchor);
  }

  /** scrollTo: @param {string} key @param {number} [part] where in the window its top comes: 0 to 1 @returns {boolean} whether it is there */
  scrollTo(key, part = 0) {
    if (!this.#index.has(key)) return false;
    this.atEnd = false;
    this.#draw({ key, top: Math.round(this.el.clientHeight * part) });
    return true;
  }

  /** toEnd: scrolls to the end, and stays there. */
  toEnd() {
    this.atEnd = true;
    this.#draw(null);
  }

  /** row: what is drawn of an item. @param {string} key @returns {HTMLElement | null} */
  row(key) {
    return this.#rows.get(key)?.el ?? null;
  }

  #scrolled() {
    if (this.#drawing) return;
    this.atEnd = this.#isAtEnd();
    this.#draw(this.#anchor());
  }

  #resized() {
    if (!this.el.clientHeight) return;
    const wide = this.el.clientWidth !== this.#width;
    this.#width = this.el.clientWidth;
    this.#tops = null;
    /* what was measured at another width serves as an estimate until it is drawn */
    this.#draw(this.atEnd && this.#follow ? null : this.#anchor());
    if (wide) this.#draw(this.atEnd && this.#follow ? null : this.#anchor());
  }

  #isAtEnd() {
    return this.el.scrollTop + this.el.clientHeight >= this.el.scrollHeight - END;
  }

  /** What is looked at: the first row in sight, and how far below the upper edge it is. @returns {{key: string, top: number} | null} */
  #anchor() {
    const edge = this.el.scrollTop;
    for (const el of /** @type {Iterable<HTMLElement>} */ (this.#body.children)) {
      const key = this.#keys.get(el) ?? '';
      const item = this.items[this.#index.get(key) ?? -1];
      if (item && item.anchor !== false && el.offsetTop + el.offsetHeight > edge) return { key, top: el.offsetTop - edge };
    }
    return null;
  }

  /** @returns {Float64Array} */
  #measure() {
    if (this.#tops) return this.#tops;
    const tops = new Float64Array(this.items.length + 1);
    const width = this.el.clientWidth || 600;
    this.items.forEach((item, i) => { tops[i + 1] = tops[i] + (this.#heights.get(item.key) ?? this.#estimate(item, width)); });
    this.#tops = tops;
    return tops;
  }

  /** The item at a height. @param {Float64Array} tops @param {number} y */
  #at(tops, y) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tops[middle + 1] <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {{key: string, top: number} | null} anchor null: where it is scrolled to, or the end */
  #draw(anchor) {
    const { el } = this;
    const stick = this.atEnd && this.#follow && !anchor;
    this.#drawing = true;
    for (let i = 0; i < TRIES; i++) {
      const tops = this.#measure();
      const total = tops[this.items.length];
      const index = anchor ? this.#index.get(anchor.key) : undefined;
      const top = stick ? total - el.clientHeight : anchor && index !== undefined ? tops[index] - anchor.top : el.scrollTop - this.#body.offsetTop;
      const from = this.#at(tops, top - OVER);
      const to = Math.min(this.items.length, this.#at(tops, top + el.clientHeight + OVER) + 1);
      this.#place(from, to);
      this.#above.style.height = `${tops[from]}px`;
      this.#below.style.height = `${total - tops[to]}px`;
      if (!this.#remember()) break;
    }
    if (stick) el.scrollTop = el.scrollHeight;
    else if (anchor) {
      const row = this.#rows.get(anchor.key)?.el;
      const off = row ? row.offsetTop - el.scrollTop - anchor.top : 0;
      if (Math.abs(off) >= 1) el.scrollTop += off;
    }
    this.atEnd = this.#isAtEnd();
    this.#drawnAt = el.scrollTop;
    this.#drawing = false;
    this.#tell();
  }

  /** Has the page hold the rows of some items, in order. @param {number} from @param {number} to */
  #place(from, to) {
    const keep = new Set();
    for (let i = from; i < to; i++) keep.add(this.items[i].key);
    for (const [key, row] of this.#rows) {
      if (keep.has(key)) continue;
      row.el.remove();
      this.#rows.delete(key);
    }
    let after = /** @type {Element} */ (this.#above);
    for (let i = from; i < to; i++) {
      const el = this.#rowOf(this.items[i]);
      if (after.nextElementSibling !== el) after.after(el);
      after = el;
    }
  }

  /** @param {T} item */
  #rowOf(item) {
    const known = this.#rows.get(item.key);
    if (known?.version === item.version) return known.el;
    const el = this.#render(item);
    if (known) {
      const focused = known.el.contains(document.activeElement);
      known.el.replaceWith(el);
      if (focused) el.focus({ preventScroll: true });
    }
    this.#rows.set(item.key, { el, version: item.version });
    this.#keys.set(el, item.key);
    return el;
  }

  /** Keeps the heights of what is drawn. @returns {boolean} whether one is not what was thought */
  #remember() {
    let changed = false;
    for (const [key, { el }] of this.#rows) {
      const height = el.getBoundingClientRect().height;
      const known = this.#heights.get(key);
      if (known !== undefined && Math.abs(known - height) < 0.5) continue;
      this.#heights.set(key, height);
      changed = true;
    }
    if (changed) this.#tops = null;
    return changed;
  }

  #tell() {
    const tops = this.#measure();
    const top = this.el.scrollTop - this.#body.offsetTop;
    const first = this.#at(tops, top);
    const last = Math.min(this.items.length - 1, this.#at(tops, top + this.el.clientHeight - 1));
    this.dispatchEvent(new CustomEvent('view', { detail: { first, last } }));
  }
}
