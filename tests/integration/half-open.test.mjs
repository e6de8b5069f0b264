// SPDX-License-Identifier: Apache-2.0
// Thousands of connections of one address that say nothing or never finish a request, at a server with the limits of its
// defaults: how many it holds at once, what becomes of each, and what a client of another address notices.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, top, until } from './lib/server.mjs';

const FLOOD = '127.0.0.66';
const PER_ADDRESS = 1000; // the default of max_connections_per_address
const SURPLUS = 16;       // more of one address that are told why they may not come in
const OTHERS = 4;         // sockets that tests open meanwhile from elsewhere

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

/** How many sockets the server has open. */
async function sockets() {
  const folder = `/proc/${server.process.pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(path.join(folder, fd)).catch(() => '')));
  return links.filter((link) => link.startsWith('socket:')).length;
}

/** One connection that says `bytes` and no more; `closed` gives what it was told until the server closed it. */
function halfOpen(bytes, localAddress = FLOOD) {
  const socket = net.connect({ port: server.port, host: server.host, localAddress }, () => { socket.write(bytes); opened(); });
  let text = '', opened;
  const open = new Promise((resolve) => { opened = resolve; });
  const closed = new Promise((resolve) => {
    socket.on('data', (data) => { text += data; });
    socket.on('error', () => {}); // a reset closes it too
    socket.on('close', () => { opened(); resolve(text); });
  });
  return { open, closed, socket };
}

const ask = (address) => halfOpen('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', address).closed;
const count = (texts, start) => texts.filter((text) => text.startsWith(start)).length;

/** Opens so many, `bytes(n)` each; gives them and the most sockets that the server had meanwhile. */
async function flood(n, bytes) {
  const all = [];
  let most = 0;
  while (all.length < n) {
    const some = Array.from({ length: 250 }, (_, i) => halfOpen(bytes(all.length + i)));
    await Promise.all(some.map(({ open }) => open));
    all.push(...some);
    most = Math.max(most, await sockets());
  }
  return { all, most };
}

test('silent sockets of one address are bounded by its limit, and others are served', { timeout: 120000 }, async (t) => {
  const before = await sockets();
  const { all, most } = await flood(3000, () => '');
  const held = () => all.filter(({ socket }) => !socket.closed).length;
  await until(() => held() <= PER_ADDRESS + SURPLUS, 'what is over the limit is closed, before anything was said');
  assert.ok(most <= before + PER_ADDRESS + SURPLUS + OTHERS, `${most} sockets, ${before} before`);
  assert.ok(most >= before + PER_ADDRESS, `only ${most - before} were let in`);
  assert.match(await ask('127.0.0.67'), /^HTTP\/1.1 200 /);

  for (const { socket } of all) socket.destroy();
  await until(async () => (await ask(FLOOD)).startsWith('HTTP/1.1 200 '), 'places that are free again are given again');
  assert.ok(await rate() > 0);
  t.diagnostic(`${before} sockets before, at most ${most} with 3,000 silent ones`);
});

test('10,000 half-open sockets get what is documented, and hurt nobody else', { timeout: 240000 }, async (t) => {
  await rate();
  await new Promise((resolve) => setTimeout(resolve, 3000)); // a window to compare with
  const quiet = await rate(), before = await sockets();

  const { all, most } = await flood(10000, (n) => n % 2 ? 'GET / HTT' : '');
  const texts = await Promise.all(all.map(({ closed }) => closed)); // every one is closed by the server
  const told = texts.filter((_, n) => n % 2), mute = texts.filter((_, n) => !(n % 2));
  const flooded = await rate();

  // a request that was begun: within the limit it is waited for; a few over it are refused with a word, the rest without
  const late = count(told, 'HTTP/1.1 408'), refused = count(told, 'HTTP/1.1 429'), shut = told.filter((text) => text === '').length;
  assert.ok(late > 0 && refused > 0 && shut > 0, `408: ${late}, 429: ${refused}, none: ${shut}`);
  assert.equal(late + refused + shut, told.length, told.find((text) => !/^(HTTP\/1.1 (408|429) |$)/.test(text)));
  // who said nothing is told nothing
  assert.deepEqual(mute.filter((text) => text !== ''), []);
  assert.ok(most <= before + PER_ADDRESS + SURPLUS + OTHERS, `${most} sockets, ${before} before`);
  assert.ok(flooded > quiet / 5, `${flooded.toFixed()} good calls a second during the flood, ${quiet.toFixed()} before`);
  const metrics = await server.metrics();
  assert.ok(Number(/aldis_front_refused_total\{reason="limit"\} (\d+)/.exec(metrics)[1]) >= refused + shut, 'refusals are counted');
  t.diagnostic(`408: ${late}, 429: ${refused}, none: ${shut}; at most ${most} sockets, ${before} before; calls/s ${flooded.toFixed()} against ${quiet.toFixed()}`);
});
