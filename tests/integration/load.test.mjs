// SPDX-License-Identifier: Apache-2.0
// aldis-load rooms over WHIP and WHEP: two streams, each with two players, for three seconds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Server, build, freePort, until } from './lib/server.mjs';

const run = promisify(execFile);
const key = 'k'.repeat(32);
let server, folder;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'aldis-load-'));
  const ffmpeg = (...args) => run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi', ...args]);
  await Promise.all([
    ffmpeg('-i', 'testsrc2=size=320x180:rate=30', '-t', '2', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '200k', '-g', '30', path.join(folder, 'video.ivf')),
    ffmpeg('-i', 'anoisesrc=color=pink:sample_rate=48000:amplitude=0.3', '-t', '2', '-ac', '1', '-c:a', 'libopus', '-b:a', '32k', '-frame_duration', '20', path.join(folder, 'audio.ogg')),
  ]);
  const port = await freePort();
  server = await Server.start({
    relay: { listen_udp: `127.0.0.1:${port}`, listen_tcp: `127.0.0.1:${port}` },
    streaming: { publish_keys: `load0:${key}-0;load1:${key}-1` },
  });
}, { timeout: 60000 });
after(async () => {
  await server?.remove();
  if (folder) await rm(folder, { recursive: true });
}, { timeout: 30000 });

const metrics = async () => (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
const opened = async () => {
  const text = await metrics();
  return ['whip', 'whep'].map((protocol) => Number(text.match(new RegExp(`aldis_whip_sessions_opened_total\\{protocol="${protocol}"\\} (\\d+)`))[1]));
};
const load = (...args) => run(path.join(build, 'server/aldis-load'), ['rooms', '--whip', '--url', `127.0.0.1:${server.port}`, '--audio', path.join(folder, 'audio.ogg'), '--video', path.join(folder, 'video.ivf'), ...args]);

/* the second time with an ICE agent that is not ours */
for (const ice of ['own', 'libnice']) {
  test(`load: streams are published and played over WHIP and WHEP, ICE: ${ice}`, { timeout: 120000 }, async () => {
    const before = await opened();
    const { stdout } = await load('--ice', ice, '--stream-key', key, '-p', '2', '-s', '4', '-t', '3', '--warmup', '1');
    const figures = Object.fromEntries([...stdout.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    assert.deepEqual([figures.signaling, figures.joined, figures.streams, figures.silent, figures.nothing, figures.not_genuine], ['whip', '4', '8', '0', '0', '0'], stdout);
    assert.ok(Number(figures.received) > 500, stdout);
    assert.deepEqual(await opened(), before.map((n, i) => n + [2, 4][i]));
    /* each has said close_notify: the streams are free at once, not after a silence */
    await until(async () => [...(await metrics()).matchAll(/aldis_whip_sessions\{[^}]*\} (\d+)/g)].every(([, n]) => n === '0'), 'the sessions to end', 5000);
  });
}

test('load: another key is refused, and the server says why', { timeout: 60000 }, async () => {
  await assert.rejects(load('--stream-key', 'x'.repeat(32), '-p', '1', '-s', '0', '-t', '1'), (error) => error.stderr.includes('401'));
  assert.match(await metrics(), /aldis_whip_refused_total\{protocol="whip",reason="no_token"\} 1\n/);
});
