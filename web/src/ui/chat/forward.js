// SPDX-License-Identifier: Apache-2.0
/** Sending a message on to other chats. */
import { b64u, random } from '../../crypto/bytes.js';
import { may } from '../../chat/rights.js';
import { chatProblem, chatTitle, plain } from '../../chat/words.js';
import { fill, h } from '../../dom.js';
import { plural } from '../../format.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';
import { chatAvatar } from './chat-avatar.js';

/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../chat/types.js').Message} Message */

const SHOWN = 60;
const MOST = 10;

/** forward: asks where to. @param {import('../../app.js').App} app @param {Message} message */
export async function forward(app, message) {
  /** @type {Map<string, Chat>} */ const chosen = new Map();
  /* one for each chat, kept over tries: a second try sends nothing twice */
  /** @type {Map<string, string>} */ const ids = new Map();
  const list = h('ul', { class: 'picker-list', testid: 'forward-list' });
  const note = h('p', { class: 'form-error', role: 'alert' });
  const send = h('button', { class: 'button primary', type: 'button', testid: 'forward-send', disabled: true, onclick: () => void run() }, icon('forward', 18), 'Forward');
  const field = h('input', { class: 'input search-input', type: 'search', placeholder: 'Chat', 'aria-label': 'Find a chat', autocomplete: 'off', spellcheck: false, testid: 'forward-search', oninput: () => render() });
  const render = () => {
    const query = field.value.trim().toLowerCase();
    const chats = app.messenger.chats.list().map(({ chat }) => chat).filter((chat) => may(chat, 'send') && (!query || `${chatTitle(chat)} ${chat.peer?.username ?? ''}`.toLowerCase().includes(query)));
    fill(list, chats.slice(0, SHOWN).map((chat) => h('li', {}, h('button', { class: 'picker-row', type: 'button', 'aria-pressed': String(chosen.has(chat.id)), testid: 'forward-chat', 'data-title': chatTitle(chat), onclick: () => toggle(chat) },
      chatAvatar(chat, 's'), h('strong', {}, chatTitle(chat)), h('span', { class: 'picker-check' }, chosen.has(chat.id) && icon('check', 18))))));
    if (!chats.length) fill(list, h('li', { class: 'row-note' }, 'No such chat in which you may write.'));
    send.disabled = !chosen.size;
  };
  const toggle = (/** @type {Chat} */ chat) => {
    if (!chosen.delete(chat.id) && chosen.size < MOST) chosen.set(chat.id, chat);
    render();
  };
  const run = async () => {
    send.disabled = true;
    fill(note);
    const sent = [];
    for (const chat of [...chosen.values()]) {
      const randomId = ids.get(chat.id) ?? b64u(random(8));
      ids.set(chat.id, randomId);
      try {
        await app.messenger.forward(message.chatId, message.id, chat.id, randomId);
        chosen.delete(chat.id);
        sent.push(chat);
      } catch (error) {
        fill(note, `${chatTitle(chat)}: ${chatProblem(error)}`);
        return render();
      }
    }
    dialog.close();
    app.toasts.show(sent.length === 1 ? `Forwarded to ${chatTitle(sent[0])}.` : `Forwarded to ${plural(sent.length, 'chat')}.`, { icon: 'check', ms: 3000 });
  };
  const dialog = new Dialog({ title: 'Forward to', testid: 'forward-dialog', body: [h('p', { class: 'forward-what' }, plain(message)), h('div', { class: 'picker' }, h('div', { class: 'search' }, icon('search', 20), field), list), note],
    actions: [h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), send] });
  render();
  field.focus();
  await dialog.closed;
}
