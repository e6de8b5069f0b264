// SPDX-License-Identifier: Apache-2.0
/** The text of a message as nodes: no markup is parsed, addresses are checked before they become links. */
import { h } from '../../dom.js';
import { addressOf, pieces, withAddresses } from '../../chat/text.js';
import { routeHash } from '../../router.js';

/** @typedef {import('../../chat/types.js').Entity} Entity */
/** @typedef {import('../../chat/text.js').Piece} Piece */

const TAGS = /** @type {const} */ ({ bold: 'strong', italic: 'em', underline: 'u', strike: 's', code: 'code', quote: 'blockquote', hit: 'mark' });

/** textNodes: @param {string} text @param {Entity[]} entities @param {string} me @returns {(Node | string)[]} */
export function textNodes(text, entities, me) {
  const all = pieces(text, withAddresses(text, entities));
  const block = (/** @type {Piece | undefined} */ piece) => typeof piece === 'object' && ['pre', 'quote'].includes(piece.entity.type);
  /* a block has lines of its own: the breaks around it are not seen a second time */
  return all.map((piece, i) => typeof piece !== 'string' ? node(piece, me)
    : piece.slice(block(all[i - 1]) && piece.startsWith('\n') ? 1 : 0, block(all[i + 1]) && piece.endsWith('\n') ? -1 : undefined));
}

/** @param {Piece} piece @returns {string} */
function wordsOf(piece) {
  return typeof piece === 'string' ? piece : piece.children.map(wordsOf).join('');
}

/** @param {Piece} piece @param {string} me @returns {Node | string} */
function node(piece, me) {
  if (typeof piece === 'string') return piece;
  const { entity } = piece;
  const inner = piece.children.map((one) => node(one, me));
  const tag = TAGS[/** @type {keyof typeof TAGS} */ (entity.type)];
  if (tag) return h(tag, {}, inner);
  if (entity.type === 'pre') return h('pre', { class: 'code', tabIndex: 0, 'data-language': entity.language ?? null }, h('code', {}, inner));
  if (entity.type === 'spoiler') return spoiler(inner);
  if (entity.type === 'mention') return h('a', { class: `mention ${entity.userId === me ? 'of-me' : ''}`, href: routeHash('people', entity.userId ?? '') }, inner);
  const address = addressOf(entity, wordsOf(piece));
  return address ? h('a', { class: 'link', href: address, target: '_blank', rel: 'noopener noreferrer nofollow', title: entity.type === 'link' ? address : null }, inner) : h('span', {}, inner);
}

/** @param {(Node | string)[]} inner */
function spoiler(inner) {
  const open = (/** @type {Event} */ event) => {
    if (!el.classList.contains('hidden')) return;
    event.preventDefault();
    event.stopPropagation();
    el.classList.remove('hidden');
    el.removeAttribute('role');
    el.removeAttribute('tabindex');
    el.removeAttribute('aria-label');
    words.removeAttribute('aria-hidden');
  };
  const words = h('span', { 'aria-hidden': 'true' }, inner);
  const el = h('span', { class: 'spoiler hidden', role: 'button', tabIndex: 0, 'aria-label': 'Hidden text: press to show it', onclick: open,
    onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter' || event.key === ' ') open(event); } }, words);
  return el;
}
