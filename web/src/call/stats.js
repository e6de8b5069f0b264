// SPDX-License-Identifier: Apache-2.0
/** The figures of a call, out of getStats() and the media worker, for the quality overlay. */

/** @typedef {import('../types.js').CallStats} CallStats */
/** @typedef {import('../crypto/media-worker.js').TrackCounters} TrackCounters */
/** @typedef {{at: number, bytes: number}} Sample */

const STREAMS = /** @type {const} */ ({
  'inbound-rtp/audio': 'audioIn', 'inbound-rtp/video': 'videoIn',
  'outbound-rtp/audio': 'audioOut', 'outbound-rtp/video': 'videoOut',
});

/** Figures over the time since it was last asked. */
export class StatsReader {
  /** @type {Map<string, Sample>} */ #before = new Map();
  #packets = { received: 0, lost: 0 };

  /**
   * read: @param {RTCStatsReport} report
   * @param {Record<string, TrackCounters>} tracks
   * @returns {CallStats}
   */
  read(report, tracks) {
    const all = [...report.values()];
    const pair = selectedPair(report);
    /** @type {Record<string, number>} */
    const bitrateKbps = {};
    for (const entry of all) {
      const name = STREAMS[/** @type {keyof typeof STREAMS} */ (`${entry.type}/${entry.kind}`)];
      if (name) bitrateKbps[name] = (bitrateKbps[name] ?? 0) + this.#rate(entry);
    }
    for (const name of Object.keys(bitrateKbps)) bitrateKbps[name] = Math.round(bitrateKbps[name]);
    const shown = all.find((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video' && entry.frameWidth)
      ?? all.find((entry) => entry.type === 'outbound-rtp' && entry.kind === 'video' && entry.frameWidth);
    return {
      rttMs: pair?.currentRoundTripTime === undefined ? null : Math.round(pair.currentRoundTripTime * 1000),
      lossPercent: this.#loss(all),
      bitrateKbps,
      codecAudio: codec(report, all, 'audio'),
      codecVideo: codec(report, all, 'video'),
      route: routeOf(report),
      transport: transportOf(report),
      resolution: shown ? `${shown.frameWidth}×${shown.frameHeight}` : undefined,
      fps: shown?.framesPerSecond ?? null,
      e2ee: sum(tracks),
    };
  }

  /** kbit/s of one stream since the last reading. @param {any} entry */
  #rate(entry) {
    const bytes = entry.bytesReceived ?? entry.bytesSent ?? 0;
    const before = this.#before.get(entry.id);
    this.#before.set(entry.id, { at: entry.timestamp, bytes });
    if (!before || entry.timestamp <= before.at || bytes < before.bytes) return 0;
    return ((bytes - before.bytes) * 8) / (entry.timestamp - before.at);
  }

  /** What was lost of what should have come, since the last reading. @param {any[]} all */
  #loss(all) {
    const now = { received: 0, lost: 0 };
    for (const entry of all) {
      if (entry.type !== 'inbound-rtp') continue;
      now.received += entry.packetsReceived ?? 0;
      now.lost += Math.max(0, entry.packetsLost ?? 0);
    }
    const received = now.received - this.#packets.received;
    const lost = Math.max(0, now.lost - this.#packets.lost);
    this.#packets = now;
    return received + lost > 0 ? Math.round((1000 * lost) / (received + lost)) / 10 : null;
  }
}

/** @param {RTCStatsReport} report @returns {any} */
function selectedPair(report) {
  const all = [...report.values()];
  const transport = all.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
  if (transport) return report.get(transport.selectedCandidatePairId);
  return all.find((entry) => entry.type === 'candidate-pair' && (entry.selected || (entry.nominated && entry.state === 'succeeded')));
}

/** routeOf: whether the path goes through a relay. @param {RTCStatsReport} report @returns {'direct' | 'relay' | ''} */
export function routeOf(report) {
  const pair = selectedPair(report);
  if (!pair) return '';
  const ends = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
  return ends.some((end) => end?.candidateType === 'relay') ? 'relay' : 'direct';
}

/** transportOf: what the packets travel in: to the relay where it is ours, else to the other side. @param {RTCStatsReport} report @returns {string | undefined} */
export function transportOf(report) {
  const local = report.get(selectedPair(report)?.localCandidateId);
  return local?.relayProtocol ?? local?.protocol;
}

/** @param {RTCStatsReport} report @param {any[]} all @param {string} kind */
function codec(report, all, kind) {
  const stream = all.find((entry) => entry.type === 'outbound-rtp' && entry.kind === kind && entry.codecId && entry.packetsSent > 0)
    ?? all.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind && entry.codecId);
  return report.get(stream?.codecId)?.mimeType?.split('/')[1];
}

/**
 * sum: the worker's counters of all tracks in one.
 * @param {Record<string, TrackCounters>} tracks
 * @returns {Record<string, number>}
 */
export function sum(tracks) {
  /** @type {Record<string, number>} */
  const total = { encrypted: 0, decrypted: 0, framesWithoutTrailer: 0, duplicates: 0, failed: 0 };
  for (const { encrypted, decrypted, framesWithoutTrailer, dropped } of Object.values(tracks)) {
    total.encrypted += encrypted;
    total.decrypted += decrypted;
    total.framesWithoutTrailer += framesWithoutTrailer;
    for (const [reason, count] of Object.entries(dropped)) {
      if (reason === 'duplicate') total.duplicates += count; /* RTX pads with frames sent before: no failure */
      else total.failed += count;
    }
  }
  return total;
}
