// SPDX-License-Identifier: Apache-2.0
/**
 * Who is logged in on this browser. Events: 'change' (user, or none); 'ended': the server ended the session (logged out on
 * another device, password changed); 'refused': it answered for another account than the one that was asked for, whose keys
 * and pins this browser then must not open. The token stays in localStorage.
 */
import { sameUsername, usernameKey } from './crypto/names.js';
import { RpcError } from './rpc-error.js';

const SESSION_KEY = 'aldis.session';
const DEVICES_KEY = 'aldis.devices';

/** @typedef {{token: string, user: import('./types.js').User, device: import('./types.js').Device}} Login */
/**
 * What the account needs of the identity key: its public half for a username's device on this browser.
 * @typedef {(username: string) => Promise<string>} IdentityKeyOf base64url
 */

export const PASSWORD_MIN_BYTES = 8;
export const PASSWORD_MAX_BYTES = 1024;

/** checkUsername: '' or what is wrong. @param {string} username */
export function checkUsername(username) {
  if (!username) return 'Choose a username.';
  if (!/^[A-Za-z]/.test(username)) return 'Begin with a letter.';
  if (/[^A-Za-z0-9_]/.test(username)) return 'Use only the letters a to z, digits and underscores.';
  if (username.length < 3) return 'Use at least 3 characters.';
  return username.length > 32 ? 'Use at most 32 characters.' : '';
}

/** checkPassword: '' or what is wrong. @param {string} password @param {string} username */
export function checkPassword(password, username) {
  const bytes = new TextEncoder().encode(password).length;
  if (bytes < PASSWORD_MIN_BYTES) return `Use at least ${PASSWORD_MIN_BYTES} characters.`;
  if (bytes > PASSWORD_MAX_BYTES) return 'That is too long.';
  return username && password.toLowerCase() === username.toLowerCase() ? 'Your password must not be your username.' : '';
}

/** strength: 0 to 4; length counts most. @param {string} password */
export function strength(password) {
  if (!password) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(password)).length;
  const different = new Set(password).size;
  const bits = Math.min(password.length, different * 1.5) * (1.8 + 0.7 * kinds);
  return bits < 24 ? 1 : bits < 36 ? 2 : bits < 52 ? 3 : 4;
}

export class Account extends EventTarget {
  /** @type {Login | null} */ login = null;
  #rpc;
  #identityKey;
  #storage;
  #deviceName;
  #leaving = false;

  /** @param {{rpc: import('./rpc.js').RpcClient, identityKey: IdentityKeyOf, storage: Storage, deviceName: string}} needs */
  constructor({ rpc, identityKey, storage, deviceName }) {
    super();
    this.#rpc = rpc;
    this.#identityKey = identityKey;
    this.#storage = storage;
    this.#deviceName = deviceName;
    this.login = this.#read(SESSION_KEY);
    rpc.addEventListener('session', (event) => {
      const { user, device } = /** @type {CustomEvent} */ (event).detail;
      if (!this.login) return;
      if (this.#isOurs(user, device)) this.#keep({ ...this.login, user, device });
      else this.#refuse(event);
    });
    rpc.addEventListener('state', () => {
      if (rpc.stopReason !== 'signed_out' || !this.login) return;
      this.#forget();
      if (!this.#leaving) this.dispatchEvent(new CustomEvent('ended'));
    });
  }

  get user() {
    return this.login?.user ?? null;
  }

  /** @param {string} username @param {string} password @param {string} displayName */
  async register(username, password, displayName) {
    const device = await this.#device(username);
    const params = { username, password, device, ...(displayName ? { displayName } : {}) };
    this.#enter(username, await this.#rpc.call('account.register', params, { timeoutMs: 30000 }));
  }

  /** @param {string} username @param {string} password @param {string} [code] of the second factor, when the server wants one */
  async logIn(username, password, code) {
    /* What breaks the rules of names and passwords is nobody's. */
    const nobody = new RpcError('account.login', { code: RpcError.UNAUTHENTICATED, data: { reason: 'bad_password' } });
    if (!usernameKey(username)) throw nobody;
    const device = await this.#device(username);
    const id = this.#read(DEVICES_KEY)?.[username.toLowerCase()];
    const call = (/** @type {object} */ known) =>
      this.#rpc.call('account.login', { username, password, ...(code ? { code } : {}), device: { ...device, ...known } }, { timeoutMs: 30000 });
    try {
      this.#enter(username, await call(id ? { id } : {}));
    } catch (error) {
      if (error instanceof RpcError && ['username', 'password', 'invalid_params'].includes(error.reason)) throw nobody;
      /* The key of that device is gone from this browser (its keys were cleared): come as a new one. */
      const stale = error instanceof RpcError && id && error.reason === 'identity_key_changed';
      if (!stale) throw error;
      this.#enter(username, await call({}));
    }
  }

  /** logOut: ends the session of this device on the server too, if it can be reached. */
  async logOut() {
    const deviceId = this.login?.device.id;
    this.#leaving = true;
    if (deviceId) await this.#rpc.call('session.revoke', { deviceId }, { timeoutMs: 4000 }).catch(() => {});
    this.#leaving = false;
    /* usually the server has closed the connection by now, and with it this login */
    if (!this.login) return;
    this.#forget();
    this.#rpc.stop('signed_out');
  }

  /** @param {string} oldPassword @param {string} newPassword */
  async changePassword(oldPassword, newPassword) {
    await this.#rpc.call('account.changePassword', { oldPassword, newPassword }, { timeoutMs: 30000 });
  }

  /** @param {string} username */
  async #device(username) {
    return { name: this.#deviceName, platform: 'web', identityKey: await this.#identityKey(username) };
  }

  /** @param {string} username as typed @param {Login} login what the server made of it */
  #enter(username, login) {
    if (!sameUsername(username, login.user.username)) throw new Error(`The server answered for another account than @${username}. Nothing was done.`);
    const devices = { ...this.#read(DEVICES_KEY), [username.toLowerCase()]: login.device.id };
    this.#write(DEVICES_KEY, devices);
    this.#keep(login);
    this.#rpc.start(login.token);
  }

  /** @param {Login} login */
  #keep(login) {
    this.login = login;
    this.#write(SESSION_KEY, login);
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** What session.start says must be the account that logged in: its name is what keys and pins are kept under. @param {any} user @param {any} device */
  #isOurs(user, device) {
    const own = /** @type {Login} */ (this.login);
    return user?.id === own.user.id && sameUsername(user?.username, own.user.username) && device?.id === own.device.id;
  }

  /** @param {Event} event nobody else may act on */
  #refuse(event) {
    event.stopImmediatePropagation();
    this.#forget();
    this.#rpc.stop('refused');
    this.dispatchEvent(new CustomEvent('refused'));
  }

  #forget() {
    if (!this.login) return;
    this.login = null;
    try {
      this.#storage.removeItem(SESSION_KEY);
    } catch {
      /* then it was not stored either */
    }
    this.dispatchEvent(new CustomEvent('change'));
  }

  /** @param {string} key @returns {any} */
  #read(key) {
    try {
      return JSON.parse(this.#storage.getItem(key) ?? 'null');
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {unknown} value */
  #write(key, value) {
    try {
      this.#storage.setItem(key, JSON.stringify(value));
    } catch {
      /* storage is off: the login lasts as long as the page */
    }
  }
}

/** deviceName: what this browser is called in the list of devices. @param {string} agent the user agent @returns {string} */
export function deviceName(agent) {
  const browser = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chromium/', 'Chromium'], ['Chrome/', 'Chrome'],
    ['Safari/', 'Safari']].find(([mark]) => agent.includes(mark))?.[1] ?? 'Browser';
  const system = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['CrOS', 'ChromeOS'],
    ['Mac OS X', 'Mac'], ['Linux', 'Linux']].find(([mark]) => agent.includes(mark))?.[1];
  return system ? `${browser} on ${system}` : browser;
}
