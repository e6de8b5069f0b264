// SPDX-License-Identifier: Apache-2.0
/** What can be done with a message. */
import { isAdmin, isGroup, may } from '../../chat/rights.js';
import { chatProblem } from '../../chat/words.js';
import { h } from '../../dom.js';
import { day, time } from '../../format.js';
import { Dialog } from '../dialog.js';
import { forward } from './forward.js';
import { pinMessage } from './pin-bar.js';
import { closePoll } from './poll.js';
import { showReactors } from './reactions.js';
import { textNodes } from './text-view.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../chat/types.js').Message} Message */

/**
 * messageMenu: @param {App} app @param {Chat} chat @param {import('./message-row.js').Row} row
 * @param {{reply: (message: Message, quote?: import('../../chat/types.js').Quote) => void, edit: (message: Message) => void}} on
 * @param {import('../../chat/types.js').Quote | null} [part] what of it is selected
 * @returns {(import('./menu.js').Choice | false)[]}
 */
export function messageMenu(app, chat, { message, item }, on, part = null) {
  const copy = (/** @type {string} */ text) => void navigator.clipboard?.writeText(text).then(() => app.toasts.show('Copied.', { icon: 'check', ms: 2000, key: 'copied' }), () => {});
  if (item) {
    const { outbox } = app.messenger;
    return [item.state === 'failed' && { label: 'Send again', icon: 'refresh', testid: 'menu-retry', run: () => outbox.retry(item.randomId) },
      { label: 'Copy text', icon: 'copy', run: () => copy(item.text) },
      item.state !== 'sending' && { label: 'Do not send', icon: 'trash', testid: 'menu-drop', danger: true, run: () => outbox.drop(item.randomId) },
      item.state === 'failed' && { label: 'Why?', icon: 'info', run: () => void app.toasts.show(chatProblem(item.error), { tone: 'warn' }) }];
  }
  if (!message) return [];
  const text = message.kind === 'text';
  const said = message.kind !== 'service';
  const mine = message.from === app.account.user?.id;
  return [said && may(chat, 'send') && { label: 'Reply', icon: 'reply', testid: 'menu-reply', run: () => on.reply(message) },
    said && Boolean(part) && may(chat, 'send') && { label: 'Quote and reply', icon: 'reply', testid: 'menu-quote', run: () => on.reply(message, part ?? undefined) },
    text && mine && !message.forwardedFrom && may(chat, 'send') && { label: 'Edit', icon: 'edit', testid: 'menu-edit', run: () => on.edit(message) },
    text && { label: 'Copy text', icon: 'copy', testid: 'menu-copy', run: () => copy(getSelection()?.toString() || message.text) },
    text && !chat.protected && { label: 'Forward', icon: 'forward', testid: 'menu-forward', run: () => void forward(app, message) },
    said && may(chat, 'pin') && { label: message.pinned ? 'Take off the pin' : 'Pin', icon: 'pin', testid: 'menu-pin', run: () => void pinMessage(app, message, !message.pinned) },
    Boolean(message.reactions?.length) && isGroup(chat) && (chat.kind !== 'channel' || isAdmin(chat)) && { label: 'Who reacted', icon: 'smile', testid: 'menu-reactors', run: () => void showReactors(app, message) },
    Boolean(message.poll) && !message.poll?.closed && (mine || may(chat, 'delete')) && { label: 'End the poll', icon: 'lock', testid: 'menu-poll-close', run: () => void closePoll(app, message) },
    Boolean(message.editedAt) && { label: 'What it said before', icon: 'clock', testid: 'menu-edits', run: () => void showEdits(app, message) },
    { label: 'Delete', icon: 'trash', testid: 'menu-delete', danger: true, run: () => void askDelete(app, chat, message) }];
}

/** @param {App} app @param {Chat} chat @param {Message} message */
async function askDelete(app, chat, message) {
  const mine = message.from === app.account.user?.id;
  const alone = chat.kind === 'saved';
  const forAll = !alone && ((mine && message.kind !== 'service') || may(chat, 'delete'));
  const choice = (/** @type {string} */ value, /** @type {string} */ label, /** @type {string} */ kind) => h('button', { class: `button wide ${kind}`, type: 'button', testid: `delete-${value}`, onclick: () => dialog.close(value) }, label);
  const dialog = new Dialog({ title: 'Delete this message?', testid: 'delete-dialog', kind: 'dialog-small', role: 'alertdialog',
    body: h('div', { class: 'choices-column' }, h('p', {}, forAll ? 'For everybody, or only for you, on all of your devices?' : alone ? 'It goes from all of your devices.' : 'It goes from all of your devices. The others keep it.'),
      forAll && choice('all', chat.kind === 'private' ? `Delete for me and ${chat.peer?.displayName}` : 'Delete for everybody', 'danger'),
      choice('me', forAll ? 'Delete for me only' : 'Delete', forAll ? 'danger-quiet' : 'danger'), choice('', 'Cancel', 'quiet')) });
  const answer = await dialog.closed;
  if (!answer) return;
  try {
    await app.messenger.remove(chat.id, [message.id], answer === 'all');
  } catch (error) {
    app.toasts.show(`Not deleted. ${chatProblem(error)}`, { tone: 'bad' });
  }
}

/** @param {App} app @param {Message} message */
async function showEdits(app, message) {
  try {
    const { edits } = await app.rpc.call('message.edits', { chatId: message.chatId, messageId: message.id });
    const body = h('ol', { class: 'edits', testid: 'edits' }, edits.map((/** @type {any} */ edit) => h('li', {}, h('time', { class: 'muted' }, `${day(edit.at)}, ${time(edit.at)}`),
      h('div', { class: 'msg-text', dir: 'auto' }, textNodes(edit.text, edit.entities, app.account.user?.id ?? '')))));
    new Dialog({ title: 'What it said before', testid: 'edits-dialog', body });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}
