// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QualityWatch, grade } from '../../src/quality.js';
import { Backoff } from '../../src/backoff.js';
import { loudness } from '../../src/media/level.js';
import { callSteps, ringingText, stuckHint } from '../../src/ui/call/progress.js';
import { digitGroups } from '../../src/ui/call/security-panel.js';

const stats = (/** @type {number | null} */ rttMs, /** @type {number | null} */ lossPercent) => ({ rttMs, lossPercent, bitrateKbps: {} });
const situation = { sendingVideo: true, sharing: false, name: 'Ada' };

test('grades by the worse of delay and loss', () => {
  assert.deepEqual([stats(30, 0), stats(300, 0), stats(30, 5), stats(700, 0), stats(30, 9), stats(null, null), stats(40, null)].map(grade), [3, 2, 2, 1, 1, 0, 3]);
});

test('one bad measurement changes nothing, two do; better takes three', () => {
  const watch = new QualityWatch();
  const take = (/** @type {number} */ loss) => { watch.take(stats(30, loss)); return watch.grade; };
  assert.deepEqual([0, 20, 0, 20, 20, 0, 0, 0].map(take), [3, 3, 3, 3, 1, 1, 1, 3]);
});

test('hints name what helps in this situation', () => {
  const watch = new QualityWatch();
  assert.equal(watch.hint(situation), '');
  watch.take(stats(30, 20));
  assert.match(watch.hint(situation), /Turn off your camera/);
  assert.match(watch.hint({ ...situation, sharing: true }), /Stop sharing/);
  assert.match(watch.hint({ ...situation, sendingVideo: false }), /Wi-Fi/);
});

test('the backoff draws from the upper half of its wait', () => {
  const low = new Backoff({ random: () => 0 });
  assert.deepEqual([low.next(), low.next(), low.next()], [250, 500, 1000]);
  low.reset();
  assert.equal(low.next(), 250);
});

test('loudness: silence is 0, a full tone is 1', () => {
  assert.equal(loudness(new Float32Array(512)), 0);
  assert.equal(loudness(Float32Array.from({ length: 512 }, (_, i) => Math.sin(i / 3))), 1);
  const quiet = loudness(Float32Array.from({ length: 512 }, (_, i) => 0.02 * Math.sin(i / 3)));
  assert.ok(quiet > 0.3 && quiet < 0.7);
});

test('a call that is not there yet says where it is', () => {
  const session = /** @type {any} */ ({ peer: { displayName: 'Ada' }, outgoing: true, ringingDevices: 0, security: { level: 'pending' } });
  assert.deepEqual(callSteps(session, false).map((step) => step.mark), ['done', 'now', 'next']);
  session.security = { level: 'pending', emoji: [] };
  assert.deepEqual(callSteps(session, false).map((step) => step.mark), ['done', 'done', 'now']);
  assert.equal(ringingText(session, 0), 'Calling …');
  assert.match(ringingText(session, 9000), /None of Ada’s devices/);
  assert.equal(ringingText({ ...session, ringingDevices: 2 }, 0), 'Ringing on 2 devices');
  assert.equal(stuckHint(session, 1000), '');
  assert.match(stuckHint(session, 20000), /another network/);
});

test('digits are read in two groups of six', () => {
  assert.deepEqual(digitGroups('482139 057166'), ['482139', '057166']);
  assert.deepEqual(digitGroups(''), []);
});
