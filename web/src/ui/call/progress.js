// SPDX-License-Identifier: Apache-2.0
/** What a call is waiting for, step by step: a call that does not come about says where it is stuck. */
import { h } from '../../dom.js';
import { plural } from '../../format.js';
import { icon } from '../icons.js';

/** @typedef {'done' | 'now' | 'next'} Mark */
/** @typedef {{text: string, mark: Mark}} Step */

/**
 * callSteps: the steps of a call that is not active yet.
 * @param {import('../../types.js').CallSession} session
 * @param {boolean} flowing whether anything of the other side has arrived
 * @returns {Step[]}
 */
export function callSteps(session, flowing) {
  const name = session.peer.displayName;
  const keyed = session.security.level !== 'pending' || Boolean(session.security.emoji);
  const mark = (/** @type {boolean} */ done, /** @type {boolean} */ before) => /** @type {Mark} */ (done ? 'done' : before ? 'now' : 'next');
  return [
    { text: session.outgoing ? `${name} answered` : 'You answered', mark: 'done' },
    { text: keyed ? 'Keys agreed' : 'Agreeing on keys', mark: mark(keyed, true) },
    { text: 'Finding a path between the two networks', mark: mark(flowing, keyed) },
  ];
}

/**
 * ringingText: what is known while it rings.
 * @param {import('../../types.js').CallSession} session
 * @param {number} waitedMs
 */
export function ringingText(session, waitedMs) {
  const name = session.peer.displayName;
  if (session.ringingDevices > 0) return `Ringing on ${plural(session.ringingDevices, 'device')}`;
  if (waitedMs < 4000) return 'Calling …';
  return `None of ${name}’s devices has answered yet. It rings as soon as one comes online.`;
}

/**
 * stuckHint: what to say when connecting takes long; '' before that.
 * @param {import('../../types.js').CallSession} session
 * @param {number} waitedMs
 */
export function stuckHint(session, waitedMs) {
  if (waitedMs < 6000) return '';
  if (session.security.level === 'pending' && !session.security.emoji) return `${session.peer.displayName}’s browser has not sent its part of the keys. Its connection may be slow.`;
  if (waitedMs < 14000) return 'This takes longer than usual. A firewall or VPN may be in the way; other paths are being tried.';
  return 'No path so far. If it fails, try another network (mobile data instead of Wi-Fi), or switch off a VPN.';
}

/** stepList: @param {Step[]} steps */
export function stepList(steps) {
  return h('ol', { class: 'steps', testid: 'call-steps' }, steps.map(({ text, mark }) =>
    h('li', { 'data-mark': mark }, h('span', { class: 'step-mark' }, mark === 'done' && icon('check', 14)), text)));
}
