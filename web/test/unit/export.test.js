// SPDX-License-Identifier: Apache-2.0
/** The copy of one's data: pages become lines, and a server that says wait is waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportLines } from '../../src/export.js';
import { RpcError } from '../../src/rpc-error.js';

const limited = () => new RpcError('account.export', { code: -32006, message: 'Too often.', data: { reason: 'rate', retryAfterMs: 250 } });

/** A server whose answers are scripted: pages, or errors. @param {any[]} answers */
function serve(answers) {
  const asked = /** @type {object[]} */ ([]);
  return { asked, call: async (/** @type {string} */ method, /** @type {object} */ params) => {
    assert.equal(method, 'account.export');
    asked.push(params);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  } };
}

test('export: all pages, in order, as JSON lines', async () => {
  const rpc = serve([{ items: [{ type: 'account' }, { type: 'device' }], next: 'a' }, { items: [], next: 'b' }, { items: [{ type: 'message', message: { text: 'a\nb' } }] }]);
  const counts = /** @type {number[]} */ ([]);
  const text = (await exportLines(rpc, { onItems: (n) => counts.push(n) })).join('');
  assert.deepEqual(text.trimEnd().split('\n').map((line) => JSON.parse(line)), [{ type: 'account' }, { type: 'device' }, { type: 'message', message: { text: 'a\nb' } }]);
  assert.deepEqual(rpc.asked, [{}, { next: 'a' }, { next: 'b' }]);
  assert.deepEqual(counts, [2, 2, 3]);
});

test('export: a page that was refused for its rate is asked for again, after the time it said', async () => {
  const waits = /** @type {number[]} */ ([]);
  const rpc = serve([limited(), { items: [{ type: 'account' }], next: 'a' }, limited(), limited(), { items: [{ type: 'call' }] }]);
  const parts = await exportLines(rpc, { wait: async (ms) => void waits.push(ms) });
  assert.equal(parts.join(''), '{"type":"account"}\n{"type":"call"}\n');
  assert.deepEqual(waits, [250, 250, 250]);
});

test('export: other errors, too many refusals, and who has gone away end it', async () => {
  await assert.rejects(exportLines(serve([new Error('gone')])), /gone/);
  await assert.rejects(exportLines(serve(Array.from({ length: 30 }, limited)), { wait: async () => {} }), /Too often/);
  const gone = new AbortController();
  gone.abort();
  await assert.rejects(exportLines(serve([]), { signal: gone.signal }), { name: 'AbortError' });
});
