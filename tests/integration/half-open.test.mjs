// SPDX-License-Identifier: Apache-2.0
// 10,000 connections of one address that never finish a request, at a server with the limits of its defaults: what becomes of
// each of them, and what a client of another address notices.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, top } from './lib/server.mjs';

const FLOOD = '127.0.0.66';
const PER_ADDRESS = 1000; // the default of max_connections_per_address

let server, steady;
before(async () => {
  server = await Server.start();
  steady = fork(path.join(top, 'tests/integration/lib/steady.mjs'), [server.wsUrl, 'steady', '127.0.0.1']);
  await once(steady, 'message');
});
after(async () => {
  steady?.kill();
  await server?.remove();
});

/** Good calls a second of the other client since it was last asked. */
let asked = performance.now();
async function rate() {
  assert.equal(steady.exitCode, null, 'the other client has failed');
  steady.send('?');
  const [{ calls }] = await once(steady, 'message');
  const since = asked;
  asked = performance.now();
  return calls * 1000 / (asked - since);
}

/** One connection that says `bytes` and no more; gives what it was told until the server closed it. */
function halfOpen(bytes) {
  let text = '', opened;
  const open = new Promise((resolve) => { opened = resolve; });
  const closed = new Promise((resolve) => {
    const socket = net.connect({ port: server.port, host: server.host, localAddress: FLOOD }, () => { socket.write(bytes); opened(); });
    socket.on('data', (data) => { text += data; });
    socket.on('error', () => {}); // a reset closes it too
    socket.on('close', () => { opened(); resolve(text); });
  });
  return { open, closed };
}

const count = (texts, start) => texts.filter((text) => text.startsWith(start)).length;

test('10,000 half-open sockets get what is documented, and hurt nobody else', { timeout: 240000 }, async (t) => {
  await rate();
  await new Promise((resolve) => setTimeout(resolve, 3000)); // a window to compare with
  const quiet = await rate();

  const begun = [], silent = [];
  for (let i = 0; i < 10000; i += 250) {
    const some = Array.from({ length: 250 }, (_, n) => halfOpen(n % 2 ? 'GET / HTT' : ''));
    some.forEach(({ closed }, n) => (n % 2 ? begun : silent).push(closed));
    await Promise.all(some.map(({ open }) => open));
  }
  const told = await Promise.all(begun), mute = await Promise.all(silent); // every one is closed by the server
  const flooded = await rate();

  // a request that was begun: what is over the limit of its address is refused at once, the rest after 10 s
  const late = count(told, 'HTTP/1.1 408'), refused = count(told, 'HTTP/1.1 429');
  assert.ok(late > 0 && late <= PER_ADDRESS, `${late} were waited for`);
  assert.ok(told.every((text) => text === '' || /^HTTP\/1.1 (408|429) /.test(text)), told.find((text) => !/^(HTTP\/1.1 (408|429) |$)/.test(text)));
  assert.ok(late + refused > 0.9 * told.length, `only ${late} + ${refused} of ${told.length} were told why`);
  // who said nothing is told nothing, or that it was too late
  assert.ok(mute.every((text) => text === '' || /^HTTP\/1.1 (408|429) /.test(text)), 'a silent connection was told something else');
  assert.ok(flooded > quiet / 5, `${flooded.toFixed()} good calls a second during the flood, ${quiet.toFixed()} before`);
  const metrics = await server.metrics();
  assert.ok(Number(/aldis_front_refused_total\{reason="limit"\} (\d+)/.exec(metrics)[1]) >= refused, 'refusals are counted');
  t.diagnostic(`408: ${late}, 429: ${refused}, of ${told.length}; silent: ${mute.length}; calls/s ${flooded.toFixed()} against ${quiet.toFixed()}`);
});
