// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, bytes, clock, day, duration, hue, initials, plural, rate } from '../../src/format.js';
import { morse } from '../../src/morse.js';
import { parseRoute, routeHash } from '../../src/router.js';

const NOON = new Date(2026, 2, 18, 12, 0, 0).getTime();
const HOUR = 3600e3;

test('a call timer counts minutes, then hours', () => {
  assert.deepEqual([0, 7000, 59_999, 754_000, 3_723_000, -5].map(clock), ['0:00', '0:07', '0:59', '12:34', '1:02:03', '0:00']);
});

test('durations in words', () => {
  assert.deepEqual([400, 8000, 59_400, 60_000, 754_000, 3600e3, 3900e3].map(duration), ['0 s', '8 s', '59 s', '1 min', '13 min', '1 h', '1 h 5 min']);
});

test('days: the two last by name, the week by weekday, then dates', () => {
  assert.equal(day(NOON - 11 * HOUR, NOON), 'Today');
  assert.equal(day(NOON - 13 * HOUR, NOON), 'Yesterday');
  assert.equal(day(NOON - 3 * 24 * HOUR, NOON), 'Sunday');
  assert.equal(day(NOON - 8 * 24 * HOUR, NOON), '10 March');
  assert.equal(day(NOON - 400 * 24 * HOUR, NOON), '11 February 2025');
  assert.equal(day(NOON + HOUR, NOON), 'Today', 'a server clock that is ahead');
});

test('how long ago', () => {
  const cases = [[20e3, 'just now'], [5 * 60e3, '5 min ago'], [3 * HOUR, '3 h ago'], [14 * HOUR, 'yesterday'], [3 * 24 * HOUR, 'on Sunday'], [-60e3, 'just now']];
  for (const [before, words] of cases) assert.equal(ago(NOON - Number(before), NOON), words);
});

test('initials of names in any script', () => {
  assert.deepEqual(['Inês Duarte', 'dad', 'sam_r', '山田 花子', 'A B C', '  ', '😀', 'émile'].map(initials), ['ID', 'D', 'SR', '山花', 'AC', '?', '?', 'É']);
});

test('colours depend on the id alone and use the whole range', () => {
  assert.equal(hue('42', 8), hue('42', 8));
  const seen = new Set(Array.from({ length: 200 }, (_, i) => hue(String(i), 8)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('rates and plurals', () => {
  assert.deepEqual([0, 63.7, 1790, null, NaN].map(rate), ['0 kbit/s', '64 kbit/s', '1.8 Mbit/s', '–', '–']);
  assert.deepEqual([plural(1, 'device'), plural(0, 'device'), plural(2, 'box', 'boxes')], ['1 device', '0 devices', '2 boxes']);
});

test('Morse: marks, gaps, and something to send for every name', () => {
  assert.deepEqual(morse('A'), [{ on: 1, off: 1 }, { on: 3, off: 3 }]);
  assert.deepEqual(morse('E T'), [{ on: 1, off: 7 }, { on: 3, off: 3 }]);
  assert.deepEqual(morse('é'), morse('E'));
  assert.deepEqual(morse('山'), morse('CQ'));
});

test('routes: what is not known is the first one', () => {
  const names = ['calls', 'people'];
  assert.deepEqual(parseRoute('', names), { name: 'calls', rest: [] });
  assert.deepEqual(parseRoute('#/people/42', names), { name: 'people', rest: ['42'] });
  assert.deepEqual(parseRoute('#/nonsense/42', names), { name: 'calls', rest: [] });
  assert.deepEqual(parseRoute('#/people/%E0%A4', names), { name: 'people', rest: ['%E0%A4'] });
  assert.deepEqual(parseRoute(routeHash('people', 'a/b c'), names), { name: 'people', rest: ['a/b c'] });
});

test('sizes of files: two digits at least, in powers of ten', () => {
  assert.deepEqual([0, 512, 999, 1000, 9840, 9960, 245_760, 999_499, 999_500, 1.25e9, 9007199254740991].map(bytes), ['0 B', '512 B', '999 B', '1.0 kB', '9.8 kB', '10 kB', '246 kB', '999 kB', '1.0 MB', '1.3 GB', '9.0 PB']);
});
