// SPDX-License-Identifier: Apache-2.0
// What a hostile or broken client sends gets its documented answer, and a client beside it is served as before.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { Client } from './lib/client.mjs';
import { Server, delay, until } from './lib/server.mjs';

let server, honest;
before(async () => {
  server = await Server.start({ signaling: { max_connections_per_address: 15000, max_connections: 15000, stranger_rate_address: 0 } });
  honest = await (await Client.open(server.wsUrl)).register('honest');
});
afterEach(async () => { assert.equal((await honest.call('user.find', { username: 'honest' })).user.id, honest.user.id); });
after(() => server.remove());

/** Sends raw bytes to the HTTP port; gives all that comes back until the end (or `timeoutMs`). */
function raw(bytes, { timeoutMs = 3000, keep = false } = {}) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, server.host, () => socket.write(bytes));
    let text = '';
    const timer = setTimeout(() => { if (!keep) socket.destroy(); resolve({ text, socket, ended: false }); }, timeoutMs);
    socket.on('data', (data) => { text += data; });
    socket.on('close', () => { clearTimeout(timer); resolve({ text, socket, ended: true }); });
    socket.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? null : reject(error)));
  });
}
const status = async (bytes, options) => Number((await raw(bytes, options)).text.slice(9, 12));

async function exchange(text) {
  const client = await Client.open(server.wsUrl);
  const answer = new Promise((resolve) => client.socket.once('message', (data) => resolve(JSON.parse(String(data)))));
  client.receive = () => {};
  client.socket.send(text);
  const closed = client.closed.then((reason) => ({ closed: reason.code }));
  const result = await Promise.race([answer, closed, delay(3000).then(() => ({ silent: true }))]);
  await client.close();
  return result;
}

test('malformed JSON', async () => {
  const deep = '['.repeat(8000) + ']'.repeat(8000), wide = `[{}${',{}'.repeat(4095)}]`;
  for (const text of ['', '{', 'hello', '{"jsonrpc":"2.0","id":1,"method":"server.info",}', '{"a":1,"a":2}', '"\\ud800"', '{"a":99999999999999999999}', deep, wide, '// x\n{}', '\ufeff{}'])
    assert.equal((await exchange(text)).error?.code, -32700, JSON.stringify(text.slice(0, 40)));
});

test('well-formed JSON that is no request', async () => {
  for (const text of ['1', 'null', '[]', '{}', '{"jsonrpc":"1.0","id":1,"method":"server.info"}', '{"jsonrpc":"2.0","id":{},"method":"server.info"}', '{"jsonrpc":"2.0","id":1,"method":7}'])
    assert.equal((await exchange(text)).error?.code, -32600, text);
  assert.equal((await exchange('{"jsonrpc":"2.0","id":1,"method":"server.nothing"}')).error.code, -32601);
  assert.equal((await exchange('{"jsonrpc":"2.0","id":1,"method":"server.info","params":[1]}')).error.code, -32602);
  assert.equal((await exchange('{"jsonrpc":"2.0","id":1,"method":"account.login","params":{"username":7}}')).error.code, -32602);
  assert.equal((await exchange('{"jsonrpc":"2.0","id":1,"method":"session.list"}')).error.code, -32001);
});

test('a batch is bounded, and its bad members do not spoil the good ones', async () => {
  const good = { jsonrpc: '2.0', id: 1, method: 'server.info' };
  const answers = await exchange(JSON.stringify([good, 7, { ...good, id: 2, method: 'x' }]));
  assert.deepEqual(answers.map((a) => a.error?.code ?? 0).sort((x, y) => x - y), [-32601, -32600, 0]);
  assert.ok((await exchange(JSON.stringify(Array(51).fill(good)))).error);
});

test('frames that break RFC 6455 close the connection with the right code', async () => {
  const handshake = 'GET /rpc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: aldis.v1\r\n\r\n';
  const cases = [
    [Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002], // not masked
    [Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002], // reserved bit
    [Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002], // reserved opcode
    [Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), 1007], // not UTF-8
    [Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 1002], // fragmented ping
    [Buffer.from([0x82, 0x81, 0, 0, 0, 0, 0]), 1003], // binary
    [Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x7b]), 1009], // says 1 GiB, found out at its first byte
  ];
  for (const [frame, code] of cases) {
    const { text, ended } = await new Promise((resolve, reject) => {
      const socket = net.connect(server.port, server.host, () => socket.write(Buffer.concat([Buffer.from(handshake), frame])));
      const chunks = [];
      const timer = setTimeout(() => socket.destroy(), 5000);
      socket.on('data', (d) => chunks.push(d)).on('error', reject).on('end', () => socket.end());
      socket.on('close', () => { clearTimeout(timer); resolve({ text: Buffer.concat(chunks), ended: true }); });
    });
    const body = text.subarray(text.indexOf('\r\n\r\n') + 4);
    assert.ok(ended);
    assert.equal(body[0], 0x88, `no close frame for ${frame.toString('hex')}`);
    assert.equal(body.readUInt16BE(2), code, frame.toString('hex'));
  }
});

test('a message over the limit closes with 1009', async () => {
  const client = await Client.open(server.wsUrl);
  client.socket.send('x'.repeat(600 * 1024));
  assert.equal((await client.closed).code, 1009);
  const stranger = await Client.open(server.wsUrl);
  stranger.socket.send('1'.padEnd(16 * 1024 + 1));
  assert.equal((await stranger.closed).code, 1009);
  honest.socket.send('1'.padEnd(16 * 1024 + 1)); // it has its session
  await honest.call('user.find', { username: 'honest' });
});

test('HTTP requests that could smuggle are refused', async () => {
  const head = 'POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  for (const [bytes, code] of [
    [head + 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    [head + 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400],
    [head + 'Content-Length: +2\r\n\r\n{}', 400],
    [head + 'Transfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['GET / HTTP/1.1\nHost: x\n\n', 400],
    ['GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
    ['GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20000)}\r\n\r\n`, 431],
    ['GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
    ['GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
    ['DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
  ]) assert.equal(await status(bytes), code, JSON.stringify(bytes.slice(0, 60)));
});

/**
 * Streams `total` bytes of body, whatever the server answers, until all is sent or the connection is gone. Gives what came
 * back and how many bytes the system took.
 */
function stream(head, piece, total) {
  return new Promise((resolve) => {
    let text = '', sent = 0;
    const socket = net.connect({ host: server.host, port: server.port, allowHalfOpen: true });
    const more = () => {
      while (sent < total && !socket.destroyed) {
        sent += piece.length;
        if (!socket.write(piece)) { socket.once('drain', more); return; }
      }
      socket.end();
    };
    socket.on('connect', () => { socket.write(head); more(); });
    socket.on('data', (data) => { text += data; });
    socket.on('error', () => {}); // EPIPE, ECONNRESET: the server has closed
    socket.on('close', () => resolve({ text, sent }));
  });
}

const GIB = 1024 ** 3;
const residentKib = async () => Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${server.process.pid}/status`, 'utf8'))[1]);

for (const [form, field, piece] of [
  ['one that is announced', `Content-Length: ${GIB}`, Buffer.alloc(65536, 0x20)],
  ['one in chunks', 'Transfer-Encoding: chunked', Buffer.from(`10000\r\n${' '.repeat(65536)}\r\n`)],
]) {
  test(`a body of 1 GiB, sent on and on: ${form}`, async () => {
    const head = `POST /rpc HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\nContent-Type: application/json\r\n${field}\r\n\r\n`;
    const before = await residentKib();
    let peak = 0, over = false, served = 0;
    const streams = Promise.all(Array.from({ length: 8 }, () => stream(head, piece, GIB))).finally(() => { over = true; });
    while (!over) {
      await honest.call('user.find', { username: 'honest' });
      served++;
      peak = Math.max(peak, await residentKib());
    }
    for (const { text, sent } of await streams) {
      // a client that is still sending when the server closes may lose the answer to the reset; it is then no answer at all
      if (text !== '') assert.equal(text.slice(0, 12), 'HTTP/1.1 413');
      assert.ok(sent < GIB, 'the whole body was taken'); // the server reads on for 2 s at most, so that its answer arrives
    }
    assert.ok((await streams).some(({ text }) => text !== ''), 'nobody was told');
    assert.ok(served > 0);
    assert.ok(peak - before < 32 * 1024, `resident memory went from ${before} KiB to ${peak} KiB`);
  });
}

test('a reader that never reads is disconnected', async () => {
  const open = async () => [...(await server.metrics()).matchAll(/^aldis_front_connections(?:\{[^}]*\})? (\d+)/gm)]
    .reduce((sum, [, n]) => sum + Number(n), 0);
  const before = await open();
  const client = await (await Client.open(server.wsUrl)).register('slowreader');
  await until(async () => await open() === before + 1, 'the connection to be counted');
  client.socket._socket.pause();
  const request = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rpc.discover' });
  for (let i = 0; i < 600; i++) { client.socket.send(request); if (i % 50 === 0) await delay(20); }
  // at once when its queue overflows; else it answers no ping, and is gone within 30 s of silence
  await until(async () => await open() === before, 'the slow reader to be disconnected', 60000);
  client.socket.terminate();
});

test('floods are slowed, not buffered', async () => {
  const socket = new WebSocket(server.wsUrl, ['aldis.v1']);
  await new Promise((resolve) => socket.once('open', resolve));
  let answers = 0;
  socket.on('message', () => answers++);
  socket.on('error', () => {});
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'server.info' });
  for (let i = 0; i < 20000; i++) socket.send(text);
  await delay(1500);
  assert.ok(answers < 5000, `${answers} answers in 1.5 s: no rate limit`);
  assert.ok(answers > 50, `${answers} answers: starved`);
  socket.terminate();
});
