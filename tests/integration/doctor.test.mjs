// SPDX-License-Identifier: Apache-2.0
// aldisctl doctor: on the server and on another machine, with a server that is well and with ones that are not.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Authority } from './lib/authority.mjs';
import { Network } from './lib/network.mjs';
import { Server, build } from './lib/server.mjs';

let authority, network, person, server;

before(async () => {
  [authority, network] = await Promise.all([Authority.make(), Network.make({ ipv6: true })]);
  const { address, address6 } = network;
  const both = (port) => `${address}:${port};[${address6}]:${port}`;
  person = await network.person('p', '10.77.0.11');
  server = await Server.start({
    signaling: await authority.issue('server', [`IP:${address}`, `IP:${address6}`]),
    relay: {
      listen_udp: both(3478), listen_tcp: both(3478), listen_tls: both(5349), relay_address: `${address};${address6}`,
      allow_peers: '10.77.0.0/24', static_users: 'device:a good password',
    },
  }, { host: address, command: network.command });
}, { timeout: 60000 });
after(async () => {
  await server?.remove();
  await network?.remove();
  await authority?.remove();
});

/** Gives {code, stdout, stderr}; trusts the test's authority alone. */
function run([program, ...args]) {
  const env = { ...process.env, SSL_CERT_FILE: authority.file, SSL_CERT_DIR: '/nonexistent' };
  return new Promise((resolve) => execFile(program, args, { env, timeout: 60000 }, (error, stdout, stderr) =>
    resolve({ code: error ? error.code : 0, stdout, stderr })));
}

const ctl = path.join(build, 'server/aldisctl');
const here = (...args) => run([...network.command, ctl, '--socket', path.join(server.folder, 'var/admin.sock'), ...args]);
const there = (...args) => run(['ip', 'netns', 'exec', person.namespace, ctl, 'doctor', ...args]);
const elsewhere = (...args) => there('--json', '--server', network.address, '--user', 'device', '--password', 'a good password',
  '--https-port', String(server.tlsPort), ...args);

/** The checks that are not well, as "CHECK VERDICT", and all of them. */
function read({ code, stdout, stderr }) {
  assert.equal(stderr, '');
  const { ok, checks } = JSON.parse(stdout);
  const bad = checks.filter(({ verdict }) => verdict !== 'well');
  assert.equal(ok, !bad.some(({ verdict }) => verdict === 'ill'));
  assert.equal(code, ok ? 0 : 1);
  return { checks, bad, names: bad.map(({ check, verdict }) => `${check} ${verdict}`) };
}

/** The server with other settings. */
async function restart(changes) {
  const before = structuredClone(server.settings);
  for (const [section, keys] of Object.entries(changes)) Object.assign(server.settings[section], keys);
  await server.stop();
  await server.launch();
  return async () => {
    server.settings = before;
    await server.stop();
    await server.launch();
  };
}

async function block(rules) {
  const file = path.join(network.folder, 'block.nft');
  await writeFile(file, `table inet block {\n  chain in { type filter hook input priority filter; iifname "br0" jump rules; }\n  chain rules { ${rules} }\n}\n`);
  assert.equal((await run([...network.command, 'nft', '-f', file])).code, 0);
  return () => run([...network.command, 'nft', 'delete', 'table', 'inet', 'block']);
}

test('doctor: all is well on the server, over IPv4 and IPv6', { timeout: 60000 }, async () => {
  const { checks, names } = read(await here('--json', 'doctor'));
  assert.deepEqual(names, []);
  for (const family of ['ipv4', 'ipv6']) {
    const of = checks.filter((check) => check.family === family);
    for (const name of ['STUN/UDP', 'TURN/UDP', 'TURN/TCP', 'TURN/TLS', 'TURN/TLS certificate'])
      assert.equal(of.filter(({ check }) => check === name).length, 1, `${name} ${family}`);
    for (const { check, roundTripMs, candidate } of of.filter((check) => /^TURN\/...$/.test(check.check))) {
      assert.ok(roundTripMs > 0, check);
      assert.match(candidate, /^(10\.77\.0\.1|\[fd77::1\]):\d+$/);
    }
  }
  assert.equal(checks.find(({ check }) => check === 'HTTPS certificate').certificate.names, `${network.address}, ${network.address6}`);
  const { stdout } = await here('--json', 'relay', 'list');
  assert.equal(JSON.parse(stdout).active, 0, 'allocations are given back');
});

test('doctor: what the server prints for elsewhere works there', { timeout: 60000 }, async () => {
  const { code, stdout } = await here('doctor');
  assert.equal(code, 0);
  assert.match(stdout, /^All is well\.$/m);
  const [, line] = /^ {2}aldisctl doctor (.*)$/m.exec(stdout);
  const args = line.match(/'[^']*'|\S+/g).map((word) => word.replace(/^'|'$/g, ''));
  const text = await there(...args);
  assert.match(text.stdout, /^ok +relay ports .* comes through the relay$/m);
  assert.match(text.stdout, /^ok +STUN\/UDP .* sees this machine as 10\.77\.0\.11:\d+$/m);
  assert.deepEqual([text.code, text.stderr], [0, '']);
});

test('doctor: TURN over DTLS', { timeout: 60000 }, async () => {
  const undo = await restart({ relay: { dtls: true } });
  try {
    const { checks, names } = read(await here('--json', 'doctor'));
    assert.deepEqual(names, []);
    const of = (name) => checks.filter(({ check }) => check === name);
    assert.deepEqual(of('TURN/DTLS').map(({ family }) => family), ['ipv4', 'ipv6']);
    assert.match(of('TURN/DTLS')[0].words, /^an allocation was made; .* libnice/);
    assert.equal(of('TURN/DTLS certificate').length, 2);
    assert.deepEqual(read(await elsewhere('--dtls-port', '3478')).names, []);
    const closed = await block('udp dport 3478 @th,64,8 22 drop;');
    try {
      const { bad } = read(await elsewhere('--dtls-port', '3478'));
      assert.match(bad.find(({ check }) => check === 'TURN/DTLS').words, /^no answer/);
    } finally {
      await closed();
    }
    assert.match(read(await elsewhere('--dtls-port', '9')).bad.find(({ check }) => check === 'TURN/DTLS').words, /^refused/);
  } finally {
    await undo();
  }
});

test('doctor: a firewall that drops TURN over TCP and what peers send', { timeout: 60000 }, async () => {
  const open = await block('tcp dport 3478 drop; udp dport 49152-65535 drop;');
  try {
    const { bad, names } = read(await elsewhere());
    assert.deepEqual(names, ['relay ports unknown', 'TURN/TCP ill']);
    assert.match(bad[1].words, /^no answer/);
    assert.match(bad[1].advice, /^open TCP 3478 towards 10\.77\.0\.1 in every firewall on the way/);
    assert.match(bad[0].words, /sees this machine as 10\.77\.0\.11, and a relay denies such peers/);
  } finally {
    await open();
  }
});

test('doctor: relay ports that are closed to the world', { timeout: 60000 }, async () => {
  /* the relay denies private peers: among public addresses, which lead nowhere from these namespaces */
  await run(['ip', '-n', network.hub, 'addr', 'add', '5.9.1.1/24', 'dev', 'br0']);
  await run(['ip', '-n', person.namespace, 'addr', 'add', '5.9.1.11/24', 'dev', 'eth0']);
  const undo = await restart({ relay: { listen_udp: '5.9.1.1:3478', listen_tcp: '5.9.1.1:3478', listen_tls: '', relay_address: '5.9.1.1', allow_peers: '' } });
  const look = () => there('--json', '--server', '5.9.1.1', '--user', 'device', '--password', 'a good password', '--tls-port', '0', '--https-port', '0');
  try {
    assert.deepEqual(read(await look()).names, []);
    const open = await block('udp dport 49152-65535 drop;');
    const { bad, names } = read(await look().finally(open));
    assert.deepEqual(names, ['relay ports ill']);
    assert.match(bad[0].advice, /^open UDP 49152-65535 .*towards 5\.9\.1\.1 in every firewall on the way$/);
  } finally {
    await undo();
  }
});

test('doctor: a name that leads nowhere', { timeout: 60000 }, async () => {
  const undo = await restart({ server: { public_address: 'turn.invalid' } });
  try {
    const { code, stderr } = await here('doctor');
    assert.equal(code, 1);
    assert.match(stderr, /\[server\] public_address: turn\.invalid: /);
  } finally {
    await undo();
  }
});

test('doctor: a firewall that refuses UDP', { timeout: 60000 }, async () => {
  const open = await block('udp dport 3478 reject;');
  try {
    const { bad, names } = read(await elsewhere());
    assert.deepEqual(names, ['STUN/UDP ill', 'TURN/UDP ill']);
    assert.match(bad[0].advice, /open UDP 3478 and 49152-65535 .*towards 10\.77\.0\.1/);
  } finally {
    await open();
  }
});

test('doctor: TURN over TCP off, and a wrong advertised address', { timeout: 60000 }, async () => {
  const undo = await restart({ relay: { listen_tcp: '', advertised_address: '10.77.0.99' } });
  try {
    const { bad, names } = read(await here('--json', 'doctor'));
    assert.deepEqual(names, ['relayed address ill', 'TURN/TCP ill']);
    assert.match(bad[0].words, /^advertised address 10\.77\.0\.99 is not the one by which clients find the server, 10\.77\.0\.1$/);
    assert.match(bad[0].advice, /^set \[relay\] advertised_address=10\.77\.0\.1/);
    assert.match(bad[1].words, /^off: \[relay\] listen_tcp is empty$/);
    assert.match(bad[1].advice, /open TCP 3478/);
    const outside = read(await elsewhere('--https-port', '0'));
    assert.deepEqual(outside.names, ['relay ports unknown', 'relayed address ill', 'TURN/TCP ill']);
    assert.match(outside.bad[2].words, /^refused/);
    assert.match(outside.bad[2].advice, /\[relay\] listen_tcp .*open TCP 3478 towards 10\.77\.0\.1/);
  } finally {
    await undo();
  }
});

test('doctor: a self-signed certificate, and a wrong password', { timeout: 60000 }, async () => {
  const undo = await restart({ signaling: { tls_certificate: '', tls_key: '' }, relay: { listen_tls: `${network.address}:5349` } });
  try {
    const { bad, names } = read(await here('--json', 'doctor'));
    assert.deepEqual(names, ['TURN/TLS certificate ill', 'HTTPS certificate ill']);
    assert.match(bad[0].words, /^self-signed, for .*: clients refuse turns: with it$/);
    assert.match(bad[0].advice, /\[signaling\] tls_certificate and tls_key/);
    assert.deepEqual([bad[0].certificate.selfSigned, bad[0].certificate.trusted], [true, false]);
    const stranger = read(await elsewhere('--password', 'another password', '--https-port', '0', '--tls-port', '0'));
    assert.deepEqual(stranger.names, ['TURN/UDP ill', 'TURN/TCP ill']);
    for (const { words } of stranger.bad) assert.match(words, /does not take the credential \(401\)$/);
  } finally {
    await undo();
  }
});

test('doctor: without a server, and with arguments that make no sense', { timeout: 60000 }, async () => {
  const nobody = await run([ctl, '--socket', '/nonexistent/admin.sock', 'doctor']);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /Is aldisd running/);
  for (const [args, words] of [[['doctor', '--server', 'x'], /--user/], [['doctor', '--server', ':1', '--user', 'x', '--password', 'y'], /HOST/],
    [['doctor', '--server', '127.0.0.1', '--user', 'x', '--password', 'y', '--tls-port', '70000'], /70000/]]) {
    const { code, stderr } = await run([ctl, ...args]);
    assert.equal(code, 1);
    assert.match(stderr, words);
  }
  assert.equal((await run([ctl, '--server', 'x', 'status'])).code, 2);
});
