// SPDX-License-Identifier: Apache-2.0
/** What may be offered to the user in a chat; the server decides (messaging/chat-rules.c). */

/** @typedef {import('./types.js').Chat} Chat */
/** @typedef {import('./types.js').Right} Right */
/** @typedef {import('./types.js').Member} Member */

/** may: whether the user has a right. @param {Chat} chat @param {Right} right @returns {boolean} */
export function may({ kind, role, rights = [], permissions }, right) {
  if (kind === 'private' || kind === 'saved') return right === 'send' || right === 'calls' || right === 'pin';
  if (kind === 'channel') return role === 'owner' || (role === 'admin' && rights.includes(right === 'send' ? 'post' : right));
  const ofAll = permissions.includes(right);
  switch (role) {
    case 'owner': return true;
    case 'admin': return ofAll || rights.includes(right) || right === 'send';
    case 'member': return ofAll;
    case 'restricted': return ofAll && rights.includes(right);
    default: return false;
  }
}

/** mayTouch: whether the user may restrict, ban or promote somebody. @param {Chat} chat @param {Member} member @param {Right} right */
export function mayTouch(chat, member, right) {
  if (member.role === 'owner' || !may(chat, right)) return false;
  return chat.role === 'owner' || (chat.role === 'admin' && member.role !== 'admin');
}

/** isAdmin: @param {Chat} chat */
export function isAdmin({ role }) {
  return role === 'owner' || role === 'admin';
}

/** isGroup: it has members, a title and rights. @param {Chat} chat */
export function isGroup({ kind }) {
  return kind === 'group' || kind === 'supergroup' || kind === 'channel';
}

/** isLarge: it has a log of its own, and no marks of others. @param {Chat | undefined} chat */
export function isLarge(chat) {
  return chat?.kind === 'supergroup' || chat?.kind === 'channel';
}
