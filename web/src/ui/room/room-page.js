// SPDX-License-Identifier: Apache-2.0
/** One room, seen from outside: join it, give its link away, delete it. */
import { Scope, fill, h } from '../../dom.js';
import { day, plural } from '../../format.js';
import { roomProblem } from '../../room/words.js';
import { confirm } from '../dialog.js';
import { icon } from '../icons.js';
import { copyLink } from './room-invite.js';

/** @typedef {import('../../room/types.js').Room} Room */

export class RoomPage {
  el = h('div', { class: 'person', testid: 'room-page' });
  #app;
  #id;
  #back;
  #scope = new Scope();
  #shown = '';

  /** @param {import('../../app.js').App} app @param {string} id @param {() => void} back */
  constructor(app, id, back) {
    this.#app = app;
    this.#id = id;
    this.#back = back;
    this.#scope.listen(app.rooms, 'change', () => this.#render());
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  #render() {
    const { rooms, account } = this.#app;
    const room = rooms.get(this.#id);
    const key = JSON.stringify([room, rooms.state]);
    if (key === this.#shown) return;
    this.#shown = key;
    const back = h('button', { class: 'icon-button detail-back', type: 'button', 'aria-label': 'Back to the list', testid: 'back', onclick: this.#back }, icon('back', 24));
    if (!room) {
      return fill(this.el, back, rooms.state === 'ready' && h('div', { class: 'empty' }, icon('grid', 36), h('h2', {}, 'There is no such room'), h('p', {}, 'It is over. A room that is not permanent ends when everybody has left.')));
    }
    const { title, policy, link, ownerId, locked, count = 0 } = room;
    const mine = ownerId === account.user?.id;
    fill(this.el, back,
      h('header', { class: 'person-head' }, h('div', { class: `room-lamp ${count ? 'live' : ''}` }, icon('grid', 56)), h('h1', {}, title),
        h('p', { class: 'muted' }, count ? `${plural(count, 'person', 'people')} inside now` : 'Nobody is inside'),
        h('div', { class: 'person-actions' }, h('button', { class: 'button primary', type: 'button', testid: 'room-enter', onclick: () => void this.#app.roomDesk.enter({ roomId: room.id }, { title }) }, icon('camera', 20), 'Join'))),
      link && h('section', { class: 'card' }, h('h2', {}, 'Invite'), copyLink(this.#app, link),
        h('p', { class: 'muted room-below' }, policy.guests ? 'Whoever has this link can come, also without an account.' : 'Whoever has an account and this link can come.')),
      h('section', { class: 'card' }, h('h2', {}, 'Rules'), h('ul', { class: 'room-rules' },
        rule(locked ? 'lock' : 'unlock', locked ? 'Locked: only hosts come in' : 'Open'),
        rule('hand', policy.lobby ? 'Who comes by the link waits until a host lets them in' : 'Who comes by the link comes straight in'),
        rule('people', `${plural(policy.maxParticipants, 'person', 'people')} at most${policy.guests ? ', guests welcome' : ', no guests'}`),
        rule('clock', policy.permanent ? `Permanent, made ${day(room.createdAt)}` : 'Ends when everybody has left'),
        rule('shield', 'Encrypted to the server, which passes sound and picture on'))),
      mine && h('button', { class: 'button danger-quiet', type: 'button', testid: 'room-delete', onclick: () => void this.#delete(room) }, icon('trash', 20), 'Delete the room'));
  }

  /** @param {Room} room */
  async #delete(room) {
    if (!await confirm({ title: `Delete “${room.title}”?`, text: 'Everybody inside is sent out, and its link leads nowhere.', yes: 'Delete', danger: true, testid: 'confirm-delete' })) return;
    try {
      await this.#app.rooms.remove(room.id);
      this.#app.router.go('rooms');
    } catch (error) {
      this.#app.toasts.show(roomProblem(error), { tone: 'warn' });
    }
  }
}

/** @param {string} image @param {string} text */
const rule = (image, text) => h('li', {}, icon(image, 20), h('span', {}, text));
