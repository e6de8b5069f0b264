// SPDX-License-Identifier: Apache-2.0
// The call engine in a real Chromium, both ends in one page, with no server: what is sent is sealed, what is not sealed
// is not played, and nothing that a server can do to the messages ends as a call that looks fine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './lib/browsers.mjs';
import { Pages } from './lib/pages.mjs';

let pages, browser, tab;
before(async () => {
  pages = await Pages.start();
  browser = await openChromium();
});
after(async () => {
  await browser?.close();
  await pages?.stop();
});

/** page: a fresh page for every test; what evaluate() returns. */
const page = (name, fn, check, options = { timeout: 240000 }) => test(name, options, async () => {
  tab = await browser.open(pages.url);
  try {
    await check(await tab.evaluate(fn));
  } finally {
    await tab.close();
  }
});

page('media: sound and picture both ways, sealed, compared and verified', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.connect(a, b);
  const during = [t.view(call.out), t.view(call.in)];
  await Promise.all([t.flows(call.out), t.flows(call.in)]);
  const stats = [await call.out.stats(), await call.in.stats()];
  await call.out.markVerified();
  await t.until('the peer to hear of it', () => call.in.peerVerified);
  const verified = t.view(call.out).security.level;
  await call.out.hangup();
  const reason = await t.ended(call.in);
  const again = await t.connect(a, b);
  const next = [t.view(again.out).security.level, t.view(again.in).security.level];
  const methods = [...new Set(server.log.map(({ method }) => method))].sort();
  await again.in.hangup();
  await t.ended(again.out);
  return { during, stats, verified, reason, next, methods, left: [a.engine.sessions.size, b.engine.sessions.size] };
}, ({ during, stats, verified, reason, next, methods, left }) => {
  const [out, inn] = during;
  assert.equal(out.security.level, 'unverified');
  assert.deepEqual(out.security.emoji, inn.security.emoji);
  assert.equal(out.security.digits, inn.security.digits);
  assert.equal(out.security.suite, 2);
  assert.equal(out.peerDevice, 'd-bob');
  for (const side of stats) {
    assert.ok(side.e2ee.encrypted > 20 && side.e2ee.decrypted > 20, JSON.stringify(side.e2ee));
    assert.equal(side.e2ee.framesWithoutTrailer, 0);
    assert.equal(side.e2ee.failed, 0);
    assert.deepEqual([side.codecAudio, side.codecVideo, side.route], ['opus', 'VP8', 'direct']);
  }
  assert.equal(verified, 'verified');
  assert.equal(reason, 'hangup');
  assert.deepEqual(next, ['verified', 'unverified'], 'each side decides for itself, for good');
  assert.deepEqual(methods, ['call.accepted', 'call.active', 'call.confirmed', 'call.ended', 'call.incoming', 'call.revealed',
    'call.ringing', 'call.sealed']);
  assert.deepEqual(left, [0, 0]);
});

page('media: mute, camera, screen and another microphone need no renegotiation', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.connect(a, b, { localStream: t.synthetic({ video: false }) });
  const seen = [];
  const note = async (what, condition) => { await t.until(what, condition); seen.push({ what, ...call.in.peerState }); };
  const offers = () => call.out.leg.media.pc.localDescription.sdp.split('\r\n')[1];
  const before = offers();
  await note('no camera at first', () => !call.in.peerState.camera);
  await call.out.setCamera(t.synthetic({ audio: false }));
  await note('the camera', () => call.in.peerState.camera);
  await t.flows(call.in);
  call.out.setMuted(true);
  await note('muted', () => call.in.peerState.muted);
  call.out.setMuted(false);
  await call.out.replaceMicrophone(t.synthetic({ video: false, tone: 880 }).getAudioTracks()[0]);
  await t.flows(call.in);
  await call.out.shareScreen(t.synthetic({ width: 640, height: 360, audio: true }));
  await note('the screen', () => call.in.peerState.screen && call.in.remoteScreenStream);
  const kinds = call.in.remoteScreenStream.getTracks().map(({ kind }) => kind).sort();
  await t.until('frames of the screen', async () => (await call.in.leg.media.counters())['screen/receive'].decrypted > 10);
  await t.until('sound of the screen', async () => (await call.in.leg.media.counters())['screenAudio/receive'].decrypted > 10);
  await call.out.shareScreen(null);
  await note('no screen', () => !call.in.peerState.screen && !call.in.remoteScreenStream);
  await call.out.setCamera(null);
  await note('no camera', () => !call.in.peerState.camera);
  const counters = await call.in.leg.media.counters();
  return { seen, kinds, same: before === offers(), counters };
}, ({ seen, kinds, same, counters }) => {
  assert.equal(seen.length, 6);
  assert.deepEqual(kinds, ['audio', 'video']);
  assert.ok(same, 'one negotiation for the whole call');
  for (const [track, { framesWithoutTrailer, dropped }] of Object.entries(counters)) {
    assert.equal(framesWithoutTrailer, 0, track);
    assert.deepEqual(Object.keys(dropped).filter((reason) => reason !== 'duplicate'), [], track);
  }
});

for (const codec of ['video/vp8', 'video/vp9', 'video/h264', 'video/av1']) {
  test(`media: ${codec}`, { timeout: 240000 }, async () => {
    tab = await browser.open(pages.url);
    try {
      const result = await tab.evaluate(async (prefer) => {
        const server = new t.FakeServer();
        const options = { codecs: { video: [prefer] } };
        const [a, b] = [await t.person('alice', { server, options }), await t.person('bob', { server, options })];
        const call = await t.connect(a, b);
        const both = await Promise.all([t.flows(call.out, { frames: 30 }), t.flows(call.in, { frames: 30 })]);
        return { codecs: both.flatMap(({ video }) => video.codecs), counters: (await call.out.stats()).e2ee };
      }, codec);
      assert.deepEqual(new Set(result.codecs.map((name) => name.toLowerCase())), new Set([codec]));
      assert.equal(result.counters.failed, 0, JSON.stringify(result.counters));
      assert.equal(result.counters.framesWithoutTrailer, 0);
    } finally {
      await tab.close();
    }
  });
}

page('media: a receiver with another key decodes nothing; one without a transform gets nothing', async () => {
  const { CallMedia } = await t.modules.media();
  const { hkdfKey } = await t.modules.kdf();
  const key = (byte) => hkdfKey(new Uint8Array(32).fill(byte));
  const secrets = (send, receive, ownLeaf) => ({ suite: 5, sendKey: send, receiveKey: receive, ownLeaf, peerLeaf: 1 - ownLeaf, generation: 0 });
  const [k1, k2, k3] = await Promise.all([key(1), key(2), key(3)]);
  const results = {};
  for (const [name, receiveKey] of [['right', k1], ['wrong', k3]]) {
    const options = { workerUrl: t.WORKER, iceServers: [], relayOnly: false };
    const [sender, receiver] = [await CallMedia.open(options), await CallMedia.open(options)];
    sender.addEventListener('candidate', ({ detail }) => receiver.pc.addIceCandidate(detail).catch(() => {}));
    receiver.addEventListener('candidate', ({ detail }) => sender.pc.addIceCandidate(detail).catch(() => {}));
    sender.addSlots();
    sender.giveSecrets(secrets(k1, k2, 0));
    receiver.giveSecrets(secrets(k2, receiveKey, 1));
    const offer = await sender.setLocal();
    await receiver.setRemote(offer);
    await sender.setRemote(await receiver.setLocal());
    receiver.learnCodecs();
    /* sound is decoded for somebody who listens alone */
    const srcObject = new MediaStream([receiver.receiverTrack('audio'), receiver.receiverTrack('camera')]);
    const element = Object.assign(document.createElement('video'), { srcObject, autoplay: true, playsInline: true });
    document.body.append(element);
    const stream = t.synthetic();
    await sender.send('audio', stream.getAudioTracks()[0]);
    await sender.send('camera', stream.getVideoTracks()[0]);
    await sender.letSend();
    await t.until('frames to arrive', async () => {
      const { audio, video } = await t.inbound(receiver.pc);
      return audio.packets > 120 && video.packets > 60 && (name === 'wrong' || (audio.samples > 24000 && video.decoded > 10));
    });
    results[name] = { inbound: await t.inbound(receiver.pc), counters: await receiver.counters(), width: element.videoWidth };
    sender.close();
    receiver.close();
  }
  return results;
}, ({ right, wrong }) => {
  assert.ok(right.inbound.video.decoded > 10 && right.inbound.audio.samples > 24000 && right.inbound.audio.energy > 0, JSON.stringify(right));
  assert.deepEqual([right.width > 0, wrong.width, wrong.inbound.audio.energy], [true, 0, 0], JSON.stringify(wrong));
  assert.equal(wrong.inbound.video.decoded, 0);
  assert.equal(wrong.inbound.audio.samples, 0);
  assert.equal(wrong.counters['camera/receive'].decrypted + wrong.counters['audio/receive'].decrypted, 0);
  assert.ok(wrong.counters['camera/receive'].dropped.not_authentic > 10, JSON.stringify(wrong.counters));
  assert.ok(wrong.counters['audio/receive'].dropped.not_authentic > 10);
});

page('media: whenever a transform is attached, nothing leaves in clear; without one nothing leaves at all', async () => {
  const { MediaClient } = await t.modules.client();
  const { hkdfKey } = await t.modules.kdf();
  const key = await hkdfKey(new Uint8Array(32).fill(1));
  const secrets = (ownLeaf) => ({ suite: 5, sendKey: key, receiveKey: key, ownLeaf, peerLeaf: 1 - ownLeaf, generation: 0 });
  const orders = ['before the track', 'with the track', 'after the offer', 'after the answer', 'once connected', 'never', 'taken away'];
  const run = async (order, kind) => {
    const config = { encodedInsertableStreams: true, bundlePolicy: 'max-bundle' };
    const [from, to] = [new RTCPeerConnection(config), new RTCPeerConnection(config)];
    const [sends, receives] = [new MediaClient(t.WORKER), new MediaClient(t.WORKER)];
    sends.giveSecrets(secrets(0));
    receives.giveSecrets(secrets(1));
    from.onicecandidate = ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => {});
    to.onicecandidate = ({ candidate }) => candidate && from.addIceCandidate(candidate).catch(() => {});
    const place = { context: kind === 'audio' ? 0 : 1, kind: kind === 'audio' ? 0 : 1 };
    to.ontrack = ({ receiver }) => { receiver.transform = receives.transform({ id: 'in', side: 'receive', ...place }); };
    const track = t.synthetic({ audio: kind === 'audio', video: kind === 'video' }).getTracks()[0];
    let attachments = 0;
    const attach = (sender) => { sender.transform = sends.transform({ id: `out${attachments++}`, side: 'send', ...place }); };
    const { sender } = from.addTransceiver(order === 'before the track' ? kind : track, { direction: 'sendonly' });
    if (order === 'before the track') {
      attach(sender);
      await sender.replaceTrack(track);
    } else if (order === 'with the track' || order === 'taken away') attach(sender);
    await from.setLocalDescription();
    await t.wait(50);
    if (order === 'after the offer') attach(sender);
    await to.setRemoteDescription(from.localDescription);
    await to.setLocalDescription();
    await from.setRemoteDescription(to.localDescription);
    await t.wait(50);
    if (order === 'after the answer') attach(sender);
    await t.until('the path', () => from.connectionState === 'connected');
    await t.wait(300);
    if (order === 'once connected') attach(sender);
    const count = async () => ({ packets: (await t.inbound(to))[kind].packets, ...(await receives.stats()).in });
    if (order === 'never') await t.wait(2000);
    else await t.until(`frames (${order}, ${kind})`, async () => (await count()).decrypted > 10);
    const first = await count();
    let after = null;
    if (order === 'taken away') {
      sender.transform = null;
      await t.wait(300);
      const then = await count();
      await t.wait(1500);
      after = (await count()).decrypted - then.decrypted;
      first.framesWithoutTrailer = (await count()).framesWithoutTrailer;
    }
    from.close();
    to.close();
    sends.close();
    receives.close();
    return { order, kind, after, ...first };
  };
  const all = [];
  for (const order of orders) all.push(...await Promise.all([run(order, 'audio'), run(order, 'video')]));
  return all;
}, (all) => {
  assert.equal(all.length, 14);
  for (const { order, kind, packets, after, framesWithoutTrailer, decrypted } of all) {
    assert.ok(!framesWithoutTrailer, `${order}, ${kind}: ${framesWithoutTrailer} in clear`);
    if (order === 'never') assert.deepEqual([packets, decrypted ?? 0], [0, 0], `${order}, ${kind}`);
    else assert.ok(decrypted > 10, `${order}, ${kind}`);
    if (order === 'taken away') assert.equal(after, 0, `${order}, ${kind}`);
  }
}, { timeout: 300000 });

page('media: an ICE restart, and a worker that has to be started anew', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.connect(a, b);
  await Promise.all([t.flows(call.out), t.flows(call.in)]);
  const ufrag = () => /a=ice-ufrag:(\S+)/.exec(call.out.leg.media.pc.localDescription.sdp)[1];
  const before = ufrag();
  /* both at once: one of the two offers is taken back */
  await Promise.all([call.out.leg.negotiator.restart(), call.in.leg.negotiator.restart()]);
  await t.until('new credentials', () => ufrag() !== before && call.out.leg.media.pc.signalingState === 'stable');
  await Promise.all([t.active(call.out), t.active(call.in)]);
  await Promise.all([t.flows(call.out), t.flows(call.in)]);
  call.out.leg.media.restartWorker();
  await Promise.all([t.flows(call.out), t.flows(call.in)]);
  const counters = await call.in.leg.media.counters();
  return { counters, views: [t.view(call.out), t.view(call.in)] };
}, ({ counters, views }) => {
  assert.deepEqual(views.map(({ state }) => state), ['active', 'active']);
  for (const slot of ['audio/receive', 'camera/receive']) {
    assert.equal(counters[slot].framesWithoutTrailer, 0);
    assert.equal(counters[slot].dropped.not_authentic ?? 0, 0);
  }
});

page('media: messages lost with a connection are made up for', async () => {
  const server = new t.FakeServer();
  const [a, b] = [await t.person('alice', { server }), await t.person('bob', { server })];
  const call = await t.connect(a, b);
  let lost = 0;
  server.tamper = ({ method, to }) => (method === 'call.sealed' && to === 'd-bob' ? (lost++, []) : undefined);
  call.out.setMuted(true);
  await t.until('a message to be lost', () => lost > 0);
  server.tamper = null;
  const entry = { callId: call.out.id, state: 'active' };
  a.engine.resume([entry]);
  b.engine.resume([entry]);
  await t.until('the state to be told again', () => call.in.peerState.muted);
  await t.flows(call.in, { audio: false });
  /* the server has forgotten the call */
  a.engine.resume([]);
  const reason = call.out.endReason;
  /* a page that knows nothing of it hangs it up and says so */
  const told = [];
  const c = await t.person('bob2', { server });
  c.engine.addEventListener('lost', ({ detail }) => told.push(detail.callId));
  c.engine.resume([{ callId: call.in.id, state: 'active', peer: a.user, video: true }]);
  return { reason, told: told.length, rings: await t.ended(call.in) };
}, ({ reason, told, rings }) => {
  assert.equal(reason, 'disconnected');
  assert.equal(told, 1);
  assert.equal(rings, 'hangup');
});
