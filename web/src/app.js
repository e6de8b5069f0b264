// SPDX-License-Identifier: Apache-2.0
/** The parts of the page, put together; decides between the welcome page, the app and "open in another tab". */
import { Account, deviceName } from './account.js';
import { CallLog } from './call-log.js';
import { Messenger } from './chat/messenger.js';
import { Names } from './chat/names.js';
import { isWay } from './chat/ways.js';
import { fill, h } from './dom.js';
import { Devices } from './media/devices.js';
import { Push } from './push/push.js';
import { Rooms, linkOf } from './room/rooms.js';
import { Router } from './router.js';
import { Secrets } from './secret/secrets.js';
import { openSecretStore } from './secret/store.js';
import { Settings } from './settings.js';
import { TabLock } from './tab-lock.js';
import { Banner } from './ui/banner.js';
import { CallDesk } from './ui/call/call-desk.js';
import { icon, wordmark } from './ui/icons.js';
import { GuestPage } from './ui/room/guest-page.js';
import { RoomDesk } from './ui/room/room-desk.js';
import { Shell } from './ui/shell.js';
import { openShortcuts } from './ui/shortcuts.js';
import { Toasts } from './ui/toasts.js';
import { Welcome } from './ui/welcome.js';
import { People } from './people.js';

/**
 * @typedef {object} AppParts
 * @property {import('./rpc.js').RpcClient} rpc
 * @property {import('./account.js').IdentityKeyOf} identityKey
 * @property {(login: import('./account.js').Login) => Promise<import('./types.js').CallEngine>} makeEngine
 * @property {((userId: string) => Promise<import('./people.js').Trust>) | null} trustOf
 * @property {Storage} storage
 * @property {((username: string) => Promise<import('./crypto/identity.js').Identity>) | null} [identityOf] for secret chats
 */

export class App extends EventTarget {
  /** @type {{version: string, features?: string[]} | null} */ serverInfo = null;
  #root = h('div', { class: 'root' });
  /** @type {{el: HTMLElement, end: () => void} | null} */ #view = null;
  #tab = new TabLock('aldis.session');

  /** @param {AppParts} parts */
  constructor({ rpc, identityKey, makeEngine, trustOf, storage, identityOf = null }) {
    super();
    this.rpc = rpc;
    this.settings = new Settings(storage);
    this.devices = new Devices();
    this.account = new Account({ rpc, identityKey, storage, deviceName: deviceName(navigator.userAgent) });
    this.log = new CallLog(rpc);
    this.people = new People({ rpc, log: this.log, trustOf });
    this.names = new Names(rpc, this.people);
    this.messenger = new Messenger({ rpc, storage, me: () => this.account.user?.id ?? '' });
    /** the keys of who is logged in */
    this.secretIdentity = async () => {
      const { user } = this.account;
      if (!identityOf || !user) throw new Error('there are no keys here');
      return identityOf(user.username);
    };
    /** @type {ReturnType<typeof openSecretStore> | null} */ let kept = null;
    this.secrets = new Secrets({ rpc, store: () => (kept ??= openSecretStore()), identity: this.secretIdentity, self: () => (identityOf ? this.account.login : null) });
    this.router = new Router(['chats', 'secret', 'calls', 'rooms', 'people', 'settings', 'join']);
    this.toasts = new Toasts();
    this.push = new Push({ rpc, account: this.account, settings: this.settings });
    this.rooms = new Rooms(rpc);
    this.calls = new CallDesk(this, makeEngine);
    this.roomDesk = new RoomDesk(this);
    this.banner = new Banner({ rpc, inCall: () => this.calls.talking || this.roomDesk.talking });
  }

  /** @param {HTMLElement} mount */
  async start(mount) {
    fill(mount, this.#root, this.banner.el);
    this.#applyTheme();
    this.settings.addEventListener('change', () => this.#applyTheme());
    this.account.addEventListener('change', () => this.#show());
    this.router.addEventListener('change', () => this.#joinByLink());
    this.rpc.addEventListener('session', (event) => this.#sessionStarted(/** @type {CustomEvent} */ (event).detail));
    this.rpc.addEventListener('resync', () => void this.log.refresh());
    this.rpc.addEventListener('state', () => this.rpc.stopReason === 'taken_over' && this.#elsewhere());
    this.account.addEventListener('ended', () => this.toasts.show('You were logged out on this browser. Log in again.', { tone: 'warn', ms: 12000 }));
    this.account.addEventListener('refused', () => this.toasts.show('The server answered for another account than yours, and was not believed: you are logged out on this browser. Your keys and the people you have verified are kept. If this happens again, somebody may be tampering with the server.', { tone: 'bad', icon: 'shieldAlert', ms: 0 }));
    this.#tab.addEventListener('lost', () => {
      this.rpc.stop('taken_over');
      this.#elsewhere();
    });
    addEventListener('keydown', (event) => this.#key(event));
    this.push.listen(navigator.serviceWorker, (open) => { location.hash = open; });
    void this.devices.refresh();
    if (await this.#tab.take()) this.#begin();
    else this.#elsewhere();
  }

  #begin() {
    this.rpc.start(this.account.login?.token ?? null);
    this.#show();
    this.rpc.call('server.info', {}, { timeoutMs: 60000 }).then((info) => {
      this.serverInfo = info;
      this.dispatchEvent(new CustomEvent('serverinfo'));
    }).catch(() => {});
  }

  /** Shows what belongs to the login. A change of the user's own data alone rebuilds nothing. */
  #show() {
    const user = this.account.user;
    const link = this.#link();
    if (user && this.#view instanceof Shell && this.#view.userId === user.id) return;
    if (!user && (link ? this.#view instanceof GuestPage && this.#view.link === link : this.#view instanceof Welcome)) return;
    if (!user) {
      this.calls.leave();
      this.roomDesk.leave();
      this.log.clear();
      this.rooms.clear();
      this.people.clear();
      this.names.clear();
      this.messenger.clear();
      this.secrets.clear();
      /* the connection without a token serves the log-in page */
      queueMicrotask(() => this.account.user || this.rpc.state !== 'offline' || this.rpc.start(null));
    }
    this.#replace(user ? new Shell(this, user.id) : link ? new GuestPage(this, link) : new Welcome(this));
    if (user) this.#joinByLink();
  }

  /** The secret of a room that the page's address leads to. */
  #link() {
    const { name, rest } = this.router.route;
    return name === 'join' ? linkOf(rest[0] ?? '') : '';
  }

  /** Somebody opened the link of a room, or of a chat. */
  #joinByLink() {
    const link = this.#link();
    if (!this.account.user) return void (this.#view && !this.roomDesk.busy && this.#show());
    const { name, rest } = this.router.route;
    if (name !== 'join' || !(this.#view instanceof Shell)) return;
    if (isWay(rest[0] ?? '')) return this.router.replace('chats', rest[0]);
    this.router.replace('rooms');
    if (link) void this.roomDesk.enter({ link });
  }

  /** @param {{el: HTMLElement, end: () => void}} view */
  #replace(view) {
    this.#view?.end();
    this.#view = view;
    fill(this.#root, view.el);
  }

  /** @param {{calls?: any[]}} session */
  async #sessionStarted({ calls }) {
    if (!this.account.user) return; /* a guest's: there is nothing but the room */
    void this.messenger.session();
    this.secrets.session();
    await this.calls.resume(calls ?? []);
    if (this.log.state === 'empty' || this.log.state === 'failed') void this.log.refresh();
  }

  #elsewhere() {
    this.calls.leave();
    this.roomDesk.leave();
    /** @param {Promise<boolean>} ours */
    const begin = async (ours) => { if (await ours) this.#begin(); };
    this.#replace({
      el: h('main', { class: 'elsewhere', testid: 'elsewhere' }, h('div', { class: 'empty' }, wordmark(26), icon('laptop', 40),
        h('h1', {}, 'Aldis is open in another tab'),
        h('p', {}, 'Calls ring there. If one is going on there, it ends when you move here. When that tab is closed, this one goes on.'),
        h('button', { class: 'button primary', type: 'button', testid: 'use-here', onclick: () => begin(this.#tab.steal()) }, 'Use Aldis here'))),
      end: () => {},
    });
    void begin(this.#tab.wait());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea');
    if (event.key === '?' && !typing && this.settings.get('letterKeys') && !document.querySelector('dialog[open]')) {
      event.preventDefault();
      openShortcuts();
    }
  }

  #applyTheme() {
    const theme = this.settings.get('theme');
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
}
