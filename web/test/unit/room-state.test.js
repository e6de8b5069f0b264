// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RpcError } from '../../src/rpc-error.js';
import { RoomFigures } from '../../src/room/figures.js';
import { linkAddress, linkOf } from '../../src/room/rooms.js';
import { Roster, trackOf } from '../../src/room/roster.js';
import { Slots, reached, slotsFor } from '../../src/room/slots.js';
import { clearWhy, roomEnd, roomProblem } from '../../src/room/words.js';

/** @param {string} id @param {number} joinedAt @param {Partial<import('../../src/room/types.js').Participant>} [more] @returns {import('../../src/room/types.js').Participant} */
const person = (id, joinedAt, more = {}) => ({ id, displayName: id, role: 'speaker', hand: false, away: false, joinedAt,
  tracks: [{ id: `${id}-m`, kind: 'audio', source: 'mic', muted: false }, { id: `${id}-c`, kind: 'video', source: 'camera', muted: true }], ...more });

function filled() {
  const roster = new Roster();
  roster.reset({ participant: person('me', 3, { role: 'host' }), participants: [person('b', 2), person('a', 1), person('me', 3)], count: 3, lobby: [person('w', 4)] });
  return roster;
}

test('roster: in the order of joining, with oneself apart', () => {
  const roster = filled();
  assert.deepEqual([...roster.people.keys()], ['a', 'b', 'me']);
  assert.deepEqual(roster.others.map(({ id }) => id), ['a', 'b']);
  assert.ok(roster.isHost);
  assert.equal(roster.count, 3);
  assert.deepEqual([...roster.lobby.keys()], ['w']);
});

test('roster: who comes from the lobby waits no longer; who leaves is heard no longer', () => {
  const roster = filled();
  assert.equal(roster.put(person('w', 4)), true);
  assert.equal(roster.put(person('w', 4, { hand: true })), false, 'a change is no coming');
  assert.equal(roster.lobby.size, 0);
  roster.tellSpeakers(['w-m', 'a-m', 'nobody', 'w-c']);
  assert.deepEqual(roster.speakers, ['w', 'a']);
  assert.equal(roster.remove('w')?.hand, true);
  assert.deepEqual(roster.speakers, ['a']);
  assert.equal(roster.ownerOf('w-m'), null);
  assert.equal(roster.ownerOf('a-c')?.source, 'camera');
});

test('roster: in a crowd not everybody is told one by one', () => {
  const roster = filled();
  roster.tellCount(420);
  assert.equal(roster.count, 420);
  roster.put(person('c', 5));
  assert.equal(roster.count, 420, 'one of those who were counted already has got a name');
  roster.remove('a');
  assert.equal(roster.count, 419);
  roster.tellCount(2);
  assert.equal(roster.count, roster.people.size, 'never fewer than are known');
});

test('a muted track is none', () => {
  assert.equal(trackOf(person('a', 1), 'mic')?.id, 'a-m');
  assert.equal(trackOf(person('a', 1), 'camera'), null);
  assert.equal(trackOf(person('a', 1), 'screen'), null);
});

test('slots: what is told before the answer holds, and each new source is another version', () => {
  const slots = new Slots();
  slots.assign([{ mid: '4', trackId: 'x', rtp: 7 }]);
  assert.equal(slots.count('video'), 0);
  slots.offered([{ mid: '0', kind: 'audio' }, { mid: '4', kind: 'video' }, { mid: '5', kind: 'video' }]);
  assert.deepEqual([slots.count('audio'), slots.count('video')], [1, 2]);
  assert.deepEqual({ ...slots.showing('x') }, { mid: '4', kind: 'video', trackId: 'x', rtp: 7, version: 1 });
  assert.deepEqual(slots.assign([{ mid: '4', trackId: 'x', rtp: 9 }]), [], 'the same source');
  const changed = slots.assign([{ mid: '4', trackId: 'y', rtp: 9 }, { mid: '5', trackId: 'x', rtp: 1 }]);
  assert.deepEqual(changed.map(({ mid, version }) => [mid, version]), [['4', 2], ['5', 1]]);
  assert.equal(slots.showing('x')?.mid, '5');
  slots.assign([{ mid: '5', trackId: null, rtp: 0 }]);
  assert.equal(slots.showing('x'), null);
});

test('slots are offered in steps', () => {
  assert.deepEqual([0, 9, 10, 16, 17, 25, 26, 36, 37, 49, 200].map(slotsFor), [9, 9, 16, 16, 25, 25, 36, 36, 49, 49, 49]);
});

test('RTP timestamps wrap at 32 bits', () => {
  assert.ok(reached(100, 100) && reached(101, 100) && reached(5, 0xfffffff0));
  assert.ok(!reached(99, 100) && !reached(0xfffffff0, 5));
});

test('links: the secret, however much of the address was pasted', () => {
  const link = 'EBESExQVFhcYGRobHB0eHw';
  const address = linkAddress(link, { origin: 'https://calls.example.org', pathname: '/' });
  assert.equal(address, `https://calls.example.org/#/join/${link}`);
  for (const text of [address, link, ` ${link} `, `calls.example.org/#/join/${link}`]) assert.equal(linkOf(text), link, text);
  for (const text of ['', 'https://calls.example.org/', `${link}x`, '../../etc/passwd']) assert.equal(linkOf(text), '', text);
});

test('every reason for which the server ends a part in a room has words of its own', () => {
  const { 'x-notifications': list } = JSON.parse(readFileSync(new URL('../../../docs/openrpc.json', import.meta.url), 'utf8'));
  const reasons = ['room.left', 'room.ended'].flatMap((name) => list.find((/** @type {any} */ one) => one.name === name)?.schema.properties.reason.enum ?? []);
  for (const reason of [...reasons.map((one) => (one === 'ended' ? 'room_ended' : one)), 'taken_over', 'signed_out']) {
    assert.notEqual(roomEnd(reason).title, 'You could not come in', reason);
  }
});

test('refusals are said plainly', () => {
  const error = (/** @type {string} */ reason) => new RpcError('room.join', { code: RpcError.FORBIDDEN, data: { reason } });
  assert.match(roomProblem(error('room_full')), /full/);
  assert.match(roomProblem(error('room_locked')), /locked/);
  assert.match(roomProblem(error('banned')), /banned/);
  assert.match(roomProblem(error('guests_off')), /no guests/);
  assert.match(roomProblem(error('link')), /new one/);
  assert.equal(roomProblem(error('anything')), 'You are not allowed to do that.');
});

test('the plane’s reasons in plain words', () => {
  assert.match(clearWhy('paused: estimate 90 kbit/s, the smallest takes 150'), /too slow/);
  assert.match(clearWhy('large enough for its place'), /Sharp enough/);
  assert.match(clearWhy('estimate 310 kbit/s, 20 of it left; the next takes 500'), /your connection/);
  assert.match(clearWhy('estimate 910 kbit/s; goes up to 500 in 800 ms'), /sharper/);
  assert.equal(clearWhy('the loudest'), 'The loudest');
  assert.equal(clearWhy(''), '');
});

test('figures: rates and loss between two looks, and what the server says of the slot', () => {
  const figures = new RoomFigures();
  const entry = { type: 'inbound-rtp', kind: 'video', mid: '4', frameWidth: 640, frameHeight: 360, framesPerSecond: 29.7, bytesReceived: 1000, packetsReceived: 100, packetsLost: 0 };
  assert.equal(figures.of({ mid: '4', me: 'me' }).grade, 0);
  figures.take([entry, { type: 'inbound-rtp', kind: 'audio', mid: '0' }], 1000);
  figures.take([{ ...entry, bytesReceived: 126_000, packetsReceived: 190, packetsLost: 10 }], 3000);
  figures.told(/** @type {any} */ ({ transports: [], tracks: [], slots: [{ participantId: 'me', mid: '4', trackId: 'x', layer: 1, layers: 3, bitrateBps: 1 }, { participantId: 'you', mid: '4', trackId: 'y', layer: -1, layers: 1 }],
    decisions: [{ participantId: 'me', mid: '4', why: 'large enough for its place' }] }));
  assert.deepEqual(figures.of({ mid: '4', me: 'me' }), { lines: ['640×360, 30 fps', '500 kbit/s, 10.0 % lost', 'size 2 of 3'], why: 'Sharp enough for its size here', grade: 1 });
});
