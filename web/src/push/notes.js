// SPDX-License-Identifier: Apache-2.0
/** What a push becomes: a notification, and the place in the page that it leads to. No browser in here. */

/**
 * What the server pushes (docs/push.md); members may be missing, and others may be there.
 * @typedef {object} PushData
 * @property {string} kind
 * @property {{id: string, username: string, displayName: string}} [from]
 * @property {string} [callId]
 * @property {boolean} [video]
 * @property {string} [reason]
 * @property {string} [roomId]
 * @property {string} [chatId]
 * @property {number} [at]
 * @property {string} [title]
 * @property {string} [text]
 * @property {boolean} [silent]
 */
/** @typedef {{title: string, options: NotificationOptions & {renotify?: boolean, timestamp?: number, vibrate?: number[], data: {open: string}}}} Note */

const NOTE_TAGS = /^(call|chat|room)-/;
const RING = [500, 250, 500, 250, 500];

/** isOurs: whether a notification is one of these. @param {{tag: string}} notification */
export const isOurs = ({ tag }) => NOTE_TAGS.test(tag);

/** The words for a call that does not ring any more. @param {string} name @param {string | undefined} reason */
function endWords(name, reason) {
  switch (reason) {
    case 'answered_elsewhere': return [`${name} called`, 'Answered on another device'];
    case 'declined': return [`${name} called`, 'Declined on another device'];
    default: return [`Missed call from ${name}`, ''];
  }
}

/** The words for a room that does not ring any more. @param {string} name @param {string} title @param {string | undefined} reason */
function roomEndWords(name, title, reason) {
  switch (reason) {
    case 'joined': return [`${name} invited you to ${title}`, 'Joined on another device'];
    case 'declined': return [`${name} invited you to ${title}`, 'Declined on another device'];
    case 'ended': return [`${name} invited you to ${title}`, 'It is over'];
    default: return [`Missed invitation from ${name}`, title];
  }
}

/**
 * noteOf: what to show for a push. Browsers want something to be shown for each of them, so there is a note for those of a later
 * version too.
 * @param {unknown} pushed
 * @returns {Note}
 */
export function noteOf(pushed) {
  const data = /** @type {PushData} */ (pushed && typeof pushed === 'object' ? pushed : {});
  const name = typeof data.from?.displayName === 'string' ? data.from.displayName : 'Somebody';
  const kindOfCall = data.video ? 'Video call' : 'Voice call';
  if (data.kind === 'call' && data.callId) {
    return { title: `${name} is calling`, options: { body: kindOfCall, tag: `call-${data.callId}`, requireInteraction: true, renotify: true, vibrate: RING, data: { open: '#/calls' } } };
  }
  if (data.kind === 'callEnded' && data.callId) {
    const [title, detail] = endWords(name, data.reason);
    return { title, options: { body: detail || kindOfCall, tag: `call-${data.callId}`, silent: true, data: { open: '#/calls' } } };
  }
  if (data.kind === 'room' && data.roomId) {
    return { title: `${name} invites you`, options: { body: data.title || 'Group call', tag: `room-${data.roomId}`, requireInteraction: true, renotify: true, vibrate: RING, data: { open: '#/calls' } } };
  }
  if (data.kind === 'roomEnded' && data.roomId) {
    const [title, detail] = roomEndWords(name, data.title || 'a group call', data.reason);
    return { title, options: { body: detail, tag: `room-${data.roomId}`, silent: true, data: { open: '#/calls' } } };
  }
  if (data.kind === 'message' && data.chatId) {
    const silent = data.silent === true;
    return {
      title: data.title ? `${name} in ${data.title}` : name,
      options: { body: data.text || 'New message', tag: `chat-${data.chatId}`, silent, renotify: !silent, data: { open: `#/chats/${encodeURIComponent(data.chatId)}` }, ...(data.at ? { timestamp: data.at } : {}) },
    };
  }
  if (data.kind === 'secret') {
    const silent = data.silent === true;
    return { title: 'Secret chat', options: { body: 'There is something new', tag: 'chat-secret', silent, renotify: !silent, data: { open: '#/secret' }, ...(data.at ? { timestamp: data.at } : {}) } };
  }
  return { title: 'Aldis', options: { body: 'There is something new', tag: 'chat-', silent: true, data: { open: '#/' } } };
}

/** isPlace: an address inside the page, and nothing else. @param {unknown} open @returns {open is string} */
export const isPlace = (open) => typeof open === 'string' && /^#\/[\w%/.-]*$/.test(open);
