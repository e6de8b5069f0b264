// SPDX-License-Identifier: Apache-2.0
/**
 * All calls of this page: makes outgoing ones, checks incoming ones before anybody hears them ring, and gives every
 * notification to its call.
 *
 * Events: 'incoming' (detail: {session}); 'rejected' (detail: {reason, from, callId}): an invitation that did not pass its
 * checks, so nothing rang; 'lost' (detail: {callId, peer, video, outgoing}): a call of this device whose keys went with
 * an earlier page. It has been hung up; the interface may offer to call again.
 *
 * A reload in mid-call: media keys live in the page and its worker alone, so such a call cannot be taken up again. The
 * page that goes says so if it can; else the next one hangs up when session.start tells of the call.
 */
import { b64u, less, random, unb64u } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';
import { mediaWorkerUrl } from '../worker-url.js';
import { IncomingLeg } from './incoming.js';
import { OutgoingLeg } from './outgoing.js';
import { CallSession } from './session.js';
import { unsupported } from './support.js';

/** @typedef {import('../types.js').User} User */
/** @typedef {import('./leg.js').Environment} Environment */
/**
 * @typedef {object} EngineOptions
 * @property {import('./rpc-like.js').RpcLike} rpc
 * @property {import('../crypto/identity.js').Identity | Promise<import('../crypto/identity.js').Identity>} identity of this
 *   device; make the engine before session.start is answered, so that it hears the calls that come with the session
 * @property {{user: User, device: {id: string}}} self
 * @property {() => string} [workerUrl] of crypto/media-worker.js
 * @property {() => import('./leg.js').HideAddress} [hide] from whom our addresses are hidden: by default from those whose
 *   key is new, until the two have compared; asked for every call
 * @property {Partial<Record<'audio' | 'video', string[]>>} [codecs] MIME types that stand alone; for tests
 * @property {() => number} [now]
 */

export class CallEngine extends EventTarget {
  /** @type {Map<string, CallSession>} by callId */ sessions = new Map();
  /** @type {Map<string, IncomingLeg>} calls of somebody whom we are calling, with the larger id */ #held = new Map();
  /** @type {Set<string>} invitations that are being checked */ #checking = new Set();
  #env;
  #off;
  #gone = new AbortController();

  /** @param {EngineOptions} options */
  constructor({ rpc, identity, self, workerUrl = mediaWorkerUrl, hide = () => 'strangers', codecs, now = Date.now }) {
    super();
    /** @type {Environment} */
    this.#env = {
      rpc, identity: Promise.resolve(identity), workerUrl, hide, codecs, now,
      self: { user: self.user.id, name: self.user.username, device: self.device.id },
    };
    /** @param {(session: CallSession, params: any) => void} act @returns {(params: any) => void} */
    const toSession = (act) => (params) => {
      const session = this.sessions.get(params.callId);
      if (session) act(session, params);
    };
    const [outgoing, incoming] = [OutgoingLeg, IncomingLeg].map((type) => (/** @type {CallSession} */ session) =>
      session.leg instanceof type ? session.leg : null);
    this.#off = [
      rpc.on('call.incoming', (params) => void this.#incoming(params)),
      rpc.on('call.ringing', toSession((session) => session.rang())),
      rpc.on('call.accepted', toSession((session, params) => {
        const leg = /** @type {OutgoingLeg | null} */ (outgoing(session));
        if (!leg || leg.accepted(params)) return;
        session.dispatchEvent(new CustomEvent('warning', { detail: { reason: 'second_accept' } }));
      })),
      rpc.on('call.confirmed', toSession((session, params) =>
        /** @type {IncomingLeg | null} */ (incoming(session))?.confirmed(params))),
      rpc.on('call.revealed', toSession((session, params) =>
        /** @type {OutgoingLeg | null} */ (outgoing(session))?.revealed(params))),
      rpc.on('call.sealed', toSession((session, params) => session.leg?.sealed(params))),
      rpc.on('call.ended', (params) => this.#ended(params)),
    ];
    globalThis.addEventListener?.('pagehide', (event) => {
      if (!(/** @type {any} */ (event).persisted)) for (const session of [...this.sessions.values()]) session.abandon();
    }, { signal: this.#gone.signal });
  }

  /**
   * invite: calls somebody.
   * @param {User} peer
   * @param {{video: boolean, localStream: MediaStream | null}} options
   * @returns {CallSession} throws Error with a sentence to show where this browser cannot encrypt calls
   */
  invite(peer, { video, localStream }) {
    const why = unsupported();
    if (why) throw new Error(why);
    const id = b64u(random(16));
    const session = this.#session({ id, peer, outgoing: true, video });
    session.takeLocal(localStream);
    session.setLeg(new OutgoingLeg(this.#env, id, session.hooks(), { peer, video }));
    void session.run();
    return session;
  }

  /**
   * resume: the connection is back; @calls is what the server counts as this device's.
   * @param {{callId: string, state: string, outgoing?: boolean, peer?: User, video?: boolean}[]} calls of session.start
   */
  resume(calls = []) {
    const known = new Set(calls.map(({ callId }) => callId));
    for (const [id, session] of [...this.sessions]) {
      if (known.has(id)) session.resync();
      else if (session.leg?.known) session.end('disconnected');
    }
    for (const { callId, state, outgoing = false, peer, video } of calls) {
      if (this.sessions.has(callId) || this.#held.has(callId) || state === 'ended') continue;
      if (state === 'ringing' && !outgoing) continue; /* call.incoming comes again */
      const method = state === 'ringing' ? 'call.cancel' : 'call.hangup';
      this.#env.rpc.call(method, { callId }, { resend: true }).catch(() => {});
      if (state !== 'ringing') this.#emit('lost', { callId, peer, video, outgoing });
    }
  }

  /** close: hangs everything up and hears no more. */
  close() {
    for (const off of this.#off) off();
    this.#gone.abort();
    for (const session of [...this.sessions.values()]) void session.hangup();
  }

  /** @param {string} name @param {any} detail */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {{id: string, peer: User, outgoing: boolean, video: boolean}} call */
  #session(call) {
    const session = new CallSession({ ...call, onEnded: (ended) => this.#sessionEnded(ended) });
    this.sessions.set(call.id, session);
    return session;
  }

  /** @param {CallSession} session */
  #sessionEnded(session) {
    this.sessions.delete(session.id);
    void this.#markUsed(session.id);
    /* it was our call that was to go on, and it did not: theirs is one like any other */
    for (const [id, leg] of this.#held) {
      if (leg.trust?.peer.user !== session.peer.id) continue;
      this.#held.delete(id);
      if (session.endReason === 'failed') this.#ring(leg, leg.params);
    }
  }

  /** So that nobody can ring us with it again. @param {string} callId */
  async #markUsed(callId) {
    try {
      await (await this.#env.identity).usedCalls.add(unb64u(callId, 16), this.#env.now());
    } catch {
      /* without a store there is no identity either, and nothing rings */
    }
  }

  /** @param {any} params of call.incoming */
  async #incoming(params) {
    const { callId, from } = params;
    if (this.sessions.has(callId) || this.#held.has(callId) || this.#checking.has(callId)) return;
    this.#checking.add(callId);
    try {
      if (unsupported()) throw new CryptoError('unsupported');
      const leg = await IncomingLeg.open(this.#env, params);
      if (!this.#checking.has(callId)) return; /* ended meanwhile */
      const ours = [...this.sessions.values()].find((session) =>
        session.outgoing && session.state === 'ringing' && session.peer.id === from.id);
      if (!ours) this.#ring(leg, params);
      else if (less(unb64u(callId, 16), unb64u(ours.id, 16))) void this.#adopt(ours, leg);
      else this.#held.set(callId, leg);
    } catch (error) {
      const reason = error instanceof CryptoError ? error.reason : 'malformed';
      this.#emit('rejected', { reason, from, callId });
    } finally {
      this.#checking.delete(callId);
    }
  }

  /** @param {IncomingLeg} leg @param {any} params */
  #ring(leg, { callId, from, video }) {
    const session = this.#session({ id: callId, peer: from, outgoing: false, video });
    leg.hooks = session.hooks();
    session.setLeg(leg);
    leg.say('ring').catch(() => {});
    this.#emit('incoming', { session });
  }

  /**
   * Both called at once: theirs stays, and ours becomes it, as accepted.
   * @param {CallSession} session
   * @param {IncomingLeg} leg
   */
  async #adopt(session, leg) {
    this.sessions.delete(session.id);
    leg.hooks = session.hooks();
    session.setLeg(leg);
    this.sessions.set(session.id, session);
    await Promise.race([leg.trust?.whenAccepted(), leg.stopped.promise]).catch(() => {});
    if (session.state !== 'ringing') return;
    leg.hooks.connecting();
    await session.run();
  }

  /** @param {any} params of call.ended */
  #ended({ callId, reason }) {
    this.#checking.delete(callId);
    this.#held.delete(callId);
    const session = this.sessions.get(callId);
    if (!session) return;
    if (reason === 'glare') void session.glare();
    else session.end(reason);
  }
}
