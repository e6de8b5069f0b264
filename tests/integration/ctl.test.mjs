// SPDX-License-Identifier: Apache-2.0
// aldisd's options and aldisctl, as an administrator uses them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, newCallId } from './lib/client.mjs';
import { Server, build, until } from './lib/server.mjs';

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
