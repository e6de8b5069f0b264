// SPDX-License-Identifier: Apache-2.0
import { h, write } from '../../dom.js';
import { roomProblem } from '../../room/words.js';
import { Dialog } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { toggle } from './room-invite.js';

/** newRoom: asks for its title and rules, makes it, and shows it. @param {import('../../app.js').App} app */
export async function newRoom(app) {
  const policy = { lobby: false, guests: true, permanent: false };
  const title = new Field({ label: 'What is it about?', name: 'roomTitle', hint: 'Everybody who comes sees this title.', input: { maxLength: 128, autocomplete: 'off', placeholder: 'Monday round' } });
  const make = h('button', { class: 'button primary', type: 'submit', testid: 'room-make' }, icon('plus', 20), 'Make the room');
  const form = h('form', { class: 'form' }, title.el,
    toggle('room-guests', 'Guests', 'Who has the link can come without an account', policy.guests, (on) => { policy.guests = on; }),
    toggle('room-lobby', 'Lobby', 'Who comes by the link waits until a host lets them in', policy.lobby, (on) => { policy.lobby = on; }),
    toggle('room-permanent', 'Permanent', 'The room stays when everybody has left', policy.permanent, (on) => { policy.permanent = on; }),
    h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), make));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = title.value.trim();
    if (title.error(text ? '' : 'Give it a title.')) return title.input.focus();
    make.disabled = true;
    try {
      const room = await app.rooms.create(text, policy);
      dialog.close(room.id);
    } catch (error) {
      make.disabled = false;
      write(make, 'Make the room');
      title.error(roomProblem(error));
    }
  });
  const dialog = new Dialog({ title: 'New room', testid: 'new-room-dialog', kind: 'dialog-small', body: form });
  title.input.focus();
  const id = await dialog.closed;
  if (id) app.router.go('rooms', id);
}
