// SPDX-License-Identifier: Apache-2.0
// A room of simulated browsers on two workers, while strangers flood its port, connections say nothing, and others come and go
// as fast as a thousand a minute: those inside lose no packet and see no freeze (aldis-load), and /metrics counts what was dropped. What peers
// inside may do (NACK and PLI storms, lies, SSRCs that rotate, TCP that is not read, workers that hang) is proved on a virtual
// clock by tests/unit/sfu/test-worker, test-ingest and test-egress.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Server, build, delay, freePort, until } from './lib/server.mjs';

const secret = 'a secret of the test that is long enough';
const JOINS = 300; // test-worker (churn) does 1,100 of them
let server, folder, video, audio, port;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'aldis-faults-'));
  video = path.join(folder, 'video.ivf');
  audio = path.join(folder, 'audio.ogg');
  const ffmpeg = (...args) => promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', ...args]);
  await ffmpeg('testsrc2=size=320x180:rate=30', '-t', '4', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '150k',
    '-g', '60', '-keyint_min', '60', '-auto-alt-ref', '0', '-lag-in-frames', '0', video);
  await ffmpeg('anoisesrc=color=pink:sample_rate=48000:amplitude=0.3', '-t', '4', '-ac', '1', '-c:a', 'libopus', '-b:a', '32k',
    '-frame_duration', '20', audio);
  port = await freePort();
  server = await Server.start({
    server: { workers: 2, log_level: 'warning' },
    signaling: { jwt_secret: secret, stranger_rate_address: 0, max_connections_per_address: 4000 },
    relay: { listen_udp: `127.0.0.1:${port}`, listen_tcp: `127.0.0.1:${port}` },
    sfu: { room_join_rate: 0 },
  });
}, { timeout: 60000 });
after(async () => {
  await server?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Runs a room of its own; gives what aldis-load says of it. `measuring` is resolved when all are inside. */
function load(publishers, subscribers, seconds, ...more) {
  const child = spawn(path.join(build, 'server/aldis-load'), ['rooms', '--url', `127.0.0.1:${server.port}`, '--jwt-secret', secret,
    '-p', publishers, '-s', subscribers, '-t', seconds, '--video', video, '--audio', audio, ...more].map(String));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { text += data; });
  const ended = new Promise((resolve, reject) => child.once('exit', (code) => {
    const line = text.split('\n').find((one) => one.startsWith('rooms '));
    if (code !== 0 || !line) reject(new Error(`aldis-load: ${code}\n${text}\n${server.log}`));
    else resolve(Object.fromEntries(line.split(' ').slice(1).map((pair) => pair.split('='))));
  }));
  const measuring = Promise.race([ended, until(() => text.includes('measuring'), 'all to be inside', 60000)]);
  return { measuring, ended };
}

/** The value of a series, such as aldis_sfu_dropped_total{reason="check"}. */
async function metric(series) {
  const line = (await server.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
  assert.ok(line, `there is ${series}`);
  return Number(line.split(' ')[1]);
}

/** Nobody inside has noticed anything. */
function whole(found) {
  assert.equal(Number(found.joined), 6);
  assert.equal(found.nothing, '0', 'everybody hears and sees everybody');
  assert.ok(Number(found.received) > 1000);
  assert.equal(found.received, found.expected, `no loss: ${JSON.stringify(found)}`);
  assert.equal(found.freezes, '0', `no freeze: ${JSON.stringify(found)}`);
}

const header = (type, length) => Buffer.concat([Buffer.from([0, type, length >> 8, length & 255, 0x21, 0x12, 0xa4, 0x42]), randomBytes(12)]);

/** A Binding request with this user name and an integrity that is none. */
function check(name) {
  const padded = Buffer.alloc((name.length + 3) & ~3);
  padded.write(name);
  const body = Buffer.concat([Buffer.from([0, 6, 0, name.length]), padded, Buffer.from([0, 0x25, 0, 0, 0, 8, 0, 20]), randomBytes(20)]);
  return Buffer.concat([header(1, body.length), body]);
}

test('a flood of STUN, DTLS and media from strangers costs a room nothing', { timeout: 120000 }, async () => {
  const stranger = dgram.createSocket('udp4');
  const before = await metric('aldis_sfu_dropped_total{reason="stranger"}');
  const room = load(2, 6, 6);
  await room.measuring;
  const send = (data) => new Promise((resolve) => stranger.send(data, port, '127.0.0.1', resolve));
  let sent = 0;
  for (const end = Date.now() + 5000; Date.now() < end; sent += 3) {
    await Promise.all([
      send(check(`${randomBytes(12).toString('base64url')}:x`)),
      send(Buffer.concat([Buffer.from([0x80, 96]), randomBytes(100)])),
      send(Buffer.concat([Buffer.from([22, 254, 253]), randomBytes(100)])),
    ]);
    if (sent % 30 === 0) await delay(1); // ten at a time: the generator and the others need the cores too
  }
  const found = await room.ended;
  stranger.close();
  whole(found);
  assert.ok(sent > 3000);
  await until(async () => await metric('aldis_sfu_dropped_total{reason="stranger"}') - before >= sent / 4, 'they are counted');
});

test('connections of ICE-TCP that say half a frame, or nothing after it, cost a room nothing', { timeout: 120000 }, async () => {
  const room = load(2, 6, 5);
  await room.measuring;
  const sockets = Array.from({ length: 200 }, (_, i) => {
    const socket = net.connect(port, '127.0.0.1');
    const request = check('somebody:x');
    const frame = Buffer.concat([Buffer.from([request.length >> 8, request.length & 255]), request]);
    socket.on('error', () => {});
    socket.write(i % 2 ? frame.subarray(0, 20) : frame);
    return socket;
  });
  whole(await room.ended);
  for (const socket of sockets) socket.destroy();
  await until(async () => await metric('aldis_sfu_connections') === 0, 'their connections to be gone');
});

test('joins and leaves at a thousand a minute, with media: the room goes on, and memory is back where it was', { timeout: 300000 }, async (t) => {
  const rss = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.process.pid}/status`, 'utf8'))[1]);
  const gone = () => until(async () => await metric('aldis_sfu_legs{direction="subscribe"}') + await metric('aldis_sfu_legs{direction="publish"}') === 0,
    'everybody to be gone', 60000);
  const crowd = async () => { assert.equal((await load(2, 48, 1, '--names', 'crowd', '--warmup', 0, '--join-ms', 60).ended).joined, '48'); };
  const room = load(2, 6, 12);
  await room.measuring;
  for (let i = 0; i < 2; i++) await crowd();
  whole(await room.ended);
  await gone();
  for (let i = 0; i < 2; i++) await crowd(); // pools and caches of the allocator are as large as they get
  await gone();
  const first = { kb: await rss(), joined: await metric('aldis_sfu_connected_total') };
  while (await metric('aldis_sfu_connected_total') - first.joined < JOINS) await crowd();
  await gone();
  const kb = await rss();
  t.diagnostic(`${JOINS} joins: ${first.kb} kB before, ${kb} kB after`);
  assert.equal(await metric('aldis_sfu_tracks{kind="audio"}') + await metric('aldis_sfu_tracks{kind="video"}'), 0);
  assert.ok(kb - first.kb < 4096, `${first.kb} kB before, ${kb} kB after`); // 4 kB of a participant that came and went
  for (const reason of ['pool_empty', 'ring_full', 'mail']) assert.equal(await metric(`aldis_sfu_dropped_total{reason="${reason}"}`), 0, reason);
});
