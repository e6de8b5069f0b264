// SPDX-License-Identifier: Apache-2.0
/** Who the other end of a call is: its identity key, measured by what was seen before, and the user's decisions about it. */

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/** @typedef {import('../crypto/call1-wire.js').Party} Party */
/** @typedef {import('../crypto/identity.js').Identity} Identity */
/** @typedef {import('../crypto/pins.js').PinStatus} PinStatus */

export class Trust {
  #pins;
  /** its key took part in a call before this one */ #known;
  /** @type {Promise<void>} resolves when a changed key is accepted */ #accepted;
  /** @type {() => void} */ #accept = () => {};

  /**
   * @param {Identity} identity
   * @param {Party} peer
   * @param {Bytes} identityKey
   * @param {PinStatus} status
   * @param {string} [displayName]
   */
  constructor(identity, peer, identityKey, status, displayName = '') {
    this.#pins = identity.pins;
    this.peer = peer;
    this.identityKey = identityKey;
    this.status = status;
    /** what they were called when the two compared, '' if they did not */
    this.displayName = displayName;
    this.#known = status === 'pinned' || status === 'verified';
    this.#accepted = new Promise((resolve) => (this.#accept = resolve));
  }

  /** @param {Identity} identity @param {Party} peer @param {Bytes} identityKey */
  static async of(identity, peer, identityKey) {
    const status = await identity.pins.check(peer, identityKey);
    return new Trust(identity, peer, identityKey, status, (await identity.pins.get(peer.user))?.displayName);
  }

  /** The key is not the one that was compared: nothing may go on before the user has said so. */
  get blocked() {
    return this.status === 'changed';
  }

  get verified() {
    return this.status === 'verified';
  }

  /** Whether the other side may learn our addresses: not with a key that is new, whoever's it is said to be. */
  get direct() {
    return this.#known || this.verified;
  }

  /** What the user should be told about a key that is new, '' for nothing. @returns {'' | 'new_device' | 'new_key'} */
  get warning() {
    return this.status === 'added' ? 'new_device' : this.status === 'replaced' ? 'new_key' : '';
  }

  /** acceptChange: the user takes the changed key; it is known from now on, and not compared. */
  async acceptChange() {
    if (!this.blocked) return;
    await this.#pins.pin(this.peer, this.identityKey);
    this.status = 'pinned';
    this.#accept();
  }

  /** whenAccepted: at once if nothing has to be accepted. @returns {Promise<void>} */
  whenAccepted() {
    return this.blocked ? this.#accepted : Promise.resolve();
  }

  /** remember: the key agreement was good: trust on first use. */
  async remember() {
    await this.#pins.pin(this.peer, this.identityKey);
  }

  /** verify: the two have compared. @param {string} displayName what the screen calls them */
  async verify(displayName) {
    await this.#pins.verify(this.peer, this.identityKey, displayName);
    this.status = 'verified';
    this.displayName = displayName;
  }

  /** rename: the user takes another display name for somebody who was compared. @param {string} displayName */
  async rename(displayName) {
    await this.#pins.rename(this.peer.user, displayName);
    this.displayName = displayName;
  }
}
