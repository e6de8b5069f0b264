// SPDX-License-Identifier: Apache-2.0
/** Where tiles go: the shape of a grid, how many fit, and who is shown. Numbers and keys alone; no page is read. */

export const TILES_MAX = 49;
const ASPECT = 16 / 9;
/** a phone held upright */
const NARROW = 600;

/** @typedef {{columns: number, rows: number, width: number, height: number}} Shape of a grid, and of each of its tiles, in CSS pixels */

/**
 * gridShape: the grid in which so many tiles are largest.
 * @param {number} count
 * @param {number} width of all of it
 * @param {number} height
 * @param {number} [gap] between tiles
 * @returns {Shape}
 */
export function gridShape(count, width, height, gap = 8) {
  /* a tile may be taller than a picture where that fills the page better: pictures are cut, faces are in the middle */
  const tallest = width < NARROW ? 1 : 0.75;
  /** @type {Shape} */ let best = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns) || 1;
    const place = { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
    if (place.width <= 0 || place.height <= 0) continue;
    const tile = { width: Math.min(place.width, place.height * ASPECT), height: Math.min(place.height, place.width * tallest) };
    if (tile.width * tile.height > best.width * best.height * 1.001) best = { columns, rows, width: Math.floor(tile.width), height: Math.floor(tile.height) };
  }
  return best;
}

/** capacity: how many tiles of a size that can still be looked at fit, at most 49. @param {number} width @param {number} height @param {number} [gap] */
export function capacity(width, height, gap = 8) {
  const [least, low] = width < NARROW ? [112, 96] : [128, 72];
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const rows = Math.max(1, Math.floor((height + gap) / (low + gap)));
  return Math.min(TILES_MAX, columns * rows);
}

/**
 * pick: who is shown when not all fit. Who is shown stays in place; who is more important takes the place of the least.
 * @param {string[]} ranked the most important first
 * @param {number} places
 * @param {string[]} before what was shown, in its order
 * @returns {string[]}
 */
export function pick(ranked, places, before) {
  const chosen = new Set(ranked.slice(0, Math.max(0, places)));
  const entering = [...chosen].filter((key) => !before.includes(key));
  /* who is gone leaves no hole; who lost the place gives it to the next one coming in */
  const there = new Set(ranked);
  const kept = before.filter((key) => there.has(key)).map((key) => (chosen.has(key) ? key : entering.shift() ?? null)).filter((key) => key !== null);
  return [...kept, ...entering];
}

/** @typedef {{key: string, participantId: string, source: 'camera' | 'screen', self: boolean, picture: boolean, hand: boolean, joinedAt: number}} Face what could be shown */
/**
 * @typedef {object} Wish
 * @property {Face[]} faces
 * @property {string} pinned key of a face, or ''
 * @property {string[]} speakers participants, the one who spoke last first
 * @property {'grid' | 'speaker'} mode
 * @property {number} places tiles that fit
 * @property {string[]} before tiles shown, in their order
 * @property {string} main the one shown large before, or ''
 */

/**
 * arrange: who is shown large, and who in tiles.
 * @param {Wish} wish
 * @returns {{main: string, tiles: string[], hidden: number}} main: '' in the grid; hidden: how many are not shown
 */
export function arrange({ faces, pinned, speakers, mode, places, before, main: last }) {
  const ranked = rank(faces, pinned, speakers);
  const main = mode === 'grid' && !pinned && !faces.some(({ source, self }) => source === 'screen' && !self) ? '' : large(faces, pinned, speakers, last);
  const rest = ranked.filter((key) => key !== main);
  const own = faces.find(({ self }) => self)?.key;
  const picked = pick(rest, places, before.filter((key) => key !== main));
  /* oneself comes last: one looks at the others */
  const tiles = own && picked.includes(own) ? [...picked.filter((key) => key !== own), own] : picked;
  return { main, tiles, hidden: rest.length - tiles.length };
}

/** rank: the most important first. @param {Face[]} faces @param {string} pinned @param {string[]} speakers @returns {string[]} keys */
export function rank(faces, pinned, speakers) {
  const spoke = new Map(speakers.map((id, i) => [id, i]));
  const score = (/** @type {Face} */ face) => (face.key === pinned ? 6 : face.source === 'screen' && !face.self ? 5 : face.self ? 4 : spoke.has(face.participantId) ? 3 : face.hand ? 2 : face.picture ? 1 : 0);
  return [...faces].sort((a, b) => score(b) - score(a) || (spoke.get(a.participantId) ?? 0) - (spoke.get(b.participantId) ?? 0) || a.joinedAt - b.joinedAt).map(({ key }) => key);
}

/** large: pinned, a shared screen, who speaks, who was large, anybody. @param {Face[]} faces @param {string} pinned @param {string[]} speakers @param {string} last */
function large(faces, pinned, speakers, last) {
  const others = faces.filter(({ self }) => !self);
  const screens = others.filter(({ source }) => source === 'screen');
  const by = (/** @type {string} */ id) => others.find((face) => face.participantId === id && face.source === 'camera');
  return (faces.find(({ key }) => key === pinned) ?? screens.find(({ key }) => key === last) ?? screens.at(-1) ?? speakers.map(by).find(Boolean)
    ?? others.find(({ key }) => key === last) ?? others.find(({ picture }) => picture) ?? others[0] ?? faces[0])?.key ?? '';
}
