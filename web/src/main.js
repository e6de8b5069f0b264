// SPDX-License-Identifier: Apache-2.0
import { App } from './app.js';
import { CallEngine } from './call/engine.js';
import { CryptoError } from './crypto/errors.js';
import { Identity } from './crypto/identity.js';
import { usernameKey } from './crypto/names.js';
import { openStore } from './crypto/store.js';
import { RpcClient } from './rpc.js';

/** @typedef {import('./people.js').Trust} Trust */

/** The key store is opened when a key is first wanted: where it cannot be, the log-in form says so. */
/** @type {ReturnType<typeof openStore> | null} */
let opening = null;

/** @param {string} username */
async function identityOf(username) {
  const account = usernameKey(username);
  if (!account) throw new CryptoError('malformed', 'username');
  opening ??= openStore();
  return Identity.loadOrCreate(await opening, account);
}

const rpc = new RpcClient(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rpc`);
const app = new App({
  rpc,
  identityKey: async (username) => (await identityOf(username)).encoded,
  /* at once, so that it hears the calls that come with the session */
  makeEngine: async ({ user, device }) => new CallEngine({ rpc, identity: identityOf(user.username), self: { user, device }, hide: () => app.settings.get('hideAddress') }),
  trustOf: async (userId) => {
    const me = app.account.user;
    const pins = me ? (await (await identityOf(me.username)).pins.get(userId))?.pins ?? [] : [];
    return /** @type {Trust} */ ({ level: pins.some((pin) => pin.verified) ? 'verified' : pins.length ? 'seen' : 'none' });
  },
  storage: localStorage,
  identityOf,
});
void app.start(/** @type {HTMLElement} */ (document.getElementById('app')));
