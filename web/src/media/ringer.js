// SPDX-License-Identifier: Apache-2.0
/** Synthesized tones: the ring tone, the tone while the other side rings, and the small ones of a call. */
import { morse } from '../morse.js';
import { audioContext } from './sound.js';

/** @typedef {{at: number, hz: number, for: number, loud?: number, shape?: OscillatorType, fade?: number}} Note times in seconds */

/** lamp: "R" and "I" for "ring", struck like a marimba: a dot high, a dash low. */
function lamp() {
  /** @type {Note[]} */ const notes = [];
  let at = 0;
  for (const { on, off } of morse('RI')) {
    notes.push({ at, hz: on === 3 ? 587.33 : 783.99, for: 0.05, fade: 0.16 + on * 0.12, shape: 'triangle' });
    notes.push({ at, hz: on === 3 ? 1174.66 : 1567.98, for: 0.02, fade: 0.12, loud: 0.25 });
    at += (on + off) * 0.11;
  }
  return { notes, period: 3 };
}

function bell() {
  const strike = (/** @type {number} */ at) => [1, 2.76, 5.4].map((ratio, i) => ({ at, hz: 659.25 * ratio, for: 0.01, fade: 1.3 / (i + 1), loud: 0.8 / (i + 1) ** 1.5 }));
  return { notes: [...strike(0), ...strike(0.45)], period: 3.2 };
}

function pulse() {
  return { notes: [0, 0.18, 0.9, 1.08].map((at) => ({ at, hz: 440, for: 0.09, fade: 0.05, shape: /** @type {const} */ ('sine') })), period: 2.6 };
}

export const RING_TONES = { lamp: 'Lamp', bell: 'Bell', pulse: 'Pulse', off: 'Silent' };
const TONES = { lamp, bell, pulse };

/** schedule: plays notes once. @param {AudioContext} context @param {AudioNode} out @param {Note[]} notes */
function schedule(context, out, notes) {
  const begin = context.currentTime + 0.03;
  for (const note of notes) {
    const { hz, loud = 1, shape = 'sine', fade = 0.05 } = note;
    const oscillator = new OscillatorNode(context, { frequency: hz, type: shape });
    const gain = new GainNode(context, { gain: 0 });
    const at = begin + note.at;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud, at + 0.008);
    gain.gain.setValueAtTime(loud, at + note.for);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + note.for + fade);
    oscillator.connect(gain).connect(out);
    oscillator.start(at);
    oscillator.stop(at + note.for + fade + 0.02);
  }
}

/**
 * loop: plays @notes every @period seconds until stopped.
 * @param {Note[]} notes @param {number} period @param {number} volume
 * @returns {() => void} stops at once
 */
function loop(notes, period, volume) {
  const context = audioContext();
  if (!context || volume <= 0) return () => {};
  const out = new GainNode(context, { gain: volume * 0.35 });
  out.connect(context.destination);
  const play = () => schedule(context, out, notes);
  play();
  const timer = setInterval(play, period * 1000);
  return () => {
    clearInterval(timer);
    out.gain.setTargetAtTime(0, context.currentTime, 0.02);
    setTimeout(() => out.disconnect(), 200);
  };
}

/** ring: the ring tone. @param {keyof typeof RING_TONES} name @param {number} volume 0 to 1 @returns {() => void} */
export function ring(name, volume) {
  if (name === 'off') return () => {};
  const { notes, period } = TONES[name]();
  navigator.vibrate?.([300, 150, 300]);
  return loop(notes, period, volume);
}

/** ringBack: what the caller hears while it rings: 425 Hz, a second on and four off (ITU-T E.180). @returns {() => void} */
export function ringBack() {
  return loop([{ at: 0, hz: 425, for: 1, fade: 0.06, loud: 0.5 }], 5, 0.5);
}

/** @type {Record<string, Note[]>} */
const CHIMES = {
  connected: [{ at: 0, hz: 523.25, for: 0.05, fade: 0.2 }, { at: 0.1, hz: 783.99, for: 0.06, fade: 0.35 }],
  ended: [{ at: 0, hz: 523.25, for: 0.05, fade: 0.2 }, { at: 0.12, hz: 349.23, for: 0.06, fade: 0.35 }],
  lost: [{ at: 0, hz: 311.13, for: 0.12, fade: 0.1 }, { at: 0.3, hz: 311.13, for: 0.12, fade: 0.1 }],
  test: [{ at: 0, hz: 392, for: 0.06, fade: 0.4 }, { at: 0.18, hz: 523.25, for: 0.06, fade: 0.4 }, { at: 0.36, hz: 659.25, for: 0.06, fade: 0.7 }],
};

/** chime: a small tone, once. @param {'connected' | 'ended' | 'lost' | 'test'} name @param {number} [volume] */
export function chime(name, volume = 0.5) {
  const context = audioContext();
  if (!context) return;
  const out = new GainNode(context, { gain: volume * 0.3 });
  out.connect(context.destination);
  schedule(context, out, CHIMES[name]);
  setTimeout(() => out.disconnect(), 2500);
}
