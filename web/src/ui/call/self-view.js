// SPDX-License-Identifier: Apache-2.0
/** One's own picture in a corner; moved by dragging or with the arrow keys, and it remembers its corner. */
import { Scope, h } from '../../dom.js';

/** @typedef {'tl' | 'tr' | 'bl' | 'br'} Corner */

export class SelfView {
  video = h('video', { autoplay: true, muted: true, playsInline: true, testid: 'self-video' });
  el;
  #settings;
  #scope = new Scope();
  /** @type {{x: number, y: number} | null} where the pointer took hold */ #held = null;

  /** @param {import('../../settings.js').Settings} settings */
  constructor(settings) {
    this.#settings = settings;
    this.el = h('div', { class: 'self-view', tabIndex: 0, role: 'group', 'aria-label': 'Your picture. Arrow keys move it to another corner.', testid: 'self-view', hidden: true }, this.video);
    this.#scope.listen(this.el, 'pointerdown', (event) => this.#take(event));
    this.#scope.listen(this.el, 'pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel']) this.#scope.listen(this.el, type, (event) => this.#drop(event));
    this.#scope.listen(this.el, 'keydown', (event) => this.#key(event));
    this.#scope.listen(settings, 'change', () => this.#place());
    this.#place();
  }

  end() {
    this.#scope.end();
    this.video.srcObject = null;
  }

  /** show: @param {MediaStream | null} camera */
  show(camera) {
    this.el.hidden = !camera;
    if (this.video.srcObject !== camera) this.video.srcObject = camera;
  }

  #place() {
    this.el.dataset.corner = this.#settings.get('selfView');
    this.el.classList.toggle('mirrored', this.#settings.get('mirrorSelf'));
  }

  /** @param {PointerEvent} event */
  #take(event) {
    if (event.button !== 0) return;
    this.#held = { x: event.clientX, y: event.clientY };
    this.el.setPointerCapture(event.pointerId);
    this.el.classList.add('held');
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#held) return;
    this.el.style.translate = `${event.clientX - this.#held.x}px ${event.clientY - this.#held.y}px`;
  }

  /** @param {PointerEvent} event */
  #drop(event) {
    if (!this.#held) return;
    const moved = Math.hypot(event.clientX - this.#held.x, event.clientY - this.#held.y) > 12;
    this.#held = null;
    this.el.classList.remove('held');
    const [box, stage] = [this.el.getBoundingClientRect(), /** @type {HTMLElement} */ (this.el.offsetParent ?? document.body).getBoundingClientRect()];
    this.el.style.translate = '';
    if (!moved) return;
    const top = box.top + box.height / 2 < stage.top + stage.height / 2;
    const left = box.left + box.width / 2 < stage.left + stage.width / 2;
    this.#settings.set('selfView', /** @type {Corner} */ (`${top ? 't' : 'b'}${left ? 'l' : 'r'}`));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const [row, column] = this.#settings.get('selfView');
    const next = { ArrowUp: `t${column}`, ArrowDown: `b${column}`, ArrowLeft: `${row}l`, ArrowRight: `${row}r` }[event.key];
    if (!next) return;
    event.preventDefault();
    this.#settings.set('selfView', /** @type {Corner} */ (next));
  }
}
