// SPDX-License-Identifier: Apache-2.0
/** How loud a stream is, for meters and glowing lamps. */
import { audioContext } from './sound.js';

const FLOOR_DB = -60;

/**
 * watchLevel: reports the loudness of a track about 15 times a second, 0 (silence) to 1, rising fast and falling slowly.
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} report
 * @returns {() => void} stops
 */
export function watchLevel(track, report) {
  const context = audioContext();
  if (!context) return () => {};
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let level = 0;
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    level = Math.max(loudness(samples), level * 0.82);
    report(track.enabled && track.readyState === 'live' ? level : 0);
  }, 66);
  return () => {
    clearInterval(timer);
    source.disconnect();
  };
}

/** loudness: root mean square in dB, put onto 0 to 1. @param {Float32Array} samples @returns {number} */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (-12 - FLOOR_DB)));
}
