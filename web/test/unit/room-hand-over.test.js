// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handOver } from '../../src/room/hand-over.js';

/** A session of which only what is looked at is there. */
class FakeSession extends EventTarget {
  id = 'r';
  state = 'joined';
  media = { state: 'connecting' };
  roster = { others: /** @type {any[]} */ ([]) };
  shown = new Set();
  slots = { showing: (/** @type {string} */ id) => (this.shown.has(id) ? {} : null) };
  tell(/** @type {string} */ type) {
    this.dispatchEvent(new CustomEvent(type));
  }
}

function begin() {
  const session = new FakeSession();
  /** @type {any} */ let declined = null;
  const rpc = { on: (/** @type {string} */ method, /** @type {any} */ handler) => {
    assert.equal(method, 'room.declined');
    declined = handler;
    return () => { declined = null; };
  } };
  const now = { how: '' };
  void handOver(/** @type {any} */ (session), rpc, 'bob').then((how) => { now.how = how; });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { session, now, settle, decline: (/** @type {any} */ params) => declined?.({ roomId: 'r', userId: 'bob', ...params }), listens: () => declined !== null };
}

const bob = { id: '7', userId: 'bob', tracks: [{ id: 't1' }] };

test('a call goes on until the other side is inside, both are connected, and its track is shown', async () => {
  const { session, now, settle, listens } = begin();
  session.media.state = 'connected';
  session.tell('media');
  session.roster.others = [{ id: '8', userId: 'eve', tracks: [{ id: 't9' }] }];
  session.shown.add('t9');
  session.tell('roster');
  await settle();
  assert.equal(now.how, '');
  session.media.state = 'connecting';
  session.roster.others.push(bob);
  session.tell('roster');
  session.shown.add('t1');
  session.tell('slots');
  await settle();
  assert.equal(now.how, '');
  session.media.state = 'connected';
  session.tell('media');
  await settle();
  assert.equal(now.how, 'flows');
  assert.equal(listens(), false);
});

test('who declines or does not answer lets the call end; others who decline do not', async () => {
  const { now, settle, decline } = begin();
  decline({ userId: 'eve', reason: 'declined' });
  decline({ roomId: 's', reason: 'declined' });
  await settle();
  assert.equal(now.how, '');
  decline({ reason: 'missed' });
  await settle();
  assert.equal(now.how, 'alone');
});

test('whoever leaves the room before that keeps the call', async () => {
  const { session, now, settle, decline, listens } = begin();
  session.state = 'ended';
  session.tell('ended');
  await settle();
  assert.equal(now.how, 'left');
  assert.equal(listens(), false);
  decline({ reason: 'missed' });
  session.tell('media');
  await settle();
  assert.equal(now.how, 'left');
});

test('connections that do not come about are waited for ten seconds, once the other side is inside', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { session, now, settle } = begin();
  t.mock.timers.tick(60000);
  await settle();
  assert.equal(now.how, '');
  session.roster.others = [bob];
  session.tell('roster');
  t.mock.timers.tick(9999);
  session.tell('roster');
  await settle();
  assert.equal(now.how, '');
  t.mock.timers.tick(1);
  await settle();
  assert.equal(now.how, 'late');
});
