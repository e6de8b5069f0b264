// SPDX-License-Identifier: Apache-2.0
/** Somebody rings this user into a room: who, where to, and come or decline. */
import { Scope, h } from '../../dom.js';
import { ring } from '../../media/ringer.js';
import { icon } from '../icons.js';
import { Lamp } from '../lamp.js';
import { notifyCall } from '../notify.js';

/** Who was typing when it began to ring answers and declines nothing. */
const STRAY_KEYS_MS = 1000;

export class Invitation {
  el;
  #scope = new Scope();
  #lamp;
  #shownAt = performance.now();

  /**
   * @param {import('../../app.js').App} app
   * @param {{roomId: string, title: string, from: import('../../types.js').User, moved: boolean}} invitation moved: the call that is going on is to become this room
   * @param {(accepted: boolean) => void} answered
   */
  constructor(app, { roomId, title, from, moved }, answered) {
    this.#lamp = new Lamp(from);
    this.#lamp.send();
    const button = (/** @type {boolean} */ accept, /** @type {string} */ label, /** @type {string} */ image) =>
      h('button', { class: `answer-button ${accept ? 'answer' : 'decline'}`, type: 'button', testid: accept ? 'invitation-accept' : 'invitation-decline', onclick: () => answered(accept) }, h('span', { class: 'answer-face' }, icon(image, 28)), label);
    this.el = h('dialog', { class: 'dialog incoming', role: 'alertdialog', 'aria-labelledby': 'invitation-title', testid: 'room-invitation', 'data-room': roomId },
      h('div', { class: 'dialog-box' }, h('p', { class: 'incoming-kind' }, icon('people', 18), moved ? 'Into a room' : 'Room'),
        h('div', { class: 'incoming-lamp' }, this.#lamp.el), h('h2', { id: 'invitation-title', tabIndex: -1 }, title),
        h('p', { class: 'muted' }, moved ? `${from.displayName} wants to go on in a room, where others can join.` : `${from.displayName} invites you`),
        moved && h('p', { class: 'muted room-secret' }, icon('lock', 16), 'A room is encrypted to the server, no longer from end to end.'),
        h('div', { class: 'incoming-actions' }, button(false, moved ? 'Stay' : 'Decline', moved ? 'close' : 'hangup'), button(true, moved ? 'Go along' : 'Join', 'people'))));
    this.el.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Escape' || performance.now() - this.#shownAt < STRAY_KEYS_MS) return event.preventDefault();
    });
    this.el.addEventListener('cancel', (event) => event.preventDefault());
    if (!moved) {
      const stop = ring(app.settings.get('ringTone'), app.settings.get('ringVolume'));
      this.#scope.defer(() => stop());
    }
    this.#scope.defer(notifyCall({ id: roomId, name: from.displayName, video: true }, () => this.el.focus()));
    document.body.append(this.el);
    this.el.showModal();
    /** @type {HTMLElement | null} */ (this.el.querySelector('#invitation-title'))?.focus();
  }

  end() {
    if (this.#scope.ended) return;
    this.#scope.end();
    this.#lamp.stop();
    this.el.close();
    this.el.remove();
  }
}
