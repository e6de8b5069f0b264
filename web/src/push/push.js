// SPDX-License-Identifier: Apache-2.0
/**
 * Whether this browser rings while the page is closed. Event 'change' (state). What the user chose is in the settings
 * (`ringClosed`, `pushPreview`); the subscription is made anew, and said to the server again, at every start of a session.
 */
import { b64u } from '../crypto/bytes.js';
import { pushWorkerUrl } from '../worker-url.js';
import { isOurs, isPlace } from './notes.js';

/**
 * 'missing': this browser cannot; 'blocked': the user does not let the page show notifications; 'failed': the push service or
 * the server did not answer.
 * @typedef {'missing' | 'off' | 'busy' | 'on' | 'blocked' | 'failed'} PushState
 */

/** What of the browser is used; tests bring their own. */
export const browser = {
  get supported() {
    return globalThis.isSecureContext === true && 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
  },
  get permission() {
    return Notification.permission;
  },
  ask: () => Notification.requestPermission(),
  register: () => navigator.serviceWorker.register(pushWorkerUrl(), { updateViaCache: 'none' }),
  /** @returns {Promise<ServiceWorkerRegistration | undefined>} */
  registration: () => navigator.serviceWorker.getRegistration('/'),
  ready: () => navigator.serviceWorker.ready,
};

export class Push extends EventTarget {
  /** @type {PushState} */ state = 'off';
  #rpc;
  #account;
  #settings;
  #browser;
  /** what runs after one another */ #work = Promise.resolve();

  /** @param {{rpc: import('../rpc.js').RpcClient, account: import('../account.js').Account, settings: import('../settings.js').Settings, platform?: typeof browser}} needs */
  constructor({ rpc, account, settings, platform = browser }) {
    super();
    this.#rpc = rpc;
    this.#account = account;
    this.#settings = settings;
    this.#browser = platform;
    if (!platform.supported) {
      this.state = 'missing';
      return;
    }
    rpc.addEventListener('session', () => {
      if (account.user) void this.#then(() => this.#refresh());
    });
    account.addEventListener('change', () => {
      if (!account.user) void this.#then(() => this.#end());
    });
  }

  /** listen: to the service worker, and to the user who comes back. @param {ServiceWorkerContainer} container @param {(open: string) => void} go */
  listen(container, go) {
    if (this.state === 'missing') return;
    container.addEventListener('message', ({ data }) => {
      if (isPlace(data?.open)) go(data.open);
      if (data?.resubscribe && this.#account.user) void this.#then(() => this.#refresh());
    });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) void this.clear(); });
  }

  /** clear: who looks at the page needs no notifications any more. */
  async clear() {
    const registration = await this.#browser.registration();
    for (const note of await registration?.getNotifications() ?? []) if (isOurs(note)) note.close();
  }

  /** enable: from a click alone: the browser asks the user. */
  async enable() {
    this.#set('busy');
    const permission = await this.#browser.ask();
    if (permission !== 'granted') return this.#set('blocked');
    this.#settings.set('ringClosed', true);
    await this.#then(() => this.#refresh());
  }

  async disable() {
    this.#settings.set('ringClosed', false);
    await this.#then(async () => {
      await this.#end();
      await this.#rpc.call('push.unsubscribe', {}).catch(() => {}); /* the subscription is none any more, and the server finds out */
    });
  }

  /** setPreview: whether notifications hold what messages say. @param {boolean} on */
  async setPreview(on) {
    this.#settings.set('pushPreview', on);
    await this.#then(() => this.#refresh());
  }

  /** @param {() => Promise<void>} work */
  #then(work) {
    this.#work = this.#work.then(work).catch(() => this.#set('failed'));
    return this.#work;
  }

  /** @param {PushState} state */
  #set(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** What the user wants, made so. */
  async #refresh() {
    if (document.visibilityState === 'visible') await this.clear();
    if (!this.#settings.get('ringClosed')) return this.#set('off');
    if (this.#browser.permission !== 'granted') return this.#set('blocked');
    this.#set('busy');
    const { key } = await this.#rpc.call('push.key', {});
    await this.#browser.register();
    const registration = await this.#browser.ready();
    const subscription = await this.#subscribe(registration, key);
    const { endpoint, keys } = /** @type {{endpoint: string, keys: {p256dh: string, auth: string}}} */ (subscription.toJSON());
    const { p256dh, auth } = keys;
    await this.#rpc.call('push.subscribe', { endpoint, keys: { p256dh, auth }, expirationTime: subscription.expirationTime ?? null, preview: this.#settings.get('pushPreview') });
    this.#set('on');
  }

  /** @param {ServiceWorkerRegistration} registration @param {string} key the server's */
  async #subscribe(registration, key) {
    const old = await registration.pushManager.getSubscription();
    const oldKey = old?.options.applicationServerKey;
    if (old && oldKey && b64u(new Uint8Array(oldKey)) === key) return old;
    await old?.unsubscribe(); /* another server's, or of before its database was lost */
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  /** Nobody is logged in here any more, or wants to be rung: the push service forgets this browser, whether the server hears of it or not. */
  async #end() {
    const registration = await this.#browser.registration();
    await this.clear();
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
    await registration?.unregister();
    this.#set('off');
  }
}
