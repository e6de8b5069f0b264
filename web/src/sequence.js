// SPDX-License-Identifier: Apache-2.0
/**
 * Follows the `seq` of notifications: says which are new, which were seen before, and when some were missed.
 * While a session is being (re)started what arrives is held back, because only the answer to session.start says whether
 * the numbers go on or begin anew.
 */
export class Sequence {
  constructor() {
    /** @type {number | undefined} the last seq taken */
    this.last = undefined;
    /** @type {{seq?: number, message?: {method: string, params: any}}[] | null} */
    this.held = null;
  }

  hold() {
    this.held = [];
  }

  /**
   * take: whether a notification is to be delivered.
   * @param {{seq?: number, message?: {method: string, params: any}}} params
   * @returns {'deliver' | 'gap' | 'seen' | 'held'} gap: deliver, and something before it is missing
   */
  take(params) {
    if (this.held) {
      this.held.push(params);
      return 'held';
    }
    const { seq } = params;
    if (typeof seq !== 'number') return 'deliver';
    if (this.last !== undefined && seq <= this.last) return 'seen';
    const gap = this.last !== undefined && seq !== this.last + 1;
    this.last = seq;
    return gap ? 'gap' : 'deliver';
  }

  /**
   * started: the answer to session.start.
   * @param {{seq?: number, resumed?: boolean}} result
   * @returns {{held: any[], resync: boolean}} what was held back, in order; whether the state must be fetched anew
   */
  started({ seq, resumed }) {
    const held = this.held ?? [];
    this.held = null;
    if (resumed) return { held, resync: false };
    const resync = this.last !== undefined;
    /* A new numbering. What came before the answer belongs to it and is not older than the answer's state. */
    const first = held.find((params) => typeof params.seq === 'number')?.seq;
    this.last = first === undefined ? seq : Math.min(first - 1, seq ?? first - 1);
    return { held, resync };
  }

  /** forget: another account, or signed out. */
  forget() {
    this.last = undefined;
    this.held = null;
  }
}
