// SPDX-License-Identifier: Apache-2.0
/** Times, durations and names as people read them. */

/** clock: 0:07, 12:34, 1:02:03. @param {number} ms */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** duration: "8 s", "12 min", "1 h 5 min". @param {number} ms */
export function duration(ms) {
  const seconds = Math.round(Math.max(0, ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

/** @param {number} at @param {number} now */
function daysAgo(at, now) {
  const midnight = (/** @type {number} */ time) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(at)) / 86400000);
}

/** day: a heading for a day: "Today", "Yesterday", "Monday", "3 March", "3 March 2024". @param {number} at @param {number} [now] */
export function day(at, now = Date.now()) {
  const days = daysAgo(at, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const date = new Date(at);
  if (days < 7) return date.toLocaleDateString('en', { weekday: 'long' });
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year });
}

/** kept: making one takes longer than all else that a row of a chat needs @type {Intl.DateTimeFormat | undefined} */
let clockFormat;

/** time: "14:05" (or as the browser's language has it). @param {number} at */
export function time(at) {
  clockFormat ??= new Intl.DateTimeFormat([], { hour: 'numeric', minute: '2-digit' });
  return clockFormat.format(at);
}

/** ago: "just now", "5 min ago", "3 h ago", then the day. @param {number} at @param {number} [now] */
export function ago(at, now = Date.now()) {
  const minutes = Math.floor((now - at) / 60000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60 && daysAgo(at, now) === 0) return `${Math.floor(minutes / 60)} h ago`;
  const word = day(at, now);
  return word === 'Yesterday' ? 'yesterday' : `on ${word}`;
}

/** when: a time of another day, or of this one: "today at 14:05", "on Monday at 09:00". @param {number} at @param {number} [now] */
export function when(at, now = Date.now()) {
  const days = -daysAgo(at, now);
  const date = new Date(at);
  const near = { '-1': 'yesterday', 0: 'today', 1: 'tomorrow' }[days];
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  const word = near ?? `on ${days > 1 && days < 7 ? date.toLocaleDateString('en', { weekday: 'long' }) : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year })}`;
  return `${word} at ${time(at)}`;
}

/** initials: up to two letters for an avatar. @param {string} name */
export function initials(name) {
  const words = name.trim().split(/[\s_.-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = [...(words[0] ?? '?')][0];
  const last = words.length > 1 ? [...words[words.length - 1]][0] : '';
  return (first + last).toLocaleUpperCase();
}

/** hue: a colour of one's own, the same on every device. @param {string} id @param {number} count how many there are */
export function hue(id, count) {
  let sum = 2166136261;
  for (const char of id) sum = Math.imul(sum ^ /** @type {number} */ (char.codePointAt(0)), 16777619) >>> 0;
  return sum % count;
}

/** rate: "64 kbit/s", "1.8 Mbit/s". @param {number | null | undefined} kbps */
export function rate(kbps) {
  if (kbps === null || kbps === undefined || !Number.isFinite(kbps)) return '–';
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

/** plural: "1 device", "2 devices". @param {number} n @param {string} one @param {string} [many] */
export function plural(n, one, many = `${one}s`) {
  return `${n} ${n === 1 ? one : many}`;
}

/** bytes: how large something is: "512 B", "9.8 kB", "240 kB", "1.2 GB". @param {number} n */
export function bytes(n) {
  let unit = 0;
  for (; n >= 999.5 && unit < 5; unit++) n /= 1000;
  return `${unit > 0 && n < 9.95 ? n.toFixed(1) : Math.round(n)} ${['B', 'kB', 'MB', 'GB', 'TB', 'PB'][unit]}`;
}
