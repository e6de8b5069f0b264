// SPDX-License-Identifier: Apache-2.0
/**
 * Text with what is marked in it. Written: **bold** __italic__ ~~strike~~ ||spoiler|| `code` ```language⏎pre``` [words](address)
 * and @username of somebody who is known; sent and shown: entities, whose offsets count UTF-16 units, as strings do here.
 */

/** @typedef {import('./types.js').Entity} Entity */
/** @typedef {import('../types.js').User} User */
/** @typedef {{entity: Entity, children: Piece[]} | string} Piece */

/** @type {Record<string, string>} */
const PAIRS = { '**': 'bold', __: 'italic', '~~': 'strike', '||': 'spoiler' };
/** @type {Record<string, string>} */
const MARKS = { bold: '**', italic: '__', strike: '~~', spoiler: '||', code: '`' };
const LINK = /^\[([^\]\n]+)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)/;
const MENTION = /^@([A-Za-z][A-Za-z0-9_]{2,31})(?![A-Za-z0-9_])/;
/* Addresses in running text: up to a space; what closes a sentence does not belong to them. */
const ADDRESS = /\b(?:https?:\/\/|www\.)[^\s<>"]+|\b[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b/gi;
const TRAILING = /[.,:;!?'"»”’)\]}]+$/;
const JUMBO = /^(?:\p{RI}\p{RI}|\p{Emoji_Presentation}\p{EMod}?(?:\u200d\p{Extended_Pictographic}\ufe0f?\p{EMod}?)*|\p{Extended_Pictographic}\ufe0f(?:\u200d\p{Extended_Pictographic}\ufe0f?)*){1,3}$/u;

/** safeUrl: an address that may be followed; '' otherwise. @param {string} text @returns {string} */
export function safeUrl(text) {
  try {
    const url = new URL(text);
    return ['https:', 'http:'].includes(url.protocol) && url.hostname ? url.href : ['mailto:', 'tel:'].includes(url.protocol) ? url.href : '';
  } catch {
    return '';
  }
}

/** jumbo: one to three emoji and nothing else. @param {string} text */
export function jumbo(text) {
  return text.length <= 40 && JUMBO.test(text.replace(/\s+/g, ''));
}

/**
 * parse: what was written, as it is sent.
 * @param {string} written
 * @param {User[]} [people] who can be mentioned
 * @returns {{text: string, entities: Entity[]}}
 */
export function parse(written, people = []) {
  /** @type {Entity[]} */ const entities = [];
  const text = scan(written.replace(/\r\n?/g, '\n').trim(), 0, entities, people);
  const rest = text.trimEnd();
  const kept = entities.map((one) => ({ ...one, length: Math.min(one.length, rest.length - one.offset) })).filter(({ length }) => length > 0);
  return { text: rest, entities: kept.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

/** @param {string} source @param {number} base where it begins in the whole @param {Entity[]} entities @param {User[]} people @returns {string} */
function scan(source, base, entities, people) {
  let out = '';
  for (let i = 0; i < source.length;) {
    const taken = token(source, i, base + out.length, entities, people);
    out += taken ? taken.text : source[i];
    i += taken ? taken.length : 1;
  }
  return out;
}

/**
 * What is marked at a place.
 * @param {string} source @param {number} i @param {number} offset @param {Entity[]} entities @param {User[]} people
 * @returns {{text: string, length: number} | null}
 */
function token(source, i, offset, entities, people) {
  const rest = source.slice(i);
  const block = /^```(?:([A-Za-z0-9+#.-]{1,32})\n|\n)?([\s\S]*?[^\s`][\s\S]*?)\n?```/.exec(rest);
  if (block) {
    entities.push({ type: 'pre', offset, length: block[2].length, ...(block[1] ? { language: block[1] } : {}) });
    return { text: block[2], length: block[0].length };
  }
  const code = /^`([^`\n]*[^`\s][^`\n]*)`/.exec(rest);
  if (code) {
    entities.push({ type: 'code', offset, length: code[1].length });
    return { text: code[1], length: code[0].length };
  }
  const link = LINK.exec(rest);
  const url = link ? safeUrl(link[2]) : '';
  if (link && url) {
    entities.push({ type: 'link', offset, length: link[1].length, url });
    return { text: link[1], length: link[0].length };
  }
  if (rest[0] === '@') return mention(source, i, offset, entities, people);
  return pair(rest, offset, entities, people);
}

/** @param {string} source @param {number} i @param {number} offset @param {Entity[]} entities @param {User[]} people */
function mention(source, i, offset, entities, people) {
  const found = MENTION.exec(source.slice(i));
  if (!found || /\w/.test(source[i - 1] ?? '')) return null;
  const user = people.find(({ username }) => username.toLowerCase() === found[1].toLowerCase());
  if (!user) return null;
  entities.push({ type: 'mention', offset, length: found[0].length, userId: user.id });
  return { text: found[0], length: found[0].length };
}

/** @param {string} rest @param {number} offset @param {Entity[]} entities @param {User[]} people */
function pair(rest, offset, entities, people) {
  const mark = rest.slice(0, 2);
  if (!(mark in PAIRS) || !rest[2] || /\s/.test(rest[2])) return null;
  let end = rest.indexOf(mark, 3);
  while (end > 0 && /\s/.test(rest[end - 1])) end = rest.indexOf(mark, end + 1);
  if (end < 0) return null;
  const text = scan(rest.slice(2, end), offset, entities, people);
  entities.push({ type: PAIRS[mark], offset, length: text.length });
  return { text, length: end + 2 };
}

/** unparse: a message's text as it would be written. @param {string} text @param {Entity[]} entities @returns {string} */
export function unparse(text, entities) {
  const write = (/** @type {Piece} */ piece) => {
    if (typeof piece === 'string') return piece;
    /** @type {string} */ const inner = piece.children.map(write).join('');
    const { type, url, language } = piece.entity;
    if (type === 'pre') return `\`\`\`${language ?? ''}\n${inner}\n\`\`\``;
    if (type === 'link') return `[${inner}](${url})`;
    const mark = MARKS[type] ?? '';
    return mark + inner + mark;
  };
  return pieces(text, entities).map(write).join('');
}

/**
 * pieces: a text as a tree: entities hold what lies in them; of two that overlap the second is cut in two.
 * @param {string} text
 * @param {Entity[]} entities
 * @returns {Piece[]}
 */
export function pieces(text, entities) {
  const good = entities.filter(({ offset, length }) => offset >= 0 && length > 0 && offset < text.length);
  return nest(text, 0, text.length, good.sort((a, b) => a.offset - b.offset || b.length - a.length));
}

/** @param {string} text @param {number} start @param {number} end @param {Entity[]} sorted @returns {Piece[]} */
function nest(text, start, end, sorted) {
  /** @type {Piece[]} */ const out = [];
  let at = start;
  const queue = [...sorted];
  for (let one = queue.shift(); one; one = queue.shift()) {
    const stop = Math.min(one.offset + one.length, end);
    if (one.offset > at) out.push(text.slice(at, one.offset));
    const inner = [];
    while (queue[0] && queue[0].offset < stop) {
      const other = /** @type {Entity} */ (queue.shift());
      const over = other.offset + other.length - stop;
      inner.push(over > 0 ? { ...other, length: other.length - over } : other);
      if (over > 0) insert(queue, { ...other, offset: stop, length: over });
    }
    out.push({ entity: one, children: nest(text, one.offset, stop, inner) });
    at = stop;
  }
  if (at < end) out.push(text.slice(at, end));
  return out;
}

/** @param {Entity[]} queue @param {Entity} entity */
function insert(queue, entity) {
  const at = queue.findIndex((one) => one.offset > entity.offset);
  queue.splice(at < 0 ? queue.length : at, 0, entity);
}

/** withAddresses: the entities, and the addresses in the text that nobody has marked. @param {string} text @param {Entity[]} entities @returns {Entity[]} */
export function withAddresses(text, entities) {
  const closed = entities.filter(({ type }) => ['code', 'pre', 'link', 'url', 'email', 'mention'].includes(type));
  const found = [...text.matchAll(ADDRESS)].flatMap((match) => {
    const address = match[0].replace(TRAILING, (tail) => (tail.startsWith(')') && match[0].includes('(') ? ')' : ''));
    const offset = /** @type {number} */ (match.index);
    const taken = closed.some((one) => one.offset < offset + address.length && offset < one.offset + one.length);
    return taken ? [] : [{ type: /^(https?:|www\.)/i.test(address) ? 'url' : 'email', offset, length: address.length }];
  });
  return found.length ? [...entities, ...found] : entities;
}

/** addressOf: where a piece leads; '' when nowhere. @param {Entity} entity @param {string} text what it marks @returns {string} */
export function addressOf({ type, url = '' }, text) {
  if (type === 'link') return safeUrl(url);
  if (type === 'url') return safeUrl(/^[a-z]+:/i.test(text) ? text : `https://${text}`);
  if (type === 'email') return safeUrl(`mailto:${text}`);
  return type === 'phone' ? safeUrl(`tel:${text.replace(/[^\d+]/g, '')}`) : '';
}
