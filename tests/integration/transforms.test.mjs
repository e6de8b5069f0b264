// SPDX-License-Identifier: Apache-2.0
// No frame without its seal, in Chromium and in Firefox: whenever keys, tracks and descriptions come, and over media workers that are
// started anew. The receiver's worker counts what comes in clear.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium, openFirefox } from './lib/browsers.mjs';
import { Pages } from './lib/pages.mjs';

let pages;
const browsers = {};
before(async () => {
  pages = await Pages.start();
  browsers.chromium = await openChromium();
  browsers.firefox = await openFirefox();
}, { timeout: 120000 });
after(async () => {
  await browsers.chromium?.close();
  await browsers.firefox?.close();
  await pages?.stop();
});

/** In the page: two ends of the client's own media, with no call around them. */
const setUp = async () => {
  const { CallMedia } = await t.modules.media();
  const { MediaClient } = await t.modules.client();
  const { hkdfKey } = await t.modules.kdf();
  const [k1, k2] = await Promise.all([1, 2].map((byte) => hkdfKey(new Uint8Array(32).fill(byte))));
  const keys = [{ suite: 5, sendKey: k1, receiveKey: k2, ownLeaf: 0, peerLeaf: 1, generation: 0 }, { suite: 5, sendKey: k2, receiveKey: k1, ownLeaf: 1, peerLeaf: 0, generation: 0 }];
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
  const [audio] = stream.getAudioTracks();
  const [camera] = stream.getVideoTracks();
  const options = { workerUrl: t.WORKER, iceServers: [], relayOnly: false };
  /* what is written down of senders: a track that was there when a transform was set or before the worker had it */
  const early = [];
  const spy = (media) => {
    for (const { sender } of media.pc.getTransceivers()) {
      const { set, get } = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, 'transform');
      Object.defineProperty(sender, 'transform', { configurable: true, get, set(value) { if (sender.track) early.push(sender.track.kind); set.call(sender, value); } });
    }
  };
  const pair = async () => {
    const both = [await CallMedia.open(options), await CallMedia.open(options)];
    both.forEach((media, i) => media.addEventListener('candidate', ({ detail }) => both[1 - i].pc.addIceCandidate(detail).catch(() => {})));
    both[0].addSlots();
    return both;
  };
  const agree = async ([one, other], between = async () => {}) => {
    const offer = await one.setLocal();
    await other.setRemote(offer);
    await between();
    await one.setRemote(await other.setLocal());
    other.learnCodecs();
  };
  const send = (media) => Promise.all([media.send('audio', audio), media.send('camera', camera)]);
  const counted = async (media) => {
    const counters = await media.counters();
    return ['audio', 'camera'].map((slot) => ({ decrypted: 0, framesWithoutTrailer: 0, ...counters[`${slot}/receive`] }));
  };
  const flows = async (what, media, more = 15) => {
    const first = await counted(media);
    await t.until(what, async () => (await counted(media)).every(({ decrypted }, i) => decrypted >= first[i].decrypted + more));
  };
  const clear = async (media) => (await counted(media)).reduce((sum, { framesWithoutTrailer }) => sum + framesWithoutTrailer, 0);
  window.ends = { MediaClient, keys, audio, camera, pair, agree, send, flows, clear, spy, early };
};

const each = (words, fn, check) => {
  for (const name of ['chromium', 'firefox']) {
    test(`transforms: ${name}: ${words}`, { timeout: 300000 }, async () => {
      const tab = await browsers[name].open(pages.url);
      try {
        await tab.evaluate(setUp);
        check(await tab.evaluate(fn), name);
      } finally {
        await tab.close();
      }
    });
  }
};

each('whenever the keys come and the track is wished for, from either side', async () => {
  const { keys, pair, agree, send, flows, clear } = window.ends;
  const moments = ['first', 'between offer and answer', 'after the answer', 'once connected'];
  const all = [];
  for (const keysAt of moments) {
    for (const trackAt of ['first', 'once connected']) {
      for (const from of [0, 1]) {
        const both = await pair();
        const [sender, receiver] = [both[from], both[1 - from]];
        receiver.giveSecrets(keys[1 - from]);
        const at = async (moment) => {
          if (keysAt === moment) sender.giveSecrets(keys[from]);
          if (trackAt === moment) void send(sender).then(() => sender.letSend());
          await t.wait(50);
        };
        await at(moments[0]);
        await agree(both, () => at(moments[1]));
        await at(moments[2]);
        await t.until('the path', () => both.every(({ pc }) => pc.connectionState === 'connected'));
        await t.wait(300);
        await at(moments[3]);
        await flows(`frames: keys ${keysAt}, track ${trackAt}, from ${from}`, receiver);
        all.push({ keysAt, trackAt, from, clear: await clear(receiver) });
        for (const media of both) media.close();
      }
    }
  }
  return all;
}, (all) => {
  assert.equal(all.length, 16);
  for (const { clear, ...order } of all) assert.equal(clear, 0, JSON.stringify(order));
});

each('a media worker started anew, three times, while sound and picture flow', async () => {
  const { keys, pair, agree, send, flows, clear, spy, early } = window.ends;
  const both = await pair();
  both.forEach((media, i) => media.giveSecrets(keys[i]));
  await agree(both);
  await Promise.all(both.map((media) => send(media)));
  await Promise.all(both.map((media) => media.letSend()));
  await Promise.all(both.map((media) => flows('the first frames', media)));
  both.forEach(spy);
  const tracks = () => both[0].pc.getSenders().map(({ track }) => track?.kind ?? '').join(' ');
  const before = tracks();
  for (let i = 0; i < 3; i++) {
    await both[0].restartWorker();
    await flows(`frames of worker ${i + 2}`, both[1]);
    await flows(`frames to worker ${i + 2}`, both[0]);
  }
  const refused = await both[0].restartWorker().then(() => '', ({ reason }) => reason);
  const result = { early, refused, clear: [await clear(both[0]), await clear(both[1])], same: before === tracks(), tracks: before };
  for (const media of both) media.close();
  return result;
}, ({ early, refused, clear, same, tracks }) => {
  assert.deepEqual(clear, [0, 0], 'frames in clear');
  assert.deepEqual(early, [], 'no sender has a track when its transform is set');
  assert.ok(same, tracks);
  assert.equal(refused, 'exhausted');
});

each('a worker that never says that it has the transform gets no track', async () => {
  const { keys, pair, agree, send, flows, clear } = window.ends;
  const both = await pair();
  both.forEach((media, i) => media.giveSecrets(keys[i]));
  await agree(both);
  await send(both[0]);
  await both[0].letSend();
  await flows('the first frames', both[1]);
  /* from here on workers hear nothing of their keys */
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) { if (message.type !== 'secrets') post.call(this, message, ...rest); };
  void both[0].restartWorker();
  await t.until('senders without a track', () => both[0].pc.getSenders().every(({ track }) => !track));
  await t.wait(1000);
  const held = both[0].pc.getSenders().every(({ track }) => !track);
  Worker.prototype.postMessage = post;
  const result = { held, clear: await clear(both[1]) };
  for (const media of both) media.close();
  return result;
}, ({ held, clear }) => {
  assert.ok(held);
  assert.equal(clear, 0);
});

each('without a transform: the receiver counts what comes in clear, and of Chromium nothing comes', async () => {
  const { MediaClient, keys, audio } = window.ends;
  const config = { encodedInsertableStreams: true };
  const [from, to] = [new RTCPeerConnection(config), new RTCPeerConnection(config)];
  const receives = new MediaClient(t.WORKER);
  receives.giveSecrets(keys[1]);
  from.onicecandidate = ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => {});
  to.onicecandidate = ({ candidate }) => candidate && from.addIceCandidate(candidate).catch(() => {});
  to.ontrack = ({ receiver }) => { receiver.transform = receives.transform({ id: 'in', side: 'receive', context: 0, kind: 0 }); };
  from.addTransceiver(audio, { direction: 'sendonly' });
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  await from.setRemoteDescription(to.localDescription);
  await t.until('the path', () => from.connectionState === 'connected' && to.connectionState === 'connected');
  const sent = async () => [...(await from.getStats()).values()].find(({ type }) => type === 'outbound-rtp')?.packetsSent ?? 0;
  const clear = async () => (await receives.stats()).in?.framesWithoutTrailer ?? 0;
  for (const end = performance.now() + 10000; performance.now() < end && await clear() < 10;) await t.wait(100);
  const result = { clear: await clear(), sent: await sent(), decrypted: (await receives.stats()).in?.decrypted ?? 0 };
  from.close();
  to.close();
  receives.close();
  return result;
}, ({ clear, sent, decrypted }, name) => {
  assert.equal(decrypted, 0);
  if (name === 'chromium') assert.deepEqual([clear, sent], [0, 0]);
  else assert.ok(clear >= 10, `${clear} of ${sent}`);
});
