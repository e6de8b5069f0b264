// SPDX-License-Identifier: Apache-2.0
// What an application that embeds Aldis uses: JWT logins, the backend API, webhooks.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client, RpcError, newCallId, newIdentityKey } from './lib/client.mjs';
import { checkResult } from './lib/schema.mjs';
import { Server, until } from './lib/server.mjs';

const jwtSecret = 'a secret of at least thirty-two bytes';
const apiKey = 'an-API-key-of-at-least-thirty-two-characters';
const hookSecret = '0123456789abcdef0123456789abcdef';
const ed = generateKeyPairSync('ed25519');
const hooks = [];
let server, sink;

before(async () => {
  sink = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      hooks.push({ headers: request.headers, body });
      response.writeHead(hooks.length === 1 ? 500 : 204).end(); // the first one must be tried again
    });
  });
  await new Promise((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const pem = path.join(os.tmpdir(), `aldis-test-${process.pid}.pem`);
  await writeFile(pem, ed.publicKey.export({ type: 'spki', format: 'pem' }));
  server = await Server.start({ signaling: {
    jwt_secret: jwtSecret, jwt_public_key: pem, api_keys: `test:${apiKey}`,
    webhook_url: `http://127.0.0.1:${sink.address().port}/hook`, webhook_secret: hookSecret,
  } });
});
after(async () => {
  await server.remove();
  sink.close();
});

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const in5 = () => Math.floor(Date.now() / 1000) + 300;
function jwt(claims, { alg = 'HS256', secret = jwtSecret } = {}) {
  const text = `${b64({ alg, typ: 'JWT' })}.${b64(claims)}`;
  if (alg === 'none') return `${text}.`;
  const mac = alg === 'EdDSA' ? sign(null, Buffer.from(text), ed.privateKey) : createHmac('sha256', secret).update(text).digest();
  return `${text}.${mac.toString('base64url')}`;
}
const startWith = async (token) => {
  const client = await Client.open(server.wsUrl);
  client.identityKey = newIdentityKey();
  client.session = await client.call('session.start', { jwt: token, device: { name: 'test', platform: 'node', identityKey: client.identityKey } });
  Object.assign(client, { user: client.session.user, device: client.session.device });
  return client;
};
async function backend(method, params = {}, key = apiKey) {
  const response = await fetch(`${server.url}/rpc`, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
  const { result, error } = await response.json();
  if (error) throw new RpcError(error);
  checkResult(method, result);
  return result;
}

test('an application logs its users in with tokens of its own', async () => {
  for (const alg of ['HS256', 'EdDSA']) {
    const client = await startWith(jwt({ sub: `person-${alg}`, name: 'Ann', exp: in5() }, { alg }));
    assert.equal(client.user.displayName, 'Ann');
    await client.close();
  }
});

test('tokens that are not right are refused', async () => {
  const sub = 'someone';
  for (const token of [
    jwt({ sub, exp: in5() }, { alg: 'none' }),
    jwt({ sub, exp: in5() }, { secret: 'x'.repeat(40) }),
    jwt({ sub, exp: 1 }),
    jwt({ sub }),
    jwt({ sub, exp: in5(), nbf: in5() + 3600 }),
    jwt({ sub: '', exp: in5() }),
    jwt({ sub: 'y'.repeat(100), exp: in5() }),
    // the public key taken for an HMAC secret
    jwt({ sub, exp: in5() }, { secret: ed.publicKey.export({ type: 'spki', format: 'pem' }) }),
    `${jwt({ sub, exp: in5() })}=`,
    'a.b.c',
  ]) await assert.rejects(startWith(token), (error) => error.code === -32001 || error.code === -32602, token);
});

test('the backend makes, finds, disables and deletes users', async () => {
  const { user } = await backend('backend.userCreate', { username: 'made_here', password: 'a good password' });
  assert.equal((await backend('backend.userGet', { username: 'MADE_HERE' })).user.id, user.id);
  const client = await (await Client.open(server.wsUrl)).login('made_here', 'a good password');
  await backend('backend.userDisable', { userId: user.id });
  assert.equal((await client.closed).code, 4003);
  const again = await Client.open(server.wsUrl);
  await assert.rejects(again.login('made_here', 'a good password'), { reason: 'disabled' });
  await backend('backend.userEnable', { userId: user.id });
  await again.login('made_here', 'a good password');
  await again.close();
  await backend('backend.userDelete', { userId: user.id });
  await assert.rejects(backend('backend.userGet', { username: 'made_here' }), { code: -32003 });
});

test('only a key opens the backend, and it opens no more than that', async () => {
  await assert.rejects(backend('backend.userList', { limit: 1 }, 'wrong'.repeat(10)), { code: -32001 });
  await assert.rejects(backend('admin.status'), { code: -32002 });
  const client = await (await Client.open(server.wsUrl)).register('plain_user');
  await assert.rejects(client.call('backend.userList', { limit: 1 }), { code: -32002 });
  await client.close();
});

test('the backend ends a call, and signed webhooks tell of it', async () => {
  const [a, b] = [await startWith(jwt({ sub: 'ann', exp: in5() })), await startWith(jwt({ sub: 'ben', exp: in5() }))];
  const callId = newCallId();
  await a.call('call.invite', { callId, to: b.user.id, video: false, blob: 'AAAA' });
  await b.notification('call.incoming');
  assert.deepEqual((await backend('backend.callList')).calls.map((c) => c.callId), [callId]);
  await backend('backend.callEnd', { callId });
  for (const client of [a, b]) assert.equal((await client.notification('call.ended')).reason, 'ended_by_admin');
  await until(() => hooks.some((hook) => JSON.parse(hook.body).type === 'call.ended'), 'the webhook of the end');
  const seen = new Set();
  for (const { headers, body } of hooks) {
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['aldis-signature']);
    assert.equal(createHmac('sha256', hookSecret).update(`${t}.${body}`).digest('hex'), v1);
    assert.ok(!body.includes('AAAA'), 'a blob in a webhook');
    seen.add(JSON.parse(body).type);
  }
  assert.deepEqual([...seen].sort(), ['call.ended', 'call.ringing']);
  const refused = JSON.parse(hooks[0].body).id;
  await until(() => hooks.slice(1).some((hook) => JSON.parse(hook.body).id === refused), 'the refused one to be tried again', 30000);
  await Promise.all([a.close(), b.close()]);
});
