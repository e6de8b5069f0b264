// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOurs, isPlace, noteOf } from '../../src/push/notes.js';
import { Push } from '../../src/push/push.js';
import { Settings } from '../../src/settings.js';

const from = { id: '1', username: 'ada', displayName: 'Ada' };

test('a call rings, and its end takes its place without a sound', () => {
  const ring = noteOf({ kind: 'call', to: '2', from, callId: 'C', video: true, expiresAt: 1 });
  assert.equal(ring.title, 'Ada is calling');
  assert.equal(ring.options.body, 'Video call');
  assert.equal(ring.options.requireInteraction, true);
  for (const [reason, title, body] of [['missed', 'Missed call from Ada', 'Voice call'], ['cancelled', 'Missed call from Ada', 'Voice call'],
    ['answered_elsewhere', 'Ada called', 'Answered on another device'], ['declined', 'Ada called', 'Declined on another device'], [undefined, 'Missed call from Ada', 'Voice call']]) {
    const end = noteOf({ kind: 'callEnded', to: '2', from, callId: 'C', video: false, reason });
    assert.equal(end.options.tag, ring.options.tag);
    assert.equal(end.options.silent, true);
    assert.notEqual(end.options.requireInteraction, true);
    assert.deepEqual([end.title, end.options.body], [title, body]);
  }
});

test('a message says what it was given, and leads to its chat', () => {
  const bare = noteOf({ kind: 'message', from, chatId: '7', messageId: '1', at: 5, silent: false });
  assert.deepEqual([bare.title, bare.options.body, bare.options.tag, bare.options.data.open, bare.options.timestamp], ['Ada', 'New message', 'chat-7', '#/chats/7', 5]);
  const full = noteOf({ kind: 'message', from, chatId: '7', messageId: '2', at: 6, silent: true, title: 'The club', text: 'hello' });
  assert.deepEqual([full.title, full.options.body, full.options.silent, full.options.renotify], ['Ada in The club', 'hello', true, false]);
});

test('whatever comes, something is shown, and it leads into the page', () => {
  for (const pushed of [null, undefined, 'x', 7, [], {}, { kind: 'call' }, { kind: 'message' }, { kind: 'later', from: 5 }, { kind: 'call', callId: 'C', from: { displayName: 5 } }]) {
    const { title, options } = noteOf(pushed);
    assert.ok(title.length > 0 && isPlace(options.data.open) && isOurs(/** @type {any} */ (options)), JSON.stringify(pushed));
  }
  assert.ok(isPlace(noteOf({ kind: 'message', from, chatId: '../x"y' }).options.data.open));
  for (const open of ['https://example.org/', '//example.org', 'javascript:alert(1)', '#', '/x', '', null, 7, '#/a b', '#/"']) assert.equal(isPlace(open), false, String(open));
});

/** A browser that is written down. */
function fake({ permission = 'default', answer = 'granted', key = 'AQID', old = /** @type {string | null} */ (null) } = {}) {
  /** @type {string[]} */ const said = [];
  const make = (/** @type {string} */ applicationServerKey) => ({
    options: { applicationServerKey: Uint8Array.from(Buffer.from(applicationServerKey, 'base64url')).buffer },
    expirationTime: null,
    toJSON: () => ({ endpoint: `https://push.example.org/${applicationServerKey}`, expirationTime: null, keys: { p256dh: 'P', auth: 'A', more: 'M' } }),
    unsubscribe: async () => { said.push('unsubscribed'); state.subscription = null; return true; },
  });
  const notes = [{ tag: 'call-1', close: () => said.push('closed call-1') }, { tag: 'other', close: () => said.push('closed other') }];
  const state = { permission, subscription: old ? make(old) : null, registered: false };
  const registration = {
    getNotifications: async () => notes,
    unregister: async () => { said.push('unregistered'); state.registered = false; },
    pushManager: {
      getSubscription: async () => state.subscription,
      subscribe: async (/** @type {any} */ options) => { said.push(`subscribed ${options.applicationServerKey} ${options.userVisibleOnly}`); return (state.subscription = make(options.applicationServerKey)); },
    },
  };
  const platform = /** @type {any} */ ({
    supported: true,
    get permission() { return state.permission; },
    ask: async () => { said.push('asked'); return (state.permission = answer); },
    register: async () => { said.push('registered'); state.registered = true; return registration; },
    registration: async () => (state.registered || old ? registration : undefined),
    ready: async () => registration,
  });
  const rpc = /** @type {any} */ (Object.assign(new EventTarget(), {
    call: async (/** @type {string} */ method, /** @type {any} */ params) => {
      said.push(method === 'push.subscribe' ? `${method} ${params.endpoint} ${Object.keys(params.keys)} ${params.preview}` : method);
      if (rpc.fails) throw new Error('no');
      return method === 'push.key' ? { key } : {};
    },
  }));
  const account = /** @type {any} */ (Object.assign(new EventTarget(), { user: { id: '1' } }));
  const settings = new Settings(null);
  /** @type {any} */ (globalThis).document ??= { visibilityState: 'visible' };
  return { said, state, rpc, account, settings, push: new Push({ rpc, account, settings, platform }) };
}
const take = (/** @type {string[]} */ list) => list.splice(0);
const changed = (/** @type {Push} */ push, /** @type {string} */ state) => new Promise((resolve) => {
  const look = () => { if (push.state === state) { push.removeEventListener('change', look); resolve(undefined); } };
  push.addEventListener('change', look);
  look();
});

test('switched on: asks, subscribes with the key of the server, says so; again at the next session, with what there is', async () => {
  const { said, push, rpc, settings } = fake();
  await push.enable();
  assert.equal(push.state, 'on');
  assert.equal(settings.get('ringClosed'), true);
  assert.deepEqual(take(said), ['asked', 'push.key', 'registered', 'subscribed AQID true', 'push.subscribe https://push.example.org/AQID p256dh,auth false']);
  await push.setPreview(true);
  assert.equal(take(said).at(-1), 'push.subscribe https://push.example.org/AQID p256dh,auth true');
  rpc.dispatchEvent(new Event('session'));
  await changed(push, 'busy');
  await changed(push, 'on');
  assert.deepEqual(take(said), ['closed call-1', 'push.key', 'registered', 'push.subscribe https://push.example.org/AQID p256dh,auth true']);
});

test('a server with another key gets another subscription', async () => {
  const { said, push } = fake({ old: 'BQYH' });
  await push.enable();
  assert.deepEqual(take(said).slice(-3), ['unsubscribed', 'subscribed AQID true', 'push.subscribe https://push.example.org/AQID p256dh,auth false']);
});

test('blocked, and failed, are told apart; off is off everywhere', async () => {
  const blocked = fake({ answer: 'denied' });
  await blocked.push.enable();
  assert.equal(blocked.push.state, 'blocked');
  assert.equal(blocked.settings.get('ringClosed'), false);
  const failing = fake();
  failing.rpc.fails = true;
  await failing.push.enable();
  assert.equal(failing.push.state, 'failed');
  failing.rpc.fails = false;
  await failing.push.enable();
  assert.equal(failing.push.state, 'on');
  take(failing.said);
  await failing.push.disable();
  assert.equal(failing.push.state, 'off');
  assert.deepEqual(take(failing.said), ['closed call-1', 'unsubscribed', 'unregistered', 'push.unsubscribe']);
});

test('nobody is rung where nobody is logged in, or nobody wants it', async () => {
  const { said, push, rpc, account } = fake();
  rpc.dispatchEvent(new Event('session'));
  await new Promise((resolve) => { setImmediate(resolve); });
  assert.deepEqual(take(said), []);
  assert.equal(push.state, 'off');
  await push.enable();
  take(said);
  account.user = null;
  account.dispatchEvent(new Event('change'));
  await changed(push, 'off');
  assert.deepEqual(take(said), ['closed call-1', 'unsubscribed', 'unregistered']);
});
