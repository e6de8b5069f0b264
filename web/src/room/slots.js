// SPDX-License-Identifier: Apache-2.0
/** What the slots of this subscriber show: sections offered once, to which the server gives tracks and takes them away. */

/** @typedef {{mid: string, kind: 'audio' | 'video' | '', trackId: string | null, rtp: number, version: number}} Slot kind '': not answered yet; version: grows with each new source */

export class Slots {
  /** @type {Map<string, Slot>} by mid */ #slots = new Map();

  /** offered: the slots of an answer. What was told of a slot before the answer came holds. @param {{mid: string, kind: 'audio' | 'video'}[]} list */
  offered(list) {
    for (const { mid, kind } of list) this.#of(mid).kind = kind;
  }

  /**
   * assign: what room.slots says.
   * @param {{mid: string, trackId: string | null, rtp: number}[]} list
   * @returns {Slot[]} those that show something else now
   */
  assign(list) {
    const changed = [];
    for (const { mid, trackId, rtp } of list) {
      const slot = this.#of(mid);
      if (slot.trackId === trackId) continue;
      Object.assign(slot, { trackId, rtp, version: slot.version + 1 });
      changed.push(slot);
    }
    return changed;
  }

  /** showing: the slot of a track. @param {string} trackId @returns {Slot | null} */
  showing(trackId) {
    for (const slot of this.#slots.values()) if (slot.trackId === trackId) return slot;
    return null;
  }

  /** @param {string} mid @returns {Slot | null} */
  get(mid) {
    return this.#slots.get(mid) ?? null;
  }

  /** @param {'audio' | 'video'} kind */
  count(kind) {
    return this.list(kind).length;
  }

  /** @param {'audio' | 'video'} kind @returns {Slot[]} */
  list(kind) {
    return [...this.#slots.values()].filter((slot) => slot.kind === kind);
  }

  clear() {
    this.#slots.clear();
  }

  /** @param {string} mid @returns {Slot} */
  #of(mid) {
    const known = this.#slots.get(mid);
    if (known) return known;
    /** @type {Slot} */ const slot = { mid, kind: '', trackId: null, rtp: 0, version: 0 };
    this.#slots.set(mid, slot);
    return slot;
  }
}

/** slotsFor: how many video slots to offer for so many pictures: in steps, so that one more person seldom costs an offer. @param {number} pictures */
export function slotsFor(pictures) {
  return [9, 16, 25, 36].find((step) => pictures <= step) ?? 49;
}

/** reached: whether an RTP timestamp is at or behind another; both wrap at 32 bits. @param {number} timestamp @param {number} first */
export function reached(timestamp, first) {
  return ((timestamp - first) | 0) >= 0;
}
