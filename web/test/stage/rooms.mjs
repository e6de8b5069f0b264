// SPDX-License-Identifier: Apache-2.0
/** Rooms for the stage: a room's id says how many are in it; their tracks are drawn by connection.js. */
import { people } from './cast.mjs';

const FIRST = ['Tom', 'Mira', 'Yuki', 'Sam', 'Noor', 'Greta', 'Kofi', 'Lena', 'Anton', 'Bea', 'Chidi', 'Dora', 'Emil', 'Farah', 'Goran', 'Hana', 'Ivo', 'Jun', 'Karin', 'Luis', 'Maya', 'Nils', 'Olga', 'Pavel'];
const LAST = ['Okafor', 'Lindqvist', 'Tanabe', 'Rivera', 'Haddad', 'Vogel', 'Mensah', 'Berg', 'Keller', 'Novak'];
const policy = { lobby: true, guests: true, maxParticipants: 200, permanent: false, entryRole: 'speaker', activeSpeakers: 3 };
const link = 'EBESExQVFhcYGRobHB0eHw';
const room = (/** @type {string} */ id, /** @type {string} */ title, /** @type {object} */ more = {}) => ({ id, title, ownerId: '100', policy, locked: false, createdAt: Date.now() - 3600e3, link, ...more });
const rooms = [room('r5', 'Harbour festival', { count: 4 }), room('r9', 'Monday round', { policy: { ...policy, permanent: true } }), room('r25', 'All hands', { ownerId: '102', link: undefined, locked: true, count: 24 })];

/** @param {number} i */
function participant(i) {
  const id = `p${i}`;
  const picture = i % 4 !== 3;
  return { id, ...(i % 5 === 4 ? {} : { userId: String(200 + i) }), displayName: `${FIRST[i % FIRST.length]} ${LAST[i % LAST.length]}`, role: i === 0 ? 'host' : i % 7 === 6 ? 'listener' : 'speaker', hand: i === 4, away: i === 7, joinedAt: 1000 + i,
    tracks: [{ id: `m${i}`, kind: 'audio', source: 'mic', muted: i % 3 === 1 }, { id: `c${i}`, kind: 'video', source: 'camera', muted: !picture }] };
}
const me = () => ({ id: 'me', userId: '100', displayName: 'Inês Duarte', role: 'host', hand: false, away: false, joinedAt: 999, tracks: [] });
const waits = { id: 'w1', displayName: 'Gustav', role: 'speaker', hand: false, away: false, joinedAt: 5000, tracks: [] };

/** @typedef {{user: any, tell: (method: string, params: any) => void, room?: any}} Session */

/** @param {Session} session the slots of a subscriber: those who are seen, first come first served */
function fill(session) {
  const { slots, others } = session.room;
  const free = slots.filter((/** @type {any} */ slot) => slot.kind === 'video');
  const tracks = others.flatMap((/** @type {any} */ one) => one.tracks).filter((/** @type {any} */ track) => track.kind === 'video' && !track.muted).sort((/** @type {any} */ a, /** @type {any} */ b) => Number(b.source === 'screen') - Number(a.source === 'screen'));
  session.tell('room.slots', { roomId: session.room.id, slots: free.map((/** @type {any} */ slot, /** @type {number} */ i) => ({ mid: slot.mid, trackId: tracks[i]?.id ?? null, rtp: 0 })) });
}

/** @type {Record<string, (params: any, session: Session) => any>} */
export const ROOM_METHODS = {
  'room.list': () => ({ rooms }),
  'room.create': ({ title, policy: wanted }) => {
    const made = room(`r${rooms.length + 1}`, title, { policy: { ...policy, ...wanted }, createdAt: Date.now(), count: 0 });
    rooms.unshift(made);
    return { room: made };
  },
  'session.guest': ({ displayName }) => ({ user: { id: 'g', username: '', displayName }, device: {}, token: 'guest', room: { id: 'r5', title: 'Harbour festival' }, serverTime: Date.now(), seq: 0 }),
  'room.join': ({ roomId = 'r5' }, session) => {
    if (roomId === 'full') throw Object.assign(new Error('full'), { code: -32005, data: { reason: 'room_full' } });
    const count = Number(/\d+/.exec(roomId)?.[0] ?? 1) - 1;
    const others = Array.from({ length: count }, (_, i) => participant(i));
    if (roomId.endsWith('s')) others[1].tracks.push({ id: 's1', kind: 'video', source: 'screen', muted: false });
    session.room = { id: roomId, others, slots: [] };
    const self = me();
    if (roomId.endsWith('l')) self.role = 'listener';
    const waiting = roomId.endsWith('w');
    if (count > 1 && self.role === 'host') setTimeout(() => session.tell('room.lobby', { roomId, participant: waits, waiting: true }), 300);
    setTimeout(() => session.tell('room.speakers', { roomId, trackIds: ['m2', 'm0'] }), 500);
    return { state: waiting ? 'lobby' : 'joined', resumed: false, participant: self, participants: waiting ? [] : [self, ...others], count: count + 1, lobby: [], room: room(roomId, rooms.find(({ id }) => id === roomId)?.title ?? 'Harbour festival'), resume: link, iceServers: [], expiresAt: 0 };
  },
  'room.subscribe': ({ sdp }, session) => {
    session.room.slots = JSON.parse(sdp);
    setTimeout(() => fill(session), 50);
    return { sdp, slots: session.room.slots };
  },
  'room.publish': ({ sdp, tracks }) => ({ sdp, tracks: tracks.map((/** @type {any} */ track) => ({ mid: track.mid, id: `own-${track.source}` })) }),
  'room.stats': (_, { room: { slots, others } }) => ({ transports: [], tracks: others.map((/** @type {any} */ one, /** @type {number} */ i) => ({ participantId: one.id, trackId: `c${i}`, source: 'camera', codec: 'VP8', layers: [{}, {}, {}] })),
    slots: slots.map((/** @type {any} */ slot, /** @type {number} */ i) => ({ participantId: 'me', trackId: `c${i}`, mid: slot.mid, kind: slot.kind, layer: i % 3, temporal: 2, bitrateBps: 180e3 * (1 + (i % 3) * 3), lossPermille: 0 })),
    decisions: slots.map((/** @type {any} */ slot, /** @type {number} */ i) => ({ participantId: 'me', mid: slot.mid, trackId: `c${i}`, why: ['large enough for its place', 'estimate 2100 kbit/s, 300 of it left; the next takes 900', 'all that is sent, of an estimate of 4000 kbit/s'][i % 3] })) }),
  ...Object.fromEntries(['view', 'update', 'leave', 'lock', 'edit', 'mute', 'kick', 'ban', 'admit', 'role', 'ring', 'decline', 'end', 'delete'].map((name) => [`room.${name}`, () => ({})])),
  'room.invite': ({ userIds }) => ({ invited: userIds, expiresAt: Date.now() + 60000 }),
};

/** invitation: as room.invited brings it. */
export const invitation = () => ({ roomId: 'r5', title: 'Harbour festival', from: people[2], ring: true, expiresAt: Date.now() + 60000 });
