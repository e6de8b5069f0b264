// SPDX-License-Identifier: Apache-2.0
/** People are lamps: a lit disc with their initials, and on the big one shutters that can send Morse. */
import { h, write } from '../dom.js';
import { hue, initials } from '../format.js';
import { morse } from '../morse.js';

const HUES = 8;
/* A dot and its gap take two of these: at most 2.8 flashes a second, under the three of WCAG 2.3.1. */
const UNIT_MS = 180;
const SLATS = 6;

/** avatar: a small one. @param {{id: string, displayName: string}} user @param {'s' | 'm' | 'l'} [size] */
export function avatar(user, size = 'm') {
  return h('span', { class: `avatar avatar-${size} tint-${hue(user.id, HUES)}`, 'aria-hidden': 'true' }, initials(user.displayName));
}

export class Lamp {
  el;
  #initials = h('span', { class: 'lamp-initials' });
  /** @type {any} */ #timer = 0;
  #still = matchMedia('(prefers-reduced-motion: reduce)');

  /** @param {{id: string, displayName: string}} user */
  constructor(user) {
    this.name = user.displayName;
    this.el = h('div', { class: `lamp tint-${hue(user.id, HUES)}`, 'data-shutter': 'open', 'aria-hidden': 'true' },
      h('div', { class: 'lamp-halo' }), h('div', { class: 'lamp-halo lamp-halo-2' }),
      h('div', { class: 'lamp-disc' }, this.#initials,
        h('div', { class: 'lamp-slats' }, Array.from({ length: SLATS }, () => h('i', {})))));
    this.rename(user);
  }

  /** rename: @param {{displayName: string}} user */
  rename({ displayName }) {
    this.name = displayName;
    write(this.#initials, initials(displayName));
  }

  /** send: the name in Morse, again and again, until open() or shut(). */
  send() {
    this.stop();
    if (this.#still.matches) return this.#shutter('half');
    const marks = morse(initials(this.name));
    let i = 0;
    const step = () => {
      const { on, off } = marks[i++ % marks.length];
      this.#shutter('open');
      this.#timer = setTimeout(() => {
        this.#shutter('shut');
        const rest = i % marks.length === 0 ? 9 : off;
        this.#timer = setTimeout(step, rest * UNIT_MS);
      }, on * UNIT_MS);
    };
    step();
  }

  open() {
    this.stop();
    this.#shutter('open');
  }

  shut() {
    this.stop();
    this.#shutter('shut');
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** level: how bright it glows, 0 to 1. @param {number} level */
  level(level) {
    this.el.style.setProperty('--level', level.toFixed(2));
  }

  /** @param {'open' | 'shut' | 'half'} state */
  #shutter(state) {
    this.el.dataset.shutter = state;
  }
}
