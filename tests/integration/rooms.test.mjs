// SPDX-License-Identifier: Apache-2.0
// Rooms between plain clients, without media: coming and going, moderation, guests, invitations, restarts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, newCallId } from './lib/client.mjs';
import { build, Server, until } from './lib/server.mjs';

let server;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000 }, sfu: { room_join_rate: 0 } });
});
after(() => server.remove());

const user = async (name) => (await Client.open(server.wsUrl)).register(name);
const guest = async (link, displayName) => {
  const client = await Client.open(server.wsUrl);
  Object.assign(client, await client.call('session.guest', { link, displayName }));
  return client;
};
const refused = (promise, reason) => assert.rejects(promise, (error) => error.reason === reason || assert.fail(`${reason}: ${error.message}`));
const of = (id) => (params) => params.participantId === id || params.participant?.id === id;

test('two users and a guest: lobby, hand, roles, kick, ban, lock, end', async () => {
  const [ada, bob, eve] = await Promise.all(['ada', 'bob_', 'eve'].map(user));
  const { room } = await ada.call('room.create', { title: 'Stand-up', policy: { lobby: true, guests: true } });
  const roomId = room.id;
  const host = await ada.call('room.join', { roomId });
  assert.equal(host.participant.role, 'host');
  assert.equal(host.room.link, room.link);

  // bob waits, is let in, and finds both
  const waiting = await bob.call('room.join', { link: room.link });
  assert.deepEqual([waiting.state, waiting.participants], ['lobby', []]);
  const knock = await ada.notification('room.lobby');
  assert.deepEqual([knock.participant.userId, knock.waiting], [bob.user.id, true]);
  await ada.call('room.admit', { roomId, participantId: knock.participant.id });
  assert.equal((await bob.notification('room.admitted')).participantId, waiting.participant.id);
  const inside = await bob.call('room.join', { roomId, resume: waiting.resume });
  assert.deepEqual([inside.state, inside.resumed, inside.participants.length], ['joined', true, 2]);
  assert.equal(inside.room.link, undefined);
  await ada.notification('room.joined', of(waiting.participant.id));

  // a guest by the link alone; everything else is closed to it
  const gustav = await guest(room.link, 'Gustav');
  assert.equal(gustav.room.id, roomId);
  await refused(gustav.call('room.list'), 'guest');
  await refused(gustav.call('user.find', { username: 'ada' }), 'guest');
  const at = await gustav.call('room.join', { link: room.link });
  assert.equal(at.state, 'lobby');
  assert.equal(at.participant.userId, undefined);
  await ada.call('room.admit', { roomId, participantId: at.participant.id });
  await gustav.notification('room.admitted');
  await bob.notification('room.joined', of(at.participant.id));

  await gustav.call('room.update', { roomId, hand: true, displayName: 'Gustav II' });
  const raised = await bob.notification('room.updated', of(at.participant.id));
  assert.deepEqual([raised.participant.hand, raised.participant.displayName], [true, 'Gustav II']);
  await refused(bob.call('room.kick', { roomId, participantId: at.participant.id }), 'host_only');
  await ada.call('room.role', { roomId, participantId: waiting.participant.id, role: 'host' });
  assert.equal((await bob.notification('room.updated', of(waiting.participant.id))).participant.role, 'host');

  // bob is host now and sends the guest out, whose session ends with it
  await bob.call('room.kick', { roomId, participantId: at.participant.id });
  assert.equal((await gustav.notification('room.left')).reason, 'kicked');
  assert.equal((await gustav.closed).code, 4003);
  await gustav.connect();
  await refused(gustav.start(), 'bad_token');
  await refused(bob.call('room.kick', { roomId, participantId: host.participant.id }), 'owner');

  await ada.call('room.lock', { roomId, locked: true });
  assert.equal((await bob.notification('room.changed', (p) => p.room.locked)).room.locked, true);
  await refused(eve.call('room.join', { link: room.link }), 'room_locked');
  await ada.call('room.lock', { roomId, locked: false });
  await ada.call('room.ban', { roomId, userId: eve.user.id });
  await refused(eve.call('room.join', { link: room.link }), 'banned');
  await ada.call('room.unban', { roomId, userId: eve.user.id });
  const { link } = await ada.call('room.link', { roomId });
  await refused(eve.call('room.join', { link: room.link }), 'link');
  assert.equal((await eve.call('room.join', { link })).state, 'lobby');
  await refused(eve.call('room.get', { roomId }), 'in_lobby');

  await ada.call('room.end', { roomId });
  for (const client of [ada, bob, eve]) assert.equal((await client.notification('room.ended')).reason, 'ended');
  await refused(ada.call('room.join', { roomId }), 'room');
  await Promise.all([ada, bob, eve].map((client) => client.close()));
});

test('who loses the connection comes back as the same participant', async () => {
  const [ada, bob] = await Promise.all(['ada2', 'bob2'].map(user));
  const { room } = await ada.call('room.create', { title: 'Room' });
  const first = await ada.call('room.join', { roomId: room.id });
  const second = await bob.call('room.join', { link: room.link });
  const { seq } = await ada.notification('room.joined');
  await ada.cut();
  assert.equal((await bob.notification('room.updated', (p) => p.participant.away)).participant.id, first.participant.id);
  await ada.connect();
  assert.equal((await ada.start(seq)).resumed, true);
  await bob.notification('room.updated', (p) => !p.participant.away);
  // a page that was reloaded has only the secret
  await ada.cut();
  await ada.connect();
  await ada.start();
  const again = await ada.call('room.join', { roomId: room.id, resume: first.resume });
  assert.deepEqual([again.resumed, again.participant.id, again.participants.length], [true, first.participant.id, 2]);
  // and without it there is another participant in place of the first
  const fresh = await ada.call('room.join', { roomId: room.id });
  assert.notEqual(fresh.participant.id, first.participant.id);
  assert.equal((await bob.notification('room.left')).reason, 'replaced');
  // a guest's token outlives its connection too
  await ada.call('room.edit', { roomId: room.id, policy: { guests: true } });
  const gustav = await guest(room.link, 'Gustav');
  const at = await gustav.call('room.join', { roomId: room.id });
  await gustav.cut();
  await gustav.connect();
  await gustav.start();
  assert.equal((await gustav.call('room.join', { roomId: room.id, resume: at.resume })).participant.id, at.participant.id);
  await gustav.call('room.leave', { roomId: room.id });
  assert.equal((await gustav.closed).code, 4003);
  assert.equal(second.participant.role, 'speaker');
  await Promise.all([ada.close(), bob.close()]);
});

test('invitations ring, are answered, and open the room', async () => {
  const [ada, bob, eve] = await Promise.all(['ada3', 'bob3', 'eve3'].map(user));
  const bob2 = await (await Client.open(server.wsUrl)).login('bob3');
  const { room: { id: roomId } } = await ada.call('room.create', { title: 'Ring', policy: { lobby: true } });
  await ada.call('room.join', { roomId });
  await refused(bob.call('room.join', { roomId }), 'room');
  const { invited } = await ada.call('room.invite', { roomId, userIds: [bob.user.id, eve.user.id, ada.user.id] });
  assert.deepEqual(invited.sort(), [bob.user.id, eve.user.id].sort());
  assert.deepEqual((await bob.notification('room.invited')).from.id, ada.user.id);
  await bob2.notification('room.invited');
  await bob.call('room.ring', { roomId });
  assert.equal((await ada.notification('room.ringing')).userId, bob.user.id);
  await eve.call('room.decline', { roomId, reason: 'busy' });
  assert.deepEqual([(await ada.notification('room.declined')).reason, (await eve.notification('room.uninvited')).reason], ['busy', 'declined']);
  // past the lobby
  assert.equal((await bob.call('room.join', { roomId })).state, 'joined');
  assert.equal((await bob2.notification('room.uninvited')).reason, 'joined');
  assert.deepEqual((await bob.call('room.list')).rooms.map((r) => [r.id, r.count, r.link]), [[roomId, 2, undefined]]);
  await Promise.all([ada, bob, bob2, eve].map((client) => client.close()));
});

test('a call becomes a room', async () => {
  const [ada, bob] = await Promise.all(['ada4', 'bob4'].map(user));
  const callId = newCallId();
  await ada.call('call.invite', { callId, to: bob.user.id, video: true, blob: 'AAAA' });
  await refused(ada.call('room.create', { title: 'More', fromCallId: callId }), 'call'); // it rings still
  await bob.notification('call.incoming');
  await bob.call('call.accept', { callId, blob: 'AAAA' });
  const { room } = await ada.call('room.create', { title: 'More', fromCallId: callId });
  const invited = await bob.notification('room.invited');
  assert.deepEqual([invited.roomId, invited.callId], [room.id, callId]);
  await ada.call('room.join', { roomId: room.id });
  await bob.call('room.join', { roomId: room.id });
  await bob.call('call.hangup', { callId });
  assert.equal((await ada.notification('call.ended')).reason, 'hangup');
  await Promise.all([ada.close(), bob.close()]);
});

test('a restart keeps permanent rooms with their roles and bans', async () => {
  const [ada, bob, eve] = await Promise.all(['ada5', 'bob5', 'eve5'].map(user));
  const { room } = await ada.call('room.create', { title: 'Office', policy: { permanent: true, maxParticipants: 7 } });
  const roomId = room.id;
  await ada.call('room.join', { roomId });
  const { participant } = await bob.call('room.join', { link: room.link });
  await ada.call('room.role', { roomId, participantId: participant.id, role: 'listener' });
  await ada.call('room.ban', { roomId, userId: eve.user.id });
  await ada.call('room.edit', { roomId, title: 'Studio' });
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await server.launch();
  for (const client of [ada, bob, eve]) {
    await client.connect();
    await client.start();
  }
  assert.equal((await bob.call('room.join', { roomId })).participant.role, 'listener');
  await refused(eve.call('room.join', { link: room.link }), 'banned');
  const known = await ada.call('room.get', { roomId });
  assert.deepEqual([known.room.title, known.room.policy.maxParticipants, known.room.count, known.room.link], ['Studio', 7, 1, room.link]);
  assert.deepEqual([known.members, known.bans], [[{ userId: bob.user.id, role: 'listener' }], [eve.user.id]]);
  await ada.call('room.delete', { roomId });
  assert.equal((await bob.notification('room.ended')).reason, 'deleted');
  await refused(ada.call('room.get', { roomId }), 'room');
  await Promise.all([ada, bob, eve].map((client) => client.close()));
});

test('aldisctl lists, shows and ends rooms', async () => {
  const ada = await user('ada6');
  const { room } = await ada.call('room.create', { title: 'Desk' });
  await ada.call('room.join', { roomId: room.id });
  const ctl = async (...args) => (await promisify(execFile)(path.join(build, 'server/aldisctl'), ['--socket', path.join(server.folder, 'var/admin.sock'), 'rooms', ...args])).stdout;
  assert.match(await ctl('list'), new RegExp(`^${room.id} +1 +no .* Desk`, 'm'));
  assert.match(await ctl('show', room.id), /host +here/);
  assert.match(await ctl('explain', room.id), /WHY/);
  await ctl('end', room.id);
  assert.equal((await ada.notification('room.ended')).reason, 'ended_by_admin');
  await ada.close();
});

test('a thousand joins and leaves leave the memory where it was', async () => {
  const [ada, bob] = await Promise.all(['ada7', 'bob7'].map(user));
  const { room } = await ada.call('room.create', { title: 'Door', policy: { permanent: true } });
  await ada.call('room.join', { roomId: room.id });
  const rss = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.process.pid}/status`, 'utf8'))[1]);
  const round = async (n) => {
    for (let i = 0; i < n; i++) {
      await bob.call('room.join', { link: room.link });
      await bob.call('room.leave', { roomId: room.id });
    }
    ada.notifications = [];
    return rss();
  };
  const base = await round(300);
  const later = await round(1000);
  assert.ok(later - base < 2048, `${base} kB, then ${later} kB`);
  const metrics = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
  assert.match(metrics, /aldis_room_joins_total\{kind="new"\} \d{4}/);
  assert.match(metrics, /aldis_room_participants\{place="room"\} 1/);
  await Promise.all([ada.close(), bob.close()]);
  await until(async () => /aldis_room_participants\{place="room"\} 1/.test(metrics), 'the metrics');
});
