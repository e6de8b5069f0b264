// SPDX-License-Identifier: Apache-2.0
/**
 * What a server or a peer may send in place of a request, an answer or a message of a secret chat: cut, grown, spliced, with other lengths,
 * or noise. All of it is refused by name, nothing of it leaves a trace. ALDIS_MUTATIONS: how many of each; ALDIS_SEED: a run again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, equal, random, text, utf8 } from '../../src/crypto/bytes.js';
import { CryptoError } from '../../src/crypto/errors.js';
import { accept, accepted, opened, request } from '../../src/secret/handshake.js';
import { innerParse, innerWrite } from '../../src/secret/inner.js';
import { open, seal } from '../../src/secret/ratchet.js';
import { NOW, kem, person } from '../people.js';

/** @typedef {import('../../src/crypto/bytes.js').Bytes} Bytes */

const COUNT = Number(process.env.ALDIS_MUTATIONS ?? 400);
const SEED = Number(process.env.ALDIS_SEED ?? Math.floor(Math.random() * 2 ** 31));
let state = SEED;

/** mulberry32 @param {number} n */
function below(n) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
}
/** @param {number} n */
const noise = (n) => Uint8Array.from({ length: n }, () => below(256));
const EDGES = [0, 1, 0x7f, 0x80, 0xff];

/** One that is neither. @param {Bytes} good @param {Bytes} other what parts are taken from @returns {Bytes} */
function mutate(good, other) {
  for (;;) {
    let bytes = good.slice();
    for (let n = 1 + below(3); n > 0; n--) {
      const at = below(bytes.length + 1);
      switch (below(6)) {
        case 0: bytes = bytes.slice(0, at); break;
        case 1: bytes = concat(bytes.subarray(0, at), noise(1 + below(40)), bytes.subarray(at)); break;
        case 2: bytes = concat(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + below(40)))); break;
        case 3: bytes = concat(bytes.subarray(0, at), other.subarray(below(other.length + 1))); break;
        case 4: if (at < bytes.length) bytes[at] = EDGES[below(EDGES.length)]; break;
        default: if (at < bytes.length) bytes[at] ^= 1 << below(8);
      }
    }
    if (!equal(bytes, good) && !equal(bytes, other)) return /** @type {Bytes} */ (bytes);
  }
}

/** @param {string} what @param {Bytes} good @param {Bytes} other @param {(bytes: Bytes) => Promise<unknown> | unknown} take */
async function refuseAll(what, good, other, take) {
  for (let i = 0; i < COUNT; i++) {
    const bytes = below(20) === 0 ? /** @type {Bytes} */ (noise(below(300))) : mutate(good, other);
    const error = await Promise.resolve().then(() => take(bytes)).then(() => null, (reason) => reason);
    assert.ok(error instanceof CryptoError, `${what}: ${error ?? 'taken'} (ALDIS_SEED=${SEED}, ${i}): ${Buffer.from(bytes).toString('hex')}`);
  }
}

test(`secret mutations: requests, answers and messages (seed ${SEED})`, async () => {
  const [a, b] = [await person('alice'), await person('bob')];
  const secretId = random(16);
  const ask = () => request({ identity: a.identity, self: a.party, to: { user: b.party.user, name: b.party.name }, secretId, now: NOW, kem });
  const [{ request: r1, pending }, { request: other }] = [await ask(), await ask()];
  const take = (/** @type {Bytes} */ bytes) => opened(bytes, { self: b.party.user, from: { ...a.party, key: a.identity.publicKey }, secretId, now: NOW });
  await refuseAll('request', r1, other, take);
  const asked = await take(r1);
  const answer = () => accept(asked, { identity: b.identity, self: b.party, kem, hello: utf8('hello') });
  const [theirs, another] = [await answer(), await answer()];
  await refuseAll('answer', theirs.accept, another.accept, (bytes) => accepted(bytes, pending, { device: b.party.device, kem }));
  const ours = await accepted(theirs.accept, pending, { device: b.party.device, kem });
  const [one, two] = [await seal(ours.state, utf8('first'), ours.context), await seal(ours.state, utf8('a second, which is longer'), ours.context)];
  await refuseAll('message', one.message, two.message, (bytes) => open(theirs.state, bytes, theirs.context));
  assert.equal(text((await open(theirs.state, one.message, theirs.context)).plain), 'first', 'nothing has left a trace');
});

test('secret mutations: what stands inside is a known form, or refused', () => {
  const good = innerWrite({ t: 'text', id: 'AAAAAAAAAAA', text: 'hello', ttl: 5000 });
  const other = innerWrite({ t: 'delete', ids: ['AAAAAAAAAAA', 'BBBBBBBBBBB'] });
  let known = 0;
  for (let i = 0; i < COUNT * 5; i++) {
    const bytes = mutate(below(2) ? good : other, below(2) ? good : other);
    try {
      const inner = innerParse(bytes);
      assert.equal(typeof inner.t, 'string');
      known++;
    } catch (error) {
      assert.ok(error instanceof CryptoError, `${error} (ALDIS_SEED=${SEED}, ${i}): ${Buffer.from(bytes).toString('hex')}`);
    }
  }
  assert.ok(known > 0);
});
