// SPDX-License-Identifier: Apache-2.0
/** What happened, in words that say what to do. */
import { duration } from './format.js';
import { RpcError } from './rpc-error.js';

/** @type {Record<string, string>} by the server's `reason` */
const REASONS = {
  code_required: 'This account has a second factor: enter its code.',
  bad_code: 'That code is not good, or not any more. Try the next one.',
  bad_password: 'That username and password do not match. Check both and try again.',
  username_taken: 'That username is taken. Choose another one.',
  username: 'A username has 3 to 32 letters, digits or underscores, and begins with a letter.',
  password: 'A password has at least 8 characters and is not your username.',
  display_name: 'That name cannot be used. Try a shorter one.',
  registration_closed: 'This server does not take new accounts by itself. Ask its administrator for one.',
  disabled: 'This account was switched off by the administrator of the server.',
  external: 'Your password is kept by the service that you came from. Change it there.',
  too_many_devices: 'Your account has too many devices. Sign out of one that you no longer use, then try again.',
  login_rate: 'Too many tries.',
  registration_rate: 'Too many new accounts from your network.',
  busy: 'The server is busy.',
  user: 'Nobody with that name is here.',
  other_user: 'The server answered with somebody else than you asked for. That answer was not used.',
  shutting_down: 'The server is restarting. This takes a moment.',
  storage: 'The disk of the server does not take anything. Its administrator has to look at it.',
  rate: 'Too many requests.',
  call_rate: 'Too many calls in a short time. Wait a moment, then call again.',
  too_many_calls: 'Too many of your calls are ringing at once.',
  in_call: 'You are in another call, maybe on another device. End it first.',
  self: 'That is you: nobody can call themselves.',
  call_ended: 'The call was over already.',
  websocket_only: 'This needs the live connection. Reload the page.',
  timeout: 'The server did not answer. Check your connection and try again.',
  connection_lost: 'The connection was lost before the server answered. Try again.',
  closed: 'You are signed out. Log in again.',
};

/**
 * problem: an error of a server call as a sentence.
 * @param {unknown} error
 * @returns {string}
 */
export function problem(error) {
  if (!(error instanceof RpcError)) return error instanceof Error ? error.message : String(error);
  const words = REASONS[error.reason];
  if (words) return words;
  switch (error.code) {
    case RpcError.LIMIT: return 'Too many requests.';
    case RpcError.NOT_FOUND: return 'That is not there (any more).';
    case RpcError.FORBIDDEN: return 'You are not allowed to do that.';
    case RpcError.UNAUTHENTICATED: return 'You are signed out. Log in again.';
    case RpcError.UNAVAILABLE: return 'The server cannot do that right now. Try again in a moment.';
    default: return `The server refused: ${error.message}`;
  }
}

/** @typedef {{outgoing: boolean, reason: string, durationMs: number, acceptedAt?: number | null, name: string, byMe?: boolean}} EndedCall */

/**
 * ended: how a call ended, for its summary: a headline and what it means or what to do.
 * @param {EndedCall} call
 * @returns {{title: string, detail: string, tone: 'calm' | 'warn' | 'bad'}}
 */
export function ended({ outgoing, reason, durationMs, name, byMe }) {
  const calm = (/** @type {string} */ title, detail = '') => ({ title, detail, tone: /** @type {const} */ ('calm') });
  const warn = (/** @type {string} */ title, detail = '') => ({ title, detail, tone: /** @type {const} */ ('warn') });
  switch (reason) {
    case 'hangup': return calm(byMe ? 'You ended the call' : `${name} ended the call`, durationMs ? `You talked for ${duration(durationMs)}.` : '');
    case 'declined': return outgoing ? calm(`${name} cannot talk now`, 'The call was declined.') : calm('You declined the call');
    case 'busy': return warn(`${name} is in another call`, 'Try again in a few minutes.');
    case 'missed': return outgoing ? warn('No answer', `It rang for a minute. ${name} will see that you called.`) : warn('You missed this call');
    case 'cancelled': return outgoing ? calm('You cancelled the call', `${name} will see that you called.`) : warn('You missed this call', `${name} stopped calling.`);
    case 'answered_elsewhere': return calm('Answered on another device', 'You picked up on another of your devices.');
    case 'failed': return warn('No path could be found',
      'Both of you reached the server, but sound and picture could not get from one to the other. A firewall or VPN may be in the way: try another network.');
    case 'no_relay': return warn('Your address is to stay hidden',
      'You hide it from everybody, and this server has no relay to hide it behind, or it did not answer. Settings, Privacy has the choice.');
    case 'disconnected': return warn('The connection was lost', `${byMe === false ? name : 'One of you'} was gone for too long. Call again when both are online.`);
    default: return endedBadly(reason, name);
  }
}

/** @type {Record<string, string>} why a call was stopped for safety, by the reasons of crypto/errors.js and of the interface */
const UNSAFE = {
  malformed: 'a message of the key exchange could not be read',
  bad_signature: 'a message of the key exchange was not signed by NAME',
  bad_key: 'a key that came with the call is not a valid one',
  bad_seal: 'a sealed message was damaged or forged on its way',
  bad_commitment: 'what NAME revealed is not what was promised before; somebody may sit in between',
  bad_confirmation: 'the two sides do not have the same keys',
  wrong_call: 'a message of another call was slipped into this one',
  wrong_peer: 'a message came from somebody else than NAME',
  stale: 'a message of it was too old; check that the clocks of both devices are right',
  replayed: 'an old call was played back',
  downgrade: 'somebody took the stronger encryption out of the call',
  out_of_order: 'the messages of the key exchange came in a wrong order',
  fingerprint: 'the media connection leads to somebody else than the keys say',
  unsupported: 'one of the two browsers cannot encrypt calls; a current Chromium, Chrome, Edge or Firefox can',
  exhausted: 'its keys were used up',
  identity_changed: 'the security key of NAME is not the one that you verified before',
  broken: 'the check of its encryption failed',
  they_differ: 'your emoji and those of NAME are not the same',
};

/** why: a reason of the encryption, as a half-sentence. @param {string} reason @param {string} name */
export function why(reason, name) {
  return (UNSAFE[reason] ?? `the check of its encryption failed (${reason || 'no reason given'})`).replace('NAME', name);
}

/** @param {string} reason @param {string} name */
function endedBadly(reason, name) {
  if (reason in UNSAFE) {
    return { title: 'Stopped to keep you safe', tone: /** @type {const} */ ('bad'),
      detail: `Aldis ended this call because ${why(reason, name)}. Nothing more was sent.` };
  }
  if (reason in REASONS) return { title: 'The call could not be made', detail: REASONS[reason], tone: /** @type {const} */ ('warn') };
  return { title: 'The call ended', detail: reason ? `The reason given was “${reason.replaceAll('_', ' ')}”.` : '', tone: /** @type {const} */ ('warn') };
}

/**
 * historyLine: one line of the call log.
 * @param {import('./types.js').HistoryEntry} entry
 * @returns {{text: string, missed: boolean}}
 */
export function historyLine({ outgoing, reason, durationMs, acceptedAt, video }) {
  if (acceptedAt) return { text: `${video ? 'Video, ' : ''}${duration(durationMs)}`, missed: false };
  if (!outgoing) {
    if (reason === 'declined') return { text: 'Declined', missed: false };
    if (reason === 'answered_elsewhere') return { text: 'Answered elsewhere', missed: false };
    return { text: reason === 'busy' ? 'Missed while you were in a call' : video ? 'Missed video call' : 'Missed call', missed: true };
  }
  /** @type {Record<string, string>} */
  const words = { declined: 'Declined', busy: 'Busy', missed: 'No answer', cancelled: 'Cancelled' };
  return { text: words[reason] ?? 'Not connected', missed: false };
}
