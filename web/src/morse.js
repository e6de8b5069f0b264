// SPDX-License-Identifier: Apache-2.0
/** What a signal lamp sends. Ringing lamps and the ring tone use it. */

/** @type {Record<string, string>} International Morse code, ITU-R M.1677-1 §1.1 */
const CODE = {
  A: '.-', B: '-...', C: '-.-.', D: '-..', E: '.', F: '..-.', G: '--.', H: '....', I: '..', J: '.---', K: '-.-',
  L: '.-..', M: '--', N: '-.', O: '---', P: '.--.', Q: '--.-', R: '.-.', S: '...', T: '-', U: '..-', V: '...-',
  W: '.--', X: '-..-', Y: '-.--', Z: '--..', 0: '-----', 1: '.----', 2: '..---', 3: '...--', 4: '....-', 5: '.....',
  6: '-....', 7: '--...', 8: '---..', 9: '----.',
};

/**
 * morse: a text as times of light, in units of a dot: a dash is 3, the gap inside a letter 1, between letters 3,
 * between words 7. Letters that Morse does not have are left out; a text with none of its letters sends "CQ" (to all).
 * @param {string} text
 * @returns {{on: number, off: number}[]}
 */
export function morse(text) {
  const plain = text.normalize('NFD').toUpperCase();
  /** @type {{on: number, off: number}[]} */ const marks = [];
  for (const char of plain) {
    if (/\s/.test(char) && marks.length) marks[marks.length - 1].off = 7;
    for (const mark of CODE[char] ?? '') marks.push({ on: mark === '-' ? 3 : 1, off: 1 });
    if (CODE[char]) marks[marks.length - 1].off = 3;
  }
  return marks.length || text === 'CQ' ? marks : morse('CQ');
}
