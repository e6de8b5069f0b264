// SPDX-License-Identifier: Apache-2.0
/** One person, or one shared screen, in a room: picture or initials, name, what they do, and how well they come. */
import { fill, h, write } from '../../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';

/** @typedef {import('../../room/types.js').Participant} Participant */

export class Tile {
  el;
  /** size in CSS pixels, as the page has laid it out */ width = 0;
  height = 0;
  visible = false;
  /** @type {HTMLVideoElement | null} */ video = null;
  key;
  source;
  #media = h('div', { class: 'tile-media' });
  #face = h('div', { class: 'tile-face' });
  #mark = h('span', { class: 'tile-mark' });
  #name = h('span', { class: 'tile-words' });
  #hand = h('span', { class: 'tile-hand', hidden: true, role: 'img', 'aria-label': 'Hand raised' }, icon('hand', 18));
  #note = h('span', { class: 'tile-note', hidden: true });
  #figures = h('div', { class: 'tile-figures', hidden: true, testid: 'tile-figures' });
  #pin;
  #shown = '';

  /** @param {{key: string, source: 'camera' | 'screen', self: boolean, pin: () => void}} options */
  constructor({ key, source, self, pin }) {
    this.key = key;
    this.source = source;
    this.#pin = h('button', { class: 'tile-pin', type: 'button', testid: 'tile-pin', 'aria-pressed': 'false', onclick: pin }, icon('pin', 18));
    this.el = h('div', { class: `tile ${self ? 'tile-self' : ''}`, role: 'group', testid: 'room-tile', 'data-key': key, 'data-source': source, 'data-self': String(self), 'data-fresh': 'false', ondblclick: pin },
      this.#face, this.#media, this.#figures, this.#hand, this.#note, h('div', { class: 'tile-name' }, this.#mark, this.#name), this.#pin);
  }

  /**
   * show: @param {Participant} participant @param {{self: boolean, muted: boolean, speaking: boolean, pinned: boolean}} look
   */
  show(participant, { self, muted, speaking, pinned }) {
    const { displayName, away, hand, id } = participant;
    const screen = this.source === 'screen';
    const words = screen ? `${displayName}’s screen` : self ? `${displayName} (you)` : displayName;
    const key = [words, muted, speaking, pinned, away, hand].join('\n');
    if (key === this.#shown) return;
    this.#shown = key;
    write(this.#name, words);
    this.el.dataset.participant = id;
    this.el.dataset.speaking = String(speaking && !screen);
    this.el.dataset.away = String(away);
    this.el.setAttribute('aria-label', [words, muted && !screen ? 'microphone off' : '', speaking ? 'speaking' : '', hand ? 'hand raised' : '', away ? 'connection lost' : ''].filter(Boolean).join(', '));
    fill(this.#mark, screen ? icon('screen', 15) : muted ? icon('micOff', 15) : null);
    if (!this.#face.firstChild) fill(this.#face, screen ? icon('screen', 40) : avatar({ id: participant.userId ?? id, displayName }, 'l'));
    this.#hand.hidden = !hand || screen;
    this.#note.hidden = !away;
    if (away) write(this.#note, 'Connection lost');
    this.#pin.setAttribute('aria-pressed', String(pinned));
    this.#pin.setAttribute('aria-label', pinned ? `Unpin ${words}` : `Pin ${words}`);
    this.#pin.title = pinned ? 'Unpin' : 'Pin: keep it large';
  }

  /** carry: the element that plays the picture; null: initials. @param {HTMLVideoElement | null} video */
  carry(video) {
    if (video && video.parentElement !== this.#media) {
      this.#media.replaceChildren(video);
      if (video.paused) video.play().catch(() => {});
    }
    if (!video && this.#media.firstChild) this.#media.replaceChildren();
    this.video = video;
    this.el.dataset.fresh = video?.dataset.fresh ?? 'false';
  }

  /** figures: null hides them. @param {import('../../room/figures.js').Figures | null} figures */
  figures(figures) {
    this.#figures.hidden = !figures;
    if (!figures) return;
    const text = [...figures.lines, figures.why].join('\n');
    if (this.#figures.dataset.text === text) return;
    this.#figures.dataset.text = text;
    this.#figures.dataset.grade = String(figures.grade);
    fill(this.#figures, figures.lines.map((line) => h('span', {}, line)), figures.why && h('span', { class: 'tile-why' }, figures.why));
  }
}
