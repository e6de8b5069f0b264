// SPDX-License-Identifier: Apache-2.0
/**
 * One attempt at a call: CALL1 over the server's methods, the first descriptions inside it. What the two sides have in
 * common; outgoing.js and incoming.js are the two sides. run() ends with an established call or throws CryptoError or
 * EndError; it never gives back a call whose keys are not confirmed by both.
 */
import { b64u, text, unb64u, utf8 } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';
import { SealedChannel } from './channel.js';
import { CallMedia } from './media.js';
import { Negotiator } from './negotiate.js';
import { EndError, deferred } from './wait.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/** @typedef {import('../crypto/call1-wire.js').Party} Party */
/** @typedef {import('../crypto/identity.js').Identity} Identity */
/** @typedef {import('../crypto/sas.js').Sas} Sas */
/** @typedef {import('../types.js').Device} Device */
/** @typedef {import('../types.js').User} User */
/** @typedef {import('./rpc-like.js').RpcLike} RpcLike */
/** @typedef {import('./trust.js').Trust} Trust */
/**
 * @typedef {object} Environment what the engine gives to every call
 * @property {RpcLike} rpc
 * @property {Promise<Identity>} identity
 * @property {Party} self
 * @property {() => string} workerUrl
 * @property {() => HideAddress} hide
 * @property {Partial<Record<'audio' | 'video', string[]>>} [codecs]
 * @property {() => number} now
 */
/**
 * @typedef {object} LegHooks what the session wants to hear on the way
 * @property {(trust: Trust, device: Device | null) => void} trust the peer's identity key is known
 * @property {() => void} connecting
 * @property {() => {mute: boolean, camera: boolean, screen: boolean}} ownState
 */
/**
 * @typedef {object} Established
 * @property {Sas} sas
 * @property {number} suite
 * @property {Record<string, any>} peerState
 */

/** @typedef {'hangup' | 'cancel' | 'decline'} EndMethod */
/** @typedef {'strangers' | 'all' | 'none'} HideAddress from whom the user hides addresses behind the relay */

/** How long the other side may take to confirm or reveal. */
export const STEP_MS = 10000;
/** How long the caller's user may think about a changed key; the server gives up 30 s after the accept. */
export const HOLD_MS = 25000;
const FAREWELL_MS = 300;
const TURN_TIMEOUT_MS = 3000;
const RENEW_BEFORE_MS = 60000;
const CONFLICT = -32004;
/** A call sent twice over a lost connection: the first one got through. */
const DONE_BEFORE = new Set(['already_accepted', 'out_of_order', 'call_exists']);

export class Leg {
  /** @type {CallMedia | null} */ media = null;
  /** @type {Negotiator | null} */ negotiator = null;
  /** @type {Trust | null} */ trust = null;
  /** @type {Device | null} */ peerDevice = null;
  closed = false;
  /** whether the server has heard of it */ known = false;
  /** rejects everything that run() waits for */ stopped = deferred();
  #serversExpireAt = 0;

  /** @param {Environment} env @param {string} id the callId @param {LegHooks} hooks @param {boolean} outgoing */
  constructor(env, id, hooks, outgoing) {
    this.env = env;
    this.id = id;
    this.hooks = hooks;
    this.outgoing = outgoing;
    this.channel = new SealedChannel(env.rpc, id);
  }

  /** say: a method of the call. @param {string} method @param {object} [params] */
  async say(method, params = {}) {
    try {
      const options = { resend: true, timeoutMs: STEP_MS * 3 };
      return await this.env.rpc.call(`call.${method}`, { callId: this.id, ...params }, options);
    } catch (error) {
      const { code, reason, data } = /** @type {any} */ (error);
      if (code === CONFLICT && DONE_BEFORE.has(reason)) return {};
      if (reason === undefined) throw error;
      throw new EndError(reason || 'failed', '', data);
    }
  }

  /** @template T @param {Promise<T>} promise @returns {Promise<T>} */
  unlessStopped(promise) {
    return Promise.race([promise, /** @type {Promise<never>} */ (this.stopped.promise)]);
  }

  /** hides: whether the peer is to learn relayed addresses alone. @param {Trust} trust @returns {boolean} */
  hides(trust) {
    const hide = this.env.hide();
    return hide === 'all' || (hide !== 'none' && !trust.direct);
  }

  /**
   * openMedia: by relays alone if addresses are hidden. Where there is no relay, a stranger learns them nevertheless, but
   * who hides them from everybody makes no call. @param {Trust} trust
   */
  async openMedia(trust) {
    const iceServers = await this.#iceServers();
    const canRelay = iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
    if (!canRelay && this.env.hide() === 'all') throw new EndError('no_relay');
    const media = await CallMedia.open({
      workerUrl: this.env.workerUrl(), iceServers, codecs: this.env.codecs, relayOnly: canRelay && this.hides(trust),
    });
    if (this.closed) {
      media.close();
      throw new EndError('cancelled');
    }
    this.media = media;
    media.addEventListener('died', () => this.stopped.reject(new EndError('failed')));
    this.negotiator = new Negotiator({
      media, channel: this.channel, polite: !this.outgoing, renewServers: () => this.#renewServers(),
    });
    return media;
  }

  /** @returns {Promise<RTCIceServer[]>} none if there are none, or the server does not answer in time */
  async #iceServers() {
    try {
      const options = { timeoutMs: TURN_TIMEOUT_MS };
      const { iceServers, expiresAt } = await this.env.rpc.call('call.turn', { callId: this.id }, options);
      this.#serversExpireAt = expiresAt ?? 0;
      return iceServers ?? [];
    } catch {
      return [];
    }
  }

  /** Null while those in use are good. */
  async #renewServers() {
    if (this.#serversExpireAt - this.env.now() > RENEW_BEFORE_MS) return null;
    const servers = await this.#iceServers();
    return servers.length ? servers : null;
  }

  /** payload: our description and what we send, to be sealed. @param {import('./sdp.js').Description} sdp */
  payload(sdp) {
    return utf8(JSON.stringify({ sdp, ...this.hooks.ownState() }));
  }

  /** @param {Bytes} bytes @returns {Record<string, any>} */
  payloadParse(bytes) {
    try {
      return JSON.parse(text(bytes));
    } catch {
      throw new CryptoError('malformed', 'payload');
    }
  }

  /**
   * checkDevice: the server's word about the other device against the signed one.
   * @param {Device | undefined} device
   * @param {Party} peer
   * @param {Bytes} identityKey
   */
  checkDevice(device, peer, identityKey) {
    const key = device?.identityKey;
    if (!device || device.id !== peer.device || (key && key !== b64u(identityKey))) {
      throw new CryptoError('wrong_peer', 'device');
    }
    this.peerDevice = device;
  }

  /** blob: of a notification. @param {unknown} blob */
  blob(blob) {
    return unb64u(blob);
  }

  /** stopMedia: sound, picture and negotiation stop at once. @param {Error} [error] what run() is to throw */
  stopMedia(error = new EndError('hangup')) {
    if (this.closed) return;
    this.closed = true;
    this.stopped.reject(error);
    this.negotiator?.close();
    this.media?.close();
  }

  /** endMethod: how the server is told that we go; each side has its own word while it rings. @returns {EndMethod} */
  endMethod() {
    return 'hangup';
  }

  /** goodbye: a last sealed word if there is somebody to hear it, and the server's. @param {Promise<object>} params */
  async goodbye(params) {
    await this.channel.farewell({ hangup: 'hangup' }, FAREWELL_MS);
    this.channel.close();
    await this.leave(await params);
  }

  /** leave: tells the server; if that cannot be now, it notices by itself. @param {object} params of hangup */
  async leave(params) {
    const method = this.endMethod();
    try {
      await this.say(method, method === 'hangup' ? params : {});
    } catch (error) {
      /* an accept was faster than our cancel or decline */
      const late = method !== 'hangup' && error instanceof EndError && error.reason === 'wrong_state';
      if (late) await this.say('hangup', params).catch(() => {});
    }
  }

  /** close: everything stops, at once. @param {Error} [error] */
  close(error) {
    this.stopMedia(error);
    this.channel.close();
  }
}
