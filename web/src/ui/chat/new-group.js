// SPDX-License-Identifier: Apache-2.0
import { chatProblem } from '../../chat/words.js';
import { h } from '../../dom.js';
import { Dialog } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { Picker } from './picker.js';

/** newGroup: asks for its name and members, makes it, and shows it. @param {import('../../app.js').App} app */
export async function newGroup(app) {
  const title = new Field({ label: 'Name of the group', name: 'groupTitle', input: { maxLength: 128, autocomplete: 'off', placeholder: 'Crew of the Aurora' } });
  const picker = new Picker(app);
  const kind = h('select', { class: 'select', testid: 'group-kind', 'aria-label': 'Kind' }, [['group', 'Group: up to 200 people'], ['supergroup', 'Large group: up to 200,000, new members see all'], ['channel', 'Channel: admins write, all read']].map(([value, label]) => h('option', { value }, label)));
  const make = h('button', { class: 'button primary', type: 'submit', testid: 'group-make' }, icon('group', 20), 'Make the group');
  const form = h('form', { class: 'form' }, title.el, h('label', { class: 'field-label' }, 'Kind', kind), h('h3', { class: 'form-title' }, 'Members'), picker.el, h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), make));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const name = title.value.trim();
    if (title.error(name ? '' : 'Give it a name.')) return title.input.focus();
    make.disabled = true;
    try {
      const members = [...picker.chosen.keys()];
      const { chat } = await app.messenger.change('chat.create', { kind: kind.value, title: name, ...(members.length ? { members } : {}) });
      dialog.close(chat.id);
    } catch (error) {
      make.disabled = false;
      title.error(chatProblem(error));
    }
  });
  const dialog = new Dialog({ title: 'New group', testid: 'new-group-dialog', body: form });
  title.input.focus();
  const id = await dialog.closed;
  if (id) app.router.go('chats', id);
}
