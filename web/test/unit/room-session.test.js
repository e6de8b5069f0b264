// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RpcError } from '../../src/rpc-error.js';
import { RoomSession } from '../../src/room/session.js';
import { encodings, prefer } from '../../src/room/publisher.js';

/** @type {any} */ (globalThis).RTCRtpSender ??= { getCapabilities: () => ({ codecs: [] }) };

/** A server of one room, in the place of the connection. */
class FakeRpc extends EventTarget {
  state = 'online';
  stopReason = '';
  /** @type {{method: string, params: any}[]} */ calls = [];
  /** @type {Map<string, (params: any) => void>} */ handlers = new Map();
  /** @type {Record<string, (params: any) => any>} */ answers = {};

  async call(/** @type {string} */ method, /** @type {any} */ params) {
    this.calls.push({ method, params });
    const answer = this.answers[method]?.(params) ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  }
  on(/** @type {string} */ method, /** @type {(params: any) => void} */ handler) {
    this.handlers.set(method, handler);
    return () => this.handlers.delete(method);
  }
  tell(/** @type {string} */ method, /** @type {any} */ params) {
    this.handlers.get(method)?.({ roomId: 'r', ...params });
  }
  count(/** @type {string} */ method) {
    return this.calls.filter((call) => call.method === method).length;
  }
  last(/** @type {string} */ method) {
    return this.calls.findLast((call) => call.method === method)?.params;
  }
}

/** Connections that the server answers at once. */
class FakeConnection extends EventTarget {
  /** @type {FakeConnection[]} */ static made = [];
  connectionState = 'new';
  signalingState = 'stable';
  /** @type {any} */ localDescription = null;
  /** @type {any[]} */ sections = [];
  /** @type {any[]} */ offers = [];
  closed = false;
  constructor() {
    super();
    FakeConnection.made.push(this);
  }
  addTransceiver(/** @type {any} */ what, /** @type {any} */ { direction, sendEncodings }) {
    const kind = typeof what === 'string' ? what : what.kind;
    const section = { mid: null, kind, direction, setCodecPreferences() {},
      extensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', direction: 'recvonly' }, { uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension', direction: 'stopped' }],
      getHeaderExtensionsToNegotiate: () => section.extensions.map((/** @type {any} */ one) => ({ ...one })), setHeaderExtensionsToNegotiate(/** @type {any} */ next) { section.extensions = next; }, encodings: (sendEncodings ?? []).map((/** @type {any} */ one) => ({ ...one })),
      sender: { track: typeof what === 'string' ? null : what, async replaceTrack(/** @type {any} */ track) { section.sender.track = track; },
        getParameters: () => ({ encodings: section.encodings.map((/** @type {any} */ one) => ({ ...one })) }), async setParameters(/** @type {any} */ { encodings: next }) { section.encodings = next; } } };
    this.sections.push(section);
    return section;
  }
  async createOffer(/** @type {any} */ options) {
    this.offers.push(options);
    return {};
  }
  async setLocalDescription() {
    this.sections.forEach((section, i) => { section.mid = String(i); });
    this.signalingState = 'have-local-offer';
    this.localDescription = { sdp: 'offer' };
  }
  async setRemoteDescription() {
    this.signalingState = 'stable';
  }
  close() {
    this.closed = true;
  }
}

class FakeLocal extends EventTarget {
  muted = false;
  /** @type {any} */ microphone = { kind: 'audio' };
  /** @type {any} */ camera = { kind: 'video' };
  /** @type {any} */ screen = null;
  change(/** @type {Partial<FakeLocal>} */ members, /** @type {string[]} */ ...events) {
    Object.assign(this, members);
    for (const type of [...events, 'change']) this.dispatchEvent(new Event(type));
  }
  setMuted(/** @type {boolean} */ muted) { this.change({ muted }); }
  stopCamera() { this.change({ camera: null }, 'camera'); }
  stopScreen() { this.change({ screen: null }, 'screen'); }
}

const settled = () => new Promise((resolve) => { setImmediate(resolve); });
const person = (/** @type {string} */ id, more = {}) => ({ id, displayName: id, role: 'speaker', hand: false, away: false, joinedAt: 1, tracks: [], ...more });
const joined = (more = {}) => ({ state: 'joined', resumed: false, participant: person('me'), participants: [person('me'), person('a')], count: 2, room: { id: 'r', title: 'Room', policy: {} }, resume: 'secret', iceServers: [], expiresAt: 0, ...more });

/** @param {any} [more] of the answer to room.join */
async function enter(more) {
  FakeConnection.made = [];
  const rpc = new FakeRpc();
  const local = new FakeLocal();
  rpc.answers = {
    'room.join': () => joined(more),
    'room.subscribe': () => ({ sdp: 'answer', slots: FakeConnection.made[0].sections.map(({ mid, kind }) => ({ mid, kind })) }),
    'room.publish': ({ tracks }) => ({ sdp: 'answer', tracks: tracks.map((/** @type {any} */ track) => ({ mid: track.mid, id: `t-${track.source}` })) }),
  };
  const session = new RoomSession({ rpc: /** @type {any} */ (rpc), local: /** @type {any} */ (local), makeConnection: () => /** @type {any} */ (new FakeConnection()) });
  await session.join({ link: 'L' }, 'Ada');
  await settled();
  return { rpc, local, session };
}

test('entering: one offer of slots, and one of what is sent, with three sizes of the camera', async () => {
  const { rpc, session } = await enter();
  assert.deepEqual(rpc.calls[0], { method: 'room.join', params: { link: 'L', displayName: 'Ada' } });
  assert.equal(session.state, 'joined');
  assert.equal(rpc.count('room.subscribe'), 1);
  const [subscriber, publisher] = FakeConnection.made;
  assert.deepEqual(['audio', 'video'].map((kind) => subscriber.sections.filter((one) => one.kind === kind && one.direction === 'recvonly').length), [4, 9]);
  assert.deepEqual(rpc.last('room.publish').tracks, [{ mid: '0', source: 'mic' }, { mid: '1', source: 'camera' }]);
  assert.deepEqual(publisher.sections[1].encodings.map((/** @type {any} */ one) => one.rid), ['q', 'h', 'f']);
  assert.deepEqual([session.slots.count('audio'), session.slots.count('video')], [4, 9]);
});

test('pictures may come with the dependency descriptor, which browsers do not ask for by themselves', async () => {
  await enter();
  const [subscriber] = FakeConnection.made;
  const asked = (/** @type {any} */ section) => section.extensions.every((/** @type {any} */ { direction }) => direction === 'recvonly');
  assert.deepEqual(subscriber.sections.map(asked), subscriber.sections.map(({ kind }) => kind === 'video'));
});

test('twenty joins and leaves of others cost no exchange', async () => {
  const { rpc, session } = await enter();
  const before = rpc.calls.length;
  for (let i = 0; i < 20; i++) {
    rpc.tell('room.joined', { participant: person(`x${i}`, { tracks: [{ id: `c${i}`, kind: 'video', source: 'camera', muted: false }] }) });
    rpc.tell('room.slots', { slots: [{ mid: String(4 + (i % 9)), trackId: `c${i}`, rtp: i }] });
    if (i % 2) rpc.tell('room.left', { participantId: `x${i}`, reason: 'left' });
  }
  await settled();
  assert.equal(rpc.calls.length, before);
  assert.equal(session.roster.count, 12);
  assert.equal(session.slots.showing('c18')?.mid, '4');
});

test('more pictures than slots: one more offer, in steps', async () => {
  const { rpc, session } = await enter();
  session.media.show(9);
  session.media.show(12);
  session.media.show(16);
  await settled();
  assert.equal(rpc.count('room.subscribe'), 2);
  assert.equal(session.slots.count('video'), 16);
  session.media.show(3);
  session.media.show(100);
  await settled();
  assert.equal(rpc.count('room.subscribe'), 3);
  assert.equal(session.slots.count('video'), 49);
});

test('off and on: a camera or microphone that is off is a muted track, not another offer', async () => {
  const { rpc, local } = await enter();
  local.setMuted(true);
  await settled();
  assert.deepEqual(rpc.last('room.update'), { roomId: 'r', muted: { 't-mic': true } });
  local.stopCamera();
  await settled();
  assert.deepEqual(rpc.last('room.update').muted, { 't-camera': true });
  local.change({ camera: { kind: 'video' } }, 'camera');
  await settled();
  assert.deepEqual(rpc.last('room.update').muted, { 't-camera': false });
  assert.ok(FakeConnection.made[1].sections[1].sender.track);
  const offers = rpc.calls.filter(({ method }) => method === 'room.publish');
  assert.ok(offers.length <= 2, `${offers.length} offers`);
});

test('a shared screen is a track of its own, and ends with another offer', async () => {
  const { rpc, local } = await enter();
  const track = { kind: 'video', contentHint: 'detail' };
  local.change({ screen: { getAudioTracks: () => [], getVideoTracks: () => [track] } }, 'screen');
  await settled();
  assert.deepEqual(rpc.last('room.publish').tracks.at(-1), { mid: '2', source: 'screen' });
  assert.deepEqual(FakeConnection.made[1].sections[2].encodings.map((/** @type {any} */ one) => one.rid), ['h', 'f']);
  local.stopScreen();
  await settled();
  assert.deepEqual(rpc.last('room.publish').tracks.map((/** @type {any} */ one) => one.source), ['mic', 'camera']);
  assert.equal(FakeConnection.made[1].sections[2].direction, 'inactive');
  local.change({ screen: { getAudioTracks: () => [], getVideoTracks: () => [track] } }, 'screen');
  await settled();
  assert.deepEqual(rpc.last('room.publish').tracks.at(-1), { mid: '2', source: 'screen' }, 'in the same section');
});

test('room.layers switches encodings off and on', async () => {
  const { rpc } = await enter();
  const active = () => FakeConnection.made[1].sections[1].encodings.map((/** @type {any} */ one) => one.active);
  rpc.tell('room.layers', { trackId: 't-camera', active: ['q'] });
  await settled();
  assert.deepEqual(active(), [true, false, false]);
  rpc.tell('room.layers', { trackId: 't-camera', active: ['q', 'h', 'f'] });
  await settled();
  assert.deepEqual(active(), [true, true, true]);
  rpc.tell('room.layers', { trackId: 'unknown', active: [] });
  await settled();
  assert.deepEqual(active(), [true, true, true]);
});

test('muted by a host: the microphone is off here too', async () => {
  const { rpc, local, session } = await enter();
  /** @type {any} */ let told;
  session.addEventListener('muted', (event) => { told = /** @type {CustomEvent} */ (event).detail; });
  const before = rpc.count('room.update');
  rpc.tell('room.muted', { trackIds: ['t-mic'], by: 'a' });
  await settled();
  assert.ok(local.muted);
  assert.deepEqual(told, { sources: ['mic'], by: 'a' });
  assert.equal(rpc.count('room.update'), before, 'the server knows');
  local.setMuted(false);
  await settled();
  assert.deepEqual(rpc.last('room.update').muted, { 't-mic': false });
});

test('a listener sends nothing, and sends when made a speaker', async () => {
  const { rpc } = await enter({ participant: person('me', { role: 'listener' }) });
  assert.equal(rpc.count('room.publish'), 0);
  rpc.tell('room.updated', { participant: person('me') });
  await settled();
  assert.ok(rpc.count('room.publish') > 0);
  rpc.tell('room.updated', { participant: person('me', { role: 'listener' }) });
  assert.ok(FakeConnection.made[1].closed);
});

test('the lobby: waits, is let in with what it was given, and only then connects', async () => {
  const { rpc, session } = await enter({ state: 'lobby', participants: [] });
  assert.equal(session.state, 'lobby');
  assert.equal(FakeConnection.made.length, 0);
  rpc.answers['room.join'] = () => joined({ resumed: true });
  rpc.tell('room.admitted', { participantId: 'me' });
  await settled();
  assert.equal(rpc.last('room.join').resume, 'secret');
  assert.equal(session.state, 'joined');
  assert.equal(FakeConnection.made.length, 2);
});

test('the connection is lost and back: the participant goes on with its connections, and the view is told again', async () => {
  const { rpc, session } = await enter();
  session.look([{ trackId: 'c', width: 16, height: 16, priority: 1 }]);
  rpc.state = 'waiting';
  rpc.dispatchEvent(new Event('state'));
  assert.equal(session.state, 'away');
  rpc.state = 'online';
  rpc.answers['room.join'] = () => joined({ resumed: true, participants: [person('me'), person('b')] });
  rpc.dispatchEvent(new Event('session'));
  rpc.dispatchEvent(new Event('resync'));
  await settled();
  assert.equal(rpc.count('room.join'), 2, 'once, though two events say so');
  assert.equal(session.state, 'joined');
  assert.equal(FakeConnection.made.length, 2);
  assert.equal(rpc.count('room.subscribe'), 1);
  assert.equal(rpc.count('room.view'), 2);
  assert.deepEqual(session.roster.others.map(({ id }) => id), ['b']);
});

test('away for too long: a new participant, with new connections', async () => {
  const { rpc } = await enter();
  rpc.dispatchEvent(new Event('session'));
  await settled();
  assert.equal(FakeConnection.made.length, 4);
  assert.ok(FakeConnection.made[0].closed && FakeConnection.made[1].closed);
  assert.equal(rpc.count('room.subscribe'), 2);
});

test('a media connection that restarts do not bring back: others take its place, the participant stays', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { rpc, session } = await enter();
  session.look([{ trackId: 't', width: 320, height: 180, priority: 1 }]);
  const views = rpc.count('room.view');
  const [subscriber, publisher] = FakeConnection.made;
  subscriber.connectionState = 'failed';
  subscriber.dispatchEvent(new Event('connectionstatechange'));
  for (let restarts = 1; restarts <= 4; restarts++) {
    for (let i = 0; i < 100 && subscriber.offers.length <= restarts; i++) {
      t.mock.timers.tick(500);
      await settled();
    }
    assert.deepEqual([subscriber.offers.at(-1).iceRestart, FakeConnection.made.length], [true, 2]);
  }
  for (let i = 0; i < 100 && FakeConnection.made.length === 2; i++) {
    t.mock.timers.tick(500);
    await settled();
  }
  assert.equal(subscriber.offers.length, 5);
  assert.deepEqual([FakeConnection.made.length, subscriber.closed, publisher.closed], [4, true, true]);
  assert.deepEqual([rpc.count('room.join'), session.state], [1, 'joined']);
  assert.ok(rpc.count('room.view') > views, 'what is looked at is told again');
  session.leave();
});

test('ends: refused, sent out, over, left; and nothing is heard afterwards', async () => {
  const rpc = new FakeRpc();
  rpc.answers['room.join'] = () => new RpcError('room.join', { code: RpcError.LIMIT, data: { reason: 'room_full' } });
  const refused = new RoomSession({ rpc: /** @type {any} */ (rpc), local: null });
  await assert.rejects(refused.join({ roomId: 'r' }), /room_full/);
  assert.deepEqual([refused.state, refused.endReason], ['ended', 'room_full']);
  for (const [method, params, reason] of /** @type {[string, any, string][]} */ ([['room.left', { participantId: 'me', reason: 'kicked' }, 'kicked'], ['room.ended', { reason: 'ended' }, 'room_ended'], ['room.ended', { reason: 'deleted' }, 'deleted']])) {
    const room = await enter();
    room.rpc.tell(method, params);
    assert.deepEqual([room.session.state, room.session.endReason], ['ended', reason]);
    assert.ok(FakeConnection.made.every(({ closed }) => closed));
    assert.equal(room.rpc.handlers.size, 0);
  }
  const room = await enter();
  await room.session.leave();
  assert.equal(room.rpc.count('room.leave'), 1);
  assert.equal(room.session.endReason, 'left');
});

test('what is told of another room is not of this one', async () => {
  const { rpc, session } = await enter();
  rpc.tell('room.left', { roomId: 'other', participantId: 'me', reason: 'kicked' });
  rpc.tell('room.ended', { roomId: 'other', reason: 'ended' });
  assert.equal(session.state, 'joined');
});

test('an exchange that was not answered is made again when the connection is back', async () => {
  FakeConnection.made = [];
  const rpc = new FakeRpc();
  rpc.answers = { 'room.join': () => joined({ participant: person('me', { role: 'listener' }) }), 'room.subscribe': () => RpcError.lost('room.subscribe') };
  const session = new RoomSession({ rpc: /** @type {any} */ (rpc), local: null, makeConnection: () => /** @type {any} */ (new FakeConnection()) });
  let troubles = 0;
  session.addEventListener('trouble', () => troubles++);
  await session.join({ roomId: 'r' });
  await settled();
  assert.equal(troubles, 1);
  rpc.answers['room.subscribe'] = () => ({ sdp: 'answer', slots: [{ mid: '0', kind: 'audio' }] });
  rpc.answers['room.join'] = () => joined({ resumed: true, participant: person('me', { role: 'listener' }) });
  rpc.dispatchEvent(new Event('session'));
  await settled();
  assert.equal(rpc.count('room.subscribe'), 2);
  assert.equal(FakeConnection.made[0].signalingState, 'stable');
});

test('codecs and encodings: RED around Opus, VP8 first; the screen has fewer sizes', () => {
  const codec = (/** @type {string} */ mimeType) => ({ mimeType });
  assert.deepEqual(prefer(['audio/PCMU', 'audio/opus', 'audio/red'].map(codec), 'mic').map(({ mimeType }) => mimeType), ['audio/red', 'audio/opus', 'audio/PCMU']);
  assert.deepEqual(prefer(['video/AV1', 'video/H264', 'video/VP8', 'video/rtx'].map(codec), 'camera').map(({ mimeType }) => mimeType), ['video/VP8', 'video/rtx', 'video/H264', 'video/AV1']);
  assert.deepEqual(encodings('screen')?.map(({ rid }) => rid), ['h', 'f']);
  assert.equal(encodings('mic')?.length, 1);
});
