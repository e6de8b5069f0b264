// SPDX-License-Identifier: Apache-2.0
/** How well each picture comes: what the browser counts (per section) and what the server says of its slots. */
import { rate } from '../format.js';
import { clearWhy } from './words.js';

/** @typedef {{width: number, height: number, fps: number, kbps: number, lossPercent: number, bytes: number, packets: number, lost: number, at: number}} Count */
/** @typedef {{lines: string[], why: string, grade: 0 | 1 | 2 | 3}} Figures grade: 0 not known, 1 weak, 3 good */

export class RoomFigures {
  /** @type {Map<string, Count>} by mid */ #counts = new Map();
  /** @type {import('./types.js').RoomStats | null} */ #stats = null;

  /** take: @param {Iterable<any>} report of the subscriber @param {number} [now] */
  take(report, now = Date.now()) {
    for (const entry of report) {
      if (entry.type !== 'inbound-rtp' || entry.kind !== 'video' || !entry.mid) continue;
      const { bytesReceived: bytes = 0, packetsReceived: packets = 0, packetsLost: lost = 0 } = entry;
      const before = this.#counts.get(entry.mid);
      const ms = before ? now - before.at : 0;
      const came = before ? packets - before.packets : 0;
      const missed = before ? Math.max(0, lost - before.lost) : 0;
      this.#counts.set(entry.mid, {
        width: entry.frameWidth ?? 0, height: entry.frameHeight ?? 0, fps: entry.framesPerSecond ?? 0, bytes, packets, lost, at: now,
        kbps: before && ms > 0 ? Math.max(0, (bytes - before.bytes) * 8) / ms : 0,
        lossPercent: came + missed > 0 ? (100 * missed) / (came + missed) : 0,
      });
    }
  }

  /** told: @param {import('./types.js').RoomStats | null} stats */
  told(stats) {
    this.#stats = stats;
  }

  /** of: the picture in a slot. @param {{mid: string, me: string}} slot @returns {Figures} */
  of({ mid, me }) {
    const count = this.#counts.get(mid);
    const slot = this.#stats?.slots.find((one) => one.mid === mid && one.participantId === me);
    const decision = this.#stats?.decisions.find((one) => one.mid === mid && one.participantId === me);
    if (!count && !slot) return { lines: ['No picture comes'], why: '', grade: 0 };
    const size = count?.width ? `${count.width}×${count.height}${count.fps ? `, ${Math.round(count.fps)} fps` : ''}` : 'no picture yet';
    const kbps = count?.kbps || (slot ? slot.bitrateBps / 1000 : 0);
    const loss = count?.lossPercent ?? 0;
    const layer = slot ? layerWords(slot.layer, slot.layers) : '';
    return {
      lines: [size, `${rate(kbps)}${loss >= 0.1 ? `, ${loss.toFixed(1)} % lost` : ', nothing lost'}`, layer].filter(Boolean),
      why: decision ? clearWhy(decision.why) : '',
      grade: loss > 5 || slot?.layer === -1 ? 1 : loss > 1 ? 2 : 3,
    };
  }
}

/** @param {number} layer @param {number} of */
function layerWords(layer, of) {
  if (layer < 0) return 'paused by the server';
  return of > 1 ? `size ${layer + 1} of ${of}` : '';
}
