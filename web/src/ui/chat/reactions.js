// SPDX-License-Identifier: Apache-2.0
/** Reactions: those under a message, a quick choice of them, and who it was. */
import { chatProblem } from '../../chat/words.js';
import { h } from '../../dom.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Message} Message */

const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🎉'];
const MORE = ['👎', '🔥', '👏', '🙏', '💯', '✅', '❌', '👀', '🤔', '🤝', '💪', '🙌', '😀', '😅', '😍', '🥰', '😎', '🤩', '😡', '😱', '🥳', '😴', '🤯', '🤣', '🙃', '😉', '💔', '💙', '💚', '⭐', '☕', '🍀', '🚀', '⚓', '⛵', '🌊'];
/* A page of who has reacted. */
const PAGE = 100;

/* With and without U+FE0F it is the same (Unicode TS 51); the server keeps one of them. */
const same = (/** @type {string} */ a, /** @type {string} */ b) => a.replaceAll('\ufe0f', '') === b.replaceAll('\ufe0f', '');

/** react: reacts, or takes it back if it is one's own. @param {App} app @param {Message} message @param {string} emoji */
export async function react(app, message, emoji) {
  const own = message.reactions?.some((one) => one.own && same(one.emoji, emoji));
  try {
    await app.messenger.change('message.react', { chatId: message.chatId, messageId: message.id, emoji: own ? null : emoji });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}

/** reactionRow: counts under a message. @param {Message} message @param {(emoji: string) => void} press */
export function reactionRow({ reactions = [] }, press) {
  return reactions.length > 0 && h('div', { class: 'reactions', testid: 'reactions' }, reactions.map(({ emoji, count, own }) =>
    h('button', { class: 'reaction', type: 'button', 'aria-pressed': String(Boolean(own)), 'aria-label': `${emoji}, ${count}${own ? ', yours too' : ''}`, testid: 'reaction', 'data-emoji': emoji, onclick: () => press(emoji) }, h('span', { class: 'emoji-one' }, emoji), h('b', {}, String(count)))));
}

/** quickBar: on top of a message's menu. @param {Message} message @param {(emoji: string) => void} choose closes the menu */
export function quickBar(message, choose) {
  const one = (/** @type {string} */ emoji) => h('button', { class: 'quick-emoji', type: 'button', role: 'menuitem', tabIndex: -1, 'aria-label': `React with ${emoji}`, testid: 'quick-reaction', 'data-emoji': emoji,
    'data-own': String(Boolean(message.reactions?.some((known) => known.own && same(known.emoji, emoji)))), onclick: () => choose(emoji) }, emoji);
  const more = h('button', { class: 'quick-emoji', type: 'button', role: 'menuitem', tabIndex: -1, 'aria-label': 'More reactions', testid: 'more-reactions', onclick: () => {
    more.replaceWith(...MORE.map(one));
    bar.classList.add('open');
    /** @type {HTMLElement} */ (bar.children[QUICK.length]).focus();
  } }, icon('plus', 20));
  const bar = h('div', { class: 'quick-bar', role: 'none' }, QUICK.map(one), more);
  return bar;
}

/** showReactors: who has reacted. @param {App} app @param {Message} message */
export async function showReactors(app, { chatId, id }) {
  try {
    const { reactors, next } = await app.rpc.call('message.reactors', { chatId, messageId: id, limit: PAGE });
    new Dialog({ title: 'Reactions', testid: 'reactors-dialog', kind: 'dialog-small', body: h('ul', { class: 'group-members' }, reactors.map((/** @type {any} */ { user, emoji }) =>
      h('li', { class: 'member', testid: 'reactor', 'data-username': user.username }, avatar(user, 's'), h('span', { class: 'member-name' }, h('strong', {}, user.displayName)), h('span', { class: 'emoji-one' }, emoji))), next && h('li', { class: 'row-note' }, 'And more.')) });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}
