// SPDX-License-Identifier: Apache-2.0
/** Chats in words: service messages, previews, titles, what was refused. */
import { ago, duration, plural } from '../format.js';
import { problem } from '../words.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Chat} Chat */
/** @typedef {(userId: string) => string} NameOf */

const DAY = 86400000;

/** @type {Record<string, string>} by the server's `reason` */
const REASONS = {
  chat: 'This chat is not there any more, or you are not in it.',
  not_permitted: 'You are not allowed to do that here.',
  admin_only: 'Only admins may do that here.',
  owner_only: 'Only the owner may do that here.',
  member: 'They are not in this group any more.',
  chat_kind: 'That cannot be done in this kind of chat.',
  restricted: 'An admin has taken from you the right to do that here.',
  banned: 'You were sent out of this group.',
  left: 'You are not in this group any more.',
  blocked: 'This message cannot be delivered: one of you has blocked the other.',
  message_rate: 'You write very fast. It goes out in a moment.',
  slow_mode: 'Slow mode: it goes out when your time has come.',
  privacy: 'Somebody of them does not let you take them into groups.',
  chat_rate: 'Too many changes to chats in a short time. Wait a minute.',
  too_many_members: 'The group is full.',
  too_many_chats: 'You own as many groups as this server allows.',
  target_banned: 'Somebody of them was sent out of this group. Lift that first.',
  text: 'This text is too long, or holds characters that cannot be sent.',
  entities: 'There is too much marked in this text.',
  message: 'That message is not there any more.',
  message_deleted: 'That message was deleted.',
  owner: 'You own this group: hand it over first, or leave it as the last one.',
  title: 'A title has 1 to 128 characters.',
  about: 'A description has at most 512 characters.',
  link: 'This invitation was taken back, has ended, or is used up. Ask for a new one.',
  username_taken: 'That name is taken.',
  too_many_links: 'There are 100 links already. Revoke some that are not needed.',
  too_many_requests: 'Too many people wait to be let in. Try again later.',
  search_rate: 'Too many searches in a short time. It goes on in a moment.',
  not_member: 'You are not in this chat.',
  too_many_reactions: 'This message has as many different reactions as it can have.',
  too_many_pins: 'There are 100 pinned messages already. Take one off first.',
  protected: 'Nothing is forwarded from this chat: its owner has it so.',
  poll: 'That cannot be done with a poll.',
  poll_closed: 'This poll is over.',
  already_voted: 'The answer to a quiz stays.',
  send_at: 'A message can be scheduled for a time to come, no more than a year ahead.',
  ttl: 'A message stays for a second at least, and a year at most.',
  too_many_scheduled: 'As many messages are scheduled as this server keeps: 100 in a chat, 1,000 in all.',
  scheduled: 'It is not scheduled any more: it was sent or deleted.',
  service_message: 'That can be done with messages of people alone.',
};

/** chatProblem: an error as a sentence. @param {any} error */
export function chatProblem(error) {
  return REASONS[error?.reason] ?? problem(error);
}

/** notSentWords: why a scheduled message was not sent. @param {string} reason */
export function notSentWords(reason) {
  return reason === 'disabled' ? 'Your account could not send then.' : chatProblem({ reason });
}

/** chatTitle: @param {Chat} chat */
export function chatTitle(chat) {
  return chat.kind === 'saved' ? 'Saved messages' : chat.peer?.displayName ?? (chat.title || 'Chat');
}

/** members: "3 members". @param {Chat} chat */
export function membersLine(chat) {
  const one = chat.kind === 'channel' ? 'subscriber' : 'member';
  return `${chat.memberCount.toLocaleString('en')} ${chat.memberCount === 1 ? one : `${one}s`}`;
}

/** kindLine: what a chat is, in a line. @param {Chat} chat */
export function kindLine(chat) {
  if (chat.kind === 'saved') return 'For yourself';
  if (chat.kind === 'private') return chat.peer ? `@${chat.peer.username}` : '';
  return [chat.kind === 'channel' ? 'Channel' : 'Group', ...(chat.username ? [`@${chat.username}`] : []), membersLine(chat)].join(' · ');
}

/**
 * linkLine: an invitation in a line, and whether it is over.
 * @param {import('./types.js').ChatLink} link
 * @param {number} now
 */
export function linkLine({ expiresAt = 0, maxUses = 0, uses, approval }, now) {
  const over = (expiresAt > 0 && expiresAt <= now) || (maxUses > 0 && uses >= maxUses);
  const used = maxUses ? `${uses} of ${plural(maxUses, 'person', 'people')}` : uses ? plural(uses, 'person', 'people') : 'Nobody yet';
  const ends = !expiresAt ? '' : expiresAt <= now ? 'has ended' : `ends in ${expiresAt - now > 2 * DAY ? `${Math.round((expiresAt - now) / DAY)} days` : duration(expiresAt - now)}`;
  return { over, words: [used, ends, approval ? 'an admin is asked' : ''].filter(Boolean).join(' · ') };
}

/**
 * callLine: the end of a call, as this side sees it.
 * @param {{reason: string, durationMs: number, video: boolean}} call
 * @param {boolean} mine this side has called
 * @returns {{text: string, missed: boolean}}
 */
export function callLine({ reason, durationMs, video }, mine) {
  const kind = video ? 'Video call' : 'Call';
  if (durationMs > 0) return { text: `${kind}, ${duration(durationMs)}`, missed: false };
  if (reason === 'declined') return { text: mine ? `${kind} declined` : `You declined a ${kind.toLowerCase()}`, missed: false };
  if (mine) {
    if (reason === 'missed') return { text: `${kind}, no answer`, missed: false };
    return { text: reason === 'cancelled' ? `${kind} cancelled` : reason === 'busy' ? `${kind}, busy` : `${kind}, not connected`, missed: false };
  }
  return ['missed', 'cancelled', 'busy'].includes(reason) ? { text: `Missed ${kind.toLowerCase()}`, missed: true } : { text: `${kind}, not connected`, missed: false };
}

/**
 * serviceLine: a service message in words.
 * @param {Message} message
 * @param {NameOf} nameOf
 * @param {string} me
 * @returns {string}
 */
export function serviceLine({ data = {}, from }, nameOf, me) {
  const mine = from === me;
  const who = mine ? 'You' : nameOf(from);
  const names = (/** @type {string[]} */ ids) => list(ids.map((id) => (id === me ? 'you' : nameOf(id))));
  if (data.created) return `${who} made the group “${data.created.title}”`;
  if (data.titled) return `${who} named the group “${data.titled.title}”`;
  if (data.added) return `${who} added ${names(data.added.userIds)}`;
  if (data.removed) return `${who} removed ${names(data.removed.userIds)}`;
  if (data.left) return `${who} left`;
  if (data.pinned) return `${who} pinned a message`;
  if (data.topic) return topicLine(data.topic, who);
  if (data.migrated) return 'This is a large group now';
  if (data.call) return callLine(data.call, mine).text;
  if (data.room) return `${who} started a voice chat`;
  if (data.ttl) return data.ttl.ms ? `${who} set messages to go away after ${lasting(data.ttl.ms)}` : `${who} turned the timer off: messages stay`;
  if (data.retention) return data.retention.ms ? `${who} set messages to be kept for ${lasting(data.retention.ms)}` : `${who} set messages to be kept for ever`;
  return 'Something that this page does not know yet';
}

/** lasting: "1 day", "2 weeks", "90 days", "1 year". @param {number} ms */
export function lasting(ms) {
  for (const [unit, name] of /** @type {[number, string][]} */ ([[365 * DAY, 'year'], [7 * DAY, 'week'], [DAY, 'day'], [3600000, 'hour'], [60000, 'minute']])) if (ms >= unit && ms % unit === 0) return plural(ms / unit, name);
  return ms < 60000 ? plural(Math.round(ms / 1000), 'second') : duration(ms);
}

/** @param {{title?: string, closed?: boolean, pinned?: boolean}} topic what is new of it @param {string} who */
function topicLine({ title, closed, pinned }, who) {
  if (title !== undefined) return `${who} named a topic “${title}”`;
  if (closed !== undefined) return `${who} ${closed ? 'closed' : 'reopened'} a topic`;
  return `${who} ${pinned ? 'pinned' : 'unpinned'} a topic`;
}

/** @param {string[]} names */
function list(names) {
  return names.length < 2 ? names[0] ?? '' : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** preview: the last message in a line. @param {Message} message @param {Chat} chat @param {NameOf} nameOf @param {string} me @returns {{who: string, text: string}} */
export function preview(message, chat, nameOf, me) {
  if (message.kind === 'service') return { who: '', text: serviceLine(message, nameOf, me) };
  const who = chat.kind === 'saved' ? '' : message.from === me ? 'You' : chat.kind === 'private' ? '' : first(nameOf(message.from));
  return { who, text: plain(message) };
}

/** masked: a text whose spoilers stay such; as long as it was. @param {Pick<Message, 'text' | 'entities'>} message */
export function masked({ text, entities }) {
  let shown = text;
  for (const { type, offset, length } of entities) if (type === 'spoiler') shown = shown.slice(0, offset) + '▒'.repeat(length) + shown.slice(offset + length);
  return shown;
}

/** plain: a text in a line; what is a spoiler stays one; without a text, what it carries. @param {Pick<Message, 'text' | 'entities' | 'attachments'>} message */
export function plain(message) {
  return masked(message).replace(/\s+/g, ' ').trim() || (message.attachments ?? []).map((file) => file.name).join(', ');
}

/** pollOver: by its author, or by its time. @param {import('./types.js').Poll} poll @param {number} now */
export function pollOver({ closed, closesAt = 0 }, now) {
  return closed || (closesAt > 0 && closesAt <= now);
}

/** presenceLine: @param {import('./presence.js').State | null} state @param {number} [now] */
export function presenceLine(state, now = Date.now()) {
  if (state?.online) return 'online';
  return state?.lastSeenAt ? `last seen ${ago(state.lastSeenAt, now)}` : '';
}

/** typingLine: @param {string[]} names @param {boolean} alone of a private chat */
export function typingLine(names, alone) {
  if (!names.length) return '';
  if (alone) return 'typing …';
  return names.length > 2 ? `${names.length} people are typing …` : `${list(names.map(first))} ${names.length > 1 ? 'are' : 'is'} typing …`;
}

/** @param {string} name */
export function first(name) {
  return name.trim().split(/\s+/)[0] ?? name;
}
