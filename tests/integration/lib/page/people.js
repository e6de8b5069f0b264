// SPDX-License-Identifier: Apache-2.0
/** People with engines, for pages of tests. Everything hangs on window.t, so that a test's evaluate() finds it. */
import { CallEngine } from '/web/src/call/engine.js';
import { b64u } from '/web/src/crypto/bytes.js';
import { Identity } from '/web/src/crypto/identity.js';
import { openStore } from '/web/src/crypto/store.js';
import { RpcClient } from '/web/src/rpc.js';
import { FakeServer } from './fake-server.js';

const WORKER = '/web/src/crypto/media-worker.js';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** until: polls a condition; says what it was waiting for when it gives up. */
async function until(what, condition, ms = 60000) {
  for (const end = Date.now() + ms; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up waiting for ${what}`);
    await wait(25);
  }
}

/** An RpcLike to a FakeServer in this page. */
function localRpc(server, user, device) {
  const handlers = new Map();
  server.connect(user, device, (method, params) => handlers.get(method)?.forEach((handler) => handler(params)));
  return {
    call: (method, params) => server.call(device.id, method, params),
    on(method, handler) {
      handlers.set(method, [...(handlers.get(method) ?? []), handler]);
      return () => handlers.set(method, handlers.get(method).filter((other) => other !== handler));
    },
  };
}

/** An RpcLike to a FakeServer in Node, over a WebSocket. */
async function remoteRpc(user, device) {
  const socket = new WebSocket(`ws://${location.host}/fake`);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  const handlers = new Map();
  const asked = new Map();
  let next = 1;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (method) handlers.get(method)?.forEach((handler) => handler(params));
    else if (error) asked.get(id).reject(Object.assign(new Error(error.reason), error));
    else asked.get(id).resolve(result);
  };
  const ask = (method, params) => new Promise((resolve, reject) => {
    asked.set(next, { resolve, reject });
    socket.send(JSON.stringify({ id: next++, method, params }));
  });
  await ask('hello', { user, device });
  return {
    call: ask,
    on(method, handler) {
      handlers.set(method, [...(handlers.get(method) ?? []), handler]);
      return () => {};
    },
  };
}

/** person: an account with one device in this page. */
async function person(name, { server, deviceId = `d-${name}`, store, options = {}, user = { id: `u-${name}`, username: name, displayName: name } } = {}) {
  const keys = store ?? await openStore(`keys-${name}-${Math.random()}`);
  const identity = await Identity.loadOrCreate(keys, name);
  const device = { id: deviceId, name: 'test', platform: 'test', identityKey: identity.encoded };
  const rpc = server ? localRpc(server, user, device) : await remoteRpc(user, device);
  const engine = new CallEngine({ rpc, identity, self: { user, device }, workerUrl: () => WORKER, ...options });
  const made = { name, user, device, identity, engine, rpc, store: keys, incoming: [], rejected: [] };
  engine.addEventListener('incoming', ({ detail }) => made.incoming.push(detail.session));
  engine.addEventListener('rejected', ({ detail }) => made.rejected.push(detail.reason));
  return made;
}

/** member: an account on a real server; the same one again after a reload. */
async function member(name, url) {
  const identity = await Identity.loadOrCreate(await openStore(), name);
  const device = { name: 'test', platform: 'web', identityKey: identity.encoded };
  let login = JSON.parse(localStorage.getItem(name) ?? 'null');
  if (!login) {
    const guest = new RpcClient(url);
    guest.start(null);
    login = await guest.call('account.register', { username: name, password: 'a long enough password', device });
    guest.stop();
    localStorage.setItem(name, JSON.stringify(login));
  }
  const rpc = new RpcClient(url);
  const engine = new CallEngine({ rpc, identity, self: login, workerUrl: () => WORKER });
  const made = { ...login, name, identity, engine, rpc, incoming: [], rejected: [], lost: [], sessions: [] };
  rpc.addEventListener('session', ({ detail }) => { made.sessions.push(detail); engine.resume(detail.calls); });
  engine.addEventListener('incoming', ({ detail }) => made.incoming.push(detail.session));
  engine.addEventListener('rejected', ({ detail }) => made.rejected.push(detail.reason));
  engine.addEventListener('lost', ({ detail }) => made.lost.push(detail));
  rpc.start(login.token);
  await until('the session', () => made.sessions.length);
  return made;
}

/** Picture and sound that need no device: a moving canvas and a tone. */
function synthetic({ width = 320, height = 180, colour = 'red', tone = 440, audio = true, video = true } = {}) {
  const tracks = [];
  if (video) {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    let step = 0;
    setInterval(() => {
      context.fillStyle = colour;
      context.fillRect(0, 0, width, height);
      context.fillStyle = 'white';
      context.fillRect(step++ % width, 10, 20, 20);
    }, 33);
    tracks.push(...canvas.captureStream(30).getVideoTracks());
  }
  if (audio) {
    const sound = new AudioContext();
    const source = sound.createOscillator();
    source.frequency.value = tone;
    const out = sound.createMediaStreamDestination();
    source.connect(out);
    source.start();
    tracks.push(...out.stream.getAudioTracks());
  }
  return new MediaStream(tracks);
}

/** inbound: what one peer connection has received and decoded, by kind. */
async function inbound(pc) {
  const all = { audio: { packets: 0, samples: 0, energy: 0 }, video: { packets: 0, decoded: 0, codecs: [] } };
  const report = await pc.getStats();
  for (const entry of report.values()) {
    if (entry.type !== 'inbound-rtp') continue;
    const own = all[entry.kind];
    own.packets += entry.packetsReceived ?? 0;
    if (entry.kind === 'audio') {
      own.samples += Math.max(0, (entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0));
      own.energy += entry.totalAudioEnergy ?? 0;
    } else {
      own.decoded += entry.framesDecoded ?? 0;
      const mimeType = report.get(entry.codecId)?.mimeType;
      if (entry.framesDecoded && mimeType) own.codecs.push(mimeType);
    }
  }
  return all;
}

/** ring: @a calls @b; resolves with both sessions while it rings. */
async function ring(a, b, { video = true, localStream = synthetic(), ...rest } = {}) {
  const count = b.incoming.length;
  const out = a.engine.invite(b.user, { video, localStream, ...rest });
  const session = await until('the call to ring', () => b.incoming[count]);
  return { out, in: session };
}

const active = (session) => until(`${session.peer.username} active`, () => {
  if (session.state === 'ended') throw new Error(`ended: ${session.endReason} ${session.security.reason ?? ''}`);
  return session.state === 'active';
});

/** connect: a call that both sides see as active. */
async function connect(a, b, options = {}) {
  const call = await ring(a, b, options);
  void call.in.accept({ video: true, localStream: options.answerStream ?? synthetic({ colour: 'blue', tone: 660 }) });
  await Promise.all([active(call.out), active(call.in)]);
  return call;
}

/** play: audio is only decoded for somebody who listens. */
function play(stream) {
  if ([...document.querySelectorAll('video')].some((element) => element.srcObject === stream)) return;
  const element = Object.assign(document.createElement('video'), { srcObject: stream, autoplay: true, playsInline: true });
  document.body.append(element);
  element.play().catch(() => {});
}

/** flows: waits until sound and picture are decoded (more than before). */
async function flows(session, { audio = true, video = true, frames = 15, ms = 60000 } = {}) {
  const { pc } = session.leg.media;
  play(session.remoteStream);
  const before = await inbound(pc);
  return until(`media at the side that hears ${session.peer.username}`, async () => {
    const now = await inbound(pc);
    return (!video || now.video.decoded >= before.video.decoded + frames)
      && (!audio || now.audio.samples >= before.audio.samples + 24000) && now;
  }, ms);
}

const ended = (session) => until(`the call to end (it is ${session.state})`, () => session.state === 'ended' && session.endReason);
const view = (session) => ({
  id: session.id, state: session.state, endReason: session.endReason, security: session.security, outgoing: session.outgoing,
  peerState: session.peerState, peerVerified: session.peerVerified, route: session.route, peerDevice: session.peerDevice?.id,
});

window.t = {
  FakeServer, Identity, member, person, synthetic, inbound, ring, active, connect, flows, ended, view, until, wait, b64u, WORKER,
  modules: {
    frame: () => import('/web/src/crypto/frame.js'),
    kdf: () => import('/web/src/crypto/kdf.js'),
    media: () => import('/web/src/call/media.js'),
    client: () => import('/web/src/call/media-client.js'),
    kem: () => import('/web/src/crypto/kem.js'),
    store: () => import('/web/src/crypto/store.js'),
  },
};
window.ready = true;
