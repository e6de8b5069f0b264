// SPDX-License-Identifier: Apache-2.0
/** Chats for the stage: a few that look like life, and one of 100,000 messages, made as they are asked for. */
import { people } from './cast.mjs';

const ME = '100';
const MINUTE = 60e3;
const LONG = 100000;
const now = Date.now();
const member = ['send', 'invite', 'info', 'calls'];
const base = (/** @type {string} */ id, /** @type {object} */ more) => ({ id, kind: 'private', title: '', about: '', memberCount: 2, permissions: [], createdAt: now - 1e10, role: 'member', peerReadUpToId: '0', peerDeliveredUpToId: '0', topId: '0', readUpToId: '0', unread: 0, mentions: 0, ...more });
const mira = people[2].id;
const tom = people[1].id;
const yuki = people[4].id;
const noor = people[6].id;

/** @type {Record<string, {chat: any, messages: any[], count?: number}>} */
export const CHATS = {};

/** @param {any} chat @param {[string, number, string, object?][]} lines who, minutes ago, text, more */
function add(chat, lines) {
  const messages = lines.map(([from, ago, text, more = {}], i) => ({ id: String(i + 1), chatId: chat.id, from, at: now - ago * MINUTE, kind: 'text', text, entities: [], ...more }));
  CHATS[chat.id] = { chat: { ...chat, topId: String(messages.length) }, messages };
}

const bold = (/** @type {string} */ text, /** @type {string} */ part, type = 'bold', more = {}) => ({ type, offset: text.indexOf(part), length: part.length, ...more });
const plan = 'The ferry leaves at 18:40 from pier 7, so dinner before or after? I would say before: that little place by the lighthouse has tables at five, I asked.';
const code = 'Here is the loop that ate my evening:\nfor (const lamp of lamps) {\n  await lamp.send("CQ CQ");\n  lamp.shut();\n}\nSpot it?';
const rich = 'Bring: the long lens, two lamps, spare cells. Map is at https://harbour.example/map?pier=7 and the surprise is a brass Aldis lamp from 1943';
add(base('501', { peer: people[2], pinned: '8', readUpToId: '22', peerReadUpToId: '21', peerDeliveredUpToId: '22' }), [
  [mira, 1600, 'Are you coming to the harbour festival?'], [ME, 1598, 'Wouldn’t miss it. Last year they signalled the whole opening speech by lamp'],
  [mira, 1597, '😂'], [mira, 1596, 'And nobody could read it'], [ME, 1590, 'I could! Well, the vowels'],
  [mira, 300, '', { kind: 'service', data: { call: { callId: 'x', reason: 'missed', durationMs: 0, video: false } } }],
  [ME, 290, '', { kind: 'service', data: { call: { callId: 'y', reason: 'hangup', durationMs: 12 * MINUTE, video: true } } }],
  [mira, 96, plan, { pinned: true, reactions: [{ emoji: '❤️', count: 2, own: true }, { emoji: '👀', count: 1 }] }], [ME, 95, 'Before. I get seasick on a full stomach of waiting', { replyTo: '8' }], [mira, 94, 'Deal 🎉', { reactions: [{ emoji: '👍', count: 1, own: true }] }],
  [mira, 60, code, { entities: [{ type: 'pre', offset: 38, length: code.indexOf('\nSpot') - 38, language: 'js' }] }],
  [ME, 58, 'send() resolves before the shutters are closed, doesn’t it?', { entities: [bold('send() resolves', 'send()', 'code')], editedAt: now - 57 * MINUTE }],
  [mira, 57, 'It does.'], [mira, 57, 'Of course it does.'], [mira, 56, 'Two hours.'],
  [ME, 40, rich, { entities: [bold(rich, 'Bring:'), bold(rich, 'a brass Aldis lamp from 1943', 'spoiler')] }],
  [mira, 39, '❤️'], [mira, 30, 'Low water 00:31, 0.9 m. The fog stays.', { forwardedFrom: { chatId: '508', messageId: '2', name: 'Tides and weather', at: now } }], [ME, 12, 'See you at five then'], [ME, 12, 'I bring the lamp'], [mira, 9, 'I bring Tom', { replyTo: '20' }], [ME, 2, 'Even better']]);
const hello = '@ines can you take the slides about the relay? You know it best.';
add(base('502', { kind: 'group', title: 'Crew of the Aurora', about: 'Everything about the festival boat. Plans are pinned in the harbour office.', memberCount: 6, permissions: member, role: 'owner', ownerId: ME, readUpToId: '9', unread: 4, mentions: 1 }), [
  [ME, 2900, '', { kind: 'service', data: { created: { title: 'Crew of the Aurora' } } }], [ME, 2899, '', { kind: 'service', data: { added: { userIds: [tom, mira] } } }],
  [tom, 2890, 'Ahoy'], [yuki, 2888, 'Where do we meet?'], [tom, 2887, 'Pier 7, by the crane'], [tom, 2887, 'The yellow one'], [ME, 2880, 'I put the list of lamps into the office, take what you need and write it down.'],
  [noor, 1500, 'Done. Two signal lamps and the big one for me.'], [yuki, 1490, 'Nothing left then 🙃'],
  [mira, 50, hello, { entities: [{ type: 'mention', offset: 0, length: 5, userId: ME }] }], [tom, 45, 'And who brings the generator? Last year nobody did, and we signalled with phones.'], [tom, 44, 'It had charm'],
  [noor, 31, '', { kind: 'service', data: { room: { roomId: 'r5', title: 'Crew of the Aurora' } } }]]);
add(base('503', { peer: people[3], readUpToId: '2', unread: 2 }), [[ME, 3000, 'Happy birthday, Dad!'], ['103', 2990, 'Thank you!! Did you get my letter?'], ['103', 70, 'Call me when you can'], ['103', 69, 'Nothing bad. The neighbour’s boat sank again']]);
add(base('504', { kind: 'saved', memberCount: 1, readUpToId: '2' }), [[ME, 5000, 'Locker 214'], [ME, 400, 'dit dit dit dah: V for the door code', { entities: [{ type: 'spoiler', offset: 17, length: 19 }] }]]);
add(base('505', { peer: people[4], readUpToId: '1', peerReadUpToId: '1', peerDeliveredUpToId: '1' }), [[yuki, 1440 * 3, 'The photos are in. You look heroic in all of them']]);
add(base('506', { kind: 'group', title: 'Radio amateurs', memberCount: 3, permissions: ['invite'], role: 'member', ownerId: tom, readUpToId: '1' }), [[tom, 1440 * 9, 'From now on this one is for announcements.']]);
add(base('507', { kind: 'supergroup', title: 'Harbour festival', about: 'Everybody who helps. Ask before you take a lamp.', username: 'harbour_festival', memberCount: 1840, permissions: ['send', 'invite'], role: 'owner', ownerId: ME, chatPts: 12, slowModeMs: 30000, readUpToId: '2' }), [[tom, 1440 * 2, 'Volunteers for the lamp walk: sign up at the office.'], [mira, 1440 * 2 - 5, 'I take the first shift']]);
add(base('508', { kind: 'channel', title: 'Tides and weather', about: 'High and low water at pier 7, and when not to sail. Twice a day, from the harbour office.', username: 'tides', memberCount: 12408, role: 'left', chatPts: 6 }), [[tom, 900, 'High water 18:12, 4.1 m. Wind south-west 3 to 4, fog patches until nine.'], [tom, 500, 'Low water 00:31, 0.9 m. The fog stays.'], [tom, 120, 'High water 06:40, 4.3 m. Small craft advisory from noon on: south-west 6.']]);
const poll = (/** @type {string[]} */ texts, /** @type {number[]} */ counts, /** @type {object} */ more) => ({ options: texts.map((text, i) => ({ text, count: counts[i] })), voters: counts.reduce((a, b) => a + b), multiple: false, anonymous: true, quiz: false, closed: false, ...more });
const lights = ['The harbour light', 'The lighthouse', 'The crane of the yard, which stays lit all night'];
add(base('509', { kind: 'group', title: 'Night watch', memberCount: 6, permissions: [...member, 'pin'], role: 'admin', rights: ['info', 'invite'], ownerId: mira, readUpToId: '5', messageTtlMs: 7 * 1440 * MINUTE }), [
  [mira, 130, '', { kind: 'service', data: { ttl: { ms: 7 * 1440 * MINUTE } } }],
  [mira, 120, 'Which light do you see first from the sea?', { kind: 'poll', expiresAt: now + 6 * 1440 * MINUTE, poll: poll(lights, [3, 8, 1], { quiz: true, own: [0], correct: 1 }) }],
  [ME, 90, 'And who takes which night?', { kind: 'poll', expiresAt: now + 6 * 1440 * MINUTE, poll: poll(['Friday', 'Saturday'], [2, 3], { anonymous: false, own: [1], closesAt: now + 20 * 60 * MINUTE }) }],
  [tom, 80, 'I keep the kettle warm', { expiresAt: now + 6 * 1440 * MINUTE }]]);
CHATS['599'] = { chat: base('599', { peer: people[5], topId: String(LONG), readUpToId: String(LONG), peerReadUpToId: String(LONG) }), messages: [], count: LONG };

/** The nth message of the long chat: the same whenever it is asked for. @param {number} n */
function nth(n) {
  const words = ['ahoy', 'lamp', 'pier', 'tide', 'north', 'buoy', 'signal', 'crane', 'harbour', 'fog', 'keel', 'sail'];
  const length = [3, 7, 1, 18, 5, 2, 40, 9][n % 8];
  return { id: String(n), chatId: '599', from: Math.floor(n / 3) % 2 ? ME : '105', at: now - (LONG - n) * 4 * MINUTE, kind: 'text', entities: [], text: `${n}: ${Array.from({ length }, (_, i) => words[(n * 7 + i * 5) % words.length]).join(' ')}` };
}

/** @param {{messages: any[], count?: number}} one @param {number} from @param {number} to ids, both included */
const range = ({ messages, count }, from, to) => (count ? Array.from({ length: Math.max(0, Math.min(to, count) - Math.max(from, 1) + 1) }, (_, i) => nth(Math.max(from, 1) + i))
  : messages.filter(({ id }) => Number(id) >= from && Number(id) <= to));

/** @type {Record<string, any[]>} */
const SCHEDULED = { 502: [
  { id: '901', chatId: '502', sendAt: now - 40 * MINUTE, at: now - 90 * MINUTE, text: 'The boat is in: who carries the sails up?', entities: [], failed: 'restricted' },
  { id: '902', chatId: '502', sendAt: now + 20 * 60 * MINUTE, at: now, text: 'Good morning! High water is at 11:20, we cast off at ten. Bring something warm, the wind turns north in the afternoon.', entities: [{ type: 'bold', offset: 31, length: 5 }] },
  { id: '903', chatId: '502', sendAt: now + 9 * 24 * 60 * MINUTE, at: now, text: 'Does anybody have the key to the shed?', entities: [], silent: true }],
504: [{ id: '904', chatId: '504', sendAt: now + 22 * 60 * MINUTE, at: now, text: 'Call the sailmaker', entities: [] }] };

/** @typedef {{tell: (method: string, params: any) => void}} Session */
let pts = 10;

/** An update of the log, to the page. @param {Session} session @param {object} update */
export function update(session, update) {
  session.tell('update', { ...update, pts: ++pts, ptsCount: 1 });
}

/** @param {string} id */
function chatOf(id) {
  if (!CHATS[id]) throw Object.assign(new Error('chat'), { code: -32003, data: { reason: 'chat' } });
  return CHATS[id];
}

const GONE = 'Z29uZSBnb25lIGdvbmUgZw';
const roles = /** @type {Record<string, string>} */ ({ 100: 'owner', 102: 'admin', 106: 'restricted' });

/** @type {Record<string, (params: any, session: Session) => any>} */
export const CHAT_METHODS = {
  'updates.state': () => ({ pts }),
  'updates.difference': () => ({ updates: [], pts, more: false }),
  'chat.list': () => ({ chats: Object.values(CHATS).filter(({ count, chat }) => !count && chat.role !== 'left').map((one) => ({ chat: one.chat, lastMessage: one.messages.at(-1) })).sort((a, b) => b.lastMessage.at - a.lastMessage.at) }),
  'chat.get': ({ ids }) => ({ chats: ids.filter((/** @type {string} */ id) => CHATS[id]).map((/** @type {string} */ id) => CHATS[id].chat) }),
  'chat.open': ({ userId }) => ({ pts, ptsCount: 0, chat: (Object.values(CHATS).find(({ chat }) => chat.peer?.id === userId || (chat.kind === 'saved' && userId === ME)) ?? CHATS['501']).chat }),
  'chat.resolve': ({ link, username }) => {
    if (link === GONE) throw Object.assign(new Error('link'), { code: -32003, data: { reason: 'link' } });
    if (link) return { info: { id: '520', kind: 'group', title: 'Night sailors', about: 'Who sails when others sleep. We meet on the first Friday of each month at the old customs house, and signal home.', memberCount: 23, permissions: member, createdAt: now }, approval: link.startsWith('B') };
    const user = people.find((one) => one.username === username.toLowerCase());
    const chat = Object.values(CHATS).find((one) => one.chat.username === username.toLowerCase())?.chat;
    if (!user && !chat) throw Object.assign(new Error('username'), { code: -32003, data: { reason: 'username' } });
    return user ? { user } : { chat };
  },
  'chat.join': ({ link }) => (link ? { pts, ptsCount: 0, requested: true } : { pts, ptsCount: 0, requested: false, chat: Object.assign(CHATS['508'].chat, { role: 'member' }) }),
  'message.pinned': ({ chatId }) => ({ messages: chatOf(chatId).messages.filter(({ pinned }) => pinned) }),
  'chat.links': () => ({ links: [{ link: 'AAECAwQFBgcICQoLDA0ODw', creatorId: ME, createdAt: now - 1e8, uses: 14, approval: false }, { link: 'Q2FwdGFpbnMgbG9nIG9mIA', creatorId: mira, createdAt: now - 2e8, uses: 3, maxUses: 10, expiresAt: now + 5 * 864e5, approval: true }, { link: 'T2xkIHN0dWZmIGZyb20geQ', creatorId: ME, createdAt: now - 9e8, uses: 1, maxUses: 1, approval: false }] }),
  'chat.requests': () => ({ requests: [{ user: people[5], at: now - 40 * MINUTE }, { user: people[8], at: now - 300 * MINUTE }] }),
  'search.chats': ({ query }) => ({ chats: [], users: people.filter(({ username }) => username === query) }),
  'search.messages': ({ query, chatId, limit, next }) => {
    const all = (chatId ? [CHATS[chatId]] : Object.values(CHATS)).flatMap((one) => (one.count ? range(one, one.count - 400, one.count) : one.messages));
    const found = all.filter(({ kind, text }) => kind === 'text' && text.toLowerCase().includes(query.toLowerCase())).sort((a, b) => b.at - a.at);
    const from = Number(next ?? 0);
    const hits = found.slice(from, from + limit).map((message) => ({ message, highlights: [...message.text.toLowerCase().matchAll(query.toLowerCase())].map(({ index }) => [index, query.length]) }));
    return { hits, ...(found.length > from + limit ? { next: String(from + limit) } : {}) };
  },
  'chat.members': ({ chatId }) => ({ members: [people[0], people[1], people[2], people[4], people[6], people[7]].map((user) => ({ user, role: chatOf(chatId).chat.ownerId === user.id ? 'owner' : roles[user.id] ?? 'member', rights: ['delete'], joinedAt: now, readUpToId: '7', deliveredUpToId: '9' })) }),
  'message.history': ({ chatId, limit, beforeId, afterId, aroundId }) => {
    const one = chatOf(chatId);
    const top = Number(one.chat.topId);
    const from = afterId ? Number(afterId) + 1 : aroundId ? Number(aroundId) - Math.floor(limit / 2) : (beforeId ? Number(beforeId) : top + 1) - limit;
    const messages = range(one, Math.max(1, from), from + limit - 1).reverse();
    const more = afterId ? from + limit - 1 < top : from > 1;
    return { messages, ...(more && messages.length ? { next: afterId ? messages[0].id : messages.at(-1).id } : {}) };
  },
  'message.send': ({ chatId, text, entities = [], replyTo }, session) => {
    const one = chatOf(chatId);
    if (text === 'refuse') throw Object.assign(new Error('restricted'), { code: -32002, data: { reason: 'restricted' } });
    const message = { id: String(Number(one.chat.topId) + 1), chatId, from: ME, at: Date.now(), kind: 'text', text, entities, ...(replyTo ? { replyTo } : {}) };
    one.messages.push(message);
    one.chat.topId = message.id;
    update(session, { type: 'message.new', chatId, message });
    return { message, pts, ptsCount: 1 };
  },
  'poll.voters': ({ option }) => ({ voters: people.slice(1 + option * 2, 3 + option * 3).map((user) => ({ user, at: now })) }),
  'message.scheduled': ({ chatId }) => ({ scheduled: SCHEDULED[chatId] ?? [] }),
  'message.edits': () => ({ edits: [{ at: now - 58 * MINUTE, text: 'send() is wrong', entities: [] }] }),
  ...Object.fromEntries(['message.read', 'message.delivered', 'message.typing', 'message.edit', 'message.delete', 'chat.update', 'chat.setRole', 'chat.invite', 'updates.chatDifference', 'message.react', 'message.pin', 'message.forward'].map((name) => [name, () => ({})])),
};
