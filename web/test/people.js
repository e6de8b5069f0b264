// SPDX-License-Identifier: Apache-2.0
/** What the tests of the keys share: seeded randomness, people, and a call driven to any of its steps. */
import { random, utf8 } from '../src/crypto/bytes.js';
import { Callee, Caller } from '../src/crypto/call1.js';
import { Identity } from '../src/crypto/identity.js';
import { findKem } from '../src/crypto/kem.js';
import { memoryStore } from '../src/crypto/store.js';

/** @typedef {import('../src/crypto/bytes.js').Bytes} Bytes */
/** @typedef {{identity: Identity, party: import('../src/crypto/call1-wire.js').Party}} Person */

export const NOW = 1_800_000_000_000;
export const kem = await findKem();

/** mulberry32: the same numbers for the same seed. @param {number} seed @returns {() => number} in [0, 1) */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {() => number} next @param {number} length @returns {Bytes} */
export const seededBytes = (next, length) => Uint8Array.from({ length }, () => Math.floor(next() * 256));

/** @param {string} name @param {string} [user] @returns {Promise<Person>} */
export async function person(name, user = `u-${name}`) {
  const identity = await Identity.create(memoryStore(), name);
  return { identity, party: { user, name, device: `d-${name}` } };
}

/** @param {Person} from @param {Person} to @param {any} [options] */
export function invite(from, to, { callId = random(16), video = true, now = NOW, suiteKem = kem } = {}) {
  const whom = { user: to.party.user, name: to.party.name };
  return Caller.create({ identity: from.identity, self: from.party, to: whom, callId, video, now, kem: suiteKem });
}

/** @param {Person} self @param {Person} from @param {Bytes} message @param {Bytes} callId @param {any} [change] */
export function open(self, from, message, callId, change = {}) {
  return Callee.open(message, { self: self.party.user, from: { ...from.party }, callId, video: true, now: NOW, ...change });
}

/** @param {Person} self @param {Callee} callee @param {string} [payload] @param {any} [suiteKem] */
export const accept = (self, callee, payload = 'offer', suiteKem = kem) =>
  callee.accept({ identity: self.identity, self: self.party, payload: utf8(payload), kem: suiteKem });

/** A whole call. @param {Person} a @param {Person} b */
export async function call(a, b) {
  const callId = random(16);
  const caller = await invite(a, b, { callId });
  const callee = await open(b, a, caller.invite, callId);
  const m2 = await accept(b, callee);
  const accepted = await caller.accepted(m2);
  const m3 = await caller.confirm(utf8('answer'));
  const { payload, reveal: m4, sas: calleeSas } = await callee.confirmed(m3);
  const callerSas = await caller.revealed(m4);
  return { callId, caller, callee, accepted, payload, m1: caller.invite, m2, m3, m4, callerSas, calleeSas };
}

/** What promise rejects with: its reason, or 'nothing'. @param {Promise<any>} promise */
export async function reason(promise) {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return /** @type {any} */ (error).reason ?? String(error);
  }
}

/** A copy with one byte changed. @param {Uint8Array} bytes @param {number} at @param {number} [mask] @returns {Bytes} */
export function flipped(bytes, at, mask = 1) {
  const copy = new Uint8Array(bytes);
  copy[at] ^= mask;
  return copy;
}
