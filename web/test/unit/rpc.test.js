// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RpcClient } from '../../src/rpc.js';
import { Clock } from '../clock.js';

/** A socket whose other end is the test. */
class FakeSocket {
  /** @type {FakeSocket[]} */ static made = [];
  /** @type {any} */ onopen;
  /** @type {any} */ onmessage;
  /** @type {any} */ onclose;
  /** @type {any[]} */ sent = [];
  closed = false;
  constructor() {
    FakeSocket.made.push(this);
  }
  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  /** @param {object} message */
  receive(message) {
    this.onmessage({ data: JSON.stringify({ jsonrpc: '2.0', ...message }) });
  }
  /** @param {string} method @param {any} result */
  answer(method, result) {
    const call = this.sent.findLast((/** @type {any} */ one) => one.method === method);
    assert.ok(call, `${method} was sent`);
    this.receive(result instanceof Error ? { id: call.id, error: result.cause } : { id: call.id, result });
  }
}

/** @type {Clock} */
let clock;

/** Lets promise callbacks run. */
const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** @param {import('node:test').TestContext} t */
function setUp(t) {
  clock = new Clock();
  clock.install();
  t.after(() => clock.restore());
  FakeSocket.made = [];
  const rpc = new RpcClient('ws://test/rpc', { makeSocket: () => /** @type {any} */ (new FakeSocket()), random: () => 1 });
  /** @type {string[]} */ const states = [];
  rpc.addEventListener('state', () => states.push(rpc.state));
  return { rpc, states, socket: () => /** @type {FakeSocket} */ (FakeSocket.made.at(-1)) };
}

/** @param {any} context @param {object} [session] */
async function online({ rpc, socket }, session = { seq: 10, resumed: false }) {
  rpc.start('tok');
  socket().onopen();
  socket().answer('session.start', { serverTime: Date.now() + 5000, calls: [], ...session });
  await settled();
}

test('the session starts before anything else is sent', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  rpc.start('tok');
  const answer = rpc.call('user.find', { username: 'ada' });
  socket().onopen();
  assert.deepEqual(socket().sent.map((/** @type {any} */ one) => one.method), ['session.start']);
  assert.deepEqual(socket().sent[0].params, { token: 'tok' });
  socket().answer('session.start', { serverTime: Date.now() + 5000, seq: 1, resumed: false });
  await settled();
  socket().answer('user.find', { user: { id: '1' } });
  assert.deepEqual(await answer, { user: { id: '1' } });
  assert.equal(rpc.clockOffsetMs, 5000);
});

test('an error carries code, reason and wait', async (t) => {
  const context = setUp(t);
  await online(context);
  const call = context.rpc.call('account.login', {});
  context.socket().answer('account.login', new Error('', { cause: { code: -32005, message: 'slow down', data: { reason: 'rate', retryAfterMs: 3000 } } }));
  await assert.rejects(call, { code: -32005, reason: 'rate', retryAfterMs: 3000, message: 'slow down' });
});

test('a lost connection comes back, tells lastSeq, and sends again only what may be sent twice', async (t) => {
  const context = setUp(t);
  const { rpc, socket, states } = context;
  await online(context);
  socket().receive({ method: 'call.active', params: { seq: 11 } });
  const once = rpc.call('call.hangup', {});
  const first = rpc.call('call.seal', { n: 1 }, { resend: true });
  const second = rpc.call('call.seal', { n: 2 }, { resend: true });
  const lost = assert.rejects(once, { reason: 'connection_lost' });
  socket().onclose({ code: 1006 });
  await lost;
  assert.equal(rpc.state, 'waiting');
  assert.equal(rpc.retryAt, Date.now() + 500);
  clock.tick(500);
  socket().onopen();
  assert.equal(socket().sent[0].params.lastSeq, 11);
  socket().answer('session.start', { seq: 11, resumed: true });
  await settled();
  assert.deepEqual(socket().sent.slice(1).map((/** @type {any} */ one) => one.params.n), [1, 2]);
  for (const call of socket().sent.slice(1)) socket().receive({ id: call.id, result: {} });
  await Promise.all([first, second]);
  assert.deepEqual(states, ['connecting', 'online', 'waiting', 'connecting', 'online']);
});

test('the wait doubles up to its ceiling, and retryNow() does not wait', async (t) => {
  const { rpc, socket } = setUp(t);
  rpc.start('tok');
  const waits = [];
  for (let i = 0; i < 7; i++) {
    socket().onclose({ code: 1006 });
    waits.push(rpc.retryAt - Date.now());
    if (i < 6) clock.tick(rpc.retryAt - Date.now());
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000]);
  const made = FakeSocket.made.length;
  rpc.retryNow();
  assert.equal(FakeSocket.made.length, made + 1);
  clock.tick(5000);
  assert.equal(FakeSocket.made.length, made + 1, 'the old timer is gone');
});

test('a connection that never opens is given up', (t) => {
  const { rpc, socket } = setUp(t);
  rpc.start('tok');
  const first = socket();
  clock.tick(10000);
  assert.equal(rpc.state, 'waiting');
  assert.ok(first.closed);
});

test('notifications: in order once, a gap asks for a resync', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  await online(context);
  /** @type {number[]} */ const got = [];
  let resyncs = 0;
  const off = rpc.on('call.incoming', (params) => got.push(params.seq));
  rpc.addEventListener('resync', () => resyncs++);
  for (const seq of [11, 12, 12, 11, 15, 16]) socket().receive({ method: 'call.incoming', params: { seq } });
  assert.deepEqual(got, [11, 12, 15, 16]);
  assert.equal(resyncs, 1);
  off();
  socket().receive({ method: 'call.incoming', params: { seq: 17 } });
  assert.equal(got.length, 4);
});

test('what is replayed before the answer to session.start is delivered after it', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  await online(context);
  /** @type {any[]} */ const got = [];
  rpc.on('call.ended', (params) => got.push(params.seq));
  rpc.addEventListener('session', () => got.push('session'));
  socket().onclose({ code: 1006 });
  clock.tick(500);
  socket().onopen();
  socket().receive({ method: 'call.ended', params: { seq: 11 } });
  socket().receive({ method: 'call.ended', params: { seq: 12 } });
  assert.deepEqual(got, []);
  socket().answer('session.start', { seq: 12, resumed: true });
  await settled();
  assert.deepEqual(got, ['session', 11, 12]);
});

test('a server that forgot the numbering: resync, and new numbers are taken', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  await online(context, { seq: 500, resumed: false });
  let resyncs = 0;
  /** @type {number[]} */ const got = [];
  rpc.addEventListener('resync', () => resyncs++);
  rpc.on('x', (params) => got.push(params.seq));
  socket().onclose({ code: 1006 });
  clock.tick(500);
  socket().onopen();
  socket().answer('session.start', { seq: 0, resumed: false });
  await settled();
  socket().receive({ method: 'x', params: { seq: 1 } });
  assert.equal(resyncs, 1);
  assert.deepEqual(got, [1]);
});

test('another tab took over: stays away', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  await online(context);
  const made = FakeSocket.made.length;
  socket().onclose({ code: 4001 });
  assert.equal(rpc.state, 'offline');
  assert.equal(rpc.stopReason, 'taken_over');
  clock.tick(60000);
  assert.equal(FakeSocket.made.length, made);
});

test('a token that is no longer good signs out', async (t) => {
  const { rpc, socket } = setUp(t);
  rpc.start('old');
  socket().onopen();
  socket().answer('session.start', new Error('', { cause: { code: -32001, message: 'no', data: { reason: 'revoked' } } }));
  await settled();
  assert.equal(rpc.state, 'offline');
  assert.equal(rpc.stopReason, 'signed_out');
});

test('silence is probed, and a dead path is left', async (t) => {
  const context = setUp(t);
  const { rpc, socket } = context;
  await online(context);
  clock.tick(20000);
  socket().answer('server.info', {});
  await settled();
  assert.equal(rpc.state, 'online');
  clock.tick(20000);
  clock.tick(6000);
  await settled();
  assert.equal(rpc.state, 'waiting');
});

test('calls time out, and stop() fails what waits', async (t) => {
  const context = setUp(t);
  const { rpc } = context;
  await online(context);
  const late = assert.rejects(rpc.call('a', {}, { timeoutMs: 100 }), { reason: 'timeout' });
  clock.tick(100);
  await late;
  const closed = assert.rejects(rpc.call('b'), { reason: 'closed' });
  rpc.stop();
  await closed;
  await assert.rejects(rpc.call('c'), { reason: 'closed' });
});
