// SPDX-License-Identifier: Apache-2.0
/** What can be seen of a call, and the events that say when it changes. session.js is what happens behind it. */

/** @typedef {import('../types.js').CallSecurity} CallSecurity */
/** @typedef {import('../types.js').CallState} CallState */
/** @typedef {import('../types.js').User} User */
/** @typedef {{muted: boolean, camera: boolean, screen: boolean}} PeerState */

export class CallView extends EventTarget {
  /** @type {CallState} */ state = 'ringing';
  /** as in call.ended, or a reason of crypto/errors.js, or identity_changed */ endReason = '';
  /** @type {CallSecurity} */ security = { level: 'pending' };
  /** what the server calls the other person, where that is not what they were called when compared */ claimedName = '';
  /** @type {import('../types.js').Device | null} */ peerDevice = null;
  /** how many of the other side's devices have said that they ring */ ringingDevices = 0;
  /** their voice and camera @type {MediaStream | null} */ remoteStream = null;
  /** null while they share nothing @type {MediaStream | null} */ remoteScreenStream = null;
  /** @type {PeerState} */ peerState = { muted: false, camera: false, screen: false };
  /** whether the other person has said that the emoji match */ peerVerified = false;
  /** @type {'direct' | 'relay' | ''} */ route = '';
  /** when it became active, ms since the epoch */ activeAt = 0;

  /** @param {{id: string, peer: User, outgoing: boolean, video: boolean}} call */
  constructor({ id, peer, outgoing, video }) {
    super();
    this.id = id;
    this.peer = peer;
    this.outgoing = outgoing;
    this.video = video;
  }

  /** @protected @param {string} name @param {any} [detail] */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @protected @param {CallState} state */
  setState(state) {
    if (this.state === state || this.state === 'ended') return;
    this.state = state;
    this.emit('state');
  }

  /** @protected @param {CallSecurity} security */
  setSecurity(security) {
    this.security = security;
    this.emit('security');
  }

  /** @protected @param {'direct' | 'relay' | ''} route */
  setRoute(route) {
    if (!route || route === this.route) return;
    this.route = route;
    this.emit('route');
  }

  /**
   * setPeer: what the other side says about itself; what has another shape is no news.
   * @protected
   * @param {Record<string, any>} message
   * @returns {boolean} whether it began or stopped to share its screen
   */
  setPeer({ mute, camera, screen, verified }) {
    const before = this.peerState;
    const next = {
      muted: typeof mute === 'boolean' ? mute : before.muted,
      camera: typeof camera === 'boolean' ? camera : before.camera,
      screen: typeof screen === 'boolean' ? screen : before.screen,
    };
    const changed = next.muted !== before.muted || next.camera !== before.camera || next.screen !== before.screen;
    const compared = verified === true && !this.peerVerified;
    this.peerState = next;
    this.peerVerified ||= compared;
    if (changed || compared) this.emit('peer');
    return next.screen !== before.screen;
  }

  /** setName: what to call the other person. @protected @param {string} displayName @param {string} [claimed] what the server says instead */
  setName(displayName, claimed = '') {
    this.peer = { ...this.peer, displayName };
    this.claimedName = claimed;
    this.emit('peer');
  }

  /** rang: one more device of the other side rings. */
  rang() {
    this.ringingDevices++;
    this.emit('ringing');
  }
}

/** streamOf: @param {(MediaStreamTrack | null | undefined)[]} tracks */
export const streamOf = (...tracks) => new MediaStream(tracks.filter((track) => !!track));
