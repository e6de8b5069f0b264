// SPDX-License-Identifier: Apache-2.0
/** What of a message is selected: the part that a reply answers. */

/** @typedef {import('../../chat/types.js').Quote} Quote */

const MOST_UNITS = 1024;

/** partOf: words as they stand in a text, at the place nearest to where they were seen. @param {string} text @param {string} words @param {number} near UTF-16 units @returns {Quote | null} */
export function partOf(text, words, near) {
  const wanted = words.trim();
  if (!wanted || wanted.length > MOST_UNITS) return null;
  let offset = -1;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) if (offset < 0 || Math.abs(at - near) < Math.abs(offset - near)) offset = at;
  return offset < 0 ? null : { text: wanted, offset };
}

/** selectedPart: @param {string} text of the message @param {Element | null} el where it is shown @returns {Quote | null} null: nothing of it, or not it alone */
export function selectedPart(text, el) {
  const selection = getSelection();
  if (!el || !selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!el.contains(range.startContainer) || !el.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(el);
  before.setEnd(range.startContainer, range.startOffset);
  return partOf(text, selection.toString(), before.toString().length);
}
