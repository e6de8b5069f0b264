// SPDX-License-Identifier: Apache-2.0
/** Rooms in words: why one cannot come in, why it ended, how well somebody is seen. */
import { problem } from '../words.js';

/** @type {Record<string, string>} why one does not come in, by the server's `reason` */
const REFUSED = {
  room: 'This room is over, or it never was. Ask whoever invited you for a new link.',
  link: 'This link does not lead to a room any more. Ask whoever gave it to you for a new one.',
  room_full: 'The room is full. Try again when somebody has left.',
  server_full: 'The server has no place for one more person right now, so that the calls going on stay good. Try again in a few minutes.',
  lobby_full: 'Too many people wait in front of this room. Try again in a few minutes.',
  room_locked: 'The room is locked: nobody comes in any more. Ask a host to open it.',
  banned: 'A host of this room has banned you from it.',
  guests_off: 'This room takes no guests. Log in, then open the link again.',
  room_rate: 'That was too often in a short time. Wait a moment, then try again.',
  media_full: 'The server cannot carry more sound and pictures right now, so that the calls going on stay good. Try again in a few minutes.',
  media: 'This server does not carry sound and pictures for rooms.',
  host_only: 'Only hosts of the room can do that.',
  owner: 'That cannot be done to the owner of the room.',
  owner_only: 'Only the owner of the room can do that.',
  listener: 'You are here to listen. Raise your hand, and a host may let you speak.',
  guest: 'Guests cannot be hosts.',
  not_joined: 'You are not in this room any more.',
  in_lobby: 'A host has to let you in first.',
  participant: 'That person has left already.',
  invite_rate: 'That were too many invitations. Wait a moment, then try again.',
  display_name: 'That name cannot be used. Try a shorter one.',
};

/** roomProblem: an error of a server call as a sentence. @param {unknown} error @returns {string} */
export function roomProblem(error) {
  const reason = /** @type {{reason?: string}} */ (error)?.reason ?? '';
  return REFUSED[reason] ?? problem(error);
}

/** @typedef {{title: string, detail: string, again: boolean}} RoomEnd again: coming back may work */

/** roomEnd: how one's part in a room ended. @param {string} reason @returns {RoomEnd} */
export function roomEnd(reason) {
  switch (reason) {
    case 'left': return { title: 'You left the room', detail: '', again: true };
    case 'room_ended': return { title: 'The room was ended', detail: 'A host has ended it for everybody.', again: false };
    case 'ended_by_admin': return { title: 'The room was ended', detail: 'The administrator of the server has ended it.', again: false };
    case 'deleted': return { title: 'The room is gone', detail: 'Its owner has deleted it.', again: false };
    case 'empty': return { title: 'The room is over', detail: 'Nobody was left in it.', again: false };
    case 'kicked': return { title: 'You were sent out', detail: 'A host has sent you out of the room.', again: true };
    case 'banned': return { title: 'You were sent out', detail: 'A host has sent you out of the room for good.', again: false };
    case 'refused': return { title: 'You were not let in', detail: 'A host has decided so.', again: true };
    case 'replaced': return { title: 'You joined from elsewhere', detail: 'Another window or device of yours is in the room now.', again: true };
    case 'timeout': return { title: 'The connection was lost', detail: 'You were away for too long. The room may still go on.', again: true };
    case 'disabled': return { title: 'Your account was switched off', detail: 'The administrator of the server has done so.', again: false };
    case 'taken_over': return { title: 'Aldis is open elsewhere', detail: 'Another window has taken over.', again: false };
    case 'signed_out': return { title: 'You are out of the room', detail: 'Your session on the server has ended.', again: true };
    case 'link':
    case 'room': return { title: 'There is no such room', detail: REFUSED[reason], again: false };
    default: return { title: 'You could not come in', detail: REFUSED[reason] ?? 'The server did not let you in. Try again in a moment.', again: reason !== 'banned' };
  }
}

/** sourceWords: what a host has muted. @param {string[]} sources */
export function mutedWords(sources) {
  if (sources.includes('mic')) return 'muted you';
  return sources.includes('camera') ? 'turned your camera off' : 'stopped your screen';
}

/** clearWhy: a reason of the media plane, for those who use it and do not run it. @param {string} why */
export function clearWhy(why) {
  if (/^paused/.test(why)) return 'Picture paused: your connection is too slow for one more picture';
  if (/^large enough/.test(why)) return 'Sharp enough for its size here';
  if (/^all that is sent/.test(why)) return 'The best that is sent';
  if (/goes up to/.test(why)) return 'Getting sharper';
  if (/the next takes/.test(why)) return 'As sharp as your connection allows';
  return why ? why[0].toUpperCase() + why.slice(1) : '';
}
