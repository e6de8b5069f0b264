// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Presence } from '../../src/chat/presence.js';
import { presenceLine } from '../../src/chat/words.js';
import { RpcError } from '../../src/rpc-error.js';
import { settle } from '../chat-server.js';
import { Clock } from '../clock.js';

const clock = new Clock();
before(() => clock.install());
after(() => clock.restore());

class Server extends EventTarget {
  /** @type {string[][]} */ asked = [];
  /** @type {any[]} what is answered, or thrown */ answers = [];
  /** @type {(update: any) => void} */ tell = () => {};

  /** @param {string} _ @param {(update: any) => void} handler */
  on(_, handler) {
    this.tell = handler;
    return () => {};
  }

  /** @param {string} method @param {any} params */
  async call(method, params) {
    assert.equal(method, 'presence.subscribe');
    this.asked.push(params.userIds);
    const answer = this.answers.shift() ?? { users: [] };
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

const pass = async (ms = 300) => { clock.tick(ms); await settle(); };

test('presence: who goes from chat to chat asks once, and hears of nobody else', async () => {
  const server = new Server();
  const presence = new Presence(/** @type {any} */ (server));
  server.answers.push({ users: [{ userId: '3', online: false, lastSeenAt: 1000 }] });
  presence.watch(['2']);
  presence.watch(['3']);
  await pass();
  assert.deepEqual([server.asked, presence.of('3'), presence.of('2')], [[['3']], { online: false, lastSeenAt: 1000 }, null]);
  server.tell({ type: 'presence', userId: '3', online: true });
  server.tell({ type: 'presence', userId: '2', online: true });
  assert.deepEqual([presence.of('3'), presence.of('2')], [{ online: true }, null]);
});

test('presence: asked again on the next connection, and in time when it was too often; a server without it is left alone', async () => {
  const server = new Server();
  const presence = new Presence(/** @type {any} */ (server));
  const fault = (/** @type {any} */ error) => new RpcError('presence.subscribe', error);
  server.answers.push(fault({ code: RpcError.LIMIT, data: { reason: 'rate', retryAfterMs: 1000 } }), { users: [{ userId: '2', online: true }] });
  presence.watch(['2']);
  await pass();
  assert.equal(presence.of('2'), null);
  await pass(1000);
  assert.deepEqual([server.asked.length, presence.of('2')], [2, { online: true }]);
  server.answers.push(fault({ code: -32601, data: { reason: 'method_not_found' } }));
  server.dispatchEvent(new Event('session'));
  await pass();
  await pass(60000);
  assert.equal(server.asked.length, 3);
});

test('presence: in words', () => {
  const now = 1_700_000_000_000;
  assert.deepEqual([presenceLine(null, now), presenceLine({ online: false }, now), presenceLine({ online: true }, now), presenceLine({ online: false, lastSeenAt: now - 5 * 60000 }, now)], ['', '', 'online', 'last seen 5 min ago']);
});
