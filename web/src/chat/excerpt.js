// SPDX-License-Identifier: Apache-2.0
/** The part of a text around what was found in it. */

/** @typedef {{text: string, hit: boolean}} Part */

const BEFORE = 32;
const MOST = 180;

/**
 * excerpt: begins shortly before the first place, at a word, and says so.
 * @param {string} text
 * @param {[number, number][]} highlights offset and length, in UTF-16 units
 * @returns {Part[]}
 */
export function excerpt(text, highlights) {
  const places = [...highlights].filter(([offset, length]) => length > 0 && offset < text.length).sort((a, b) => a[0] - b[0]);
  const begin = start(text, places[0]?.[0] ?? 0);
  let end = Math.min(text.length, begin + MOST);
  if (low(text, end)) end++;
  /** @type {Part[]} */ const parts = [];
  let at = begin;
  const add = (/** @type {number} */ to, /** @type {boolean} */ hit) => {
    const part = text.slice(at, to).replace(/\s+/g, ' ');
    if (part) parts.push({ text: part, hit });
    at = Math.max(at, to);
  };
  for (const [offset, length] of places) {
    if (offset >= end || offset < at) continue;
    add(offset, false);
    add(Math.min(offset + length, end), true);
  }
  add(end, false);
  if (begin > 0) parts.unshift({ text: '… ', hit: false });
  if (end < text.length) parts.push({ text: ' …', hit: false });
  return parts;
}

/** Where it begins. @param {string} text @param {number} first */
function start(text, first) {
  if (first <= BEFORE) return 0;
  const space = text.slice(first - BEFORE, first).search(/\s\S/);
  const from = space >= 0 ? first - BEFORE + space + 1 : first - BEFORE;
  return low(text, from) ? from - 1 : from;
}

/** Whether the second half of a pair stands there. @param {string} text @param {number} at */
function low(text, at) {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
