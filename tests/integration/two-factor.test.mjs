// SPDX-License-Identifier: Apache-2.0
// The second factor as a client meets it; the codes come from an implementation of RFC 6238 of the test's own.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Person } from './lib/app.mjs';
import { Client, newIdentityKey } from './lib/client.mjs';
import { build, Server, until } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start({ messaging: { login_rate_user: 1000, login_rate_address: 1000, registration_rate_address: 1000 } }); });
after(() => server.remove());

const refuses = (promise, code, reason) => assert.rejects(promise, (error) => {
  assert.equal(error.code, code, error.message);
  assert.equal(error.reason, reason);
  return true;
});

const base32 = (text) => {
  const bits = [...text].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
};

/** What an app shows `offset` steps from now. */
function totp(secret, offset = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + offset));
  const mac = createHmac('sha1', base32(secret)).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const login = async (username, code, password = `password of ${username}`) => {
  const client = await Client.open(server.wsUrl);
  const device = { name: 'second', platform: 'node', identityKey: newIdentityKey() };
  try {
    return await client.call('account.login', { username, password, device, ...(code === undefined ? {} : { code }) });
  } finally {
    await client.close();
  }
};

test('an account with a second factor asks for a code, after the password alone', async () => {
  const a = await (await Client.open(server.wsUrl)).register('agnes');
  await refuses(a.call('account.totpBegin', { password: 'wrong wrong' }), -32001, 'bad_password');
  const { secret, uri } = await a.call('account.totpBegin', { password: 'password of agnes' });
  assert.equal(new URL(uri).searchParams.get('secret'), secret);
  await refuses(a.call('account.totpEnable', { code: totp(secret, 7) }), -32001, 'bad_code');
  assert.equal((await a.call('account.totpState')).enabled, false);
  const { recoveryCodes } = await a.call('account.totpEnable', { code: totp(secret, -1) });
  assert.equal(new Set(recoveryCodes).size, 10);

  await refuses(login('agnes'), -32001, 'code_required');
  const attempts = [login('agnes', totp(secret), 'wrong wrong'), login('nobody', totp(secret), 'wrong wrong'), login('agnes', undefined, 'wrong wrong')];
  const seen = await Promise.all(attempts.map((attempt) => attempt.then(() => 'taken', ({ code, reason, message }) => [code, reason, message])));
  assert.equal(seen[0][1], 'bad_password');
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);

  const code = totp(secret);
  assert.equal((await login('agnes', ` ${code.slice(0, 3)} ${code.slice(3)}`)).user.id, a.user.id);
  await refuses(login('agnes', code), -32001, 'bad_code');
  await login('agnes', recoveryCodes[0].toLowerCase());
  await refuses(login('agnes', recoveryCodes[0]), -32001, 'bad_code');
  assert.equal((await a.call('account.totpState')).recoveryCodesLeft, 9);

  await refuses(a.call('account.totpDisable', { password: 'password of agnes', code: '' }), -32001, 'code_required');
  await a.call('account.totpDisable', { password: 'password of agnes', code: recoveryCodes[1] });
  await login('agnes');
  await a.close();
});

test('a code stays spent when the server is killed, and an administrator takes the factor away', async () => {
  const a = await (await Client.open(server.wsUrl)).register('berta');
  const { secret } = await a.call('account.totpBegin', { password: 'password of berta' });
  const code = totp(secret);
  await a.call('account.totpEnable', { code });
  await a.close();
  await server.kill();
  await server.launch();
  await refuses(login('berta', code), -32001, 'bad_code');
  await promisify(execFile)(path.join(build, 'server/aldisctl'), ['--socket', path.join(server.folder, 'var/admin.sock'), 'user', 'totp-reset', 'berta']);
  await login('berta');
});

test('the web client asks for the code once the password is right', { timeout: 120000 }, async () => {
  const a = await (await Client.open(server.wsUrl)).register('clara');
  const { secret } = await a.call('account.totpBegin', { password: 'password of clara' });
  const { recoveryCodes: [code] } = await a.call('account.totpEnable', { code: totp(secret, -1) });
  const clara = await Person.open(server.url, 'clara');
  try {
    const asked = () => clara.get('code').isVisible();
    await clara.click('tab-login');
    await clara.fill('username', 'clara');
    await clara.fill('password', 'wrong wrong');
    await clara.click('submit');
    await until(() => clara.page.evaluate(() => /do not match/.test(document.querySelector('[data-testid="login-form"]').textContent)), 'the refusal');
    assert.equal(await asked(), false);
    await clara.fill('password', 'password of clara');
    await clara.click('submit');
    await until(asked, 'the code to be asked for');
    await clara.fill('code', '000000x');
    await clara.click('submit');
    await until(() => clara.page.evaluate(() => /not good/.test(document.querySelector('[data-testid="login-form"]').textContent)), 'the refusal of a wrong code');
    await clara.fill('code', code);
    await clara.click('submit');
    await clara.sees('shell');
  } finally {
    await clara.close();
    await a.close();
  }
});
