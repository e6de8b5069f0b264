// SPDX-License-Identifier: Apache-2.0
// Allocations of TCP (RFC 6062) on several workers: coturn's client, and a client of ours that counts every byte.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Server, freePort, until } from './lib/server.mjs';
import { TurnTcp } from './lib/turn.mjs';

const host = '127.0.0.1';
let server, port, tlsPort;

const settings = () => ({
  server: { workers: 3 }, // the connections of one client land on all of them
  relay: {
    listen_tcp: `${host}:${port}`, listen_tls: `${host}:${tlsPort}`, relay_address: `${host};::1`, static_users: 'test:testpass;other:otherpass',
    allow_loopback_peers: true, tcp_allocations: true,
  },
});

before(async () => {
  [port, tlsPort] = [await freePort(), await freePort()];
  server = await Server.start(settings());
});
after(() => server?.remove());

const at = (secure) => ({ host, port: secure ? tlsPort : port, secure });

/** A peer that listens, and whoever connected to it. */
async function listen(onConnection) {
  const peer = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await once(peer.listen(0, host), 'listening');
  return { address: [host, peer.address().port], close: () => peer.close() };
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Writes everything, with back-pressure. */
async function send(socket, bytes) {
  for (let i = 0; i < bytes.length; i += 50000)
    if (!socket.write(bytes.subarray(i, i + 50000))) await once(socket, 'drain');
}

/** Reads so many bytes. */
async function receive(socket, length) {
  const chunks = [];
  let have = 0;
  while (have < length) {
    const data = socket.read();
    if (data) {
      chunks.push(data);
      have += data.length;
    } else {
      if (socket.readableEnded || socket.destroyed) break;
      await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
    }
  }
  return Buffer.concat(chunks);
}

/** So many random bytes both ways at once, the peer's first before anybody fetches them. */
async function exchange(client, length) {
  const [up, down] = [randomBytes(length), randomBytes(length)];
  let heard;
  const done = new Promise((resolve) => { heard = resolve; });
  const peer = await listen(async (socket) => {
    const [, bytes] = await Promise.all([send(socket, down), receive(socket, length)]);
    heard(bytes);
  });
  const socket = await client.join(await client.reach(peer.address), up.subarray(0, 1000));
  const [got, arrived] = await Promise.all([receive(socket, length), done, send(socket, up.subarray(1000))]);
  socket.destroy();
  peer.close();
  assert.equal(digest(got), digest(down));
  assert.equal(digest(arrived), digest(up));
}

describe('relay: turnutils_uclient -T', { concurrency: 3 }, () => {
  for (const [name, secure, ...args] of [['TCP', false], ['TLS', true], ['IPv6 relay', false, '-x']])
    test(name, { timeout: 90000 }, async () => {
      const child = spawn('turnutils_uclient', ['-T', '-n', '40', '-m', '4', '-l', '500', '-z', '5', '-u', 'test', '-w', 'testpass',
        ...(secure ? ['-S'] : []), ...args, '-p', String(at(secure).port), host]);
      const output = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
      const guard = setTimeout(() => child.kill('SIGKILL'), 80000);
      const [code, signal] = await once(child, 'close');
      clearTimeout(guard);
      const text = output.join('');
      assert.deepEqual([code, signal], [0, null], text);
      assert.match(text, /12 connections are completed/); // four clients, each with each
      assert.match(text, /tot_send_msgs=160, tot_recv_msgs=160/);
      assert.match(text, /Total lost packets 0 /, text);
    });
});

for (const secure of [false, true])
  test(`relay: megabytes both ways, ten peers at once, over ${secure ? 'TLS' : 'TCP'}`, { timeout: 120000 }, async () => {
    const client = await TurnTcp.connect(at(secure));
    await client.allocate();
    await Promise.all(Array.from({ length: 10 }, () => exchange(client, 2_000_000)));
    client.close();
  });

for (const secure of [false, true])
  test(`relay: peers that connect, over ${secure ? 'TLS' : 'TCP'}`, { timeout: 60000 }, async () => {
    const client = await TurnTcp.connect(at(secure));
    const [relayHost, relayPort] = await client.allocate();
    const stranger = net.connect(relayPort, relayHost);
    stranger.on('error', () => {}); // it is reset, at once or a moment later
    await new Promise((resolve) => stranger.once('close', resolve)); // no permission
    assert.equal((await client.permit(host)).code, 0);
    for (let i = 0; i < 6; i++) {
      const attempt = once(client, 'attempt');
      const peer = net.connect(relayPort, relayHost);
      peer.on('error', () => {});
      const greeting = randomBytes(300_000); // more than a buffer
      const sent = send(peer, greeting);
      const [{ id, peer: address }] = await attempt;
      assert.deepEqual(address, [host, peer.localPort]);
      const socket = await client.join(id);
      await sent;
      assert.equal(digest(await receive(socket, greeting.length)), digest(greeting));
      const reply = randomBytes(300_000);
      const [got] = await Promise.all([receive(peer, reply.length), send(socket, reply)]);
      assert.equal(digest(got), digest(reply));
      peer.end(); // the other one is closed
      await receive(socket, 1);
      assert.ok(socket.readableEnded);
      socket.destroy();
    }
    client.close();
  });

test('relay: what was sent before an end arrives before it', { timeout: 60000 }, async () => {
  const client = await TurnTcp.connect(at(false)), bytes = randomBytes(3_000_000);
  await client.allocate();
  const speaker = await listen((socket) => socket.end(bytes));
  const socket = await client.join(await client.reach(speaker.address));
  assert.equal(digest(await receive(socket, bytes.length)), digest(bytes));
  await receive(socket, 1);
  assert.ok(socket.readableEnded);

  let heard;
  const done = new Promise((resolve) => { heard = resolve; });
  const listener = await listen(async (peer) => {
    const got = await receive(peer, bytes.length + 1);
    heard([got, peer.readableEnded]);
    peer.end();
  });
  const other = await client.join(await client.reach(listener.address));
  other.end(bytes);
  const [got, ended] = await done;
  assert.equal(digest(got), digest(bytes));
  assert.ok(ended);
  for (const peer of [speaker, listener]) peer.close();
  client.close();
});

/** What the server has read from peers so far. */
async function countToClient() {
  const text = await server.metrics();
  return [...text.matchAll(/^aldis_relay_bytes_total\{[^}]*to_client"\} (\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

test('relay: a client that does not read', { timeout: 120000 }, async () => {
  // what the kernel keeps for a sender and a reader, by its settings, and some megabytes of the relay's own
  const most = 8_000_000 + ['rmem', 'wmem'].reduce((sum, name) => sum + Number(readFileSync(`/proc/sys/net/ipv4/tcp_${name}`, 'utf8').trim().split(/\s+/)[2]), 0);
  const client = await TurnTcp.connect(at(false)), bytes = randomBytes(2 * most);
  await client.allocate();
  const peer = await listen((socket) => socket.end(bytes));
  const before = await countToClient();
  const socket = await client.join(await client.reach(peer.address));
  let last = 0;
  // published every second: what no longer grows has filled the kernel's buffers, and ours
  await until(async () => {
    const now = (await countToClient()) - before, stands = now > 0 && now === last;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return stands;
  }, 'the peer to be held up', 60000);
  assert.ok(last < most, `${last} bytes were taken`);
  assert.equal(digest(await receive(socket, bytes.length)), digest(bytes));
  peer.close();
  client.close();
});

test('relay: no faster than an allocation may be', { timeout: 60000 }, async () => {
  server.settings.relay.max_bitrate_kbps = 16000;
  await server.configure();
  server.process.kill('SIGHUP');
  await until(() => /info server reloaded/.test(server.log), 'the limit');
  const client = await TurnTcp.connect(at(false));
  await client.allocate();
  const begin = performance.now();
  await exchange(client, 4_000_000); // each way: 2 s at 2 MB/s, but for what may pass at once
  assert.ok(performance.now() - begin > 1500);
  client.close();
  delete server.settings.relay.max_bitrate_kbps;
});

test('relay: connections end with their allocation', { timeout: 60000 }, async () => {
  for (const end of ['release', 'close']) {
    const client = await TurnTcp.connect(at(false));
    await client.allocate();
    const sockets = [];
    const peer = await listen((socket) => {
      socket.resume();
      sockets.push(once(socket, 'end').then(() => socket.destroy()));
    });
    const joined = await client.join(await client.reach(peer.address), Buffer.from('hello'));
    await until(() => sockets.length === 1, 'the peer to be reached');
    await client[end]();
    await sockets[0];
    await receive(joined, 1);
    assert.ok(joined.readableEnded);
    peer.close();
    client.close();
  }
  await until(async () => (await server.metrics()).includes('aldis_relay_peer_connections_active 0'), 'no connection to be left');
});

test('relay: what Connect and ConnectionBind refuse', { timeout: 60000 }, async () => {
  const client = await TurnTcp.connect(at(false)), other = await TurnTcp.connect({ ...at(false), user: 'other', password: 'otherpass' });
  await client.allocate();
  await other.allocate();
  await assert.rejects(client.reach(['10.1.2.3', 4000]), { code: 403 });
  await assert.rejects(client.reach([host, 22]), { code: 403 });
  await assert.rejects(client.reach([host, await freePort()]), { code: 447 });
  const peer = await listen((socket) => socket.resume());
  const id = await client.reach(peer.address);
  await assert.rejects(client.reach(peer.address), { code: 446 });
  await assert.rejects(other.join(id), { code: 400 });
  await assert.rejects(client.join(Buffer.from([1, 2, 3, 200])), { code: 400 });
  const socket = await client.join(id);
  await assert.rejects(client.join(id), { code: 400 });
  socket.destroy();
  peer.close();
  client.close();
  other.close();
});

test('relay: off and on again while it runs', { timeout: 60000 }, async () => {
  const client = await TurnTcp.connect(at(false));
  await client.allocate();
  server.settings.relay.tcp_allocations = false;
  await server.configure();
  server.process.kill('SIGHUP');
  const fresh = async () => {
    const another = await TurnTcp.connect(at(false));
    return another.allocate().then(() => 0, (error) => Number(error.message.slice(-3))).finally(() => another.close());
  };
  await until(async () => (await fresh()) === 442, 'allocations of TCP to be refused');
  await exchange(client, 100_000); // what is allocated stays
  server.settings.relay.tcp_allocations = true;
  await server.configure();
  server.process.kill('SIGHUP');
  await until(async () => (await fresh()) === 0, 'allocations of TCP to be made again');
  client.close();
});
