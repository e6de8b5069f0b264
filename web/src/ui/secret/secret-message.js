// SPDX-License-Identifier: Apache-2.0
/** A message of a secret chat: text alone, as it was written. */
import { h } from '../../dom.js';
import { day, time } from '../../format.js';
import { expiry } from '../../secret/secrets.js';
import { icon } from '../icons.js';
import { noticeWords, timerWords } from './secret-words.js';

/** @typedef {import('../../secret/secrets.js').Message} Message */
/** @typedef {{name: string, find: (id: string) => Message | null, menu: (message: Message, at: {x: number, y: number}) => void}} Host */

/** @type {Record<string, [string, string]>} */
const MARKS = { waiting: ['clock', 'waiting'], sent: ['check', 'sent'], read: ['checks', 'read'], failed: ['warning', 'not sent'] };

/** dayRow: @param {number} at */
export const dayRow = (at) => h('div', { class: 'day-row', role: 'separator' }, h('span', {}, day(at)));

/** messageRow: @param {Message} message @param {{head: boolean, tail: boolean}} place @param {Host} host */
export function messageRow(message, { head, tail }, host) {
  return message.kind === 'notice' ? noticeRow(message, host) : bubble(message, head, tail, host);
}

/** @param {Message} message @param {Host} host */
function noticeRow(message, { name }) {
  const image = message.text === 'screenshot' ? 'eye' : message.text === 'broken' ? 'warning' : 'clock';
  return h('article', { class: 'service', testid: 'secret-notice', 'data-notice': message.text }, h('div', {}, icon(image, 16), h('span', {}, noticeWords(message, name))));
}

/** @param {Message} message @param {boolean} head @param {boolean} tail @param {Host} host */
function bubble(message, head, tail, host) {
  const { id, mine, text, at, state, ttl, replyTo } = message;
  const mark = mine ? MARKS[state ?? 'sent'] : null;
  const left = expiry(message);
  const more = h('button', { class: 'icon-button msg-more', type: 'button', tabIndex: -1, 'aria-label': 'More', testid: 'secret-more' }, icon('more', 18));
  more.addEventListener('click', () => {
    const box = more.getBoundingClientRect();
    host.menu(message, { x: box.left, y: box.bottom });
  });
  const el = h('article', { class: `msg ${mine ? 'mine' : 'theirs'} ${head ? 'head' : ''} ${tail ? 'tail' : ''}`, testid: 'secret-message', 'data-id': id, 'data-state': state ?? '' },
    h('div', { class: 'bubble' }, replyTo && quote(replyTo, host),
      h('div', { class: 'msg-text', dir: 'auto' }, text,
        h('span', { class: `msg-meta mark-${state ?? 'none'}` },
          Boolean(ttl) && h('span', { class: `secret-fuse ${left < Infinity ? 'lit' : ''}`, title: `Destroys itself ${timerWords(ttl ?? 0)} after it is read`, role: 'img', 'aria-label': `destroys itself ${timerWords(ttl ?? 0)} after it is read` }, icon('clock', 14)),
          h('time', { dateTime: new Date(at).toISOString() }, time(at)),
          mark && h('span', { class: 'msg-mark', role: 'img', 'aria-label': mark[1], title: mark[1] }, icon(mark[0], 16))))), more);
  el.addEventListener('contextmenu', (event) => {
    if (getSelection()?.toString()) return;
    event.preventDefault();
    host.menu(message, { x: event.clientX, y: event.clientY });
  });
  return el;
}

/** @param {string} id @param {Host} host */
function quote(id, host) {
  const message = host.find(id);
  return h('div', { class: 'quote', testid: 'secret-reply' }, h('strong', {}, message ? (message.mine ? 'You' : host.name) : 'A message that is gone'), message && h('span', {}, message.text));
}
