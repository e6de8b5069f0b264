// SPDX-License-Identifier: Apache-2.0
// aldisd's options and aldisctl, as an administrator uses them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { Server, build, freePort, until } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.remove());

function run(program, args, input = '') {
  return new Promise((resolve) => {
    const child = execFile(path.join(build, 'server', program), args, { timeout: 60000 }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }));
    child.stdin.end(input);
  });
}
const ctl = (args, input) => run('aldisctl', ['--socket', path.join(server.folder, 'var/admin.sock'), ...args], input);

test('user add, list, passwd, disable, enable, delete', async () => {
  assert.equal((await ctl(['user', 'add', 'maria', 'Maria M.'], 'a good password\n')).code, 0);
  assert.match((await ctl(['user', 'list'])).stdout, /^maria +\d+ +active +password .* Maria M\.$/m);
  const again = await ctl(['user', 'add', 'MARIA'], 'a good password\n');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /username_taken/);
  const client = await (await Client.open(server.wsUrl)).login('maria', 'a good password');
  assert.match((await ctl(['sessions', 'list', 'maria'])).stdout, /^maria +\d+ +connected/m);
  assert.equal((await ctl(['user', 'passwd', 'maria'], 'another password\n')).code, 0);
  assert.equal((await client.closed).code, 4003);
  await (await (await Client.open(server.wsUrl)).login('maria', 'another password')).close();
  assert.equal((await ctl(['user', 'disable', 'maria'])).code, 0);
  assert.match((await ctl(['user', 'list'])).stdout, /^maria +\d+ +disabled/m);
  assert.equal((await ctl(['user', 'enable', 'maria'])).code, 0);
  assert.equal((await ctl(['user', 'delete', 'maria'])).code, 0);
  assert.doesNotMatch((await ctl(['user', 'list'])).stdout, /maria/);
});

test('user import reports lines that make no user, and makes the others', async () => {
  const file = path.join(server.folder, 'people.csv');
  await writeFile(file, 'username,password,displayName\nimp_a,good password 1,"A, B"\nx,good password 1,\nimp_b,good password 1,\n');
  const result = await ctl(['user', 'import', file]);
  assert.equal(result.code, 1);
  assert.match(result.stdout, /2 added, 1 not/);
  assert.match(result.stderr, /line 3: /);
  await (await (await Client.open(server.wsUrl)).login('imp_a', 'good password 1')).close();
});

test('calls list and end; disabling a user ends the call', async () => {
  const a = await (await Client.open(server.wsUrl)).register('call_a');
  const b = await (await Client.open(server.wsUrl)).register('call_b');
  for (const end of [(id) => ctl(['calls', 'end', id]), () => ctl(['user', 'disable', 'call_a'])]) {
    const callId = newCallId();
    await a.call('call.invite', { callId, to: b.user.id, video: true, blob: 'AAAA' });
    await b.notification('call.incoming');
    assert.match((await ctl(['calls', 'list'])).stdout, new RegExp(`^${callId} +call_a +call_b +ringing +video`, 'm'));
    assert.equal((await end(callId)).code, 0);
    assert.match((await b.notification('call.ended')).reason, /^(ended_by_admin|disabled)$/);
  }
  assert.equal((await a.closed).code, 4003);
  await b.close();
});

test('an id that begins with a hyphen is no option', async () => {
  const a = await (await Client.open(server.wsUrl)).register('hyphen_a');
  const b = await (await Client.open(server.wsUrl)).register('hyphen_b');
  for (const callId of [`-${newCallId().slice(1)}`, `--${newCallId().slice(2)}`, `-j${newCallId().slice(2)}`]) {
    await a.call('call.invite', { callId, to: b.user.id, video: false, blob: 'AAAA' });
    await b.notification('call.incoming');
    const ended = await ctl(['calls', 'end', callId]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal((await b.notification('call.ended')).reason, 'ended_by_admin');
  }
  await Promise.all([a.close(), b.close()]);
});

test('status, wrong commands, no server', async () => {
  assert.match((await ctl(['status'])).stdout, /aldisd \d+\.\d+\.\d+, up /);
  assert.equal(JSON.parse((await ctl(['--json', 'status'])).stdout).draining, false);
  assert.equal((await ctl(['nonsense'])).code, 2);
  const nobody = await run('aldisctl', ['--socket', '/nonexistent/admin.sock', 'status']);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /Is aldisd running/);
});

test('aldisd says what is wrong with its configuration', async () => {
  const file = path.join(server.folder, 'bad.conf');
  await writeFile(file, '[signaling]\nlisten = 127.0.0.1:1\nlissten = 127.0.0.1:2\n');
  const bad = await run('aldisd', ['--check-config', '--config', file]);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /bad\.conf:3: .*lissten/);
  assert.equal((await run('aldisd', ['--check-config'])).code, 0);
  assert.match((await run('aldisd', ['--version'])).stdout, /^aldisd \d/);
});

test('a second aldisd on the same data folder is refused', async () => {
  const second = await run('aldisd', ['--config', path.join(server.folder, 'aldis.conf')]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`in use by another aldisd \\(process ${server.process.pid}\\)`));
});

test('datagrams reach the workers, and SIGTERM ends them', async () => {
  const udpPort = await freePort();
  const media = await Server.start({ server: { workers: 2 }, relay: { listen_udp: `127.0.0.1:${udpPort}` } });
  try {
    const status = JSON.parse((await run('aldisctl', ['--json', '--socket', path.join(media.folder, 'var/admin.sock'), 'status'])).stdout);
    assert.deepEqual([status.workers, status.frontThreads], [2, 2]);
    const socket = createSocket('udp4');
    const stun = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
    // sends are lost when a queue is full, so until all kinds were seen
    await until(async () => {
      for (const datagram of [stun, Buffer.alloc(20, 0x80), Buffer.from('x')]) socket.send(datagram, udpPort, '127.0.0.1');
      const text = await media.metrics();
      return ['stun', 'rtp', 'unknown'].every((kind) => Number(new RegExp(`aldis_worker_datagrams_total{kind="${kind}"} (\\d+)`).exec(text)?.[1]) > 0);
    }, 'the datagrams to be counted');
    socket.close();
    assert.deepEqual(await media.stop(), { code: 0, signal: null });
  } finally {
    await media.remove();
  }
});

test('SIGHUP takes over API keys and the log level, and nothing of a file with a mistake', async () => {
  const key = 'k'.repeat(40);
  const reload = async (word) => {
    const before = server.log.split(word).length;
    await server.configure();
    server.process.kill('SIGHUP');
    await until(() => server.log.split(word).length > before, word);
  };
  const status = async () => (await fetch(`${server.url}/rpc`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'backend.userList', params: { limit: 1 } }),
  })).status;
  assert.equal(await status(), 401);
  server.settings.signaling.api_keys = `shop:${key}`;
  await reload('reloaded');
  assert.equal(await status(), 200);
  server.settings.signaling.nonsense = 1;
  await reload('reload failed');
  assert.equal(await status(), 200);
  delete server.settings.signaling.nonsense;
  delete server.settings.signaling.api_keys;
  await reload('reloaded');
  assert.equal(await status(), 401);
});

test('SIGHUP reloads; SIGTERM drains and a new process goes on', async () => {
  server.process.kill('SIGHUP');
  await until(() => server.log.includes('reloaded'), 'the reload');
  const a = await (await Client.open(server.wsUrl)).register('drained');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.equal((await a.closed).code, 1001);
  await server.launch();
  await a.connect();
  assert.equal((await a.start()).user.id, a.user.id);
  await a.close();
});
