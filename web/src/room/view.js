// SPDX-License-Identifier: Apache-2.0
/** What this side looks at, for room.view: computed from the tiles, and sent when it has come to rest. */

/** @typedef {import('./types.js').Want} Want */
/** @typedef {{trackId: string, width: number, height: number, visible: boolean, priority: number}} Shown a tile with a picture: its size in CSS pixels */

export const PRIORITY = { tile: 10, speaker: 60, main: 120, screen: 160, pinned: 200 };
const WANTS_MAX = 128;
const STEP = 16;
const REST_MS = 120;
const LATEST_MS = 500;

/**
 * wants: what to ask for. Sizes go up to steps, so that a page that is a few pixels wider asks for nothing new.
 * @param {Shown[]} shown
 * @param {number} ratio device pixels of a CSS pixel
 * @returns {Want[]} the most important first. What is out of sight is asked for at no size, not left out: an empty list would
 *   leave the choice to the server
 */
export function wants(shown, ratio) {
  const scale = Math.min(Math.max(ratio, 1), 2);
  const size = (/** @type {number} */ length) => Math.min(16384, Math.ceil((length * scale) / STEP) * STEP);
  return shown.map(({ trackId, width, height, visible, priority }) => (visible && width > 0 && height > 0
    ? { trackId, width: size(width), height: size(height), priority } : { trackId, width: 0, height: 0, priority: 0 }))
    .sort((a, b) => b.priority - a.priority || b.width * b.height - a.width * a.height || (a.trackId < b.trackId ? -1 : 1))
    .slice(0, WANTS_MAX);
}

/** Sends the view after changes: the first at once, then when nothing has changed for a moment, and never the same twice. */
export class ViewSender {
  #send;
  /** @type {Want[]} */ #next = [];
  #sent = '';
  /** @type {any} */ #timer = 0;
  #since = 0;
  #lastAt = -Infinity;

  /** @param {(want: Want[]) => Promise<unknown>} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {Want[]} want */
  set(want) {
    this.#next = want;
    if (JSON.stringify(want) === this.#sent) return this.#rest();
    const now = Date.now();
    this.#since ||= now;
    clearTimeout(this.#timer);
    const calm = now - this.#lastAt > LATEST_MS;
    if (calm || now - this.#since >= LATEST_MS) return this.#flush();
    this.#timer = setTimeout(() => this.#flush(), REST_MS);
  }

  /** again: the server has forgotten: sends what was sent last. */
  again() {
    this.#sent = '';
    if (this.#next.length) this.#flush();
  }

  end() {
    this.#rest();
    this.#next = [];
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#since = 0;
  }

  #flush() {
    this.#rest();
    const text = JSON.stringify(this.#next);
    if (text === this.#sent) return;
    this.#sent = text;
    this.#lastAt = Date.now();
    this.#send(this.#next).catch(() => {
      if (this.#sent === text) this.#sent = '';
    });
  }
}
