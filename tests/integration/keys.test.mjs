// SPDX-License-Identifier: Apache-2.0
// What two real call engines make of keys, names and certificates that changed. mallory/ is where a server lies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './lib/browsers.mjs';
import { Pages } from './lib/pages.mjs';

let pages, browser;
before(async () => {
  pages = await Pages.start();
  browser = await openChromium();
});
after(async () => {
  await browser?.close();
  await pages?.stop();
});

const page = (name, fn, check) => test(name, { timeout: 240000 }, async () => {
  const tab = await browser.open(pages.url);
  try {
    await check(await tab.evaluate(fn));
  } finally {
    await tab.close();
  }
});

page('keys: a compared contact with another key: the callee sees it before it can answer', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const first = await t.connect(a, b);
  await first.in.markVerified();
  await first.out.hangup();
  await t.ended(first.in);
  /* somebody with Alice's name and a key of their own, as a server could arrange it */
  const eve = await t.person('alice', { server, deviceId: 'd-new' });
  const call = await t.ring(eve, b);
  const level = call.in.security.level;
  const refused = await call.in.accept({ video: true, localStream: null }).then(() => '', (error) => error.message);
  const state = call.in.state;
  await call.in.acceptChangedKey();
  void call.in.accept({ video: true, localStream: t.synthetic() });
  await Promise.all([t.active(call.out), t.active(call.in)]);
  return { level, refused, state, later: call.in.security.level };
}, ({ level, refused, state, later }) => {
  assert.equal(level, 'changed');
  assert.match(refused, /changed key/);
  assert.equal(state, 'ringing');
  assert.equal(later, 'unverified');
});

page('keys: a compared contact with another key: the caller holds the call until it is accepted', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const first = await t.connect(a, b);
  await first.out.markVerified();
  await first.out.hangup();
  await t.ended(first.in);
  server.devices.delete('d-bob');
  const b2 = await t.person('bob', { server, deviceId: 'd-bob2' });
  const call = await t.ring(a, b2);
  void call.in.accept({ video: true, localStream: t.synthetic() });
  await t.until('the change to be seen', () => call.out.security.level === 'changed');
  await t.wait(1000);
  const confirmed = server.log.filter(({ method, to }) => method === 'call.confirmed' && to === 'd-bob2').length;
  const during = [call.out.state, call.in.state, call.in.security.level];
  await call.out.acceptChangedKey();
  await Promise.all([t.active(call.out), t.active(call.in)]);
  await t.flows(call.in);
  return { confirmed, during, later: call.out.security.level };
}, ({ confirmed, during, later }) => {
  assert.equal(confirmed, 0, 'nothing leaves before');
  assert.deepEqual(during, ['connecting', 'connecting', 'pending']);
  assert.equal(later, 'unverified');
});

page('keys: DTLS with another certificate than the sealed description has', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.ring(a, b);
  /* as if DTLS ended somewhere else: a server cannot bring this about, because the addresses are sealed as well */
  const { CallMedia } = await t.modules.media();
  const honest = CallMedia.prototype.setRemote;
  CallMedia.prototype.setRemote = async function remote(description) {
    await honest.call(this, description);
    this.fingerprint = '00'.repeat(32);
  };
  const levels = [];
  for (const session of [call.out, call.in]) session.addEventListener('security', () => levels.push(session.security.level));
  void call.in.accept({ video: true, localStream: t.synthetic() });
  const certificate = await Promise.all([t.ended(call.out), t.ended(call.in)]);
  return { certificate, levels };
}, ({ certificate, levels }) => {
  assert.ok(certificate.includes('fingerprint'), `${certificate}`);
  assert.ok(!levels.includes('unverified') && !levels.includes('verified'), `${levels}`);
});

page('keys: both call each other at once: one call', async () => {
  const results = [];
  for (let round = 0; round < 4; round++) {
    const server = new t.FakeServer();
    const [a, b] = [await t.person(`ann${round}`, { server }), await t.person(`bob${round}`, { server })];
    const one = a.engine.invite(b.user, { video: true, localStream: t.synthetic() });
    const two = b.engine.invite(a.user, { video: true, localStream: t.synthetic() });
    await Promise.all([t.active(one), t.active(two)]);
    results.push({ same: one.id === two.id, sides: [one.outgoing, two.outgoing].sort(), rang: a.incoming.length + b.incoming.length,
      sas: one.security.digits === two.security.digits, sessions: [a.engine.sessions.size, b.engine.sessions.size] });
    await one.hangup();
    await t.ended(two);
  }
  return results;
}, (results) => {
  for (const result of results) {
    assert.deepEqual(result, { same: true, sides: [false, true], rang: 0, sas: true, sessions: [1, 1] });
  }
});

page('keys: decline, cancel, another device, and a browser that cannot encrypt', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const b2 = await t.person('bob', { server, deviceId: 'd-bob2' });
  const results = {};
  let call = await t.ring(a, b);
  await call.in.decline();
  results.declined = [await t.ended(call.out), call.in.endReason, await t.ended(b2.incoming.at(-1))];
  call = await t.ring(a, b);
  await t.until('both to ring', () => call.out.ringingDevices === 2);
  await call.out.hangup();
  results.cancelled = [call.out.endReason, await t.ended(call.in), await t.ended(b2.incoming.at(-1))];
  call = await t.ring(a, b);
  void call.in.accept({ video: true, localStream: t.synthetic() });
  results.elsewhere = await t.ended(b2.incoming.at(-1));
  await t.active(call.out);
  await call.in.hangup();
  results.hangup = [await t.ended(call.out), call.in.endReason];
  const transform = window.RTCRtpScriptTransform;
  delete window.RTCRtpScriptTransform;
  try {
    a.engine.invite(b.user, { video: true, localStream: null });
  } catch (error) {
    results.sentence = error.message;
  }
  window.RTCRtpScriptTransform = transform;
  return results;
}, ({ declined, cancelled, elsewhere, hangup, sentence }) => {
  assert.deepEqual(declined, ['declined', 'declined', 'declined']);
  assert.deepEqual(cancelled, ['cancelled', 'cancelled', 'cancelled']);
  assert.equal(elsewhere, 'answered_elsewhere');
  assert.deepEqual(hangup, ['hangup', 'hangup']);
  assert.match(sentence, /cannot encrypt/);
});

page('keys: whose key is new learns no address before the two have compared', async () => {
  const server = new t.FakeServer();
  server.iceServers = [{ urls: ['turn:127.0.0.1:9?transport=udp'], username: 'u', credential: 'c' }];
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const policy = async (from, to, options) => {
    const call = await t.ring(from, to, options);
    void call.in.accept({ video: true, localStream: t.synthetic() });
    const { pc } = await t.until('both connections', () => call.out.leg.media && call.in.leg.media);
    const result = [call.out, call.in].map((session) => session.leg.media.pc.getConfiguration().iceTransportPolicy);
    await t.until('the answer', () => pc.signalingState === 'stable');
    const addresses = [call.out, call.in].map(({ leg }) => [...leg.media.pc.localDescription.sdp.matchAll(/ typ (\S+)/g)].map(([, type]) => type));
    await call.out.hangup();
    await t.ended(call.in);
    return { result, addresses };
  };
  const stranger = await policy(a, b);
  const party = ({ user, device }, id = device.id) => ({ user: user.id, name: user.username, device: id });
  const other = new Uint8Array(32).fill(7);
  /* people who are known, and come with a key that is not, on a device that is known or not */
  for (const [one, peer, device] of [[b, a, undefined], [a, b, 'another']]) {
    await one.identity.pins.forget(peer.user.id);
    await one.identity.pins.pin(party(peer, device), other);
  }
  const replaced = await policy(a, b);
  for (const [one, peer] of [[a, b], [b, a]]) await one.identity.pins.pin(party(peer), peer.identity.publicKey);
  const known = await policy(a, b);
  return { stranger, replaced, known };
}, ({ stranger, replaced, known }) => {
  assert.deepEqual(stranger, { result: ['relay', 'relay'], addresses: [[], []] });
  assert.deepEqual(replaced, { result: ['relay', 'relay'], addresses: [[], []] });
  assert.deepEqual(known.result, ['all', 'all']);
});

page('keys: from whom addresses are hidden is the choice of the user', async () => {
  const server = new t.FakeServer();
  const relay = [{ urls: ['turn:127.0.0.1:9?transport=udp'], username: 'u', credential: 'c' }];
  let hide = 'none';
  const [a, b] = [await t.person('alice', { server, options: { hide: () => hide } }), await t.person('bob', { server })];
  const policy = async (iceServers) => {
    server.iceServers = iceServers;
    const call = await t.ring(a, b);
    void call.in.accept({ video: true, localStream: t.synthetic() });
    await t.until('the end or both connections', () => call.out.state === 'ended' || (call.out.leg.media && call.in.leg.media));
    if (call.out.state === 'ended') return [call.out.endReason, await t.ended(call.in)];
    const policies = [call.out, call.in].map(({ leg }) => leg.media.pc.getConfiguration().iceTransportPolicy);
    await call.out.hangup();
    await t.ended(call.in);
    return policies;
  };
  const results = { stranger: await policy(relay) };
  hide = 'all';
  for (const [one, { user, device, identity }] of [[a, b], [b, a]])
    await one.identity.pins.pin({ user: user.id, name: user.username, device: device.id }, identity.publicKey);
  results.known = await policy(relay);
  results.without = await policy([]);
  hide = 'a word of another version';
  results.fallback = await policy(relay);
  return results;
}, ({ stranger, known, without, fallback }) => {
  assert.deepEqual(stranger, ['all', 'relay']);
  assert.deepEqual(known, ['relay', 'all']);
  assert.deepEqual(without, ['no_relay', 'failed']);
  assert.deepEqual(fallback, ['all', 'all'], 'the two know each other: as by default');
});

page('keys: hanging up is quiet at once, whatever figures are still to be read', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.connect(a, b);
  const { media } = call.out.leg;
  media.pc.getStats = () => new Promise(() => {});
  const receivers = media.pc.getReceivers();
  const begun = performance.now();
  const gone = call.out.hangup();
  const atOnce = { state: call.out.state, playing: receivers.filter(({ track }) => track.readyState === 'live').length, closed: media.closed };
  await t.until('senders without a track', () => media.closed || media.pc.getSenders().every(({ track }) => !track));
  const before = media.closed;
  await gone;
  return { atOnce, before, closed: media.closed, reason: await t.ended(call.in), ms: performance.now() - begun };
}, ({ atOnce, before, closed, reason }) => {
  assert.deepEqual(atOnce, { state: 'ended', playing: 0, closed: false });
  assert.deepEqual([before, closed, reason], [false, true, 'hangup']);
});

page('keys: beside "verified" stands the display name of the moment of comparing', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const first = await t.connect(a, b);
  await Promise.all([first.out.markVerified(), first.in.markVerified()]);
  await first.out.hangup();
  await t.ended(first.in);
  /* the server gives both another name */
  for (const one of [a, b]) Object.assign(one.user, { displayName: `Director of ${one.name}` });
  const names = ({ peer, claimedName }) => [peer.displayName, claimedName];
  const second = await t.ring(a, b);
  const ringing = names(second.in);
  void second.in.accept({ video: true, localStream: t.synthetic() });
  await Promise.all([t.active(second.out), t.active(second.in)]);
  const during = [names(second.out), names(second.in), second.out.security.level, second.in.security.level];
  await second.out.acceptName();
  const taken = names(second.out);
  await second.out.hangup();
  await t.ended(second.in);
  const third = await t.ring(a, b);
  void third.in.accept({ video: true, localStream: t.synthetic() });
  await Promise.all([t.active(third.out), t.active(third.in)]);
  const later = [names(third.out), names(third.in)];
  await third.out.hangup();
  return { ringing, during, taken, later };
}, ({ ringing, during, taken, later }) => {
  assert.deepEqual(ringing, ['alice', 'Director of alice']);
  assert.deepEqual(during, [['bob', 'Director of bob'], ['alice', 'Director of alice'], 'verified', 'verified']);
  assert.deepEqual(taken, ['Director of bob', '']);
  assert.deepEqual(later, [['Director of bob', ''], ['alice', 'Director of alice']]);
});
