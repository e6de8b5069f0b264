// SPDX-License-Identifier: Apache-2.0
/** One row of a chat's history: a message, one that is on its way, a service message, a date, the mark of what is unread. */
import { callLine, plain, serviceLine } from '../../chat/words.js';
import { jumbo } from '../../chat/text.js';
import { h } from '../../dom.js';
import { day, hue, time, when } from '../../format.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { routeHash } from '../../router.js';
import { commentsLink } from './discussion.js';
import { FILE_ROW, fileRows } from './files.js';
import { pollView } from './poll.js';
import { reactionRow } from './reactions.js';
import { textNodes } from './text-view.js';

/** @typedef {import('../../chat/types.js').Message} Message */
/** @typedef {import('../../chat/outbox.js').Item} Outgoing */
/** @typedef {'waiting' | 'sending' | 'failed' | 'sent' | 'delivered' | 'read' | ''} Mark */
/**
 * @typedef {object} Row
 * @property {string} key
 * @property {string} version
 * @property {boolean} [anchor]
 * @property {'message' | 'outgoing' | 'service' | 'day' | 'unread'} kind
 * @property {Message} [message]
 * @property {Outgoing} [item] of outgoing
 * @property {number} [at]
 * @property {boolean} [head] the first of a run by one person
 * @property {boolean} [tail]
 * @property {boolean} [people] of a chat of more than two
 * @property {Mark} [mark]
 * @property {import('../../chat/types.js').Comments} [comments] of a post that is talked about
 * @property {string} [topic] that it stands in, where all are shown
 * @property {[number, number][]} [hits] what was searched for in it: offset and length
 */
/**
 * What rows need of the view around them.
 * @typedef {object} RowHost
 * @property {string} me
 * @property {(id: string) => string} nameOf
 * @property {(id: string) => Message | null | undefined} replied undefined: not known yet
 * @property {(id: string) => void} jump
 * @property {(row: Row, at: {x: number, y: number}) => void} menu
 * @property {(message: Message, emoji: string) => void} react
 * @property {(message: Message, option: number) => void} vote
 * @property {((message: Message) => void) | null} voters shows who has voted; null: not to this user
 * @property {(video: boolean) => void} callBack
 * @property {(room: {roomId: string, title: string, link?: string}) => void} joinRoom
 */

const MARKS = /** @type {Record<string, [string, string]>} */ ({ waiting: ['clock', 'Waiting for the connection'], sending: ['clock', 'Sending'], failed: ['warning', 'Not sent'],
  sent: ['check', 'Sent'], delivered: ['checks', 'Delivered'], read: ['checks', 'Read'] });
const HUES = 8;

/** rowElement: @param {Row} row @param {RowHost} host @returns {HTMLElement} */
export function rowElement(row, host) {
  switch (row.kind) {
    case 'day': return h('div', { class: 'day-row', role: 'separator', 'aria-label': day(row.at ?? 0) }, h('span', {}, day(row.at ?? 0)));
    case 'unread': return h('div', { class: 'unread-row', role: 'separator', testid: 'unread-mark' }, h('span', {}, 'Unread messages'));
    case 'service': return serviceRow(row, host);
    default: return bubble(row, host);
  }
}

/** @param {Row} row @param {RowHost} host */
function bubble(row, host) {
  const { message, item, mark = '' } = row;
  const { text, entities, replyTo } = /** @type {Message | Outgoing} */ (message ?? item);
  const attachments = message?.attachments;
  const at = message?.at ?? item?.at ?? 0;
  const from = message?.from ?? host.me;
  const mine = from === host.me;
  const name = mine ? 'You' : host.nameOf(from);
  const big = !replyTo && !message?.poll && !message?.attachments && jumbo(text);
  const more = h('button', { class: 'icon-button msg-more', type: 'button', tabIndex: -1, 'aria-label': 'More', testid: 'message-more' }, icon('more', 18));
  more.addEventListener('mousedown', (event) => event.preventDefault()); /* what is selected stays so: it may be quoted */
  more.addEventListener('click', () => {
    const { left, bottom } = more.getBoundingClientRect();
    host.menu(row, { x: left, y: bottom });
  });
  const el = h('article', { class: `msg ${mine ? 'mine' : 'theirs'} ${row.head ? 'head' : ''} ${row.tail ? 'tail' : ''} ${big ? 'jumbo' : ''} ${row.hits ? 'found' : ''}`, tabIndex: -1, testid: 'message', 'data-id': message?.id ?? '', 'data-mark': mark,
    'aria-label': `${name}, ${time(at)}: ${plain({ text, entities, attachments })}${mark ? `, ${MARKS[mark][1]}` : ''}`, 'aria-setsize': '-1', 'aria-posinset': message?.id },
  row.people && !mine && h('span', { class: 'msg-face' }, row.tail && avatar({ id: from, displayName: name }, 's')),
  h('div', { class: 'bubble' },
    row.people && !mine && row.head && h('strong', { class: `msg-author hue-${hue(from, HUES)}` }, name),
    row.topic && h('span', { class: 'msg-origin', dir: 'auto', testid: 'message-topic' }, `# ${row.topic}`),
    message?.forwardedFrom && origin(message.forwardedFrom),
    replyTo && quote(replyTo, host, (message ?? item)?.quote?.text),
    attachments && fileRows(attachments),
    h('div', { class: 'msg-text', dir: 'auto' }, textNodes(text, row.hits ? [...entities, ...row.hits.map(([offset, length]) => ({ type: 'hit', offset, length }))] : entities, host.me), meta(at, message?.editedAt, mark, message?.pinned, message?.expiresAt)), message?.poll && pollView(message.poll, (option) => host.vote(message, option), Boolean(host.voters) && (() => host.voters?.(message))), message && reactionRow(message, (emoji) => host.react(message, emoji)), row.comments && commentsLink(row.comments)), more);
  el.addEventListener('contextmenu', (event) => {
    if (event.target instanceof Element && event.target.closest('a') || getSelection()?.toString()) return;
    event.preventDefault();
    host.menu(row, { x: event.clientX, y: event.clientY });
  });
  return el;
}

/** Where a message comes from. @param {import('../../chat/types.js').Origin} from */
function origin({ userId, chatId, messageId, name }) {
  const words = h('b', {}, name || 'somebody');
  const address = chatId ? routeHash('chats', chatId, ...(messageId ? [messageId] : [])) : userId ? routeHash('people', userId) : '';
  return h('span', { class: 'msg-origin', testid: 'forwarded-from' }, 'Forwarded from ', address ? h('a', { href: address }, words) : words);
}

/** @param {number} at @param {number | undefined} editedAt @param {Mark} mark @param {boolean} [pinned] @param {number} [expiresAt] */
function meta(at, editedAt, mark, pinned, expiresAt) {
  const goes = expiresAt ? `Goes away ${when(expiresAt)}` : '';
  return h('span', { class: `msg-meta mark-${mark || 'none'}` }, pinned && h('span', { class: 'msg-mark', role: 'img', 'aria-label': 'Pinned', title: 'Pinned' }, icon('pin', 14)), goes && h('span', { class: 'msg-mark', role: 'img', 'aria-label': goes, title: goes, testid: 'msg-timer' }, icon('timer', 14)), Boolean(editedAt) && h('span', {}, 'edited'), h('time', { dateTime: new Date(at).toISOString() }, time(at)),
    mark && h('span', { class: 'msg-mark', role: 'img', 'aria-label': MARKS[mark][1], title: MARKS[mark][1] }, icon(MARKS[mark][0], 16)));
}

/** @param {string} id @param {RowHost} host @param {string} [words] what of it is quoted */
function quote(id, host, words) {
  const message = host.replied(id);
  const from = message?.from ?? '';
  return h('button', { class: `quote hue-${hue(from, HUES)}`, type: 'button', testid: 'message-reply', disabled: !message, onclick: () => host.jump(id) },
    h('strong', {}, message ? (from === host.me ? 'You' : host.nameOf(from)) : message === null ? 'Deleted message' : '…'), (words || message) && h('span', {}, words ?? (message && plain(message) || 'Service message')));
}

/** @param {Row} row @param {RowHost} host */
function serviceRow(row, host) {
  const message = /** @type {Message} */ (row.message);
  const { call, room, pinned } = message.data ?? {};
  const mine = message.from === host.me;
  const missed = call ? callLine(call, mine).missed : false;
  const words = serviceLine(message, host.nameOf, host.me);
  const at = time(message.at);
  const inner = call ? [icon(missed ? 'missed' : mine ? 'outgoing' : 'incoming', 18), h('span', {}, words), h('time', {}, at),
    h('button', { class: 'button small', type: 'button', testid: 'service-call', onclick: () => host.callBack(call.video) }, icon(call.video ? 'camera' : 'phone', 16), mine ? 'Call again' : 'Call back')]
    : room ? [icon('grid', 18), h('span', {}, words), h('time', {}, at), h('button', { class: 'button small', type: 'button', testid: 'service-room', onclick: () => host.joinRoom(room) }, 'Join')]
      : pinned ? [icon('pin', 16), h('span', {}, h('button', { class: 'service-go', type: 'button', testid: 'service-pin', onclick: () => host.jump(pinned.messageId) }, words))]
        : [h('span', {}, words)];
  return h('article', { class: `service ${call || room ? 'rich' : ''} ${missed ? 'missed' : ''}`, tabIndex: -1, testid: 'service-message', 'data-id': message.id, 'aria-label': `${words}, ${at}`, 'aria-setsize': '-1', 'aria-posinset': message.id,
    oncontextmenu: (/** @type {MouseEvent} */ event) => { event.preventDefault(); host.menu(row, { x: event.clientX, y: event.clientY }); } }, h('div', {}, inner));
}

/** rowEstimate: about how high a row will be. @param {Row} row @param {number} width of the list */
export function rowEstimate({ kind, message, item, comments, topic, head, people }, width) {
  if (kind === 'day' || kind === 'unread') return 44;
  if (kind === 'service') return message?.data?.call || message?.data?.room ? 56 : 38;
  const text = message?.text ?? item?.text ?? '';
  const perLine = Math.max(16, Math.min(width * 0.78, 560) / 7.6);
  let lines = 0;
  for (const line of text.split('\n')) lines += Math.max(1, Math.ceil(line.length / perLine));
  return 18 + lines * 22 + (head ? 8 : 2) + (head && people ? 20 : 0) + (message?.reactions?.length ? 34 : 0) + (message?.forwardedFrom ? 20 : 0) + (comments ? 34 : 0) + (topic ? 20 : 0) + (message?.attachments?.length ?? 0) * FILE_ROW + (message?.poll ? 52 + 48 * message.poll.options.length : 0) + ((message ?? item)?.replyTo ? 48 : 0);
}
