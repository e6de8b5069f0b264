// SPDX-License-Identifier: Apache-2.0
/** The callee's side of a call: opens the invitation, accepts with an offer, and reveals once the caller has confirmed. */
import { b64u, unb64u } from '../crypto/bytes.js';
import { Callee } from '../crypto/call1.js';
import { CryptoError } from '../crypto/errors.js';
import { findKem } from '../crypto/kem.js';
import { openMessage } from './channel.js';
import { HOLD_MS, Leg, STEP_MS } from './leg.js';
import { descriptionParse } from './sdp.js';
import { Trust } from './trust.js';
import { EndError, deferred, within } from './wait.js';

/** @typedef {import('./leg.js').Established} Established */

/** Until a session takes it. @type {import('./leg.js').LegHooks} */
const NO_HOOKS = { trust() {}, connecting() {}, ownState: () => ({ mute: false, camera: false, screen: false }) };

export class IncomingLeg extends Leg {
  #callee;
  #confirmed = deferred();
  #early = Promise.resolve();
  #held = false;
  #answered = false;
  /** what comes behind the confirm is the channel's, once that starts */ #reading = false;

  /**
   * @param {import('./leg.js').Environment} env
   * @param {string} id
   * @param {any} params of call.incoming
   * @param {Callee} callee
   */
  constructor(env, id, params, callee) {
    super(env, id, NO_HOOKS, false);
    this.params = params;
    this.known = true;
    this.#callee = callee;
  }

  /**
   * open: call.incoming: checks the invitation and whose key it is.
   * @param {import('./leg.js').Environment} env
   * @param {any} params
   */
  static async open(env, params) {
    const { callId, from, device, video, blob } = params;
    const identity = await env.identity;
    const id = unb64u(callId, 16);
    if (await identity.usedCalls.has(id)) throw new CryptoError('replayed', 'invitation');
    const callee = await Callee.open(unb64u(blob), {
      self: env.self.user, from: { user: from.id, name: from.username, device: device.id }, callId: id, video, now: env.now(),
    });
    const leg = new IncomingLeg(env, callId, params, callee);
    const { from: peer, identityKey } = callee.fields;
    leg.checkDevice(device, peer, identityKey);
    leg.trust = await Trust.of(identity, peer, identityKey);
    return leg;
  }

  /** run: after the user has accepted. @returns {Promise<Established>} */
  async run() {
    const trust = /** @type {Trust} */ (this.trust);
    if (trust.blocked) throw new CryptoError('wrong_peer', 'the key changed');
    const { self } = this.env;
    const identity = await this.env.identity;
    await identity.usedCalls.add(unb64u(this.id, 16), this.env.now());
    const media = await this.openMedia(trust);
    media.addSlots();
    const offer = await media.setLocal();
    const m2 = await this.#callee.accept({ identity, self, payload: this.payload(offer), kem: await findKem() });
    const agreed = /** @type {NonNullable<typeof this.agreed>} */ (this.#callee.agreed);
    media.giveSecrets(agreed.media);
    if (this.closed) throw new EndError('hangup');
    this.#answered = true;
    await this.unlessStopped(this.say('accept', { blob: b64u(m2) }));
    const blob = await this.unlessStopped(this.#confirmation());
    await this.#early;
    const { payload, reveal, sas } = await this.#callee.confirmed(this.blob(blob));
    const peerState = this.payloadParse(payload);
    await media.setRemote(descriptionParse(peerState.sdp, 'answer'));
    const good = this.#acknowledged();
    await this.say('reveal', { blob: b64u(reveal) });
    this.channel.start(agreed);
    const latest = await this.unlessStopped(within(good, 2 * STEP_MS, new EndError('failed', 'unconfirmed')));
    await trust.remember();
    return { sas, suite: agreed.suite, peerState: { ...peerState, ...latest } };
  }

  /** @override @returns {import('./leg.js').EndMethod} */
  endMethod() {
    return this.#answered ? 'hangup' : 'decline';
  }

  get agreed() {
    return this.#callee.agreed;
  }

  /** The caller tells its state once it has found the reveal to be good, and no earlier. @returns {Promise<Record<string, any>>} */
  #acknowledged() {
    return new Promise((resolve) => {
      this.channel.addEventListener('message', (event) => {
        const { detail } = /** @type {CustomEvent} */ (event);
        if (typeof detail.mute === 'boolean') resolve(detail);
      });
    });
  }

  /** The caller's confirm: soon, or later if its user has to look at a changed key of ours. */
  async #confirmation() {
    const late = new EndError('failed', 'unconfirmed');
    try {
      return await within(this.#confirmed.promise, STEP_MS, late);
    } catch (error) {
      if (error !== late || !this.#held) throw error;
      return within(this.#confirmed.promise, HOLD_MS - STEP_MS + 1000, late);
    }
  }

  /** @param {any} params */
  confirmed({ blob }) {
    this.#reading = true;
    this.#confirmed.resolve(blob);
  }

  /** sealed: before the confirm only {hold} may come. @param {any} params */
  sealed({ blob }) {
    const { agreed } = this;
    if (this.#reading || !agreed) return this.channel.receive(blob);
    this.#early = this.#early.then(async () => {
      try {
        const message = await openMessage(agreed.opener, blob);
        if (!message.hold) throw new CryptoError('out_of_order', 'sealed before confirm');
        this.#held = true;
      } catch (error) {
        this.stopped.reject(/** @type {Error} */ (error));
      }
    });
  }
}
