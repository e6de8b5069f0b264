// SPDX-License-Identifier: Apache-2.0
/** Secret chats in words. */
import { CryptoError } from '../../crypto/errors.js';
import { problem } from '../../words.js';

/** @typedef {import('../../secret/secrets.js').Chat} Chat */
/** @typedef {import('../../secret/secrets.js').Message} Message */

/** What a timer can be set to. @type {readonly [number, string][]} */
export const TIMERS = [[0, 'Off'], [5000, '5 seconds'], [30000, '30 seconds'], [60000, '1 minute'], [3600000, '1 hour'], [86400000, '1 day'], [604800000, '1 week']];

/** @param {number} ms */
export const timerWords = (ms) => TIMERS.find(([known]) => known === ms)?.[1] ?? `${Math.round(ms / 1000)} seconds`;

/** endWords: why a secret chat is over. @param {string} reason @param {string} name */
export function endWords(reason, name) {
  switch (reason) {
    case 'declined': return `${name} did not accept it.`;
    case 'expired': return 'Nobody answered within a week.';
    case 'discarded': return `${name} ended it.`;
    case 'session': return `One of the two devices was logged out.`;
    case 'secret_taken': return 'Another of your devices accepted it.';
    case 'too_many_requests': return `Too many requests wait for an answer by ${name}.`;
    case 'too_many_secrets': return 'This device has too many secret chats.';
    case 'gone': return 'It is over.';
    default: return `The answer could not be trusted (${reason}). Nothing was said.`;
  }
}

/** noticeWords: @param {Message} message @param {string} name */
export function noticeWords({ text, mine }, name) {
  const who = mine ? 'You' : name;
  if (text === 'screenshot') return `${who} took a screenshot`;
  if (text === 'broken') return 'A message came that could not be opened, and was not taken';
  if (text === 'timer 0') return `${who} switched the timer off`;
  return `${who} set messages to destroy themselves ${timerWords(Number(text.slice(6)))} after they are read`;
}

/** stateWords: what stands under the name. @param {Chat} chat */
export function stateWords(chat) {
  switch (chat.state) {
    case 'asked': return 'Waiting to be accepted';
    case 'ended': return 'Ended';
    default: return chat.unsure ? 'The security key has changed' : 'Secret chat, on this device alone';
  }
}

/** secretProblem: @param {unknown} error */
export const secretProblem = (error) => (error instanceof CryptoError ? 'This secret chat does not take that now.' : problem(error));
