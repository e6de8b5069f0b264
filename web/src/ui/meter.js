// SPDX-License-Identifier: Apache-2.0
/** A level meter: twelve lamps, lit by loudness. */
import { h } from '../dom.js';
import { watchLevel } from '../media/level.js';

const LAMPS = 14;

export class Meter {
  el = h('div', { class: 'meter', role: 'img', 'aria-label': 'Level of your microphone', testid: 'mic-level', 'data-heard': 'false' }, Array.from({ length: LAMPS }, () => h('i', {})));
  #stop = () => {};

  /** @param {MediaStreamTrack | null} track */
  watch(track) {
    this.#stop();
    this.#show(0);
    this.#stop = track ? watchLevel(track, (level) => this.#show(level)) : () => {};
  }

  end() {
    this.#stop();
  }

  /** @param {number} level */
  #show(level) {
    const lit = Math.round(level * LAMPS);
    if (lit > 1) this.el.dataset.heard = 'true';
    [...this.el.children].forEach((lamp, i) => lamp.classList.toggle('lit', i < lit));
  }
}
