// SPDX-License-Identifier: Apache-2.0
// The attacks of tests/relay/attacks on aldisd, in a network of its own: every row that applies must pass.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Network } from './lib/network.mjs';
import { Server, top } from './lib/server.mjs';

const attacks = path.join(top, 'tests/relay/attacks/run');
const port = 3478;
let network;

before(async () => {
  network = await Network.make({ ipv6: true });
});
after(() => network?.remove());

/** Starts aldisd with a relay and attacks it. Gives the rows. */
async function attack(settings, args) {
  const { address, address6 } = network;
  const relay = {
    listen_udp: `${address}:${port}`, listen_tcp: `${address}:${port}`, relay_address: `${address};${address6}`,
    static_users: 'test:testpass;other:otherpass', ...settings,
  };
  const server = await Server.start({ relay }, { host: address, command: network.command });
  try {
    const [program, ...rest] = [...network.command, '/usr/bin/python3', attacks, address, String(port), 'test', 'testpass', 'aldis',
      '--pid', String(server.process.pid), '--json', ...args];
    const text = await new Promise((resolve, reject) => execFile(program, rest, { maxBuffer: 1 << 24 },
      (error, stdout, stderr) => (stdout ? resolve(stdout) : reject(new Error(`${error} ${stderr}`)))));
    assert.equal(server.process.exitCode, null, server.log);
    return JSON.parse(text);
  } finally {
    await server.remove();
  }
}

function allPass(rows, atLeast) {
  const failed = rows.filter((row) => row.verdict === 'FAIL').map(({ name, expected, seen }) => `${name}: ${seen} (expected: ${expected})`);
  assert.deepEqual(failed, []);
  const passed = rows.filter((row) => row.verdict === 'pass').length;
  assert.ok(passed >= atLeast, `${passed} rows passed`);
}

test('relay: every attack that is known', { timeout: 300000 }, async () => {
  const rows = await attack({ tcp_allocations: true, dtls: true }, ['--second', 'other:otherpass', '--dtls', String(port)]);
  allPass(rows, 334);
  assert.deepEqual(rows.filter((row) => row.verdict === 'n/a').map((row) => row.name), ['port/even-leak', 'limit/user-quota', 'mobile/quota']);
});

test('relay: all ports taken', { timeout: 120000 }, async () => {
  allPass(await attack({ relay_ports: '20000-20039' }, ['--only', 'port/even-leak', '--ports', '20000-20039']), 1);
});

test('relay: all that one user may have', { timeout: 120000 }, async () => {
  allPass(await attack({ user_quota: 5 }, ['--only', 'limit/user-quota', '--user-quota', '5']), 1);
});

test('relay: allocations that move', { timeout: 120000 }, async () => {
  const rows = await attack({ mobility: true, user_quota: 5 },
    ['--only', 'mobile/', '--second', 'other:otherpass', '--user-quota', '5']);
  allPass(rows, 10);
  assert.ok(!rows.some((row) => row.seen.includes('no tickets')));
});
