// SPDX-License-Identifier: Apache-2.0
// Media over TCP and TLS to a client that is too slow for it: a tenth of what its peer sends fits. What it gets is never older
// than half a second, whether its link is slow or the client itself.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, test } from 'node:test';
import { Network } from './lib/network.mjs';
import { Server, top } from './lib/server.mjs';

const run = promisify(execFile);
const program = path.join(top, 'tests/relay/late.py');
const rate = 200_000; // bits a second; the peer sends ten times as much
const seconds = 6;
const [port, tlsPort, peerPort] = [3478, 5349, 4000];
const peerAddress = '10.77.0.3';
let network, server, peer, slow;

before(async () => {
  network = await Network.make();
  slow = await network.person('slow', '10.77.0.2');
  const { namespace } = await network.person('peer', peerAddress);
  const at = (n) => `${network.address}:${n}`;
  server = await Server.start({
    relay: {
      listen_udp: at(port), listen_tcp: at(port), listen_tls: at(tlsPort), relay_address: network.address,
      static_users: 'test:testpass', allow_peers: `${peerAddress}/32`,
    },
  }, { host: network.address, command: network.command });
  peer = spawn('ip', ['netns', 'exec', namespace, '/usr/bin/python3', program, 'peer', String(peerPort), String(10 * rate)]);
  await new Promise((resolve) => peer.stdout.once('data', resolve));
});
after(async () => {
  peer?.kill();
  await server?.remove();
  await network?.remove();
});

/** What a client received, and how old it was. */
async function receive(transport, readRate = []) {
  const args = ['netns', 'exec', slow.namespace, '/usr/bin/python3', program, 'client', network.address,
    String(transport === 'tls' ? tlsPort : port), transport, peerAddress, String(peerPort), String(seconds), ...readRate.map(String)];
  const { stdout } = await run('ip', args);
  console.log(`# ${transport} ${stdout}`);
  return JSON.parse(stdout);
}

function judge({ received, sent, disorder, stallMs, oldestMs }, text) {
  // how fast is not the question, but that it goes on while most is dropped
  assert.ok(received > 20 && sent > 5 * received, text);
  assert.equal(disorder, 0, text);
  assert.ok(oldestMs <= 500 + stallMs, text);
}

for (const transport of ['tcp', 'tls']) {
  test(`relay: media over ${transport} to a client on a slow link`, { timeout: 60000 }, async () => {
    // the bucket holds one packet
    await run('ip', ['netns', 'exec', network.hub, 'tc', 'qdisc', 'add', 'dev', slow.port, 'root', 'tbf', 'rate', `${rate}bit`,
      'burst', '1600', 'limit', '200000']);
    try {
      const result = await receive(transport);
      judge(result, JSON.stringify(result));
    } finally {
      await run('ip', ['netns', 'exec', network.hub, 'tc', 'qdisc', 'del', 'dev', slow.port, 'root']);
    }
  });

  test(`relay: media over ${transport} to a client that reads slowly`, { timeout: 60000 }, async () => {
    const result = await receive(transport, [rate]);
    judge(result, JSON.stringify(result));
  });
}
