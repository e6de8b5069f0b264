// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account, checkPassword, checkUsername, deviceName, strength } from '../../src/account.js';
import { CallLog } from '../../src/call-log.js';
import { RpcError } from '../../src/rpc-error.js';
import { People } from '../../src/people.js';
import { Settings } from '../../src/settings.js';

/** @returns {any} a Storage */
function storage() {
  const map = new Map();
  return { getItem: (/** @type {string} */ key) => map.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value), removeItem: (/** @type {string} */ key) => void map.delete(key) };
}

/** An RpcClient whose answers are the test's. @param {(method: string, params: any) => any} answer */
function fakeRpc(answer) {
  /** @type {any} */ const rpc = new EventTarget();
  return Object.assign(rpc, { stopReason: '', started: /** @type {any[]} */ ([]), calls: /** @type {any[]} */ ([]),
    call: async (/** @type {string} */ method, /** @type {any} */ params) => { rpc.calls.push([method, params]); return answer(method, params); },
    on: () => () => {}, start: (/** @type {string} */ token) => rpc.started.push(token), stop() {} });
}

const user = { id: '1', username: 'Ada', displayName: 'Ada' };
const device = { id: 'd9', name: 'x', platform: 'web', identityKey: 'K', addedAt: 0 };

test('username rules, each with its own words', () => {
  for (const good of ['ada', 'Ada_99', 'a'.repeat(32)]) assert.equal(checkUsername(good), '');
  const wrong = ['', '9ada', 'ad', 'a-b-c', 'a'.repeat(33), 'añb'].map(checkUsername);
  assert.ok(wrong.every(Boolean));
  assert.equal(new Set(wrong).size, 5);
});

test('password rules count bytes and refuse the username', () => {
  assert.equal(checkPassword('correct horse', 'ada'), '');
  assert.equal(checkPassword('ääää', 'ada'), '', '8 bytes');
  assert.ok(checkPassword('short', 'ada'));
  assert.ok(checkPassword('adalovelace', 'AdaLovelace'));
  assert.ok(checkPassword('x'.repeat(1025), 'ada'));
  assert.ok(strength('aaaaaaaa') < strength('harbour lights at dusk'));
});

test('a known device comes back with its id; with another key it comes as a new one', async () => {
  const store = storage();
  let changed = false;
  const rpc = fakeRpc((method, params) => {
    if (changed && params.device.id) throw new RpcError(method, { code: -32004, data: { reason: 'identity_key_changed' } });
    return { user, device, token: 'tok' };
  });
  const account = new Account({ rpc, identityKey: async () => 'K', storage: store, deviceName: 'Test' });
  await account.logIn('ada', 'p');
  assert.equal(rpc.calls[0][1].device.id, undefined);
  await account.logIn('ADA', 'p');
  assert.equal(rpc.calls[1][1].device.id, 'd9');
  changed = true;
  await account.logIn('ada', 'p');
  assert.deepEqual(rpc.calls.slice(2).map((/** @type {any} */ call) => call[1].device.id), ['d9', undefined]);
  assert.deepEqual(rpc.started, ['tok', 'tok', 'tok']);
  assert.equal(new Account({ rpc, identityKey: async () => 'K', storage: store, deviceName: 'Test' }).user?.id, '1', 'kept over a reload');
});

test('a session that the server ended is forgotten and said; logging out is not news', async () => {
  for (const byMe of [false, true]) {
    const rpc = fakeRpc(() => ({ user, device, token: 'tok' }));
    const account = new Account({ rpc, identityKey: async () => 'K', storage: storage(), deviceName: 'Test' });
    await account.logIn('ada', 'p');
    let news = 0;
    account.addEventListener('ended', () => news++);
    const end = () => { rpc.stopReason = 'signed_out'; rpc.dispatchEvent(new CustomEvent('state')); };
    rpc.stop = end;
    await (byMe ? account.logOut() : end());
    assert.equal(account.user, null);
    assert.equal(news, byMe ? 0 : 1);
  }
});

test('a session of another account than the stored one is refused: no user of it is kept, and nobody else hears of it', async () => {
  const lies = {
    'a letter that looks like another': [{ ...user, username: 'ad\u0430' }, device],
    'a dotless i': [{ ...user, username: 'Ad\u0131' }, device],
    'another name': [{ ...user, username: 'eve' }, device],
    'another id': [{ ...user, id: '2' }, device],
    'another device': [user, { ...device, id: 'd8' }],
    'nobody': [undefined, undefined],
  };
  for (const [lie, [who, where]] of Object.entries(lies)) {
    const store = storage();
    const rpc = fakeRpc(() => ({ user, device, token: 'tok' }));
    const account = new Account({ rpc, identityKey: async () => 'K', storage: store, deviceName: 'Test' });
    await account.logIn('ada', 'p');
    /** @type {string[]} */ const heard = [];
    rpc.stop = (/** @type {string} */ reason) => heard.push(reason);
    account.addEventListener('refused', () => heard.push('told'));
    rpc.addEventListener('session', () => heard.push('a listener behind it'));
    rpc.dispatchEvent(new CustomEvent('session', { detail: { user: who, device: where } }));
    assert.equal(account.user, null, lie);
    assert.deepEqual(heard, ['refused', 'told'], lie);
    assert.equal(new Account({ rpc, identityKey: async () => 'K', storage: store, deviceName: 'Test' }).user, null, lie);
  }
});

test('a session of the stored account in another case of letters, or with a new display name, is taken', async () => {
  const rpc = fakeRpc(() => ({ user, device, token: 'tok' }));
  const account = new Account({ rpc, identityKey: async () => 'K', storage: storage(), deviceName: 'Test' });
  await account.logIn('ada', 'p');
  rpc.dispatchEvent(new CustomEvent('session', { detail: { user: { ...user, username: 'ada', displayName: 'Countess' }, device } }));
  assert.equal(account.user?.displayName, 'Countess');
});

test('a login that the server answers with another account is no login', async () => {
  for (const username of ['eve', 'ad\u0430', 'ada\u200b', '']) {
    const rpc = fakeRpc(() => ({ user: { ...user, username }, device, token: 'tok' }));
    const account = new Account({ rpc, identityKey: async () => 'K', storage: storage(), deviceName: 'Test' });
    await assert.rejects(account.logIn('ada', 'p'), /another account/);
    await assert.rejects(account.register('ada', 'p', ''), /another account/);
    assert.deepEqual([account.user, rpc.started], [null, []]);
  }
});

test('somebody found is who was asked for, or nobody', async () => {
  let answer = { ...user };
  const rpc = fakeRpc((method) => (method === 'user.find' ? { user: answer } : { users: [answer] }));
  const people = new People({ rpc, log: new CallLog(rpc), trustOf: null });
  assert.equal((await people.find('ADA')).id, '1');
  for (const username of ['eve', 'ad\u0430', 'Ada\u200b', '\u0410da']) {
    answer = { ...user, id: '7', username };
    await assert.rejects(people.find('ada'), { reason: 'other_user' });
    assert.equal(people.peek('7'), null);
  }
  assert.equal(await people.get('8'), null, 'nor is another id');
});

test('device names from user agents', () => {
  assert.equal(deviceName('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'), 'Firefox on Linux');
  assert.equal(deviceName('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0'), 'Edge on Windows');
  assert.equal(deviceName('Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36'), 'Chrome on Android');
  assert.equal(deviceName(''), 'Browser');
});

test('settings keep what has the right type, and live with broken storage', () => {
  const store = storage();
  store.setItem('aldis.settings', '{"theme":"dark","ringVolume":"loud","unknown":1}');
  const settings = new Settings(store);
  assert.equal(settings.get('theme'), 'dark');
  assert.equal(settings.get('ringVolume'), 0.6);
  settings.set('microphone', 'mic-1');
  assert.equal(new Settings(store).get('microphone'), 'mic-1');
  store.setItem('aldis.settings', 'no json');
  assert.equal(new Settings(store).get('theme'), 'auto');
  assert.equal(new Settings(null).get('theme'), 'auto');
});

test('the call log pages back, meets its newest page again, and knows its people', async () => {
  const all = Array.from({ length: 90 }, (_, i) => ({ callId: `c${i}`, peer: { ...user, id: String(i % 3) }, startedAt: 1000 - i }));
  let list = all;
  const rpc = fakeRpc((_, { before, limit }) => {
    const from = before ? list.findIndex((call) => call.callId === before) + 1 : 0;
    const calls = list.slice(from, from + limit);
    return { calls, next: from + limit < list.length ? calls[calls.length - 1].callId : undefined };
  });
  const log = new CallLog(rpc);
  await log.refresh();
  await log.loadMore();
  await log.loadMore();
  assert.equal(log.entries.length, 90);
  assert.equal(log.more, false);
  list = [/** @type {any} */ ({ callId: 'new', peer: { ...user, id: '2' }, startedAt: 2000 }), ...all];
  await log.refresh();
  assert.equal(log.entries.length, 91);
  assert.equal(log.entries[0].callId, 'new');
  assert.deepEqual(log.people().map((one) => [one.user.id, one.calls]), [['2', 31], ['0', 30], ['1', 30]]);
  list = Array.from({ length: 60 }, (_, i) => /** @type {any} */ ({ callId: `late${i}`, peer: user, startedAt: 5000 - i }));
  await log.refresh();
  assert.equal(log.entries.length, 40, 'a gap between the pages: begins anew');
  assert.equal(log.more, true);
});

test('a call log that cannot be fetched says so, and keeps what it has', async () => {
  let fails = true;
  const log = new CallLog(fakeRpc(() => { if (fails) throw new Error('x'); return { calls: [{ callId: 'a', peer: user }] }; }));
  await log.refresh();
  assert.equal(log.state, 'failed');
  fails = false;
  await log.refresh();
  fails = true;
  await log.refresh();
  assert.equal(log.state, 'ready');
  assert.equal(log.entries.length, 1);
});
