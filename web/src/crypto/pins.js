// SPDX-License-Identifier: Apache-2.0
/**
 * Pins: the identity keys that were seen of each person, and which of them were compared (verified). Trust on first use:
 * the first key of a person is taken as it comes; what comes after is measured by it.
 */
import { b64u } from './bytes.js';
import { sameUsername, usernameOrThrow } from './names.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./call1-wire.js').Party} Party */
/** @typedef {{key: string, device: string, since: number, verified: boolean}} Pin */
/** @typedef {{name: string, pins: Pin[], displayName?: string}} Contact displayName: as it was when the keys were compared */
/**
 * first    nobody of that id was ever pinned
 * pinned   known key, never compared
 * verified known key, compared
 * added    a key we do not know of a person we know, on a device we do not know; none was compared
 * replaced the same, on a device we know
 * changed  a key we do not know of a person whose key was compared, or a person who uses the name of one: stop
 * @typedef {'first' | 'pinned' | 'verified' | 'added' | 'replaced' | 'changed'} PinStatus
 */

export class Pins {
  #store;
  #account;
  /** Changes run one after another, so that two calls cannot overwrite each other's. */
  #last = Promise.resolve();

  /** @param {import('./store.js').KeyStore} store @param {string} account */
  constructor(store, account) {
    this.#store = store;
    this.#account = account;
  }

  /** @param {string} user */
  #key(user) {
    return `${this.#account}\n${user}`;
  }

  /** @param {string} user @returns {Promise<Contact | undefined>} */
  get(user) {
    return this.#store.get('pins', this.#key(user));
  }

  /**
   * check: how a key compares with what is known; changes nothing. Throws CryptoError for what is no username.
   * @param {Party} peer
   * @param {Bytes} identityKey
   * @returns {Promise<PinStatus>}
   */
  async check(peer, identityKey) {
    usernameOrThrow(peer.name);
    const contact = await this.get(peer.user);
    const key = b64u(identityKey);
    const known = contact?.pins.find((pin) => pin.key === key);
    if (known) return known.verified ? 'verified' : 'pinned';
    if (contact?.pins.some((pin) => pin.verified)) return 'changed';
    if (await this.#verifiedNamesake(peer)) return 'changed';
    if (!contact) return 'first';
    return contact.pins.some((pin) => pin.device === peer.device) ? 'replaced' : 'added';
  }

  /** Somebody else, compared, whom we know by this name, in any case: the name was given to another account. @param {Party} peer */
  async #verifiedNamesake(peer) {
    const all = await this.#store.entries('pins', this.#key(''));
    return all.some(([key, contact]) =>
      key !== this.#key(peer.user) && sameUsername(contact.name, peer.name) && contact.pins.some((/** @type {Pin} */ pin) => pin.verified));
  }

  /**
   * pin: keeps a key; one already there stays as it is.
   * @param {Party} peer
   * @param {Bytes} identityKey
   * @param {{verified?: boolean, now?: number}} [options]
   */
  pin(peer, identityKey, { verified = false, now = Date.now() } = {}) {
    usernameOrThrow(peer.name);
    return this.#change(peer.user, (contact) => {
      const key = b64u(identityKey);
      const known = contact.pins.find((pin) => pin.key === key);
      if (known) known.verified ||= verified;
      else contact.pins.push({ key, device: peer.device, since: now, verified });
      contact.name = peer.name;
    });
  }

  /**
   * verify: the two people compared and it matched.
   * @param {Party} peer
   * @param {Bytes} identityKey
   * @param {string} [displayName] what the other one was called on the screen
   */
  async verify(peer, identityKey, displayName) {
    await this.pin(peer, identityKey, { verified: true });
    if (displayName) await this.rename(peer.user, displayName);
  }

  /** rename: what a known person is called here from now on, whatever the server says. @param {string} user @param {string} displayName */
  rename(user, displayName) {
    return this.#change(user, (contact) => { contact.displayName = displayName; });
  }

  /** forget: as if this person had never been seen. @param {string} user */
  forget(user) {
    return this.#run(() => this.#store.remove('pins', this.#key(user)));
  }

  /** @param {string} user @param {(contact: Contact) => void} change */
  #change(user, change) {
    return this.#run(async () => {
      const contact = structuredClone(await this.get(user)) ?? { name: '', pins: [] };
      change(contact);
      await this.#store.put('pins', this.#key(user), contact);
    });
  }

  /** @param {() => Promise<void>} act @returns {Promise<void>} */
  #run(act) {
    const run = this.#last.then(act);
    this.#last = run.catch(() => {});
    return run;
  }
}
