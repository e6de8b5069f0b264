// SPDX-License-Identifier: Apache-2.0
// Other people's TURN clients against aldisd: turnutils of coturn, aioice, libnice. Nothing may be lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, build, freePort, top, until } from './lib/server.mjs';

let server, mobile, peer, port, mobilePort, mobileTlsPort, otherPort, tlsPort, peerPort;

before(async () => {
  [port, tlsPort, peerPort, mobilePort, mobileTlsPort, otherPort] = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const at = (n) => `127.0.0.1:${n};[::1]:${n}`;
  const relay = (plain, tls) => ({
    listen_udp: at(plain), listen_tcp: at(plain), listen_tls: at(tls), relay_address: '127.0.0.1;::1',
    static_users: 'test:testpass', shared_secrets: 'newest;s3cret', allow_loopback_peers: true, dtls: true,
  });
  server = await Server.start({ relay: relay(port, tlsPort) });
  /* four workers: three moves of four go to another one */
  mobile = await Server.start({
    server: { workers: 4 },
    relay: {
      ...relay(mobilePort, mobileTlsPort), mobility: true,
      listen_udp: `${at(mobilePort)};127.0.0.1:${otherPort};127.0.0.2:${mobilePort};127.0.0.2:${otherPort}`,
      discovery: `127.0.0.1:${mobilePort};127.0.0.2:${otherPort}`,
    },
  });
  peer = spawn('turnutils_peer', ['-L', '127.0.0.1', '-L', '::1', '-p', String(peerPort)], { stdio: 'ignore' });
});
after(async () => {
  peer?.kill();
  await Promise.all([server?.remove(), mobile?.remove()]);
});

/** Runs a program to its end, or for so long. */
function run(program, args, { ms = 60000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(String(data)));
    const guard = setTimeout(() => child.kill('SIGKILL'), ms);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(guard);
      resolve({ code, signal, text: output.join('') });
    });
  });
}

const static_ = ['-u', 'test', '-w', 'testpass'];
const viaPeer = () => ['-e', '127.0.0.1', '-r', String(peerPort)];
const few = ['-n', '40', '-m', '2', '-l', '400', '-z', '10'];

async function lossless(args, { user = static_, at = port, host = '127.0.0.1' } = {}) {
  const { code, signal, text } = await run('turnutils_uclient', [...args, ...few, ...user, '-p', String(at), host]);
  const tail = text.split('\n').slice(-12).join('\n');
  assert.deepEqual([code, signal], [0, null], tail);
  const [, sent, received] = text.match(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)(?![^]*tot_send_msgs)/) ?? [];
  assert.ok(Number(sent) >= 80, tail);
  assert.equal(received, sent, tail);
  assert.match(text, /Total lost packets 0 /, tail);
}

describe('relay: turnutils_uclient', { concurrency: 3 }, () => {
  const cases = {
    'client to client, channels': () => lossless(['-y', '-c']),
    'client to client, Send': () => lossless(['-y', '-c', '-s']),
    'by a peer, channels': () => lossless([...viaPeer(), '-c']),
    'by a peer, Send and Data': () => lossless([...viaPeer(), '-c', '-s']),
    'TCP, by a peer, channels': () => lossless(['-t', ...viaPeer(), '-c']),
    'TCP, by a peer, Send and Data': () => lossless(['-t', '-s', ...viaPeer(), '-c']),
    'TCP, client to client': () => lossless(['-t', '-y', '-c']),
    'TLS, by a peer, channels': () => lossless(['-t', '-S', ...viaPeer(), '-c'], { at: tlsPort }),
    'TLS, by a peer, Send and Data': () => lossless(['-t', '-S', '-s', ...viaPeer(), '-c'], { at: tlsPort }),
    'TLS, client to client': () => lossless(['-t', '-S', '-y', '-c'], { at: tlsPort }),
    'DTLS, by a peer, channels': () => lossless(['-S', ...viaPeer(), '-c']),
    'DTLS, by a peer, Send and Data': () => lossless(['-S', '-s', ...viaPeer(), '-c']),
    'DTLS, client to client, channels': () => lossless(['-S', '-y', '-c']),
    'DTLS, pairs of ports': () => lossless(['-S', '-y']),
    'DTLS, IPv6 relay over IPv6': () => lossless(['-S', '-x', '-y', '-c'], { host: '::1' }),
    'DTLS, IPv6 relay over IPv4': () => lossless(['-S', '-x', '-y', '-c']),
    'DTLS, both families': () => lossless(['-S', '-Z', ...viaPeer()]),
    'DTLS, a time-limited credential': () => lossless(['-S', '-y', '-c'], { user: ['-W', 's3cret', '-u', 'alice'] }),
    'pairs of ports, client to client': () => lossless(['-y']),
    'pairs of ports, by a peer': () => lossless(viaPeer()),
    'DONT-FRAGMENT': () => lossless(['-g', '-y', '-c']),
    'padded channels over UDP': () => lossless(['-D', ...viaPeer(), '-c']),
    'padded channels over TCP': () => lossless(['-D', '-t', ...viaPeer(), '-c']),
    'requests beyond need': () => lossless(['-G', ...viaPeer(), '-c']),
    'IPv6 relay over IPv6': () => lossless(['-x', '-y', '-c'], { host: '::1' }),
    'IPv6 relay over IPv4': () => lossless(['-x', '-y', '-c']),
    'IPv6 relay over TCP': () => lossless(['-t', '-x', '-y', '-c'], { host: '::1' }),
    'IPv4 relay asked for': () => lossless(['-X', '-y', '-c']),
    'both families': () => lossless(['-Z', ...viaPeer()]),
    'a time-limited credential of the second secret': () => lossless(['-y', '-c'], { user: ['-W', 's3cret', '-u', 'alice'] }),
    'a time-limited credential of the first secret': () => lossless(['-y', '-c'], { user: ['-W', 'newest', '-u', 'alice'] }),
  };
  for (const [name, body] of Object.entries(cases)) test(name, { timeout: 90000 }, body);
});

test('relay: a hundred clients over DTLS', { timeout: 90000 }, async () => {
  const made = async () => Number((await server.metrics()).match(/^aldis_relay_allocations_total\{transport="dtls"\} (\d+)/m)?.[1]);
  const before = await made();
  const { code, text } = await run('turnutils_uclient', ['-S', '-y', '-c', '-n', '20', '-m', '100', '-l', '400', '-z', '40', ...static_, '-p', String(port), '127.0.0.1'], { ms: 80000 });
  assert.equal(code, 0, text.slice(-2000));
  assert.match(text, /tot_send_msgs=2000, tot_recv_msgs=2000/);
  assert.match(text, /Total lost packets 0 /);
  await until(async () => await made() >= before + 100, 'they are counted');
});

test('relay: DTLS is off unless it is asked for', { timeout: 60000 }, async () => {
  const at = await freePort(), plain = await Server.start({ relay: { listen_udp: `127.0.0.1:${at}`, static_users: 'test:testpass', allow_loopback_peers: true } });
  try {
    const { text } = await run('turnutils_uclient', ['-S', '-y', '-c', ...few, ...static_, '-p', String(at), '127.0.0.1'], { ms: 4000 });
    assert.doesNotMatch(text, /session connected/);
    await until(async () => /^aldis_relay_dropped_total\{reason="unauthorized"\} [1-9]/m.test(await plain.metrics()), 'its ClientHello is counted');
  } finally {
    await plain.remove();
  }
});

describe('relay: turnutils_uclient that moves to another address', { concurrency: 3 }, () => {
  const count = async () => Number((await mobile.metrics()).match(/^aldis_relay_moves_total (\d+)/m)?.[1]);
  const moved = async (args) => {
    const before = await count();
    await lossless(['-M', ...args, ...(args.includes('-y') ? [] : viaPeer()), '-c'], { at: mobilePort });
    await until(async () => await count() > before, 'a move is counted');
  };
  test('UDP, by a peer', { timeout: 90000 }, () => moved([]));
  test('UDP, client to client', { timeout: 90000 }, () => moved(['-y']));
  test('TCP, by a peer', { timeout: 90000 }, () => moved(['-t']));
  test('TCP, client to client', { timeout: 90000 }, () => moved(['-t', '-y']));
  /* not over TLS: there this client's own send fails after its move, most times, with coturn as the server too */
});

test('relay: turnutils_uclient with a wrong password gets nothing', { timeout: 60000 }, async () => {
  const { code, text } = await run('turnutils_uclient', ['-y', '-c', ...few, '-u', 'test', '-w', 'wrong', '-p', String(port), '127.0.0.1'], { ms: 10000 });
  assert.notEqual(code, 0);
  assert.doesNotMatch(text, /tot_recv_msgs=[1-9]/);
});

/* The client picks wrong requests at random, and by chance ends or waits for ever, with coturn too: what counts is that
   nothing was lost if it came to an end, and that the server goes on. */
for (const flag of ['-N', '-R'])
  test(`relay: turnutils_uclient ${flag}, wrong requests`, { timeout: 60000 }, async () => {
    const runs = await Promise.all([[...viaPeer(), '-c'], ['-y', '-c'], ['-t', ...viaPeer(), '-c']].map((args) =>
      run('turnutils_uclient', [flag, ...args, ...few, ...static_, '-p', String(port), '127.0.0.1'], { ms: 10000 })));
    for (const { text } of runs) if (text.includes('Total lost packets')) assert.match(text, /Total lost packets 0 /);
    assert.equal(server.process.exitCode, null, server.log);
    await lossless([...viaPeer(), '-c']);
  });

for (const host of ['127.0.0.1', '::1'])
  test(`relay: turnutils_stunclient over ${host}`, { timeout: 30000 }, async () => {
    const { code, text } = await run('turnutils_stunclient', ['-p', String(port), host], { ms: 10000 });
    assert.equal(code, 0, text);
    assert.ok(text.includes(`reflexive addr: ${host}:`), text);
  });

for (const [flags, found] of [
  [['-m'], 'NAT with Endpoint Independent Mapping!'], [['-f'], 'NAT with Endpoint Independent Filtering!'],
  [['-m', '-P'], 'NAT with Endpoint Independent Mapping!'], [['-f', '-P'], 'NAT with Endpoint Independent Filtering!'],
])
  test(`relay: turnutils_natdiscovery ${flags.join(' ')}`, { timeout: 30000 }, async () => {
    const { code, text } = await run('turnutils_natdiscovery', [...flags, '-p', String(mobilePort), '127.0.0.1'], { ms: 20000 });
    assert.equal(code, 0, text);
    assert.ok(text.includes(found), text);
    assert.ok(text.includes(`Other addr: : 127.0.0.2:${otherPort}`), text);
  });

test('relay: behaviour discovery where nothing listens is a mistake that is named', { timeout: 30000 }, async () => {
  await assert.rejects(Server.start({ relay: { listen_udp: `127.0.0.1:${await freePort()}`, discovery: '127.0.0.1:9;127.0.0.2:10' } }),
    /nothing listens on 127\.0\.0\.1:9/);
});

for (const transport of ['udp', 'tcp'])
  test(`relay: two agents of aioice over ${transport}`, { timeout: 60000 }, async () => {
    const { code, text } = await run('/usr/bin/python3', [path.join(top, 'tests/relay/aioice-relay.py'), '127.0.0.1', String(port), transport, '200']);
    assert.equal(code, 0, text);
    assert.match(text, /400 messages, relay to relay/);
  });

for (const transport of ['udp', 'tcp'])
  test(`relay: two agents of libnice over ${transport}`, { timeout: 90000 }, async () => {
    const { code, text } = await run(path.join(build, 'tests/relay/nice-relay'), ['127.0.0.1', String(port), transport, '1000'], { ms: 70000 });
    assert.equal(code, 0, text);
    assert.match(text, /2000 messages, relay to relay/);
  });
