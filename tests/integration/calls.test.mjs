// SPDX-License-Identifier: Apache-2.0
// Calls as two devices see them, with blobs that mean nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { Server, delay } from './lib/server.mjs';

let server, serial = 0;
before(async () => {
  server = await Server.start({
    signaling: { ring_timeout_s: 2, connect_timeout_s: 3, reattach_timeout_s: 3 },
    messaging: { registration_rate_address: 1000 },
  });
});
after(() => server.remove());

const blob = (text) => Buffer.from(text).toString('base64url');
const person = async () => (await Client.open(server.wsUrl)).register(`person_${++serial}`);
const secondDevice = async (of) => (await Client.open(server.wsUrl)).login(of.user.username);
const refuses = (promise, code, reason) => assert.rejects(promise, (error) => {
  assert.deepEqual([error.code, error.reason], [code, reason ?? error.reason], error.message);
  return true;
});
const closeAll = (...clients) => Promise.all(clients.map((c) => c.close()));

async function ring(a, b, video = false) {
  const callId = newCallId();
  const result = await a.call('call.invite', { callId, to: b.user.id, video, blob: blob('M1') });
  const incoming = await b.notification('call.incoming', (p) => p.callId === callId);
  return { callId, result, incoming };
}
async function connect(a, b) {
  const { callId } = await ring(a, b);
  await b.call('call.accept', { callId, blob: blob('M2') });
  await a.notification('call.accepted', (p) => p.callId === callId);
  await a.call('call.connected', { callId });
  await b.call('call.connected', { callId });
  await Promise.all([a, b].map((c) => c.notification('call.active', (p) => p.callId === callId)));
  return callId;
}
const ended = (client, callId, timeoutMs = 10000) => client.notification('call.ended', (p) => p.callId === callId, timeoutMs);

test('a whole call, message by message', async () => {
  const [a, b] = [await person(), await person()];
  const { callId, result, incoming } = await ring(a, b, true);
  assert.equal(result.state, 'ringing');
  assert.deepEqual(result.devices, [b.device.id]);
  assert.equal(incoming.from.id, a.user.id);
  assert.equal(incoming.device.identityKey, a.identityKey);
  assert.deepEqual([incoming.video, incoming.blob], [true, blob('M1')]);
  await b.call('call.ring', { callId });
  assert.equal((await a.notification('call.ringing')).deviceId, b.device.id);
  assert.equal((await b.call('call.accept', { callId, blob: blob('M2') })).state, 'connecting');
  const accepted = await a.notification('call.accepted');
  assert.deepEqual([accepted.device.id, accepted.blob], [b.device.id, blob('M2')]);
  await a.call('call.confirm', { callId, blob: blob('M3') });
  assert.equal((await b.notification('call.confirmed')).blob, blob('M3'));
  await b.call('call.reveal', { callId, blob: blob('M4') });
  assert.equal((await a.notification('call.revealed')).blob, blob('M4'));
  for (let i = 0; i < 20; i++) await a.call('call.seal', { callId, blob: blob(`seal ${i}`) });
  for (let i = 0; i < 20; i++) assert.equal((await b.notification('call.sealed')).blob, blob(`seal ${i}`));
  assert.equal((await a.call('call.connected', { callId })).state, 'connecting');
  assert.equal((await b.call('call.connected', { callId })).state, 'active');
  await Promise.all([a.notification('call.active'), b.notification('call.active')]);
  await b.call('call.hangup', { callId });
  for (const client of [a, b]) {
    const end = await ended(client, callId);
    assert.equal(end.reason, 'hangup');
    assert.ok(end.durationMs >= 0);
  }
  for (const [client, outgoing] of [[a, true], [b, false]]) {
    const { calls } = await client.call('call.history', { limit: 10 });
    assert.equal(calls.length, 1);
    assert.deepEqual([calls[0].callId, calls[0].outgoing, calls[0].reason, calls[0].video], [callId, outgoing, 'hangup', true]);
  }
  await closeAll(a, b);
});

test('decline on one device ends it on all', async () => {
  const [a, b] = [await person(), await person()];
  const b2 = await secondDevice(b);
  const { callId, result } = await ring(a, b);
  assert.deepEqual(result.devices.sort(), [b.device.id, b2.device.id].sort());
  await b2.notification('call.incoming');
  await b.call('call.decline', { callId });
  for (const client of [a, b2]) assert.equal((await ended(client, callId)).reason, 'declined');
  await closeAll(a, b, b2);
});

test('the first accept wins; the others get answered_elsewhere', async () => {
  const [a, b] = [await person(), await person()];
  const b2 = await secondDevice(b);
  const { callId } = await ring(a, b);
  const results = await Promise.allSettled([b, b2].map((c) => c.call('call.accept', { callId, blob: blob('M2') })));
  assert.deepEqual(results.map((r) => r.status).sort(), ['fulfilled', 'rejected']);
  const loser = results[0].status === 'rejected' ? b : b2;
  assert.equal(results.find((r) => r.status === 'rejected').reason.reason, 'answered_elsewhere');
  assert.equal((await ended(loser, callId)).reason, 'answered_elsewhere');
  await refuses(loser.call('call.seal', { callId, blob: blob('x') }), -32003);
  await a.call('call.hangup', { callId });
  await closeAll(a, b, b2);
});

test('nobody answers: missed', async () => {
  const [a, b] = [await person(), await person()];
  const { callId } = await ring(a, b);
  for (const client of [a, b]) assert.equal((await ended(client, callId)).reason, 'missed');
  await closeAll(a, b);
});

test('the caller cancels', async () => {
  const [a, b] = [await person(), await person()];
  const { callId } = await ring(a, b);
  await a.call('call.cancel', { callId });
  assert.equal((await ended(b, callId)).reason, 'cancelled');
  await closeAll(a, b);
});

test('accepted but never connected: failed', async () => {
  const [a, b] = [await person(), await person()];
  const { callId } = await ring(a, b);
  await b.call('call.accept', { callId, blob: blob('M2') });
  await a.call('call.connected', { callId });
  for (const client of [a, b]) assert.equal((await ended(client, callId)).reason, 'failed');
  await closeAll(a, b);
});

test('who is in a call is busy', async () => {
  const [a, b, c] = [await person(), await person(), await person()];
  const callId = await connect(a, b);
  const other = newCallId();
  const outcome = await c.call('call.invite', { callId: other, to: b.user.id, video: false, blob: blob('M1') }).then(() => ended(c, other), (error) => error);
  assert.equal(outcome.reason, 'busy');
  await a.call('call.hangup', { callId });
  await closeAll(a, b, c);
});

test('two who call each other get one call: the smaller id', async () => {
  for (const smallerFirst of [true, false]) {
    const [a, b] = [await person(), await person()];
    const ids = [newCallId(), newCallId()].sort((x, y) => Buffer.compare(Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')));
    const [first, second] = smallerFirst ? ids : [...ids].reverse();
    const outcome = [
      await a.call('call.invite', { callId: first, to: b.user.id, video: false, blob: blob('M1') }).catch((e) => e),
      await b.call('call.invite', { callId: second, to: a.user.id, video: false, blob: blob('M1') }).catch((e) => e),
    ];
    const [winner, loser] = smallerFirst ? [a, b] : [b, a];
    await loser.notification('call.incoming', (p) => p.callId === ids[0]);
    if (smallerFirst) {
      assert.deepEqual([outcome[1].code, outcome[1].reason, outcome[1].data.callId], [-32004, 'glare', ids[0]]);
    } else {
      await ended(a, ids[1]);
    }
    await loser.call('call.accept', { callId: ids[0], blob: blob('M2') });
    await winner.notification('call.accepted', (p) => p.callId === ids[0]);
    await winner.call('call.hangup', { callId: ids[0] });
    await closeAll(a, b);
  }
});

test('a device that comes online while it rings rings too', async () => {
  const [a, b] = [await person(), await person()];
  const { callId } = await ring(a, b);
  const b2 = await secondDevice(b);
  const incoming = b2.session.calls.find((c) => c.callId === callId) ?? (await b2.notification('call.incoming'));
  assert.equal(incoming.callId, callId);
  await b2.call('call.accept', { callId, blob: blob('M2') });
  await a.notification('call.accepted');
  assert.equal((await ended(b, callId)).reason, 'answered_elsewhere');
  await a.call('call.hangup', { callId });
  await closeAll(a, b, b2);
});

test('calls of others, replays and forgeries are refused', async () => {
  const [a, b, c] = [await person(), await person(), await person()];
  const { callId } = await ring(a, b);
  for (const method of ['call.accept', 'call.confirm', 'call.reveal', 'call.seal'])
    await refuses(c.call(method, { callId, blob: blob('x') }), -32003);
  for (const method of ['call.ring', 'call.connected', 'call.turn', 'call.decline', 'call.cancel', 'call.hangup'])
    await refuses(c.call(method, { callId }), -32003);
  await refuses(c.call('call.hangup', { callId: newCallId() }), -32003);
  await refuses(a.call('call.accept', { callId, blob: blob('x') }), -32003); // not a callee
  await b.call('call.accept', { callId, blob: blob('M2') });
  await refuses(b.call('call.accept', { callId, blob: blob('M2') }), -32004);
  await refuses(c.call('call.invite', { callId, to: a.user.id, video: false, blob: blob('M1') }), -32004);
  await a.call('call.hangup', { callId });
  await ended(b, callId);
  await refuses(a.call('call.invite', { callId, to: b.user.id, video: false, blob: blob('M1') }), -32004);
  await refuses(a.call('call.invite', { callId: newCallId(), to: '12345', video: false, blob: blob('M1') }), -32003);
  await refuses(a.call('call.invite', { callId: newCallId(), to: b.user.id, video: false, blob: 'A'.repeat(4 * 65536) }), -32602);
  await closeAll(a, b, c);
});

test('a party that stays away: disconnected', async () => {
  const [a, b] = [await person(), await person()];
  const callId = await connect(a, b);
  await b.cut();
  assert.equal((await ended(a, callId)).reason, 'disconnected');
  await a.close();
});

test('kill -9 in the middle of a call: who comes back goes on with it', async () => {
  const [a, b] = [await person(), await person()];
  const callId = await connect(a, b);
  await a.call('account.privacy', { calls: 'everybody' }); // written after the call's state, and answered when it is durable
  await server.kill();
  server.settings.signaling.reattach_timeout_s = 10; // enough for both on a busy machine
  await server.launch();
  for (const client of [a, b]) {
    await client.connect();
    const session = await client.start();
    assert.deepEqual(session.calls.map((c) => [c.callId, c.state]), [[callId, 'active']]);
  }
  await a.call('call.seal', { callId, blob: blob('after the restart') });
  assert.equal((await b.notification('call.sealed')).blob, blob('after the restart'));
  await delay(11000); // longer than the re-attach time: it must go on
  await a.call('call.hangup', { callId });
  assert.equal((await ended(b, callId)).reason, 'hangup');
  await closeAll(a, b);
});

test('kill -9 and nobody comes back: disconnected, in both histories', async () => {
  const [a, b] = [await person(), await person()];
  const callId = await connect(a, b);
  await server.kill();
  server.settings.signaling.reattach_timeout_s = 3;
  await server.launch();
  await delay(4500);
  for (const client of [a, b]) {
    await client.connect();
    assert.deepEqual((await client.start()).calls, []);
    const { calls } = await client.call('call.history', { limit: 1 });
    assert.deepEqual([calls[0].callId, calls[0].reason], [callId, 'disconnected']);
  }
  await closeAll(a, b);
});

test('history is paged', async () => {
  const [a, b] = [await person(), await person()];
  const ids = [];
  for (let i = 0; i < 5; i++) {
    const { callId } = await ring(a, b);
    await b.call('call.decline', { callId });
    await ended(a, callId);
    ids.unshift(callId);
  }
  const seen = [];
  let before;
  do {
    const page = await a.call('call.history', { limit: 2, ...(before ? { before } : {}) });
    seen.push(...page.calls.map((c) => c.callId));
    before = page.next;
  } while (before);
  assert.deepEqual(seen, ids);
  await closeAll(a, b);
});
