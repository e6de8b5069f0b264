// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrange, capacity, gridShape, pick, rank } from '../../src/room/layout.js';
import { PRIORITY, ViewSender, wants } from '../../src/room/view.js';
import { Clock } from '../clock.js';

/** @param {string} id @param {Partial<import('../../src/room/layout.js').Face>} [more] @returns {import('../../src/room/layout.js').Face} */
const face = (id, more = {}) => ({ key: `${id}/${more.source ?? 'camera'}`, participantId: id, source: 'camera', self: id === 'me', picture: true, hand: false, joinedAt: id.charCodeAt(0), ...more });
const wish = (/** @type {Partial<import('../../src/room/layout.js').Wish>} */ more) => ({ faces: [], pinned: '', speakers: [], mode: /** @type {const} */ ('grid'), places: 9, before: [], main: '', ...more });

test('the grid in which tiles are largest, on a desktop and on a phone', () => {
  const shape = (/** @type {number} */ count, /** @type {number} */ width, /** @type {number} */ height) => { const { columns, rows } = gridShape(count, width, height); return `${columns}x${rows}`; };
  assert.deepEqual([1, 2, 4, 9, 25, 49].map((count) => shape(count, 1256, 640)), ['1x1', '2x1', '2x2', '3x3', '5x5', '9x6']);
  assert.deepEqual([1, 2, 3, 6].map((count) => shape(count, 348, 620)), ['1x1', '1x2', '1x3', '2x3']);
});

test('tiles never leave their grid, whatever its size', () => {
  for (const [width, height] of [[1256, 640], [348, 620], [640, 300], [200, 900]]) {
    for (let count = 1; count <= 49; count++) {
      const { columns, rows, width: w, height: t } = gridShape(count, width, height);
      assert.ok(columns * rows >= count && (rows - 1) * columns < count, `${count} in ${columns}x${rows}`);
      assert.ok(columns * w + 8 * (columns - 1) <= width && rows * t + 8 * (rows - 1) <= height, `${count} in ${width}x${height}`);
    }
  }
});

test('how many fit: at most 49, fewer on a phone', () => {
  assert.equal(capacity(1256, 640), 49);
  assert.equal(capacity(348, 620), 12);
  assert.equal(capacity(0, 0), 1);
});

test('who is shown stays in place; who comes takes the place of who goes', () => {
  assert.deepEqual(pick(['a', 'b', 'c'], 9, ['c', 'a']), ['c', 'a', 'b']);
  assert.deepEqual(pick(['d', 'a', 'b', 'c'], 3, ['a', 'b', 'c']), ['a', 'b', 'd'], 'the least important makes way');
  assert.deepEqual(pick(['a', 'c'], 3, ['a', 'b', 'c']), ['a', 'c'], 'who left leaves no hole');
  assert.deepEqual(pick(['a'], 0, ['a']), []);
});

test('rank: pinned, screens, oneself, who speaks, hands, pictures, then by joining', () => {
  const faces = [face('a', { picture: false }), face('b'), face('c', { hand: true }), face('d'), face('e', { source: 'screen' }), face('me'), face('f')];
  assert.deepEqual(rank(faces, 'f/camera', ['d']), ['f/camera', 'e/screen', 'me/camera', 'd/camera', 'c/camera', 'b/camera', 'a/camera']);
});

test('a shared screen is large by itself, and goes', () => {
  const faces = [face('a'), face('me'), face('a', { source: 'screen' })];
  const shared = arrange(wish({ faces, speakers: ['a'] }));
  assert.equal(shared.main, 'a/screen');
  assert.deepEqual(new Set(shared.tiles), new Set(['a/camera', 'me/camera']));
  assert.equal(arrange(wish({ faces: faces.slice(0, 2), main: 'a/screen', before: shared.tiles })).main, '');
});

test('the speaker view follows who speaks, stays when nobody does, and never picks oneself while others are there', () => {
  const faces = [face('a'), face('b'), face('me')];
  const at = (/** @type {string[]} */ speakers, /** @type {string} */ main) => arrange(wish({ faces, mode: 'speaker', speakers, main })).main;
  assert.equal(at(['b'], ''), 'b/camera');
  assert.equal(at([], 'b/camera'), 'b/camera');
  assert.equal(at(['me'], 'b/camera'), 'b/camera');
  assert.equal(at(['me', 'a'], 'b/camera'), 'a/camera');
  assert.equal(arrange(wish({ faces: [face('me')], mode: 'speaker' })).main, 'me/camera');
  assert.equal(arrange(wish({ faces, mode: 'speaker', speakers: ['b'], pinned: 'a/camera' })).main, 'a/camera');
});

test('oneself comes last, and is there even in a crowd', () => {
  const faces = [face('me'), ...[...'abcdefgh'].map((id) => face(id))];
  assert.deepEqual(arrange(wish({ faces: faces.slice(0, 3) })).tiles, ['a/camera', 'b/camera', 'me/camera']);
  assert.equal(arrange(wish({ faces, places: 4 })).tiles.at(-1), 'me/camera');
});

test('who does not fit is counted', () => {
  const { tiles, hidden } = arrange(wish({ faces: [...'abcdefghijklm'].map((id) => face(id)), places: 4, speakers: ['m'] }));
  assert.deepEqual([tiles.length, hidden, tiles.includes('m/camera')], [4, 9, true]);
});

test('the view: device pixels in steps, the most important first, nothing for what is out of sight', () => {
  const shown = [
    { trackId: 'a', width: 301, height: 170, visible: true, priority: PRIORITY.tile },
    { trackId: 'b', width: 900, height: 506, visible: true, priority: PRIORITY.main },
    { trackId: 'c', width: 300, height: 170, visible: false, priority: PRIORITY.speaker },
  ];
  assert.deepEqual(wants(shown, 1), [{ trackId: 'b', width: 912, height: 512, priority: 120 }, { trackId: 'a', width: 304, height: 176, priority: 10 }, { trackId: 'c', width: 0, height: 0, priority: 0 }]);
  assert.deepEqual(wants(shown, 3)[1], { trackId: 'a', width: 608, height: 352, priority: 10 }, 'more than twice nobody sees');
  assert.deepEqual(wants([], 1), []);
  assert.equal(wants(Array.from({ length: 200 }, (_, i) => ({ ...shown[0], trackId: String(i) })), 1).length, 128);
});

test('the view is sent at once when it was calm, then when it has come to rest, at the latest after half a second, and never twice', async (t) => {
  const clock = new Clock();
  clock.install();
  t.after(() => clock.restore());
  /** @type {number[]} */ const sent = [];
  let fails = false;
  const sender = new ViewSender(async ([want]) => { sent.push(want.width); if (fails) throw new Error('lost'); });
  const set = (/** @type {number} */ width) => sender.set([{ trackId: 'a', width, height: 1, priority: 1 }]);
  clock.tick(1000);
  set(1);
  assert.deepEqual(sent, [1]);
  set(2);
  clock.tick(100);
  set(3);
  clock.tick(119);
  assert.deepEqual(sent, [1]);
  clock.tick(1);
  assert.deepEqual(sent, [1, 3]);
  set(3);
  clock.tick(1000);
  assert.deepEqual(sent, [1, 3]);
  set(4);
  for (let i = 5; i <= 15; i++) { clock.tick(50); set(i); }
  assert.ok(sent.at(-1) !== undefined && sent.length >= 4, `while it changes all the time: ${sent}`);
  clock.tick(1000);
  assert.equal(sent.at(-1), 15);
  fails = true;
  set(20);
  await Promise.resolve();
  await Promise.resolve();
  fails = false;
  clock.tick(1000);
  set(20);
  assert.deepEqual(sent.slice(-2), [20, 20], 'what did not arrive is sent again');
  sender.again();
  assert.deepEqual(sent.slice(-2), [20, 20]);
});
