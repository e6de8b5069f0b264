// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { trouble } from '../../src/media/trouble.js';
import { RpcError } from '../../src/rpc-error.js';
import { ended, historyLine, problem, why } from '../../src/words.js';

const base = { name: 'Ada', durationMs: 0, outgoing: true };
const entry = { callId: 'c', peer: { id: '1', username: 'ada', displayName: 'Ada' }, outgoing: false, video: false, startedAt: 0, acceptedAt: null, endedAt: 0, durationMs: 0, reason: 'missed' };

test('every documented end of a call has its own words', () => {
  for (const reason of ['hangup', 'declined', 'busy', 'missed', 'cancelled', 'failed', 'answered_elsewhere', 'disconnected']) {
    for (const outgoing of [true, false]) assert.notEqual(ended({ ...base, outgoing, reason }).title, 'The call ended', reason);
  }
});

test('who hung up is told apart', () => {
  assert.equal(ended({ ...base, reason: 'hangup', byMe: true }).title, 'You ended the call');
  assert.equal(ended({ ...base, reason: 'hangup', durationMs: 61_000 }).detail, 'You talked for 1 min.');
  assert.equal(ended({ ...base, reason: 'hangup' }).title, 'Ada ended the call');
});

test('every reason of the cryptography is said as a danger, in words of its own', () => {
  const source = readFileSync(new URL('../../src/crypto/errors.js', import.meta.url), 'utf8');
  const reasons = [...(/@typedef \{('[\s\S]*?)\} CryptoReason/.exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)].map((match) => match[1]);
  assert.ok(reasons.length > 10);
  for (const reason of [...reasons, 'identity_changed', 'they_differ']) {
    assert.equal(ended({ ...base, reason }).tone, 'bad', reason);
    assert.doesNotMatch(why(reason, 'Ada'), /no reason given|\(/, reason);
  }
});

test('an unknown reason is passed on, not swallowed', () => {
  assert.match(ended({ ...base, reason: 'solar_flare' }).detail, /solar flare/);
  assert.match(ended({ ...base, reason: 'call_rate' }).detail, /Too many calls/);
});

test('history: missed is only what I should call back', () => {
  assert.deepEqual(historyLine(entry), { text: 'Missed call', missed: true });
  assert.equal(historyLine({ ...entry, reason: 'cancelled' }).missed, true);
  for (const reason of ['declined', 'answered_elsewhere']) assert.equal(historyLine({ ...entry, reason }).missed, false);
  assert.deepEqual(historyLine({ ...entry, outgoing: true }), { text: 'No answer', missed: false });
  assert.deepEqual(historyLine({ ...entry, acceptedAt: 5, durationMs: 720e3, video: true, reason: 'hangup' }), { text: 'Video, 12 min', missed: false });
});

test('errors of the server: by reason, then by code, then as they came', () => {
  const error = (/** @type {number} */ code, /** @type {string} */ reason) => new RpcError('m', { code, message: 'raw', data: { reason } });
  assert.match(problem(error(-32001, 'bad_password')), /do not match/);
  assert.equal(problem(error(-32005, 'something_new')), 'Too many requests.');
  assert.match(problem(error(-32099, '')), /raw/);
  assert.equal(problem(new Error('Use Firefox.')), 'Use Firefox.');
});

test('every trouble with a device says what to do', () => {
  const named = (/** @type {string} */ name) => new DOMException('x', name);
  const titles = new Set();
  for (const name of ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'OverconstrainedError', 'AbortError', 'NotSupportedError']) {
    const { title, help } = trouble(named(name), 'microphone', true);
    assert.ok(help.length > 20, name);
    titles.add(title);
  }
  assert.equal(titles.size, 6);
  assert.equal(trouble(named('NotReadableError'), 'microphone', true).title, 'Your microphone is used by another program');
  assert.match(trouble(named('NotAllowedError'), 'microphone', false).help, /https/);
});
