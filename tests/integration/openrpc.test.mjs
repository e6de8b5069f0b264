// SPDX-License-Identifier: Apache-2.0
// The document tells the truth: about the methods there are, and in its examples.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { checkResult, document } from './lib/schema.mjs';
import { Server } from './lib/server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.remove());

test('rpc.discover gives the document', async () => {
  const client = await Client.open(server.wsUrl);
  assert.deepEqual(await client.call('rpc.discover'), document);
  await client.close();
});

test('every method that is documented is there, and asks for what it needs', async () => {
  const client = await (await Client.open(server.wsUrl)).register('reader');
  for (const { name, params } of document.methods) {
    const outcome = await client.call(name, { notAParameter: 1 }).then(() => null, (error) => error);
    assert.ok([-32602, -32002, -32004].includes(outcome?.code), `${name}: ${outcome?.message}`);
    assert.ok(Array.isArray(params), name);
  }
  await client.close();
});

test('the examples fit the schemas', () => {
  for (const { name, examples } of document.methods) {
    assert.ok(examples?.length > 0, `${name} has no example`);
    for (const example of examples) if (example.result) checkResult(name, example.result.value);
  }
});
