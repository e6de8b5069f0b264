// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealedChannel, messageParse } from '../../src/call/channel.js';
import { StatsReader, routeOf, transportOf } from '../../src/call/stats.js';
import { b64u, concat, random, u64 } from '../../src/crypto/bytes.js';
import { Opener, Sealer } from '../../src/crypto/seal.js';

const T = new Uint8Array(32).fill(3);
const key = () => crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, ['encrypt', 'decrypt']);
/** Keys for both directions: what one seals, the other opens. */
const agreed = async () => ({ sealer: new Sealer(await key(), T), opener: new Opener(await key(), T) });
/** until: lets everything run until @condition holds. @param {() => boolean} condition */
async function until(condition) {
  for (let turn = 0; turn < 20000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(condition(), String(condition));
}

/** Two channels, with @carry between them. @param {(blob: string, deliver: () => void) => void | Promise<void>} [carry] */
async function pair(carry = (_, deliver) => deliver()) {
  /** @type {any} */
  let right;
  const rpc = { call: async (/** @type {string} */ _, /** @type {any} */ { blob }) => { await carry(blob, () => right.receive(blob)); return {}; }, on: () => () => {} };
  const left = new SealedChannel(rpc, 'c');
  right = new SealedChannel(rpc, 'c');
  /** @type {any[]} */
  const heard = [];
  for (const name of ['message', 'lost', 'broken']) right.addEventListener(name, (/** @type {any} */ event) => heard.push(event.detail ?? name));
  return { left, right, heard };
}

test('channel: messages come in order, those sent and received before the start too', async () => {
  const { left, right, heard } = await pair();
  left.send({ mute: true });
  left.send({ camera: true });
  left.start(await agreed());
  await left.flushed();
  assert.deepEqual(heard, []);
  right.start(await agreed());
  for (let i = 0; i < 20; i++) left.send({ hangup: `a_${String.fromCharCode(97 + i)}` });
  await until(() => heard.length === 22);
  assert.deepEqual(heard.slice(0, 2), [{ mute: true }, { camera: true }]);
  assert.deepEqual(heard.slice(2).map(({ hangup }) => hangup), Array.from({ length: 20 }, (_, i) => `a_${String.fromCharCode(97 + i)}`));
});

test('channel: candidates that wait travel together', async () => {
  const { left, right, heard } = await pair();
  for (let i = 0; i < 40; i++) left.send({ ice: [{ candidate: `candidate:${i}`, sdpMid: '0', sdpMLineIndex: 0 }] });
  left.start(await agreed());
  right.start(await agreed());
  await until(() => heard.length === 2);
  assert.deepEqual(heard.map(({ ice }) => ice.length), [32, 8]);
});

test('channel: after a lost connection the same bytes are sent again, and what was there already is dropped', async () => {
  /** @type {string[]} */
  const sent = [];
  const { left, right, heard } = await pair((blob, deliver) => {
    sent.push(blob);
    deliver();
    if (sent.length === 1) throw Object.assign(new Error('lost'), { code: -32102, reason: 'connection_lost', retryAfterMs: 1 });
  });
  left.start(await agreed());
  right.start(await agreed());
  left.send({ mute: true });
  left.send({ mute: false });
  await until(() => heard.length === 2);
  assert.equal(sent[0], sent[1]);
  assert.deepEqual(heard, [{ mute: true }, { mute: false }]);
});

test('channel: a full bucket is waited for; a call that is gone is not', async () => {
  let tries = 0;
  const { left, right, heard } = await pair((_, deliver) => {
    if (++tries === 1) throw Object.assign(new Error('limit'), { code: -32005, reason: 'seal_rate', retryAfterMs: 1 });
    if (tries === 3) throw Object.assign(new Error('gone'), { code: -32006, reason: 'call_ended' });
    deliver();
  });
  left.start(await agreed());
  right.start(await agreed());
  for (const mute of [true, false, true]) left.send({ mute });
  await until(() => heard.length === 3);
  assert.equal(tries, 4);
  assert.deepEqual(heard, [{ mute: true }, 'lost', { mute: true }]);
});

test('channel: a changed message breaks the call, a repeated one does not', async () => {
  const { left, right, heard } = await pair((blob, deliver) => { deliver(); deliver(); });
  left.start(await agreed());
  right.start(await agreed());
  left.send({ mute: true });
  left.send({ mute: false });
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [{ mute: true }, { mute: false }]);
  right.receive(b64u(concat(u64(5), random(272))));
  right.receive('***');
  await until(() => heard.length === 4);
  assert.deepEqual(heard.slice(2).map((/** @type {any} */ { reason }) => reason), ['bad_seal', 'malformed']);
});

test('channel: a closed one is silent', async () => {
  const { left, right, heard } = await pair();
  left.start(await agreed());
  right.start(await agreed());
  right.close();
  left.send({ mute: true });
  await left.flushed();
  assert.deepEqual(heard, []);
});

test('channel: a farewell goes past what waits', async () => {
  const { left, right, heard } = await pair();
  right.start(await agreed());
  left.start(await agreed());
  left.send({ mute: true });
  left.send({ mute: false });
  await left.farewell({ hangup: 'hangup' }, 1000);
  await until(() => heard.at(-1)?.hangup);
  assert.deepEqual(heard.at(-1), { hangup: 'hangup' });
});

test('channel: messages of another shape are malformed, unknown members are dropped', () => {
  assert.deepEqual(messageParse('{"mute":true,"future":{"a":1}}'), { mute: true });
  assert.deepEqual(messageParse('{}'), {});
  for (const bad of ['', 'x', '[]', 'null', '5', '{"mute":1}', '{"ice":{}}', '{"ice":[5]}', '{"ice":[{"candidate":5}]}', '{"hangup":"A b"}',
    `{"ice":[{"candidate":"${'x'.repeat(1025)}"}]}`, '{"ice":[{"candidate":"x","sdpMLineIndex":9}]}', '{"sdp":{"type":"rollback","sdp":""}}',
    '{"sdp":5}', '{"sdp":null}', `{"ice":[${Array(65).fill('{"candidate":""}').join()}]}`]) {
    assert.throws(() => messageParse(bad), { reason: 'malformed' }, bad.slice(0, 60));
  }
});

test('stats: the transport is that to our relay where there is one', () => {
  const report = (/** @type {any} */ local, /** @type {any} */ remote) => /** @type {any} */ (new Map([
    ['t', { type: 'transport', selectedCandidatePairId: 'p' }], ['p', { type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' }],
    ['l', local], ['r', remote]]));
  const host = { candidateType: 'host', protocol: 'udp' };
  const relay = { candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' };
  assert.deepEqual([routeOf(report(relay, host)), transportOf(report(relay, host))], ['relay', 'tls']);
  assert.deepEqual([routeOf(report(host, relay)), transportOf(report(host, relay))], ['relay', 'udp']);
  assert.deepEqual([routeOf(report(host, host)), transportOf(report(host, host))], ['direct', 'udp']);
  assert.deepEqual([routeOf(/** @type {any} */ (new Map())), transportOf(/** @type {any} */ (new Map()))], ['', undefined]);
});

test('stats: rates and loss are of the time since the last reading', () => {
  const report = (/** @type {number} */ seconds) => /** @type {any} */ (new Map([
    ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
    ['p', { type: 'candidate-pair', currentRoundTripTime: 0.0424, localCandidateId: 'l', remoteCandidateId: 'r' }],
    ['l', { type: 'local-candidate', candidateType: 'host', protocol: 'udp' }],
    ['r', { type: 'remote-candidate', candidateType: seconds > 1 ? 'relay' : 'srflx' }],
    ['i', { id: 'i', type: 'inbound-rtp', kind: 'video', timestamp: seconds * 1000, bytesReceived: seconds * 125000, packetsReceived: seconds * 90,
      packetsLost: seconds * 10, frameWidth: 1280, frameHeight: 720, framesPerSecond: 30, codecId: 'c' }],
    ['o', { id: 'o', type: 'outbound-rtp', kind: 'audio', timestamp: seconds * 1000, bytesSent: seconds * 4000, packetsSent: 5, codecId: 'd' }],
    ['c', { mimeType: 'video/VP8' }], ['d', { mimeType: 'audio/opus' }],
  ]));
  const tracks = { 'audio/send': { encrypted: 3, decrypted: 0, framesWithoutTrailer: 0, dropped: {} },
    'camera/receive': { encrypted: 0, decrypted: 9, framesWithoutTrailer: 1, dropped: { duplicate: 4, no_trailer: 1, not_authentic: 2 } } };
  const reader = new StatsReader();
  reader.read(report(1), {});
  assert.deepEqual(reader.read(report(2), tracks), {
    rttMs: 42, lossPercent: 10, bitrateKbps: { videoIn: 1000, audioOut: 32 }, codecAudio: 'opus', codecVideo: 'VP8', route: 'relay', transport: 'udp',
    resolution: '1280×720', fps: 30, e2ee: { encrypted: 3, decrypted: 9, framesWithoutTrailer: 1, duplicates: 4, failed: 3 },
  });
});
