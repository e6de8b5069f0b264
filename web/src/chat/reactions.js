// SPDX-License-Identifier: Apache-2.0
/**
 * What an update says of reactions and votes, put together with what is known. Whose they are is said in the user's own row
 * alone. Of a supergroup or channel that row says nothing else: counts are told in the chat's own log, and each of the two logs
 * may be ahead of the other (docs/messaging.md).
 */

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Update} Update */

/** mergeReactions: what the user has reacted with and is not counted yet is there `alone`. @param {Message} message @param {Update} update @returns {Partial<Message>} */
export function mergeReactions({ reactions: known = [] }, { reactions, own }) {
  const mine = own === undefined ? known.find((one) => one.own)?.emoji : own;
  /** @type {import('./types.js').Reaction[]} */
  const shown = (reactions ?? known.filter(({ alone }) => !alone)).map(({ emoji, count }) => ({ emoji, count, ...(emoji === mine ? { own: true } : {}) }));
  if (typeof mine === 'string' && !shown.some((one) => one.own)) shown.push({ emoji: mine, count: 1, own: true, alone: true });
  return { reactions: shown };
}

/** mergePoll: what the user has chosen, and so may know to be right, stays. @param {Message} message @param {Update} update @returns {Partial<Message>} */
export function mergePoll({ poll: known }, { poll, own, correct }) {
  if (poll) {
    return { poll: { ...poll, own: poll.own ?? known?.own, correct: poll.correct ?? known?.correct } };
  }
  return known && Array.isArray(own) ? { poll: { ...known, own, correct: correct ?? known.correct } } : {};
}
