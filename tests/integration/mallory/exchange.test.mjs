// SPDX-License-Identifier: Apache-2.0
// Rows 1 to 7, with no picture: the messages of the key exchange changed, replayed, dropped, doubled and given to others on their way.
import assert from 'node:assert/strict';
import { BadCallee, b64u, flip, makeIdentity, readInvite, rewriteAccept, rewriteInvite, unb64u } from './attacker.mjs';
import { until } from '../lib/server.mjs';
import { EMOJI } from '../../../web/src/crypto/emoji.js';
import { change, connect, finish, once, over, refused, ring, row, stage } from './stage.mjs';

const on = stage(['alice', 'bob', 'carol']);
const KEM_NONE = new Uint8Array(0);

/** A call in which Mallory changes one message; gives the reasons on both sides. */
async function attacked(side, method, act) {
  const hit = once(on.mallory, side, method, act);
  await on.alice.call('bob');
  await on.bob.answer();
  const reasons = await over(on.alice, on.bob);
  hit();
  on.mallory.peace();
  return reasons;
}

/** A call that does not get as far as ringing. */
async function unheard(act, words) {
  const hit = once(on.mallory, 'note', 'call.incoming', act);
  await on.alice.call('bob');
  await refused(on.bob, words);
  assert.equal((await on.alice.view()).state, 'ringing');
  await on.alice.click('call-hangup');
  assert.deepEqual(await over(on.alice), ['cancelled']);
  hit();
  on.mallory.peace();
}

/** Somebody who accepts in Bob's name before Bob can: what Alice makes of it. */
async function accepted(make) {
  const { mallory, alice, bob } = on;
  const [a, b] = [await mallory.line('alice'), await mallory.line('bob')];
  mallory.attack.note = (line, message) => (line === b && message.method === 'call.incoming' ? [] : undefined);
  const { params } = await ring(mallory, alice, bob);
  const identity = await makeIdentity();
  const self = { user: b.user.id, name: b.user.username, device: b.device.id };
  const made = await make(params.blob, { identity, self, payload: { sdp: { type: 'offer', sdp: '' } } });
  a.tell('call.accepted', { callId: params.callId, device: { ...b.device, identityKey: identity.encoded }, blob: made.blob });
  return { made, a, callId: params.callId };
}

/** An offer out of a browser of Mallory's own: four m-lines, as the call wants them. */
const ownOffer = () => on.carol.page.evaluate(async () => {
  const pc = new RTCPeerConnection();
  for (const kind of ['audio', 'video', 'video', 'audio']) pc.addTransceiver(kind);
  await pc.setLocalDescription();
  return pc.localDescription.toJSON();
});

row(1, 'one bit of a sealed description changed, where its fingerprint and addresses are', async () => {
  const spoil = (message) => change(message, (params) => { params.blob = flip(params.blob, -200); });
  assert.deepEqual(await attacked('note', 'call.accepted', spoil), ['bad_seal', 'failed']);
  assert.deepEqual(await attacked('note', 'call.confirmed', spoil), ['failed', 'bad_seal']);
});

row(2, 'the post-quantum suite taken out of the invitation', async () => {
  const strip = (blob) => rewriteInvite(blob, { suites: [1], kem: KEM_NONE });
  await unheard(async (message) => {
    const blob = await strip(message.params.blob);
    return change(message, (params) => { params.blob = blob; });
  }, 'was not signed by');
});

row(2, 'the post-quantum suite taken out of the accept', async () => {
  const reasons = await attacked('note', 'call.accepted', (message) => change(message, (params) => {
    params.blob = rewriteAccept(params.blob, { suites: [1], suite: 1, kem: KEM_NONE });
  }));
  assert.deepEqual(reasons, ['bad_signature', 'failed']);
});

row(2, 'a callee who takes less than both can, signed with a key of its own', async () => {
  await accepted((blob, options) => BadCallee.accept(blob, { ...options, suites: [2, 1], suite: 1 }));
  assert.deepEqual(await over(on.alice), ['downgrade']);
});

row(2, 'a public key that makes the secret known to everybody', async () => {
  await accepted((blob, options) => BadCallee.accept(blob, { ...options, suites: [1], suite: 1, dh: new Uint8Array(32) }));
  assert.deepEqual(await over(on.alice), ['bad_key']);
});

row(3, 'an old invitation played back, as it was and under a new call id', async () => {
  const { mallory, alice, bob } = on;
  await connect(alice, bob, { video: false });
  const old = mallory.notes.find(({ to, method }) => to === 'bob' && method === 'call.incoming');
  await finish(alice, bob);
  const b = await mallory.line('bob');
  b.tell('call.incoming', old.params);
  await refused(bob, 'an old call was played back');
  b.tell('call.incoming', { ...old.params, callId: b64u(crypto.getRandomValues(new Uint8Array(16))) });
  await refused(bob, 'a message of another call was slipped into this one');
});

row(3, 'an invitation kept back for six minutes', async () => {
  const { mallory, alice, bob } = on;
  const b = await mallory.line('bob');
  mallory.attack.note = (line, message) => (line === b && message.method === 'call.incoming' ? [] : undefined);
  await alice.call('bob');
  const kept = await until(() => mallory.notes.find(({ method }) => method === 'call.incoming'), 'the invitation');
  await alice.click('call-hangup');
  assert.deepEqual(await over(alice), ['cancelled']);
  /* one call id that Bob's device has never heard of, and his clock as it will be then */
  const { fields } = readInvite(kept.params.blob);
  assert.equal(b64u(fields.callId), kept.params.callId);
  const sentAt = fields.sentAt - 6 * 60e3;
  const identity = await makeIdentity();
  const blob = await rewriteInvite(kept.params.blob, { sentAt, identityKey: identity.publicKey }, identity);
  b.tell('call.incoming', { ...kept.params, device: { ...kept.params.device, identityKey: identity.encoded }, blob });
  await refused(bob, 'a message of it was too old');
});

row(3, 'the accept, confirm and reveal of an old call in a new one', async () => {
  const { mallory, alice, bob } = on;
  await connect(alice, bob, { video: false });
  const old = Object.fromEntries(['call.accepted', 'call.confirmed', 'call.revealed'].map((name) => [name, mallory.notes.find(({ method }) => method === name).params.blob]));
  await finish(bob, alice);
  const wanted = { 'call.accepted': ['wrong_call', 'failed'], 'call.confirmed': ['failed', 'bad_confirmation'], 'call.revealed': ['bad_commitment', 'failed'] };
  for (const [method, blob] of Object.entries(old)) {
    const reasons = await attacked('note', method, (message) => change(message, (params) => { params.blob = blob; }));
    assert.deepEqual(reasons, wanted[method], method);
  }
});

row(3, 'sealed messages played back in their own call, and to the one who sent them', async () => {
  const { mallory, alice, bob } = on;
  await connect(alice, bob, { video: false });
  const [a, b] = [await mallory.line('alice'), await mallory.line('bob')];
  const from = mallory.notes.length;
  const sealed = (to, after) => mallory.notes.slice(after).filter((note) => note.to === to && note.method === 'call.sealed');
  const muted = (shown) => bob.get('peer-muted').first().waitFor({ state: shown ? 'visible' : 'hidden', timeout: 60000 });
  await alice.click('call-mic');
  await muted(true);
  const mute = sealed('bob', from).at(-1).params;
  await alice.click('call-mic');
  await muted(false);
  b.tell('call.sealed', mute);
  /* to Alice it is either older than what Bob has sent, or sealed with a key that is not his */
  await alice.click('call-mic');
  await muted(true);
  await alice.click('call-mic');
  await muted(false);
  const { states } = await bob.seen();
  assert.equal(states.at(-1), 'active');
  const far = unb64u(mute.blob);
  far[6] = 1; /* a counter that Bob has not come to */
  a.tell('call.sealed', { callId: mute.callId, blob: b64u(far) });
  assert.deepEqual(await Promise.all([alice.ended(), bob.ended()]), ['bad_seal', 'failed']);
  assert.equal((await alice.seen()).levels.at(-1), 'broken');
});

row(3, 'an invitation sent back to the one who made it', async () => {
  const { mallory, alice, bob } = on;
  const [a, b] = [await mallory.line('alice'), await mallory.line('bob')];
  mallory.attack.note = (line, message) => (line === b && message.method === 'call.incoming' ? [] : undefined);
  const { params } = await ring(mallory, alice, bob, { video: false });
  const note = { callId: params.callId, from: b.user, device: b.device, video: false, blob: params.blob };
  a.tell('call.incoming', note);
  a.tell('call.incoming', { ...note, callId: b64u(crypto.getRandomValues(new Uint8Array(16))) });
  await refused(alice, 'a message of another call was slipped into this one');
  assert.equal((await alice.view()).state, 'ringing');
  await alice.click('call-hangup');
  assert.deepEqual(await over(alice), ['cancelled']);
});

row(4, 'a second accept behind the first one', async () => {
  const { mallory, alice, bob } = on;
  const identity = await makeIdentity();
  const b = await mallory.line('bob');
  const hit = once(mallory, 'note', 'call.accepted', async (message) => {
    const { params } = mallory.requests.find(({ method }) => method === 'call.invite');
    const self = { user: b.user.id, name: b.user.username, device: 'another-device' };
    const { blob } = await BadCallee.accept(params.blob, { identity, self, payload: {}, suites: [2, 1], suite: 2 });
    const second = change(message, (own) => { Object.assign(own, { blob, device: { ...own.device, id: 'another-device', identityKey: identity.encoded } }); delete own.seq; });
    return [message, ...second];
  });
  await alice.call('bob');
  await bob.answer();
  await Promise.all([alice.active(), bob.active()]);
  hit();
  assert.ok((await alice.seen()).toasts.some((text) => text.includes('Another device tried to answer')));
  assert.deepEqual(await alice.emoji(), await bob.emoji(), 'the call is with Bob');
  await Promise.all([alice.watches(), bob.watches()]);
  assert.equal((await alice.page.evaluate(() => window.watch.pcs.length)), 1, 'one connection');
  await finish(alice, bob);
});

row(5, 'another nonce revealed than was committed to, and a reveal that is not confirmed', async () => {
  assert.deepEqual(await attacked('note', 'call.revealed', (message) => change(message, (params) => { params.blob = flip(params.blob, 45); })), ['bad_commitment', 'failed']);
  assert.deepEqual(await attacked('note', 'call.revealed', (message) => change(message, (params) => { params.blob = flip(params.blob, -10); })), ['bad_confirmation', 'failed']);
});

row(5, 'a reveal before the confirm', async () => {
  const reasons = await attacked('note', 'call.accepted', (message) =>
    [{ ...message, method: 'call.revealed', params: { callId: message.params.callId, blob: 'AAAA' } }, message]);
  /* Alice takes back a call that, as far as she knows, still rings; for the server it is accepted, and so hung up */
  assert.deepEqual(reasons, ['out_of_order', 'hangup']);
});

row(5, 'somebody in the middle who looks for a nonce with the right emoji once the caller has confirmed', async () => {
  const { mallory, alice } = on;
  const sdp = await ownOffer();
  const { made, a, callId } = await accepted((blob, options) => BadCallee.accept(blob, { ...options, payload: { sdp }, suites: [2, 1], suite: 2 }));
  const wanted = EMOJI[42].name;
  mallory.attack.request = (line, message) => {
    if (!['call.confirm', 'call.seal'].includes(message.method)) return undefined;
    line.reply(message, {}); /* the server knows nothing of this accept */
    return [];
  };
  const confirm = await mallory.request('call.confirm');
  const { tries, first } = await made.grind(confirm.params.blob, wanted);
  assert.ok(tries > 0 && first === wanted, 'the emoji that she needs can be had');
  a.tell('call.revealed', { callId, blob: await made.reveal() });
  assert.deepEqual(await over(alice), ['bad_commitment']);
});

row(6, 'a confirm that never comes', async () => {
  assert.deepEqual(await attacked('note', 'call.confirmed', () => []), ['failed', 'out_of_order'], 'sealed messages without it');
  on.mallory.attack.note = (line, { method }) => (line.user.username === 'bob' && ['call.confirmed', 'call.sealed'].includes(method) ? [] : undefined);
  await on.alice.call('bob');
  await on.bob.answer();
  assert.deepEqual(await over(on.alice, on.bob), ['failed', 'failed'], 'nor they');
});

row(6, 'a reveal that never comes', async () => {
  assert.deepEqual(await attacked('note', 'call.revealed', () => []), ['failed', 'failed']);
});

row(7, 'names, ids and devices changed around valid messages', async () => {
  const lies = {
    'another name': (params) => { params.from.username = 'carol'; },
    'another id': (params) => { params.from.id = 'u-carol'; },
    'another device': (params) => { params.device.id = 'd-carol'; },
    'another key': (params) => { params.device.identityKey = 'A'.repeat(43); },
  };
  for (const lie of Object.values(lies)) await unheard((message) => change(message, lie), 'a message came from somebody else than');
  await unheard((message) => change(message, (params) => { params.callId = 'AAAAAAAAAAAAAAAAAAAAAA'; }), 'a message of another call was slipped into this one');
  await unheard((message) => change(message, (params) => { params.video = !params.video; }), 'a message of another call was slipped into this one');
  await unheard((message) => change(message, (params) => { params.blob = params.blob.slice(0, 400); }), 'could not be read');
  const answered = { 'another device': (params) => { params.device.id = 'd-carol'; }, 'another key': (params) => { params.device.identityKey = 'A'.repeat(43); } };
  for (const [name, lie] of Object.entries(answered)) {
    assert.deepEqual(await attacked('note', 'call.accepted', (message) => change(message, lie)), ['wrong_peer', 'failed'], name);
  }
});

row(7, 'a call to Bob that rings at Carol, and her accept given out as his', async () => {
  const { mallory, alice, bob, carol } = on;
  const [a, b, c] = [await mallory.line('alice'), await mallory.line('bob'), await mallory.line('carol')];
  mallory.attack.note = (line, message) => {
    if (line !== b || message.method !== 'call.incoming') return undefined;
    c.tell('call.incoming', message.params);
    return [];
  };
  await alice.call('bob');
  await refused(carol, 'a message came from somebody else than');
  await alice.click('call-hangup');
  assert.deepEqual(await over(alice), ['cancelled']);
  mallory.peace();
  /* Alice calls Carol and Bob is to think that it was for him; Carol answers and Alice is to think that it was Bob */
  const identity = await makeIdentity();
  const { params } = await ring(mallory, alice, bob, { video: false });
  const { blob } = await BadCallee.accept(params.blob, {
    identity, self: { user: c.user.id, name: c.user.username, device: c.device.id }, payload: {}, suites: [2, 1], suite: 2,
  });
  await bob.sees('incoming-call');
  a.tell('call.accepted', { callId: params.callId, device: { ...b.device, identityKey: identity.encoded }, blob });
  assert.deepEqual(await over(alice), ['wrong_peer']);
});
