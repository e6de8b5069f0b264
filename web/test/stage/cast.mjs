// SPDX-License-Identifier: Apache-2.0
/** People and calls for the stage. */
const names = [['ines', 'Inês Duarte'], ['tom', 'Tom Okafor'], ['mira', 'Mira Lindqvist'], ['dad', 'Dad'], ['yuki', 'Yuki Tanabe'], ['sam_r', 'Sam Rivera'], ['noor', 'Noor Haddad'], ['greta', 'Greta Vogel'], ['kofi', 'Kofi']];
export const people = names.map(([username, displayName], i) => ({ id: `10${i}`, username, displayName }));

const HOUR = 3600e3;
/** @type {[number, number, boolean, boolean, string, number][]} who, hours ago, outgoing, video, reason, minutes */
const calls = [[2, 0.3, true, true, 'hangup', 34], [1, 1.2, false, false, 'missed', 0], [3, 2.6, false, false, 'hangup', 12], [1, 20, false, false, 'missed', 0], [4, 22, true, true, 'hangup', 71],
  [5, 26, true, false, 'missed', 0], [2, 29, false, true, 'hangup', 9], [6, 50, true, false, 'busy', 0], [3, 53, true, false, 'hangup', 4], [7, 75, false, true, 'cancelled', 0], [2, 98, true, true, 'hangup', 48],
  [8, 101, false, false, 'declined', 0], [4, 150, true, false, 'hangup', 3], [3, 220, false, false, 'hangup', 25], [5, 300, true, true, 'failed', 0]];
export const history = [...calls, ...calls.map((call) => /** @type {typeof call} */ ([call[0], call[1] + 400, ...call.slice(2)])), ...calls.map((call) => /** @type {typeof call} */ ([call[0], call[1] + 900, ...call.slice(2)])), ...calls.map((call) => /** @type {typeof call} */ ([call[0], call[1] + 1500, ...call.slice(2)]))]
  .map(([who, ago, outgoing, video, reason, minutes], i) => {
    const startedAt = Date.now() - ago * HOUR;
    const durationMs = minutes * 60e3 + (minutes ? i * 1370 : 0);
    return { callId: `c${i}`, peer: people[who], outgoing, video, startedAt, acceptedAt: minutes ? startedAt + 5000 : null, endedAt: startedAt + durationMs, durationMs, reason };
  });

const device = (/** @type {string} */ id, /** @type {string} */ name) => ({ id, name, platform: 'web', identityKey: 'AAAA', addedAt: Date.now() - 90 * 24 * HOUR });
export const sessions = [
  { device: device('d1', 'Chromium on Linux'), createdAt: Date.now() - 3 * HOUR, lastSeenAt: Date.now(), current: true },
  { device: device('d2', 'Chrome on Android'), createdAt: Date.now() - 30 * 24 * HOUR, lastSeenAt: Date.now() - 0.7 * HOUR, current: false },
  { device: device('d3', 'Firefox on Windows'), createdAt: Date.now() - 400 * HOUR, lastSeenAt: Date.now() - 260 * HOUR, current: false },
];
