// SPDX-License-Identifier: Apache-2.0
/** The caller's side of a call: invites, takes the first accept, confirms, and checks what is revealed. */
import { b64u, unb64u } from '../crypto/bytes.js';
import { Caller } from '../crypto/call1.js';
import { findKem } from '../crypto/kem.js';
import { HOLD_MS, Leg, STEP_MS } from './leg.js';
import { descriptionParse } from './sdp.js';
import { Trust } from './trust.js';
import { EndError, deferred, within } from './wait.js';

/** @typedef {import('./leg.js').Established} Established */
/** @typedef {import('../types.js').User} User */

export class OutgoingLeg extends Leg {
  #peer;
  #video;
  #accepted = deferred();
  #revealed = deferred();
  #taken = false;
  /** @type {Caller | null} */ #caller = null;
  #confirming = false;

  /**
   * @param {import('./leg.js').Environment} env
   * @param {string} id
   * @param {import('./leg.js').LegHooks} hooks
   * @param {{peer: User, video: boolean}} call
   */
  constructor(env, id, hooks, { peer, video }) {
    super(env, id, hooks, true);
    this.#peer = peer;
    this.#video = video;
  }

  /** @returns {Promise<Established>} */
  async run() {
    const caller = await this.#invite();
    const { device, blob } = await this.unlessStopped(this.#accepted.promise);
    this.hooks.connecting();
    const { peer, identityKey, suite, payload } = await caller.accepted(this.blob(blob));
    this.checkDevice(device, peer, identityKey);
    const trust = await Trust.of(await this.env.identity, peer, identityKey);
    this.trust = trust;
    this.hooks.trust(trust, device);
    if (trust.blocked) await this.#hold(trust, caller);
    const agreed = /** @type {NonNullable<typeof caller.agreed>} */ (caller.agreed);
    const peerState = this.payloadParse(payload);
    const media = await this.openMedia(trust);
    await media.setRemote(descriptionParse(peerState.sdp, 'offer'));
    const answer = await media.setLocal();
    media.learnCodecs();
    const m3 = await caller.confirm(this.payload(answer));
    this.#confirming = true;
    await this.say('confirm', { blob: b64u(m3) });
    this.channel.start(agreed);
    const late = new EndError('failed', 'unconfirmed');
    const revealed = await this.unlessStopped(within(this.#revealed.promise, STEP_MS, late));
    const sas = await caller.revealed(this.blob(revealed));
    media.giveSecrets(agreed.media); /* the callee may send by now; before this nothing of it is opened */
    await trust.remember();
    return { sas, suite, peerState };
  }

  async #invite() {
    const { self, now } = this.env;
    const identity = await this.env.identity;
    const to = { user: this.#peer.id, name: this.#peer.username };
    const caller = await Caller.create({
      identity, self, to, callId: unb64u(this.id, 16), video: this.#video, now: now(), kem: await findKem(),
    });
    this.#caller = caller;
    if (this.closed) throw new EndError('cancelled');
    await this.unlessStopped(this.say('invite', { to: this.#peer.id, video: this.#video, blob: b64u(caller.invite) }));
    this.known = true;
    return caller;
  }

  /**
   * The user has to look at a changed key; until then the other side gets nothing but this.
   * @param {Trust} trust
   * @param {Caller} caller
   */
  async #hold(trust, caller) {
    const agreed = /** @type {NonNullable<typeof caller.agreed>} */ (caller.agreed);
    const sealed = await agreed.sealer.seal(new TextEncoder().encode('{"hold":true}'));
    await this.say('seal', { blob: b64u(sealed) });
    await this.unlessStopped(within(trust.whenAccepted(), HOLD_MS, new EndError('identity_changed', 'identity_changed')));
  }

  /** accepted: the first one counts. @param {any} params @returns {boolean} whether it was taken */
  accepted(params) {
    if (this.#taken) return false;
    this.#taken = true;
    this.#accepted.resolve(params);
    return true;
  }

  /** revealed: before our confirm it is an attack, which the key agreement says by itself. @param {any} params */
  revealed({ blob }) {
    if (this.#confirming) this.#revealed.resolve(blob);
    else this.#caller?.revealed(new Uint8Array(0)).catch((error) => this.stopped.reject(error));
  }

  /** @override @returns {import('./leg.js').EndMethod} */
  endMethod() {
    return this.#taken ? 'hangup' : 'cancel';
  }

  /** @param {any} params */
  sealed({ blob }) {
    this.channel.receive(blob);
  }
}
