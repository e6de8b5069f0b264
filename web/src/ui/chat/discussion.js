// SPDX-License-Identifier: Apache-2.0
/** Where a channel's posts are talked about: the way there from a post, and the choice of the supergroup. */
import { isAdmin, may } from '../../chat/rights.js';
import { h } from '../../dom.js';
import { plural } from '../../format.js';
import { routeHash } from '../../router.js';
import { icon } from '../icons.js';

/** @typedef {import('../../chat/types.js').Chat} Chat */

/** commentsLink: @param {import('../../chat/types.js').Comments} comments of a post */
export function commentsLink({ chatId, messageId, count }) {
  return h('a', { class: 'msg-comments', href: routeHash('chats', chatId, messageId), testid: 'comments' }, icon('chat', 16), count ? plural(count, 'comment') : 'Comment');
}

/** discussionRow: for who may choose. @param {import('../../app.js').App} app @param {Chat} chat a channel, or a supergroup that is linked to one @param {(method: string, params: object) => Promise<boolean>} run says what was refused @param {() => void} redraw what was refused stands as it was @returns {HTMLElement | false} */
export function discussionRow(app, chat, run, redraw) {
  const linked = chat.linkedChatId;
  if (!isAdmin(chat) || !may(chat, 'info') || (chat.kind !== 'channel' && !linked)) return false;
  const { chats } = app.messenger;
  const titleOf = (/** @type {string} */ id) => chats.get(id)?.chat.title ?? (chat.kind === 'channel' ? 'A large group' : 'a channel');
  if (linked && !chats.get(linked)) void chats.fetch(linked).then((entry) => entry && redraw(), () => {});
  if (chat.kind !== 'channel') return h('div', { class: 'slow-row' }, h('span', {}, h('strong', {}, `Discussion of ${titleOf(/** @type {string} */ (linked))}`), h('small', {}, 'Posts of the channel come here, and comments are replies to them')),
    h('button', { class: 'button small', type: 'button', testid: 'discussion-end', onclick: () => void run('chat.update', { linkedChatId: null }) }, 'Unlink'));
  const own = chats.list().map((entry) => entry.chat).filter((one) => one.kind === 'supergroup' && isAdmin(one) && may(one, 'info') && !one.linkedChatId).map(({ id }) => id);
  const choice = h('select', { class: 'select', id: 'discussion', testid: 'discussion', 'aria-describedby': 'discussion-words', onchange: async () => {
    /* one link ends before the next begins */
    const ended = !linked || await run('chat.update', { linkedChatId: null });
    if (!ended || (choice.value && !(await run('chat.update', { linkedChatId: choice.value })))) redraw();
  } }, h('option', { value: '', selected: !linked }, 'Nowhere'), [...(linked ? [linked] : []), ...own].map((id) => h('option', { value: id, selected: id === linked }, titleOf(id))));
  return h('div', { class: 'slow-row' }, h('label', { for: 'discussion' }, h('strong', {}, 'Comments'), h('small', { id: 'discussion-words' }, own.length || linked ? 'In which of your large groups posts are talked about' : 'Make a large group of your own for them first')), choice);
}
