// SPDX-License-Identifier: Apache-2.0
// A server that lies to two real call engines: every lie ends as a call that is stopped or never begins, with the reason.
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

const page = (name, fn, check) => test(name, { timeout: 90000 }, async () => {
  const tab = await browser.open(pages.url);
  try {
    await check(await tab.evaluate(fn));
  } finally {
    await tab.close();
  }
});

page('keys: each changed message ends the call with its reason', async () => {
  const change = (blob, at) => `${blob.slice(0, at)}${blob[at] === 'A' ? 'B' : 'A'}${blob.slice(at + 1)}`;
  const near = (blob, fromEnd) => change(blob, blob.length - fromEnd);
  /* which message, how it is changed */
  const attacks = {
    'signature of M2': ['call.accepted', (note) => { note.params.blob = change(note.params.blob, 2500); }],
    'sealed offer': ['call.accepted', (note) => { note.params.blob = near(note.params.blob, 200); }],
    'other device': ['call.accepted', (note) => { note.params.device = { ...note.params.device, id: 'd-other' }; }],
    'other key': ['call.accepted', (note) => { note.params.device = { ...note.params.device, identityKey: 'A'.repeat(43) }; }],
    'sealed answer': ['call.confirmed', (note) => { note.params.blob = near(note.params.blob, 200); }],
    'nonce of M3': ['call.confirmed', (note) => { note.params.blob = change(note.params.blob, 45); }],
    'nonce of M4': ['call.revealed', (note) => { note.params.blob = change(note.params.blob, 45); }],
    'tag of M4': ['call.revealed', (note) => { note.params.blob = near(note.params.blob, 10); }],
    'sealed message': ['call.sealed', (note) => { note.params.blob = near(note.params.blob, 50); }],
  };
  const run = async (name, [method, act]) => {
    const server = new t.FakeServer();
    const [a, b] = [await t.person(`alice-${name}`, { server }), await t.person(`bob-${name}`, { server })];
    let hits = 0;
    server.tamper = (note) => {
      if (note.method !== method || hits++) return undefined;
      const changed = structuredClone(note);
      act(changed);
      return [changed];
    };
    const call = await t.ring(a, b);
    const levels = new Set();
    for (const session of [call.out, call.in]) session.addEventListener('security', () => levels.add(session.security.level));
    void call.in.accept({ video: true, localStream: t.synthetic() });
    const reasons = await Promise.all([t.ended(call.out), t.ended(call.in)]);
    const broken = [call.out, call.in].map(({ security }) => (security.level === 'broken' ? security.reason : '')).join('');
    return [name, { reasons, broken, levels: [...levels], hits }];
  };
  const results = {};
  for (const [name, attack] of Object.entries(attacks)) Object.assign(results, Object.fromEntries([await run(name, attack)]));
  return results;
}, (results) => {
  const wanted = {
    'signature of M2': ['bad_signature', 'bad_seal', 'malformed', 'wrong_call', 'wrong_peer'], 'sealed offer': ['bad_seal'],
    'other device': ['wrong_peer'], 'other key': ['wrong_peer'], 'sealed answer': ['bad_seal'], 'nonce of M3': ['bad_confirmation'],
    'nonce of M4': ['bad_commitment'], 'tag of M4': ['bad_confirmation'], 'sealed message': ['bad_seal'],
  };
  for (const [name, { broken, levels, reasons, hits }] of Object.entries(results)) {
    assert.ok(hits, name);
    assert.ok(wanted[name].includes(broken), `${name}: ${broken}, ${reasons}`);
    if (name !== 'sealed message') assert.ok(!levels.includes('unverified') && !levels.includes('verified'), `${name}: ${levels}`);
  }
});

page('keys: a confirm or a reveal that never comes', async () => {
  const run = async (...dropped) => {
    const server = new t.FakeServer();
    const name = dropped.join('+');
    const [a, b] = [await t.person(`alice-${name}`, { server }), await t.person(`bob-${name}`, { server })];
    server.tamper = (note) => (dropped.includes(note.method) ? [] : undefined);
    const call = await t.ring(a, b);
    const levels = new Set();
    const who = dropped.includes('call.confirmed') ? call.in : call.out;
    who.addEventListener('security', () => levels.add(who.security.level));
    void call.in.accept({ video: true, localStream: t.synthetic() });
    const reason = await t.ended(who);
    return { name, reason, why: who.security.reason, levels: [...levels], emoji: who.security.emoji ?? null };
  };
  return Promise.all([run('call.confirmed', 'call.sealed'), run('call.confirmed'), run('call.revealed')]);
}, (results) => {
  const wanted = [['failed', 'unconfirmed'], ['out_of_order', 'out_of_order'], ['failed', 'unconfirmed']];
  for (const [i, { name, reason, why, levels, emoji }] of results.entries()) {
    assert.deepEqual([reason, why], wanted[i], name);
    assert.ok(!levels.includes('unverified') && !levels.includes('verified'), `${name}: ${levels}`);
    assert.equal(emoji, null, `${name}: emoji before the check`);
  }
});

page('keys: invitations that do not pass never ring', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const attempt = async (act) => {
    server.tamper = (note) => {
      if (note.method !== 'call.incoming') return undefined;
      const changed = structuredClone(note);
      return act(changed) ?? [changed];
    };
    const [rejected, rang] = [b.rejected.length, b.incoming.length];
    const session = a.engine.invite(b.user, { video: true, localStream: null });
    const reason = await t.until('a verdict', () => b.rejected[rejected] ?? (b.incoming[rang] && 'rang'));
    server.tamper = null;
    await session.hangup();
    return reason;
  };
  const results = {
    untouched: await attempt(() => undefined),
    relabelled: await attempt(({ params }) => { params.from.username = 'carol'; }),
    'another id': await attempt(({ params }) => { params.from.id = 'u-carol'; }),
    device: await attempt(({ params }) => { params.device.id = 'd-carol'; }),
    'call id': await attempt(({ params }) => { params.callId = 'AAAAAAAAAAAAAAAAAAAAAA'; }),
    video: await attempt(({ params }) => { params.video = false; }),
    blob: await attempt(({ params }) => { params.blob = `${params.blob.slice(0, -4)}AAAA`; }),
    cut: await attempt(({ params }) => { params.blob = params.blob.slice(0, 400); }),
    'not base64url': await attempt(({ params }) => { params.blob = '+++='; }),
  };
  /* the very same invitation once more, after the call is over */
  const old = server.log.find(({ method, to }) => method === 'call.incoming' && to === 'd-bob');
  const count = b.rejected.length;
  server.send(old);
  results.replayed = await t.until('a verdict', () => b.rejected[count]);
  /* and one of half an hour ago */
  const late = await t.person('late', { server, options: { now: () => Date.now() - 30 * 60e3 } });
  const before = b.rejected.length;
  const session = late.engine.invite(b.user, { video: false, localStream: null });
  results.stale = await t.until('a verdict', () => b.rejected[before]);
  await session.hangup();
  return results;
}, (results) => {
  assert.deepEqual(results, {
    untouched: 'rang', relabelled: 'wrong_peer', 'another id': 'wrong_peer', device: 'wrong_peer', 'call id': 'wrong_call',
    video: 'wrong_call', blob: 'bad_signature', cut: 'malformed', 'not base64url': 'malformed', replayed: 'replayed', stale: 'stale',
  });
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

page('keys: a second accept, an early reveal, a foreign certificate', async () => {
  const results = {};
  {
    const server = new t.FakeServer();
    const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
    const warnings = [];
    server.tamper = (note) => (note.method === 'call.accepted'
      ? [note, { ...note, params: { ...note.params, device: { ...note.params.device, id: 'd-eve' } } }] : undefined);
    const call = await t.ring(a, b);
    call.out.addEventListener('warning', ({ detail }) => warnings.push(detail.reason));
    void call.in.accept({ video: true, localStream: t.synthetic() });
    await Promise.all([t.active(call.out), t.active(call.in)]);
    results.second = { warnings, peer: call.out.peerDevice.id };
    await call.out.hangup();
  }
  {
    const server = new t.FakeServer();
    const [a, b] = [await t.person('alice2', { server }), await t.person('bob2', { server })];
    server.tamper = (note) => (note.method === 'call.accepted'
      ? [{ to: note.to, method: 'call.revealed', params: { callId: note.params.callId, blob: 'AAAA' } }, note] : undefined);
    const call = await t.ring(a, b);
    void call.in.accept({ video: true, localStream: t.synthetic() });
    results.early = await t.ended(call.out);
    results.earlyLevel = call.out.security.level;
  }
  {
    const server = new t.FakeServer();
    const [a, b] = [await t.person('alice3', { server }), await t.person('bob3', { server })];
    const call = await t.ring(a, b);
    /* as if DTLS ended somewhere else than the sealed description says */
    const { CallMedia } = await t.modules.media();
    const honest = CallMedia.prototype.setRemote;
    CallMedia.prototype.setRemote = async function remote(description) {
      await honest.call(this, description);
      this.fingerprint = '00'.repeat(32);
    };
    const levels = [];
    for (const session of [call.out, call.in]) session.addEventListener('security', () => levels.push(session.security.level));
    void call.in.accept({ video: true, localStream: t.synthetic() });
    results.certificate = await Promise.all([t.ended(call.out), t.ended(call.in)]);
    results.levels = levels;
    CallMedia.prototype.setRemote = honest;
  }
  return results;
}, ({ second, early, earlyLevel, certificate, levels }) => {
  assert.deepEqual(second, { warnings: ['second_accept'], peer: 'd-bob' });
  assert.deepEqual([early, earlyLevel], ['out_of_order', 'broken']);
  assert.ok(certificate.includes('fingerprint'), `${certificate}`);
  assert.ok(!levels.includes('unverified') && !levels.includes('verified'), `${levels}`);
});

page('keys: both call each other at once: one call', async () => {
  const results = [];
  for (let round = 0; round < 4; round++) {
    const server = new t.FakeServer();
    const [a, b] = [await t.person(`a${round}`, { server }), await t.person(`b${round}`, { server })];
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

page('keys: what the server sees', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const asked = [];
  const honest = server.call.bind(server);
  server.call = (from, method, params) => { asked.push({ method, params }); return honest(from, method, params); };
  const call = await t.connect(a, b);
  await t.flows(call.in);
  await call.out.setCamera(null);
  await call.out.markVerified();
  await t.until('the peer to hear of it', () => call.in.peerVerified);
  const { sdp } = call.out.leg.media.pc.localDescription;
  const secrets = [/a=ice-pwd:(\S+)/.exec(sdp)[1], /a=fingerprint:sha-256 (\S+)/.exec(sdp)[1], call.out.security.digits];
  await call.out.hangup();
  await t.ended(call.in);
  const blobs = [...asked, ...server.log].map(({ params }) => params.blob).filter(Boolean);
  const plain = blobs.map((blob) => atob(blob.replaceAll('-', '+').replaceAll('_', '/'))).join('\n');
  const fields = {};
  for (const { method, params } of asked) fields[method] = [...new Set([...(fields[method] ?? []), ...Object.keys(params)])].sort();
  const keys = [...new Set(asked.flatMap(({ params }) => Object.keys(params.stats ?? {})))].sort();
  return { fields, keys, found: secrets.filter((secret) => plain.includes(secret)), words: ['candidate', 'a=mid', 'hangup', 'mute', 'camera']
    .filter((word) => plain.includes(word)), lengths: asked.filter(({ method }) => method === 'call.seal').map(({ params }) => params.blob.length) };
}, ({ fields, keys, found, words, lengths }) => {
  /* the golden list: a change here is a change of what the server learns, and of docs/e2ee.md */
  assert.deepEqual(fields, {
    'call.invite': ['blob', 'callId', 'to', 'video'], 'call.turn': ['callId'], 'call.ring': ['callId'],
    'call.accept': ['blob', 'callId'], 'call.confirm': ['blob', 'callId'], 'call.reveal': ['blob', 'callId'],
    'call.seal': ['blob', 'callId'], 'call.connected': ['callId'], 'call.hangup': ['callId', 'reason', 'stats'],
  });
  assert.deepEqual(keys.filter((key) => !['codecVideo', 'lossPercent', 'route', 'rttMs'].includes(key)), []);
  assert.deepEqual([found, words], [[], []]);
  for (const length of lengths) assert.equal((Math.floor((length * 3) / 4) - 24) % 256, 0, `${length}`);
});

page('keys: somebody who calls for the first time learns no address before the two have compared', async () => {
  const server = new t.FakeServer();
  server.iceServers = [{ urls: ['turn:127.0.0.1:9?transport=udp'], username: 'u', credential: 'c' }];
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const policy = async (from, to, options) => {
    const call = await t.ring(from, to, options);
    void call.in.accept({ video: true, localStream: t.synthetic() });
    const { pc } = await t.until('both connections', () => call.out.leg.media && call.in.leg.media);
    const result = [call.out, call.in].map((session) => session.leg.media.pc.getConfiguration().iceTransportPolicy);
    await t.until('the answer', () => pc.signalingState === 'stable');
    const addresses = [...call.in.leg.media.pc.localDescription.sdp.matchAll(/ typ (\S+)/g)].map(([, type]) => type);
    await call.out.hangup();
    await t.ended(call.in);
    return { result, addresses };
  };
  const stranger = await policy(a, b);
  await b.identity.pins.pin({ user: a.user.id, name: a.user.username, device: a.device.id }, a.identity.publicKey);
  const known = await policy(a, b);
  return { stranger, known };
}, ({ stranger, known }) => {
  assert.deepEqual(stranger, { result: ['all', 'relay'], addresses: [] });
  assert.deepEqual(known.result, ['all', 'all']);
});
