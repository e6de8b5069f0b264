// SPDX-License-Identifier: Apache-2.0
/** The service worker with a browser that is written down. */
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

/** @type {any[]} */ const shown = [];
/** @type {string[]} */ const said = [];
/** @type {Record<string, (event: any) => void>} */ const listeners = {};
/** @type {any[]} */ let pages = [];

before(async () => {
  /** @type {any} */ (globalThis).self = {
    addEventListener: (/** @type {string} */ name, /** @type {any} */ fn) => { listeners[name] = fn; },
    skipWaiting: async () => {},
    registration: { showNotification: async (/** @type {string} */ title, /** @type {any} */ options) => { shown.push({ title, ...options }); } },
    clients: { claim: async () => {}, matchAll: async () => pages, openWindow: async (/** @type {string} */ url) => { said.push(`open ${url}`); } },
  };
  await import(new URL('../../src/push/push-worker.js', import.meta.url).href);
});
beforeEach(() => { pages = []; shown.length = said.length = 0; });

/** @param {string} name @param {object} event */
async function fire(name, event) {
  /** @type {Promise<any>[]} */ const waits = [];
  listeners[name]({ ...event, waitUntil: (/** @type {Promise<any>} */ wait) => waits.push(wait) });
  await Promise.all(waits);
  return waits.length;
}
const page = () => ({ focus: async () => said.push('focus'), postMessage: (/** @type {any} */ message) => said.push(JSON.stringify(message)) });

test('it answers no requests: the page and its code never come from it', () => {
  assert.deepEqual(Object.keys(listeners).sort(), ['activate', 'install', 'notificationclick', 'push', 'pushsubscriptionchange']);
});

test('every push is shown, also one that nobody understands', async () => {
  assert.equal(await fire('push', { data: { json: () => ({ kind: 'call', callId: 'C', from: { displayName: 'Ada' } }) } }), 1);
  await fire('push', { data: { json: () => { throw new SyntaxError(); } } });
  await fire('push', { data: null });
  assert.deepEqual(shown.map(({ title, tag }) => [title, tag]), [['Ada is calling', 'call-C'], ['Aldis', 'chat-'], ['Aldis', 'chat-']]);
});

test('a press on it opens the page, or brings the one that is open to the place', async () => {
  const press = (/** @type {any} */ data) => fire('notificationclick', { notification: { close: () => said.push('close'), data } });
  await press({ open: '#/chats/7' });
  assert.deepEqual(said.splice(0), ['close', 'open /#/chats/7']);
  pages = [page(), page()];
  await press({ open: '#/calls' });
  assert.deepEqual(said.splice(0), ['close', '{"open":"#/calls"}', 'focus']);
  pages = [];
  for (const data of [null, { open: 'https://example.org/' }, { open: 5 }]) await press(data);
  assert.deepEqual(said.splice(0), ['close', 'open /#/', 'close', 'open /#/', 'close', 'open /#/']);
});

test('a subscription that the browser has changed is made anew by the page that is open', async () => {
  pages = [page()];
  await fire('pushsubscriptionchange', {});
  assert.deepEqual(said, ['{"resubscribe":true}']);
});

test('an invitation into a room rings, and what became of it takes its place', async () => {
  const room = { roomId: 'R', title: 'Standup', from: { displayName: 'Ada' } };
  for (const data of [{ kind: 'room', ...room }, { kind: 'roomEnded', reason: 'joined', ...room }, { kind: 'roomEnded', reason: 'expired', ...room }]) await fire('push', { data: { json: () => data } });
  assert.deepEqual(shown.map(({ title, body, tag, silent }) => [title, body, tag, Boolean(silent)]), [
    ['Ada invites you', 'Standup', 'room-R', false],
    ['Ada invited you to Standup', 'Joined on another device', 'room-R', true],
    ['Missed invitation from Ada', 'Standup', 'room-R', true],
  ]);
});
