// SPDX-License-Identifier: Apache-2.0
/**
 * All tiles of a room in one CSS grid: a grid of equal ones, or one large and the others beside. Tiles are moved by CSS alone,
 * sizes come from observers: the page is never read in the middle of a change. Event 'view': what is looked at has changed.
 */
import { Scope, h, write } from '../../dom.js';
import { plural } from '../../format.js';
import { arrange, capacity, gridShape } from '../../room/layout.js';
import { trackOf } from '../../room/roster.js';
import { PRIORITY } from '../../room/view.js';
import { Tile } from './tile.js';

/** @typedef {import('../../room/layout.js').Face} Face */
/** @typedef {import('../../room/types.js').Participant} Participant */

const GAP = 8;
const RECENT = 16;
/** what stands beside a large tile: on a wide page at its right, else below */
const BESIDE = { wide: 860, least: 104, height: 122, low: 108 };

export class Tiles extends EventTarget {
  el = h('div', { class: 'tiles', testid: 'room-tiles', 'data-mode': 'grid' });
  /** 'grid' or 'speaker', as the user chose @type {'grid' | 'speaker'} */ mode = 'grid';
  pinned = '';
  /** @type {((mid: string) => import('../../room/figures.js').Figures) | null} */ figuresOf = null;
  #session;
  #local;
  #screens;
  #mirror;
  #scope = new Scope();
  /** @type {Map<string, Tile>} by key */ #tiles = new Map();
  /** @type {string[]} */ #order = [];
  #main = '';
  /** @type {string[]} participants, who spoke last first */ #recent = [];
  #size = { width: 0, height: 0 };
  #more;
  #self = h('video', { class: 'tile-video', autoplay: true, playsInline: true, muted: true, tabIndex: -1, testid: 'room-self' });
  #due = false;
  #sizes = new ResizeObserver((entries) => this.#measured(entries));
  #sight = new IntersectionObserver((entries) => this.#seen(entries));

  /**
   * @param {{session: import('../../room/session.js').RoomSession, local: import('../../media/local-media.js').LocalMedia,
   *   screens: import('./screens.js').Screens, settings: import('../../settings.js').Settings, openPeople: () => void}} parts
   */
  constructor({ session, local, screens, settings, openPeople }) {
    super();
    this.#session = session;
    this.#local = local;
    this.#screens = screens;
    this.#mirror = () => this.#self.classList.toggle('mirrored', settings.get('mirrorSelf'));
    this.#mirror();
    this.#more = h('button', { class: 'tiles-more', type: 'button', hidden: true, testid: 'tiles-more', onclick: openPeople });
    this.el.append(this.#more);
    this.#sizes.observe(this.el);
    this.#scope.defer(() => { this.#sizes.disconnect(); this.#sight.disconnect(); });
    for (const type of ['roster', 'state']) this.#scope.listen(session, type, () => this.update());
    this.#scope.listen(session, 'speakers', () => this.#spoken());
    this.#scope.listen(screens, 'change', () => this.#pictures());
    this.#scope.listen(local, 'change', () => this.update());
    this.#scope.listen(settings, 'change', this.#mirror);
    this.#scope.listen(document, 'visibilitychange', () => this.dispatchEvent(new CustomEvent('view')));
    this.update();
  }

  end() {
    this.#scope.end();
    this.#self.srcObject = null;
  }

  /** the tile shown large, or null */
  get main() {
    return this.#tiles.get(this.#main) ?? null;
  }

  /** pin: keeps one large; again: lets it go. @param {string} key */
  pin(key) {
    this.pinned = this.pinned === key ? '' : key;
    this.update();
  }

  /** @param {'grid' | 'speaker'} mode */
  choose(mode) {
    this.mode = mode;
    if (mode === 'grid') this.pinned = '';
    this.update();
  }

  /** shown: for room.view. @returns {import('../../room/view.js').Shown[]} */
  shown() {
    const list = [];
    const hidden = document.hidden;
    for (const tile of this.#tiles.values()) {
      const participant = this.#participant(tile.key);
      const track = participant && participant.id !== this.#session.roster.me && trackOf(participant, tile.source);
      if (!track) continue;
      const speaking = this.#session.roster.speakers[0] === participant.id;
      const priority = tile.key === this.pinned ? PRIORITY.pinned : tile.key === this.#main ? (tile.source === 'screen' ? PRIORITY.screen : PRIORITY.main) : speaking ? PRIORITY.speaker : PRIORITY.tile;
      list.push({ trackId: track.id, width: tile.width, height: tile.height, visible: tile.visible && !hidden, priority });
    }
    return list;
  }

  /** update: soon, once for all that changes in one turn. */
  update() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (!this.#scope.ended) this.#render();
    });
  }

  /** refreshFigures: what figuresOf() says by now. */
  refreshFigures() {
    for (const tile of this.#tiles.values()) {
      const mid = tile.video?.dataset.mid;
      tile.figures(this.figuresOf && mid ? this.figuresOf(mid) : null);
    }
  }

  #render() {
    const faces = this.#faces();
    const { width, height } = this.#size;
    const large = this.mode === 'speaker' || Boolean(this.pinned) || faces.some(({ source, self }) => source === 'screen' && !self);
    const places = large ? beside(width, height).places : capacity(width, height, GAP);
    const before = this.#main && !large ? [...this.#order, this.#main] : this.#order;
    const { main, tiles, hidden } = arrange({ faces, pinned: this.pinned, speakers: this.#recent, mode: this.mode, places: Math.max(1, places), before, main: this.#main });
    if (this.pinned && !faces.some(({ key }) => key === this.pinned)) this.pinned = '';
    this.#main = main;
    this.#order = tiles;
    this.#keep(faces, new Set(main ? [main, ...tiles] : tiles));
    this.#place(tiles.length, width, height);
    this.#more.hidden = hidden === 0;
    write(this.#more, `and ${plural(hidden, 'more', 'more')}`);
    this.#look();
    this.#pictures();
  }

  /** @returns {Face[]} */
  #faces() {
    const { roster } = this.#session;
    /** @type {Face[]} */ const faces = [];
    for (const one of roster.people.values()) {
      const self = one.id === roster.me;
      const base = { participantId: one.id, self, hand: one.hand, joinedAt: one.joinedAt };
      faces.push({ ...base, key: `${one.id}/camera`, source: 'camera', picture: self ? Boolean(this.#local.camera) : Boolean(trackOf(one, 'camera')) });
      if (!self && trackOf(one, 'screen')) faces.push({ ...base, key: `${one.id}/screen`, source: 'screen', picture: true });
    }
    return faces;
  }

  /** Makes the tiles that are missing, and takes away the others. @param {Face[]} faces @param {Set<string>} wanted */
  #keep(faces, wanted) {
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key)) continue;
      this.#sizes.unobserve(tile.el);
      this.#sight.unobserve(tile.el);
      if (tile.video && tile.video !== this.#self) this.#screens.rest(tile.video);
      tile.el.remove();
      this.#tiles.delete(key);
    }
    for (const { key, source, self } of faces) {
      if (!wanted.has(key) || this.#tiles.has(key)) continue;
      const tile = new Tile({ key, source, self, pin: () => this.pin(key) });
      this.#tiles.set(key, tile);
      this.el.append(tile.el);
      this.#sizes.observe(tile.el);
      this.#sight.observe(tile.el);
    }
  }

  /** Tells CSS the shape. @param {number} count @param {number} width @param {number} height */
  #place(count, width, height) {
    const { style, dataset } = this.el;
    if (this.#main) {
      const { wide, columns, places } = beside(width, height);
      dataset.mode = wide ? 'beside' : 'below';
      style.setProperty('--beside', `${Math.min(BESIDE.height, Math.floor((height + GAP) / Math.max(1, places) - GAP))}px`);
      style.setProperty('--columns', String(wide ? 1 : Math.max(1, Math.min(columns, count))));
      style.setProperty('--rows', String(Math.max(1, wide ? count : Math.ceil(count / columns))));
      dataset.alone = String(count === 0);
    } else {
      const shape = gridShape(count, width, height, GAP);
      dataset.mode = 'grid';
      style.setProperty('--columns', String(shape.columns));
      style.setProperty('--tracks', String(2 * shape.columns));
      style.setProperty('--tile-width', `${shape.width}px`);
      style.setProperty('--tile-height', `${shape.height}px`);
    }
    const columns = Number(style.getPropertyValue('--columns'));
    const last = count - (count % columns || columns);
    this.#order.forEach((key, i) => {
      const { el } = /** @type {Tile} */ (this.#tiles.get(key));
      el.classList.remove('main');
      el.style.order = String(i + 1);
      /* a last row that is not full stands in the middle: each tile takes two columns of twice as many */
      el.style.gridColumnStart = !this.#main && i === last && count > columns ? String(columns - (count - last) + 1) : '';
    });
    const main = this.main;
    if (!main) return;
    main.el.classList.add('main');
    main.el.style.order = '0';
    main.el.style.gridColumnStart = '';
  }

  #look() {
    const { roster } = this.#session;
    const speaking = new Set(roster.speakers);
    for (const tile of this.#tiles.values()) {
      const participant = this.#participant(tile.key);
      if (!participant) continue;
      const self = participant.id === roster.me;
      const muted = self ? this.#local.muted || !this.#local.microphone : !trackOf(participant, 'mic');
      tile.show(participant, { self, muted, speaking: speaking.has(participant.id) && !muted, pinned: tile.key === this.pinned });
    }
  }

  /** Puts what plays into the tiles it belongs to. */
  #pictures() {
    const { cameraStream } = this.#local;
    if (this.#self.srcObject !== cameraStream) this.#self.srcObject = cameraStream;
    this.#self.dataset.fresh = 'true';
    for (const tile of this.#tiles.values()) {
      const participant = this.#participant(tile.key);
      if (!participant) continue;
      if (participant.id === this.#session.roster.me) {
        tile.carry(cameraStream ? this.#self : null);
        continue;
      }
      const track = trackOf(participant, tile.source);
      const video = track && this.#screens.of(track.id);
      if (tile.video && tile.video !== video && tile.video.parentElement?.parentElement === tile.el) this.#screens.rest(tile.video);
      tile.carry(video);
    }
    this.#rest();
    this.dispatchEvent(new CustomEvent('view'));
  }

  /** What plays for nobody who is shown goes back to the pool. */
  #rest() {
    const shown = new Set([...this.#tiles.values()].map(({ video }) => video));
    for (const video of this.el.querySelectorAll('video')) if (!shown.has(video) && video !== this.#self) this.#screens.rest(video);
  }

  #spoken() {
    const { speakers } = this.#session.roster;
    this.#recent = [...speakers, ...this.#recent.filter((id) => !speakers.includes(id))].slice(0, RECENT);
    this.#look();
    this.update();
  }

  /** @param {ResizeObserverEntry[]} entries */
  #measured(entries) {
    for (const { target, contentRect: { width, height } } of entries) {
      if (target === this.el) {
        this.#size = { width: Math.floor(width), height: Math.floor(height) };
        this.update();
        continue;
      }
      const tile = this.#tiles.get(/** @type {HTMLElement} */ (target).dataset.key ?? '');
      if (tile) Object.assign(tile, { width, height });
    }
    this.dispatchEvent(new CustomEvent('view'));
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(/** @type {HTMLElement} */ (target).dataset.key ?? '');
      if (tile) tile.visible = isIntersecting;
    }
    this.dispatchEvent(new CustomEvent('view'));
  }

  /** @param {string} key @returns {Participant | null} */
  #participant(key) {
    return this.#session.roster.people.get(key.split('/')[0]) ?? null;
  }
}

/** beside: how the others stand beside a large tile. @param {number} width @param {number} height */
function beside(width, height) {
  if (width >= BESIDE.wide) return { wide: true, columns: 1, places: Math.max(1, Math.floor((height + GAP) / (BESIDE.least + GAP))) };
  const columns = Math.max(2, Math.floor((width + GAP) / (BESIDE.low * 1.3 + GAP)));
  return { wide: false, columns, places: columns * (height > 560 ? 2 : 1) };
}
