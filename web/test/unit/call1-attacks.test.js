// SPDX-License-Identifier: Apache-2.0
/** CALL1 against a server that lies: everything it can do to the messages ends as an error, never as another agreed key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random, utf8 } from '../../src/crypto/bytes.js';
import {
  acceptBody, acceptParse, acceptSigned, confirmParse, confirmWrite, inviteBody, inviteParse, revealParse, revealWrite, signed,
} from '../../src/crypto/call1-wire.js';
import { sha256 } from '../../src/crypto/kdf.js';
import { dhGenerate } from '../../src/crypto/kem.js';
import { accept, call, flipped, invite, kem, open, person, reason, seeded, seededBytes } from '../people.js';

/** @typedef {import('../people.js').Person} Person */

const [a, b, eve] = [await person('alice'), await person('bob'), await person('eve')];

/** Up to M2, for tests that change it. @param {any} [options] */
async function upToAccept(options = {}) {
  const callId = random(16);
  const caller = await invite(a, b, { callId, ...options });
  const callee = await open(b, a, caller.invite, callId);
  return { callId, caller, callee, m2: await accept(b, callee, 'offer', options.suiteKem) };
}

/** M1 with other fields; signed anew by @signer if there is one. @param {Uint8Array<ArrayBuffer>} m1 @param {any} change @param {Person} [signer] */
async function editInvite(m1, change, signer) {
  const { fields, signature } = inviteParse(m1);
  const body = inviteBody({ ...fields, ...change });
  return signed(body, signer ? await signer.identity.sign(body) : signature);
}

/** M2 likewise. @param {Uint8Array<ArrayBuffer>} m2 @param {any} change @param {Person} [signer] */
async function editAccept(m2, change, signer) {
  const { fields, signature, commitment, sealed } = acceptParse(m2);
  const outer = { commitment, sealed, ...change };
  const body = acceptBody({ ...fields, ...change });
  const over = acceptSigned(await sha256(body), outer.commitment);
  return signed(body, signer ? await signer.identity.sign(over) : signature, outer.commitment, outer.sealed);
}

test('attack: every field of M1 changed', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  const { fields } = inviteParse(m1);
  const changes = {
    to: 'u-eve', from: { ...a.party, name: 'eve' }, identityKey: eve.identity.publicKey, dh: (await dhGenerate()).publicKey,
    kem: (await /** @type {any} */ (kem).generate()).publicKey, sentAt: fields.sentAt + 1, video: false, callId: random(16),
  };
  for (const [name, value] of Object.entries(changes)) {
    const changed = await editInvite(m1, { [name]: value });
    assert.equal(await reason(open(b, a, changed, callId)), 'bad_signature', name);
  }
});

test('attack: suites stripped from M1', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  const stripped = await editInvite(m1, { suites: [1], kem: new Uint8Array(0) });
  assert.equal(await reason(open(b, a, stripped, callId)), 'bad_signature');
});

test('attack: M1 signed by somebody else under the caller\'s name', async () => {
  /* not an error: nobody can know at the first call. The key is not the pinned one, which is what the callee looks at. */
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  const forged = await editInvite(m1, { identityKey: eve.identity.publicKey }, eve);
  const callee = await open(b, a, forged, callId);
  await b.identity.pins.verify(a.party, a.identity.publicKey);
  assert.equal(await b.identity.pins.check(callee.fields.from, callee.fields.identityKey), 'changed');
  await b.identity.pins.forget(a.party.user);
});

test('attack: the server relabels the caller, the call or its kind', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(eve, b, { callId });
  assert.equal(await reason(open(b, a, m1, callId)), 'wrong_peer', 'Eve\'s call shown as from Alice');
  assert.equal(await reason(open(b, eve, m1, callId, { from: { ...eve.party, name: 'alice' } })), 'wrong_peer');
  assert.equal(await reason(open(b, eve, m1, callId, { from: { ...eve.party, device: 'd-x' } })), 'wrong_peer');
  assert.equal(await reason(open(b, eve, m1, random(16))), 'wrong_call');
  assert.equal(await reason(open(b, eve, m1, callId, { video: false })), 'wrong_call');
  assert.equal(await reason(open(a, eve, m1, callId)), 'wrong_peer', 'delivered to somebody else');
});

test('attack: every field of M2 changed', async () => {
  const changes = {
    invite: random(32), from: { ...b.party, device: 'd-eve' }, identityKey: eve.identity.publicKey,
    dh: (await dhGenerate()).publicKey, kem: random(1088), suites: [2], commitment: random(32),
  };
  for (const [name, value] of Object.entries(changes)) {
    const { caller, m2 } = await upToAccept();
    const wanted = name === 'invite' ? 'wrong_call' : 'bad_signature';
    assert.equal(await reason(caller.accepted(await editAccept(m2, { [name]: value }))), wanted, name);
  }
});

test('attack: M2 for another user, though well signed', async () => {
  const { caller, m2 } = await upToAccept();
  assert.equal(await reason(caller.accepted(await editAccept(m2, { from: eve.party }, eve))), 'wrong_peer');
});

test('attack: the sealed offer swapped for another call\'s or for noise', async () => {
  const other = acceptParse((await upToAccept()).m2).sealed;
  for (const sealed of [other, random(280)]) {
    const { caller, m2 } = await upToAccept();
    assert.ok(['bad_seal', 'malformed'].includes(await reason(caller.accepted(await editAccept(m2, { sealed })))));
  }
});

test('attack: an accept replayed on a new invitation', async () => {
  const first = await upToAccept();
  const second = await upToAccept();
  assert.equal(await reason(second.caller.accepted(first.m2)), 'wrong_call');
});

test('attack: a second accept is refused and the first call goes on', async () => {
  const callId = random(16);
  const caller = await invite(a, b, { callId });
  const [one, two] = [await open(b, a, caller.invite, callId), await open(b, a, caller.invite, callId)];
  const [m2, again] = [await accept(b, one), await accept(b, two)];
  await caller.accepted(m2);
  assert.equal(await reason(caller.accepted(again)), 'out_of_order');
  const { sas, reveal } = await one.confirmed(await caller.confirm(utf8('')));
  assert.deepEqual(await caller.revealed(reveal), sas);
});

test('attack: the callee claims a worse suite than both have', async () => {
  const { caller, m2 } = await upToAccept();
  const worse = await editAccept(m2, { suite: 1, kem: new Uint8Array(0) }, b);
  assert.equal(await reason(caller.accepted(worse)), 'downgrade');
});

test('attack: a wrong reveal, a foreign tag, a nonce changed in M3', async () => {
  const run = async () => {
    const { caller, callee, m2 } = await upToAccept();
    await caller.accepted(m2);
    return { caller, callee, m3: await caller.confirm(utf8('answer')) };
  };
  let { caller, callee, m3 } = await run();
  let m4 = (await callee.confirmed(m3)).reveal;
  assert.equal(await reason(caller.revealed(revealWrite(random(32), revealParse(m4).tag))), 'bad_commitment');
  assert.equal(await reason(caller.revealed(m4)), 'out_of_order', 'no second chance');

  ({ caller, callee, m3 } = await run());
  m4 = (await callee.confirmed(m3)).reveal;
  assert.equal(await reason(caller.revealed(revealWrite(revealParse(m4).nonce, random(32)))), 'bad_confirmation');

  ({ caller, callee, m3 } = await run());
  const { tag, sealed } = confirmParse(m3);
  assert.equal(await reason(callee.confirmed(confirmWrite(random(32), tag, sealed))), 'bad_confirmation');
  assert.equal(await reason(callee.confirmed(m3)), 'out_of_order');
});

test('attack: the answer sealed in M3 swapped', async () => {
  const one = await upToAccept();
  await one.caller.accepted(one.m2);
  const { nonce, tag } = confirmParse(await one.caller.confirm(utf8('answer')));
  const other = await upToAccept();
  await other.caller.accepted(other.m2);
  const { sealed } = confirmParse(await other.caller.confirm(utf8('answer')));
  assert.equal(await reason(one.callee.confirmed(confirmWrite(nonce, tag, sealed))), 'bad_seal');
});

test('attack: somebody in the middle of two calls never gets the same emoji on both ends', async () => {
  /* Eve has an identity and a name that the server gives her; each half is a perfect call. 60 runs at 2^-32 each. */
  const asBob = { identity: eve.identity, party: b.party };
  const asAlice = { identity: eve.identity, party: a.party };
  for (let i = 0; i < 60; i++) {
    const left = await call(a, asBob);
    const right = await call(asAlice, b);
    assert.notDeepEqual(left.callerSas.emoji, right.calleeSas.emoji);
    assert.notEqual(left.callerSas.digits, right.calleeSas.digits);
  }
});

test('attack: every byte of every message matters', async () => {
  const next = seeded(4);
  const places = (/** @type {Uint8Array} */ message) => Array.from({ length: 60 }, () => Math.floor(next() * message.length));
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  for (const at of places(m1)) assert.notEqual(await reason(open(b, a, flipped(m1, at), callId)), 'nothing', `M1 byte ${at}`);
  for (let i = 0; i < 40; i++) {
    const { caller, callee, m2 } = await upToAccept();
    const [at] = places(m2);
    assert.notEqual(await reason(caller.accepted(flipped(m2, at))), 'nothing', `M2 byte ${at}`);
    const whole = await upToAccept();
    await whole.caller.accepted(whole.m2);
    const m3 = await whole.caller.confirm(utf8('answer'));
    const [at3] = places(m3);
    assert.notEqual(await reason(whole.callee.confirmed(flipped(m3, at3))), 'nothing', `M3 byte ${at3}`);
    assert.equal(callee.agreed?.suite, 2);
  }
});

test('attack: cut, grown and random messages are malformed, never more', async () => {
  const next = seeded(5);
  const { m1, m2, m3, m4 } = await call(a, b);
  const parsers = [[m1, inviteParse], [m2, acceptParse], [m3, confirmParse], [m4, revealParse]];
  for (const [message, parse] of /** @type {[Uint8Array<ArrayBuffer>, Function][]} */ (parsers)) {
    for (let length = 0; length < message.length; length += 1 + Math.floor(next() * 7)) {
      assert.throws(() => parse(message.slice(0, length)), { reason: 'malformed' }, `cut to ${length}`);
    }
    assert.throws(() => parse(Uint8Array.of(...message, 0)), { reason: 'malformed' });
    for (let i = 0; i < 500; i++) {
      const noise = seededBytes(next, Math.floor(next() * 200));
      assert.throws(() => parse(noise), { reason: 'malformed' });
      const mixed = message.slice();
      mixed.set(seededBytes(next, 4), Math.floor(next() * (mixed.length - 4)));
      try {
        parse(mixed);
      } catch (error) {
        assert.equal(/** @type {any} */ (error).reason, 'malformed');
      }
    }
  }
});

test('attack: suites in another form than the one', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  for (const suites of [[1, 2], [2, 2], [2, 1, 0], [], [9, 8, 7, 6, 5, 4, 3, 2, 1]]) {
    const odd = await editInvite(m1, { suites }, a);
    assert.equal(await reason(open(b, a, odd, callId)), 'malformed', `${suites}`);
  }
  const bare = await editInvite(m1, { kem: new Uint8Array(0) }, a);
  assert.equal(await reason(open(b, a, bare, callId)), 'malformed', 'suite 2 without a key');
});

test('attack: a key that makes the secret zero', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  const zero = await editInvite(m1, { dh: new Uint8Array(32) }, a);
  assert.equal(await reason(accept(b, await open(b, a, zero, callId))), 'bad_key');
  const { caller, m2 } = await upToAccept();
  assert.equal(await reason(caller.accepted(await editAccept(m2, { dh: new Uint8Array(32) }, b))), 'bad_key');
});

test('attack: an ML-KEM key that is no encoding', async () => {
  const callId = random(16);
  const { invite: m1 } = await invite(a, b, { callId });
  const bad = await editInvite(m1, { kem: new Uint8Array(1184).fill(0xff) }, a);
  assert.equal(await reason(accept(b, await open(b, a, bad, callId))), 'bad_key');
});

test('attack: well signed, under what is no username', async () => {
  for (const name of ['b\u043eb', 'bob\u200b', 'Bob ', 'jwt:', 'x', 'a\u0131ice', 'alice\n']) {
    const [seemsAlice, seemsBob] = [{ ...a.party, name }, { ...b.party, name }];
    const callId = random(16);
    const m1 = (await invite({ ...a, party: seemsAlice }, b, { callId })).invite;
    assert.equal(await reason(open(b, { ...a, party: seemsAlice }, m1, callId)), 'malformed', name);
    const { caller, m2 } = await upToAccept();
    assert.equal(await reason(caller.accepted(await editAccept(m2, { from: seemsBob }, b))), 'malformed', name);
  }
});
