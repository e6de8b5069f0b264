// SPDX-License-Identifier: Apache-2.0
/** The ratchet: against another implementation, out of order, with losses, replays and changes; and what it keeps. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { b64u, random, text, utf8 } from '../../src/crypto/bytes.js';
import { dhGenerate } from '../../src/crypto/kem.js';
import { MAX_KEPT, MAX_SKIP, answer, begin, hmacKey, open, seal } from '../../src/secret/ratchet.js';
import { ForeignRatchet, rawKey } from '../foreign-ratchet.js';

/** @typedef {import('../../src/secret/ratchet.js').State} State */
/** @typedef {import('../../src/crypto/bytes.js').Bytes} Bytes */

const context = random(32);
/** One side with its state. */
class Side {
  /** @param {State} state */
  constructor(state) { this.state = state; }
  /** @param {string} words */
  async say(words) {
    const { state, message } = await seal(this.state, utf8(words), context);
    this.state = state;
    return message;
  }
  /** @param {Bytes} message */
  async hear(message) {
    const { state, plain } = await open(this.state, message, context);
    this.state = state;
    return text(plain);
  }
}
async function pair() {
  const root = random(32);
  const own = await dhGenerate();
  return [new Side(await begin(await hmacKey(root.slice()), own.publicKey)), new Side(answer(await hmacKey(root.slice()), own))];
}
/** @param {Promise<unknown>} promise */
const reason = (promise) => promise.then(() => 'none', (error) => error.reason ?? String(error));

test('secret ratchet: another implementation opens what this one seals, and the other way round', async () => {
  for (const oursBegins of [true, false]) {
    const root = random(32);
    const foreignPair = generateKeyPairSync('x25519'), ownPair = await dhGenerate();
    const foreign = new ForeignRatchet(root, context, oursBegins ? { pair: foreignPair } : { peer: ownPair.publicKey });
    const ours = new Side(oursBegins ? await begin(await hmacKey(root.slice()), Uint8Array.from(rawKey(foreignPair.publicKey))) : answer(await hmacKey(root.slice()), ownPair));
    if (!oursBegins) assert.equal(await ours.hear(foreign.seal('hello')), 'hello');
    for (let turn = 0; turn < 12; turn++) {
      const mine = await Promise.resolve([`ours ${turn} ${'é'.repeat(turn * 40)}`, 'again', 'late']);
      const [one, two, late] = [await ours.say(mine[0]), await ours.say(mine[1]), await ours.say(mine[2])];
      assert.equal(foreign.open(two), mine[1]);
      assert.equal(foreign.open(one), mine[0]);
      const [first, lost, second] = [foreign.seal(`theirs ${turn}`), foreign.seal('lost'), foreign.seal('out of order')];
      assert.equal(await ours.hear(second), 'out of order');
      assert.equal(await ours.hear(first), `theirs ${turn}`);
      assert.equal(foreign.open(late), mine[2], 'from the chain before');
      if (turn % 3 === 0) assert.equal(await ours.hear(lost), 'lost');
    }
  }
});

test('secret ratchet: a key for each message, and a new secret whenever the turn changes', async () => {
  const [a, b] = await pair();
  const first = await a.say('same'), second = await a.say('same');
  assert.notDeepEqual(first.slice(41), second.slice(41));
  assert.deepEqual(first.slice(1, 33), second.slice(1, 33), 'the turn is the same');
  assert.equal(await b.hear(first), 'same');
  const back = await b.say('mine');
  await a.hear(back);
  const third = await a.say('same');
  assert.notDeepEqual(third.slice(1, 33), first.slice(1, 33));
  assert.equal(await b.hear(third), 'same');
  assert.equal(await b.hear(second), 'same', 'its key was kept');
  assert.deepEqual(b.state.skipped, [], 'and is gone');
});

test('secret ratchet: nobody can answer before the first message', async () => {
  const [, b] = await pair();
  assert.equal(await reason(b.say('early')), 'out_of_order');
});

test('secret ratchet: out of order and lost, over many turns', async () => {
  const [a, b] = await pair();
  await b.hear(await a.say('begin'));
  /** @type {{to: Side, words: string, message: Bytes}[]} */
  const air = [];
  const heard = new Set();
  let seed = 7;
  const dice = (/** @type {number} */ n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
  let sent = 0;
  for (let i = 0; i < 300; i++) {
    if (dice(2)) {
      const [from, to] = dice(2) ? [a, b] : [b, a];
      air.push({ to, words: `${sent}`, message: await from.say(`${sent++}`) });
    } else if (air.length) {
      const [one] = air.splice(dice(air.length), 1);
      if (!dice(8)) continue; /* lost */
      assert.equal(await one.to.hear(one.message), one.words);
      assert.ok(!heard.has(one.words));
      heard.add(one.words);
    }
  }
  assert.ok(heard.size > 80 && sent > 120, `${heard.size} of ${sent}`);
});

test('secret ratchet: what comes twice is not taken twice', async () => {
  const [a, b] = await pair();
  const [one, two, three] = [await a.say('1'), await a.say('2'), await a.say('3')];
  await b.hear(one);
  assert.equal(await reason(b.hear(one)), 'replayed');
  await b.hear(three);
  await b.hear(two);
  assert.equal(await reason(b.hear(two)), 'replayed');
  await a.hear(await b.say('turn'));
  await b.hear(await a.say('4'));
  assert.equal(await reason(b.hear(one)), 'bad_seal', 'of a chain that is over');
  assert.equal(await reason(a.hear(one)), 'bad_seal', 'nor does it come back to its sender');
  assert.equal(await b.hear(await a.say('5')), '5');
});

test('secret ratchet: a message that was changed anywhere is refused and leaves no trace', async () => {
  const [a, b] = await pair();
  await b.hear(await a.say('begin'));
  await a.hear(await b.say('turn'));
  const message = await a.say('the truth');
  const before = b.state;
  for (let at = 0; at < message.length; at += at < 41 ? 1 : 37) {
    const changed = message.slice();
    changed[at] ^= at >= 33 && at < 41 ? 1 : 0x40;
    const why = await reason(b.hear(changed));
    assert.ok(['malformed', 'bad_seal', 'bad_key', 'exhausted', 'replayed'].includes(why), `${at}: ${why}`);
    assert.equal(b.state, before);
  }
  assert.equal(await reason(b.hear(message.slice(0, -1))), 'malformed');
  assert.equal(await reason(b.hear(message.slice(0, 41))), 'malformed');
  const other = random(32);
  await assert.rejects(open(b.state, message, other));
  assert.equal(await b.hear(message), 'the truth');
});

test('secret ratchet: keys of missing messages have a bound', async () => {
  const [a, b] = await pair();
  await b.hear(await a.say('begin'));
  let last;
  for (let i = 0; i <= MAX_SKIP; i++) last = await a.say(`${i}`);
  assert.equal(await b.hear(/** @type {Bytes} */ (last)), `${MAX_SKIP}`);
  assert.equal(b.state.skipped.length, MAX_SKIP);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < MAX_SKIP; i++) last = await a.say(`${i}`);
    await b.hear(/** @type {Bytes} */ (last));
  }
  assert.equal(b.state.skipped.length, MAX_KEPT, 'the oldest have given way');
  const before = b.state;
  for (let i = 0; i <= MAX_SKIP + 1; i++) last = await a.say(`${i}`);
  assert.equal(await reason(b.hear(/** @type {Bytes} */ (last))), 'exhausted');
  assert.equal(b.state, before);
});

test('secret ratchet: a state that was stored goes on, and no key in it can be read', async () => {
  const [a, b] = await pair();
  await b.hear(await a.say('begin'));
  const [late, now] = [await a.say('late'), await a.say('now')];
  await b.hear(now);
  const [x, y] = [new Side(structuredClone(a.state)), new Side(structuredClone(b.state))];
  assert.equal(await y.hear(late), 'late');
  assert.equal(await x.hear(await y.say('back')), 'back');
  for (const key of [y.state.root, y.state.send, y.state.receive, b.state.skipped[0].secret]) {
    assert.equal(key?.extractable, false);
  }
  assert.equal(y.state.own.privateKey.extractable, false);
});

test('secret ratchet: lengths tell steps of 256 bytes', async () => {
  const [a] = await pair();
  const lengths = [];
  for (const n of [0, 1, 200, 255, 256, 1000]) lengths.push((await a.say('x'.repeat(n))).length - 41 - 16);
  assert.deepEqual(lengths, [256, 256, 256, 256, 512, 1024]);
  assert.equal(await reason(a.say('x'.repeat(65536))), 'malformed');
  assert.ok(b64u(random(1)).length);
});
