// SPDX-License-Identifier: Apache-2.0
/**
 * The service worker: shows what is pushed, opens the page when it is pressed. It has no `fetch` listener and no cache: what
 * the page consists of never comes from here.
 */
import { isPlace, noteOf } from './notes.js';

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

/** @param {PushEvent} event */
async function show(event) {
  let pushed = null;
  try {
    pushed = event.data?.json();
  } catch {
    /* not ours; browsers still want to see something */
  }
  const { title, options } = noteOf(pushed);
  await worker.registration.showNotification(title, options);
}

/** @returns {Promise<readonly WindowClient[]>} */
const pages = () => worker.clients.matchAll({ type: 'window', includeUncontrolled: true });

/** @param {string} open */
async function go(open) {
  const [page] = await pages();
  if (!page) return void (await worker.clients.openWindow(`/${open}`));
  page.postMessage({ open });
  await page.focus();
}

worker.addEventListener('push', (event) => event.waitUntil(show(event)));
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const open = event.notification.data?.open;
  event.waitUntil(go(isPlace(open) ? open : '#/'));
});
/* the page has the session that it takes to say so to the server; without one the next start of the page does it */
worker.addEventListener('pushsubscriptionchange', (event) => {
  const tell = async () => { for (const page of await pages()) page.postMessage({ resubscribe: true }); };
  /** @type {ExtendableEvent} */ (event).waitUntil(tell());
});
