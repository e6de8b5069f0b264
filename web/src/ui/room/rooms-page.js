// SPDX-License-Identifier: Apache-2.0
/** The rooms that this user owns or was invited to; a new one; one by its link. */
import { Scope, fill, h } from '../../dom.js';
import { ago, plural } from '../../format.js';
import { linkOf } from '../../room/rooms.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';
import { newRoom } from './new-room.js';
import { lost } from './room-view.js';

/** @typedef {import('../../room/types.js').Room} Room */

export class RoomsPage {
  el;
  #app;
  #scope = new Scope();
  #body = h('div', { class: 'list-body', testid: 'rooms' });
  #selected = '';

  /** @param {import('../../app.js').App} app */
  constructor(app) {
    this.#app = app;
    const input = h('input', { class: 'input search-input', type: 'text', placeholder: 'Paste the link of a room', 'aria-label': 'Link of a room', autocapitalize: 'none', autocomplete: 'off', spellcheck: false, testid: 'room-by-link' });
    const byLink = (/** @type {Event} */ event) => {
      event.preventDefault();
      const link = linkOf(input.value);
      if (!link) return void app.toasts.show('That is no link of a room. It ends with 22 letters and digits.', { tone: 'warn', key: 'no-link' });
      input.value = '';
      void app.roomDesk.enter({ link });
    };
    this.el = h('div', { class: 'list', testid: 'rooms-page' },
      h('header', { class: 'list-head' }, h('h1', {}, 'Rooms'), h('button', { class: 'button small primary', type: 'button', testid: 'new-room', onclick: () => void newRoom(app) }, icon('plus', 18), 'New room')),
      h('form', { class: 'search', onsubmit: byLink }, icon('link', 20), input), this.#body);
    this.#scope.listen(app.rooms, 'change', () => this.#render());
    this.#scope.listen(app.roomDesk, 'ended', () => this.#render());
    void app.rooms.refresh();
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  /** @param {string} id */
  select(id) {
    this.#selected = id;
    for (const row of this.#body.querySelectorAll('.row')) row.classList.toggle('selected', row.getAttribute('data-room') === id);
  }

  #render() {
    const { rooms } = this.#app;
    if (rooms.list.length) fill(this.#body, h('ul', {}, rooms.list.map((room) => this.#row(room))));
    else if (rooms.state === 'failed') lost(this.#body, rooms.error, () => rooms.refresh());
    else if (rooms.state !== 'ready') fill(this.#body, Array.from({ length: 4 }, () => h('div', { class: 'row ghost', 'aria-hidden': 'true' }, h('i', { class: 'avatar avatar-m' }), h('span', {}, h('i', {}), h('i', {})))));
    else {
      fill(this.#body, h('div', { class: 'empty', testid: 'empty-rooms' }, icon('grid', 36), h('h2', {}, 'No rooms yet'), h('p', {}, 'A room is a call for many. Make one, and give its link to whom you like.'),
        h('button', { class: 'button', type: 'button', onclick: () => void newRoom(this.#app) }, 'New room')));
    }
    this.select(this.#selected);
  }

  /** @param {Room} room */
  #row(room) {
    const inside = room.count ?? 0;
    const mine = room.ownerId === this.#app.account.user?.id;
    const words = inside ? `${plural(inside, 'person', 'people')} inside` : room.policy.permanent ? 'Nobody inside' : `Made ${ago(room.createdAt)}`;
    return h('li', { class: 'row', 'data-room': room.id, testid: 'room-row' },
      h('a', { class: 'row-main', href: routeHash('rooms', room.id) }, h('span', { class: `row-icon room-icon ${inside ? 'live' : ''}` }, icon(room.locked ? 'lock' : 'grid', 22)),
        h('span', { class: 'row-text' }, h('strong', {}, room.title), h('span', { class: 'row-sub' }, h('span', { class: 'row-words' }, `${words}${mine ? '' : ' · invited'}`)))),
      h('button', { class: 'icon-button row-call', type: 'button', testid: 'row-join', 'aria-label': `Join ${room.title}`, onclick: () => void this.#app.roomDesk.enter({ roomId: room.id }, { title: room.title }) }, icon('camera', 20)));
  }
}
