// SPDX-License-Identifier: Apache-2.0
/** Addresses of chats, and invitations in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inviteAddress, isWay, nameAddress, wayOf, wayParams } from '../../src/chat/ways.js';
import { linkLine } from '../../src/chat/words.js';
import { linkOf } from '../../src/room/rooms.js';
import { parseRoute } from '../../src/router.js';

const HERE = { origin: 'https://chat.example', pathname: '/' };
const LINK = 'AAECAwQFBgcICQoLDA0ODw';

test('ways: addresses lead back to what they were made of', () => {
  assert.equal(inviteAddress(LINK, HERE), `https://chat.example/#/join/+${LINK}`);
  assert.equal(wayOf(` ${inviteAddress(LINK, HERE)}\n`, HERE), `+${LINK}`);
  assert.equal(wayOf(nameAddress('tides', HERE), HERE), '@tides');
  assert.deepEqual([wayParams(`+${LINK}`), wayParams('@tides')], [{ link: LINK }, { username: 'tides' }]);
});

test('ways: what is none is none', () => {
  for (const text of ['', 'tides', '@tides', `https://evil.example/#/join/+${LINK}`, `https://chat.example/#/join/${LINK}`, `https://chat.example/#/join/+${LINK}x`, 'https://chat.example/#/@1x', 'https://chat.example/#/chats/12']) assert.equal(wayOf(text, HERE), '', text);
  for (const way of ['+', '@', '@ab', `+${LINK}=`, `+${LINK.slice(1)}`, '12']) assert.equal(isWay(way), false, way);
});

test('ways: a room’s link is no chat’s, and neither the other way round', () => {
  assert.equal(linkOf(`https://chat.example/#/join/+${LINK}`), '');
  assert.equal(isWay(LINK), false);
});

test('ways: the router takes a public name for the first place', () => {
  const names = ['chats', 'calls', 'join'];
  assert.deepEqual(parseRoute('#/@tides', names), { name: 'chats', rest: ['@tides'] });
  assert.deepEqual(parseRoute(`#/join/+${LINK}`, names), { name: 'join', rest: [`+${LINK}`] });
});

test('ways: an invitation in words, and when it is over', () => {
  const link = { link: LINK, creatorId: '1', createdAt: 0, uses: 0, approval: false };
  assert.deepEqual(linkLine(link, 1000), { over: false, words: 'Nobody yet' });
  assert.deepEqual(linkLine({ ...link, uses: 1, maxUses: 10, approval: true, expiresAt: 3601000 }, 1000), { over: false, words: '1 of 10 people · ends in 1 h · an admin is asked' });
  assert.deepEqual(linkLine({ ...link, uses: 1, maxUses: 1 }, 1000), { over: true, words: '1 of 1 person' });
  assert.equal(linkLine({ ...link, expiresAt: 1000 }, 1000).over, true);
});
