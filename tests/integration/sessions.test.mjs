// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start({ messaging: { registration_rate_address: 1000 } }); });
after(() => server.remove());

const pair = async (x, y) => [await (await Client.open(server.wsUrl)).register(x), await (await Client.open(server.wsUrl)).register(y)];

test('notifications missed while the connection was cut are replayed in order', async () => {
  const [a, b] = await pair('rosa', 'sepp');
  const first = newCallId();
  await a.call('call.invite', { callId: first, to: b.user.id, video: false, blob: 'AAAA' });
  const incoming = await b.notification('call.incoming');
  await b.cut();
  await a.call('call.cancel', { callId: first });
  const second = newCallId();
  await a.call('call.invite', { callId: second, to: b.user.id, video: true, blob: 'BBBB' });
  await b.connect();
  const session = await b.start(incoming.seq);
  assert.equal(session.resumed, true);
  const ended = await b.notification('call.ended');
  const again = await b.notification('call.incoming');
  assert.deepEqual([ended.callId, again.callId], [first, second]);
  /* the chat of the two appears, with the missed call in it */
  const told = [await b.notification('update'), await b.notification('update')];
  assert.deepEqual(told.map(({ type }) => type), ['chat.updated', 'message.new']);
  assert.ok(ended.seq < again.seq);
  assert.deepEqual([ended, again, ...told].map(({ seq }) => seq - incoming.seq).sort(), [1, 2, 3, 4]);
  await a.call('call.cancel', { callId: second });
  await Promise.all([a.close(), b.close()]);
});

test('a sequence number from another life is not resumed', async () => {
  const [a] = await pair('tina', 'udo_1');
  await a.cut();
  await a.connect();
  assert.equal((await a.start(999999)).resumed, false);
  await a.close();
});

test('past the bound the server says that it cannot resume', async () => {
  const [a, b] = await pair('vera', 'willi');
  const one = newCallId();
  await a.call('call.invite', { callId: one, to: b.user.id, video: false, blob: 'AAAA' });
  const { seq } = await b.notification('call.incoming');
  await b.call('call.accept', { callId: one, blob: 'AAAA' });
  await b.cut();
  // 48 KiB each: more than the replay of a device holds
  for (let i = 0; i < 12; i++) await a.call('call.seal', { callId: one, blob: 'A'.repeat(65536) });
  await b.connect();
  const session = await b.start(seq);
  assert.equal(session.resumed, false);
  assert.deepEqual(session.calls.map((c) => c.callId), [one]);
  await a.call('call.hangup', { callId: one });
  await Promise.all([a.close(), b.close()]);
});

test('what a pong has proven to have arrived is not held for a replay', async () => {
  const [a, b] = await pair('xenia', 'yoshi');
  const one = newCallId();
  const asked = new Promise((resolve) => b.socket.on('ping', (data) => data.length === 8 && resolve(Number(data.readBigUInt64BE()))));
  await a.call('call.invite', { callId: one, to: b.user.id, video: false, blob: 'AAAA' });
  const { seq } = await b.notification('call.incoming');
  assert.equal(await asked, seq);
  await b.call('server.info'); // the pong went before it
  await b.cut();
  // a page that was reloaded knows nothing, and finds its call in the state
  await b.connect();
  const reloaded = await b.start();
  assert.deepEqual([reloaded.resumed, reloaded.resync, reloaded.calls[0].callId], [false, false, one]);
  const again = await b.notification('call.incoming');
  await b.cut();
  await b.connect();
  const kept = await b.start(again.seq);
  assert.deepEqual([kept.resumed, kept.seq], [true, again.seq]);
  await b.cut();
  // one that had thrown the notification away must begin anew
  await b.connect();
  const lost = await b.start(again.seq - 1);
  assert.deepEqual([lost.resumed, lost.resync, lost.calls[0].callId], [false, true, one]);
  await a.call('call.cancel', { callId: one });
  await b.notification('call.ended');
  await Promise.all([a.close(), b.close()]);
});

test('the newest connection of a token takes over', async () => {
  const [a] = await pair('xaver', 'yvonne');
  const b = await Client.open(server.wsUrl);
  await b.call('session.start', { token: a.token });
  assert.equal((await a.closed).code, 4001);
  await b.close();
});

test('a restart forgets the replay but not the session', async () => {
  const [a, b] = await pair('zoe_1', 'anton');
  const id = newCallId();
  await b.call('call.invite', { callId: id, to: a.user.id, video: false, blob: 'AAAA' });
  const { seq } = await a.notification('call.incoming');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await server.launch();
  await a.connect();
  const session = await a.start(seq);
  assert.equal(session.resumed, false);
  assert.equal(session.user.id, a.user.id);
  await a.close();
});

test('a page of another origin may not open a WebSocket', async () => {
  await assert.rejects(Client.open(server.wsUrl, { origin: 'https://evil.example' }), /403/);
  const same = await Client.open(server.wsUrl, { origin: server.url });
  await same.close();
});

test('a page whose own name was made to lead here may not, by WebSocket or POST, and the log says what to set', async () => {
  const host = `evil.example:${server.port}`, headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
  await assert.rejects(Client.open(server.wsUrl, { headers }), /403/);
  const post = (fields) => new Promise((resolve, reject) => {
    request(`${server.url}/rpc`, { method: 'POST', headers: fields }, (answer) => { answer.resume(); resolve(answer.statusCode); })
      .on('error', reject).end('{"jsonrpc":"2.0","id":1,"method":"server.info"}');
  });
  assert.equal(await post(headers), 403);
  const own = `127.0.0.1:${server.port}`;
  assert.equal(await post({ ...headers, host: own, origin: `http://${own}` }), 200);
  assert.equal(server.log.split('set public_address or allowed_origins').length, 2);
});
