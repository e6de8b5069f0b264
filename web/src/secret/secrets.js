// SPDX-License-Identifier: Apache-2.0
/**
 * The secret chats of this device. Everything that changes one runs one after the other; a step is stored before the server
 * is told that it was taken (secret.ack) or given what it sends, so that a page that goes in between repeats and loses
 * nothing: what was sealed goes out again as the same bytes under the same random id, what was taken is known by its qts.
 * Over 500 lines: what comes, goes and is kept share the one chain of steps. No DOM. Events: 'change' (detail: {secretId}), 'message' (detail: {secretId, message}).
 *
 *   asked -> open -> ended       (asked: by this device; the other one has not accepted)
 *   offered -> open | ended      (offered: somebody asks; kept by the server until it is answered)
 */
import { b64u, random, unb64u } from '../crypto/bytes.js';
import { CryptoError } from '../crypto/errors.js';
import { findKem } from '../crypto/kem.js';
import { Backoff } from '../backoff.js';
import { Trust } from '../call/trust.js';
import { RpcError } from '../rpc-error.js';
import { accept, accepted, opened, request } from './handshake.js';
import { innerParse, innerWrite, newId } from './inner.js';
import { MAX_MESSAGE_BYTES, open, seal } from './ratchet.js';

/** @typedef {import('../crypto/bytes.js').Bytes} Bytes */
/** @typedef {import('../types.js').User} User */
/**
 * @typedef {object} Message
 * @property {string} id the sender's
 * @property {number} n order on this device
 * @property {boolean} mine
 * @property {number} at
 * @property {'text' | 'notice'} kind
 * @property {string} text of a notice: which
 * @property {string} [replyTo]
 * @property {number} [ttl] ms from being read on
 * @property {number} [readAt]
 * @property {'waiting' | 'sent' | 'read' | 'failed'} [state] of one's own
 */
/** @typedef {{n: number, randomId: string, payload: Bytes, id?: string, silent: boolean}} Outgoing sealed, not known to be queued */
/**
 * @typedef {object} Chat what is stored of one
 * @property {string} secretId
 * @property {'asked' | 'open' | 'ended'} state
 * @property {User} peer
 * @property {string} device the other one's
 * @property {Bytes | null} key the other one's identity key
 * @property {boolean} proven the other side has shown that it has the keys
 * @property {boolean} unsure its key is not the one that was compared: nothing is sent or shown before the user takes it
 * @property {number} suite
 * @property {import('./ratchet.js').State | null} ratchet
 * @property {Bytes | null} context
 * @property {import('./handshake.js').Pending | null} pending
 * @property {Bytes | null} blob what still has to reach the server: the request, the accept
 * @property {Outgoing[]} out
 * @property {number} ttl of what is written from now on, 0: none
 * @property {number} at
 * @property {number} next number of the next message
 * @property {string} reason why it has ended
 * @property {number} broken messages that could not be opened
 */
/** @typedef {{secretId: string, peer: User, asked: import('./handshake.js').Asked, trust: Trust, at: number}} Offer */
/**
 * @typedef {object} Needs
 * @property {import('../chat/types.js').Rpc} rpc
 * @property {() => Promise<import('./store.js').SecretStore>} store
 * @property {() => Promise<import('../crypto/identity.js').Identity>} identity
 * @property {() => {user: User, device: {id: string}} | null} self
 * @property {() => number} [now]
 * @property {(id: string) => Promise<User | null>} [userOf]
 */

const PAGE = 100;
const MOST_TIMEOUT_MS = 2 ** 31 - 1;
const TOO_LATE = new Set(['secret', 'secret_exists', 'secret_taken', 'user', 'self', 'too_many_requests', 'too_many_secrets', 'session']);

export class Secrets extends EventTarget {
  #rpc;
  #needs;
  #now;
  #owner = '';
  /** @type {import('./store.js').SecretStore | null} */ #store = null;
  /** @type {Map<string, Chat>} */ #chats = new Map();
  /** @type {Map<string, Message[]>} in order */ #messages = new Map();
  /** @type {Map<string, Offer>} */ #offers = new Map();
  #qts = 0;
  /** one step after the other */ #last = Promise.resolve();
  /** @type {Set<string>} whose outgoing are on their way */ #pumping = new Set();
  #backoff = new Backoff();
  /** @type {any} */ #again = 0;
  /** @type {any} */ #timer = 0;
  ready = false;

  /** @param {Needs} needs */
  constructor(needs) {
    super();
    this.#needs = needs;
    this.#rpc = needs.rpc;
    this.#now = needs.now ?? Date.now;
    this.#rpc.on('secret.update', (update) => this.#later(() => this.#live(update)));
    this.#rpc.on('secret.requested', (asked) => this.#later(() => this.#offer(asked)));
    this.#rpc.on('secret.withdrawn', ({ secretId }) => this.#later(async () => { if (this.#offers.delete(secretId)) this.#changed(secretId); }));
    this.#rpc.addEventListener('resync', () => this.#later(() => this.#catchUp()));
  }

  /** session: the connection has begun, or has come back. */
  session() {
    this.#later(async () => {
      const self = this.#needs.self();
      if (!self) return;
      const owner = `${self.user.id}\n${self.device.id}\n`;
      if (owner !== this.#owner) await this.#load(owner);
      await this.#catchUp();
      for (const chat of this.#chats.values()) void this.#pump(chat.secretId);
    });
  }

  /** clear: nobody is logged in; what is stored stays. */
  clear() {
    this.#owner = '';
    this.ready = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    this.#chats.clear();
    this.#messages.clear();
    this.#offers.clear();
    this.#changed('');
  }

  /** settled: everything that was begun is done, or waits for the connection. */
  async settled() {
    for (let seen; seen !== this.#last || this.#pumping.size;) {
      seen = this.#last;
      await seen;
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
  }

  /** list: those of this device, the newest first. @returns {Chat[]} */
  list() {
    return [...this.#chats.values()].sort((a, b) => this.#latest(b) - this.#latest(a));
  }

  /** offers: what others ask for. @returns {Offer[]} */
  offers() {
    return [...this.#offers.values()].sort((a, b) => b.at - a.at);
  }

  /** @param {string} secretId */
  get(secretId) {
    return this.#chats.get(secretId) ?? null;
  }

  /** @param {string} secretId */
  offer(secretId) {
    return this.#offers.get(secretId) ?? null;
  }

  /** messages: in order. @param {string} secretId @returns {readonly Message[]} */
  messages(secretId) {
    return this.#messages.get(secretId) ?? [];
  }

  /** unread: @param {string} secretId */
  unread(secretId) {
    return this.messages(secretId).filter(({ mine, kind, readAt }) => !mine && kind === 'text' && !readAt).length;
  }

  /** trust: whose key it is, by what calls have pinned. @param {string} secretId @returns {Promise<Trust | null>} */
  async trust(secretId) {
    const chat = this.#chats.get(secretId);
    if (!chat?.key) return null;
    return Trust.of(await this.#needs.identity(), { user: chat.peer.id, name: chat.peer.username, device: chat.device }, chat.key);
  }

  /* --- What the user does --- */

  /** ask: for a secret chat with somebody. @param {User} peer @returns {Promise<string>} its id */
  ask(peer) {
    return this.#run(async () => {
      const { identity, party } = await this.#me();
      const secretId = random(16);
      const id = b64u(secretId);
      let kem = await findKem();
      let asked = await request({ identity, self: party, to: { user: peer.id, name: peer.username }, secretId, now: this.#now(), kem });
      const chat = /** @type {Chat} */ ({ secretId: id, state: 'asked', peer, device: '', key: null, proven: false, unsure: false, suite: 0, ratchet: null, context: null, pending: asked.pending, blob: asked.request, out: [], ttl: 0, at: this.#now(), next: 1, reason: '', broken: 0 });
      try {
        await this.#keep(chat);
      } catch (error) {
        if (!kem || !(error instanceof DOMException)) throw error;
        /* a browser that cannot store its ML-KEM key */
        asked = await request({ identity, self: party, to: { user: peer.id, name: peer.username }, secretId, now: this.#now(), kem: null });
        await this.#keep({ ...chat, pending: asked.pending, blob: asked.request });
      }
      void this.#pump(id);
      return id;
    });
  }

  /** accept: what was offered. The user has seen whose key it is. @param {string} secretId */
  accept(secretId) {
    return this.#run(async () => {
      const offer = this.#offers.get(secretId);
      if (!offer || offer.trust.blocked) return;
      const { identity, party } = await this.#me();
      const made = await accept(offer.asked, { identity, self: party, kem: await findKem(), hello: innerWrite({ t: 'hello' }) });
      await offer.trust.remember();
      this.#offers.delete(secretId);
      await this.#keep({ secretId, state: 'open', peer: offer.peer, device: offer.asked.from.device, key: made.identityKey, proven: false, unsure: false, suite: made.suite, ratchet: made.state, context: made.context, pending: null, blob: made.accept, out: [], ttl: 0, at: this.#now(), next: 1, reason: '', broken: 0 });
      void this.#pump(secretId);
    });
  }

  /** decline: what was offered. @param {string} secretId */
  decline(secretId) {
    this.#offers.delete(secretId);
    this.#changed(secretId);
    return this.#rpc.call('secret.discard', { secretId }, { resend: true });
  }

  /** send: a text. @param {string} secretId @param {string} text @param {string} [replyTo] */
  send(secretId, text, replyTo) {
    return this.#run(async () => {
      const chat = this.#open(secretId);
      const message = /** @type {Message} */ ({ id: newId(), n: chat.next, mine: true, at: this.#now(), kind: 'text', text, state: 'waiting', ...(replyTo ? { replyTo } : {}), ...(chat.ttl ? { ttl: chat.ttl } : {}) });
      await this.#say(chat, { t: 'text', id: message.id, text, ...(replyTo ? { replyTo } : {}), ...(chat.ttl ? { ttl: chat.ttl } : {}) }, message);
    });
  }

  /** timer: of what is written from now on, by both. @param {string} secretId @param {number} ttl ms, 0: none */
  timer(secretId, ttl) {
    return this.#run(async () => {
      const chat = this.#open(secretId);
      await this.#say({ ...chat, ttl }, { t: 'timer', ttl }, this.#notice(chat, true, `timer ${ttl}`));
    });
  }

  /** screenshot: this device has taken one. @param {string} secretId */
  screenshot(secretId) {
    return this.#run(async () => {
      const chat = this.#open(secretId);
      await this.#say(chat, { t: 'screenshot' }, this.#notice(chat, true, 'screenshot'));
    });
  }

  /** remove: messages: one's own on both devices, the other's here. @param {string} secretId @param {string[]} ids */
  remove(secretId, ids) {
    return this.#run(async () => {
      const chat = this.#chats.get(secretId);
      if (!chat) return;
      const gone = this.messages(secretId).filter(({ id }) => ids.includes(id));
      const own = gone.filter(({ mine, kind }) => mine && kind === 'text').map(({ id }) => id);
      if (own.length && chat.state === 'open' && !chat.unsure) await this.#say(chat, { t: 'delete', ids: own }, null, gone);
      else await this.#keep(chat, [], gone);
    });
  }

  /** read: the user has seen everything that is there. @param {string} secretId */
  read(secretId) {
    return this.#run(async () => {
      const chat = this.#chats.get(secretId);
      const fresh = this.messages(secretId).filter(({ mine, kind, readAt }) => !mine && kind === 'text' && !readAt).slice(0, 100);
      if (!chat || !fresh.length || chat.unsure) return;
      const now = this.#now();
      const seen = fresh.map((message) => ({ ...message, readAt: now }));
      if (chat.state === 'open') await this.#say(chat, { t: 'read', ids: seen.map(({ id }) => id) }, seen, [], true);
      else await this.#keep(chat, seen);
    });
  }

  /** end: discards the chat: nothing of it is left on this device. @param {string} secretId */
  end(secretId) {
    return this.#run(async () => {
      const chat = this.#chats.get(secretId);
      if (!chat) return;
      /* the keys first: if the server cannot be told now, the next list shows a chat that this device does not know */
      await this.#forget(chat);
      if (chat.state !== 'ended') await this.#rpc.call('secret.discard', { secretId }, { resend: true }).catch(() => {});
    });
  }

  /** acceptChange: the user takes the key that is not the one that was compared. @param {string} secretId */
  acceptChange(secretId) {
    return this.#run(async () => {
      const offer = this.#offers.get(secretId);
      if (offer) await offer.trust.acceptChange();
      const chat = this.#chats.get(secretId);
      if (chat?.unsure) {
        await (await this.trust(secretId))?.acceptChange();
        await this.#keep({ ...chat, unsure: false });
        await this.#say(/** @type {Chat} */ (this.#chats.get(secretId)), { t: 'ready' }, null);
      }
      this.#changed(secretId);
    });
  }

  /** verify: the two have compared the safety numbers: good for calls too. @param {string} secretId */
  async verify(secretId) {
    await (await this.trust(secretId))?.verify(this.#chats.get(secretId)?.peer.displayName ?? '');
    this.#changed(secretId);
  }

  /* --- What comes --- */

  /** @param {any} asked of secret.requested */
  async #offer(asked) {
    const self = this.#needs.self();
    if (!self || !this.ready || this.#offers.has(asked.secretId) || this.#chats.has(asked.secretId)) return;
    /* answered here before: a request that comes again */
    if (await this.#store?.get('state', `${this.#owner}used ${asked.secretId}`)) return;
    try {
      const { from, device } = asked;
      const r1 = await opened(unb64u(asked.blob, MAX_MESSAGE_BYTES), { self: self.user.id, from: { user: from.id, name: from.username, device: device.id, key: unb64u(device.identityKey, 32) }, secretId: unb64u(asked.secretId, 16), now: this.#now() + (/** @type {any} */ (this.#rpc).clockOffsetMs ?? 0) });
      const trust = await Trust.of(await this.#needs.identity(), r1.from, r1.identityKey);
      this.#offers.set(asked.secretId, { secretId: asked.secretId, peer: from, asked: r1, trust, at: asked.at });
      this.#changed(asked.secretId);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      console.warn('a request for a secret chat is not good:', error.message);
    }
  }

  /** @param {any} update */
  async #live(update) {
    if (!this.ready || update.qts <= this.#qts) return;
    if (update.qts > this.#qts + 1) return this.#catchUp();
    await this.#take(update);
    await this.#ack();
  }

  /** What there is, and what was missed. */
  async #catchUp() {
    if (!this.#owner) return;
    const { qts, chats, requests } = await this.#rpc.call('secret.list', {}, { resend: true });
    if (qts < this.#qts) this.#qts = 0; /* a server that was set back: what comes again the ratchet knows */
    for (let more = this.#qts < qts; more;) {
      const page = await this.#rpc.call('secret.queue', { qts: this.#qts, limit: PAGE }, { resend: true });
      for (const update of page.updates) if (update.qts > this.#qts) await this.#take(update);
      this.#qts = Math.max(this.#qts, page.qts);
      more = page.more;
    }
    await this.#ack(qts);
    const there = new Set(chats.map((/** @type {any} */ one) => one.secretId));
    for (const chat of [...this.#chats.values()]) if (chat.state !== 'ended' && !chat.blob && !there.has(chat.secretId)) await this.#ended(chat, 'gone');
    /* what this device has no keys of: it was discarded while nobody could be told */
    for (const secretId of there) if (!this.#chats.has(secretId)) this.#rpc.call('secret.discard', { secretId }).catch(() => {});
    const waiting = new Set(requests.map((/** @type {any} */ one) => one.secretId));
    for (const secretId of this.#offers.keys()) if (!waiting.has(secretId)) this.#offers.delete(secretId);
    for (const asked of requests) await this.#offer(asked);
    this.#changed('');
  }

  /** @param {number} [known] the newest that there is */
  async #ack(known = this.#qts) {
    await this.#rpc.call('secret.ack', { qts: Math.min(this.#qts, known) }).catch(() => {}); /* said again with the next */
  }

  /** One row of the queue: stored together with its number. @param {any} update */
  async #take(update) {
    const mark = /** @type {import('./store.js').Change} */ (['state', `${this.#owner}qts`, update.qts]);
    const chat = this.#chats.get(update.secretId);
    let taken = false;
    try {
      if (chat && update.type === 'accepted') taken = await this.#accepted(chat, update, mark);
      else if (chat && update.type === 'message') taken = await this.#message(chat, update, mark);
      else if (chat && update.type === 'ended') taken = await this.#ended(chat, update.reason, mark);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      console.warn('something in a secret chat is not good:', error.message);
      if (chat?.state === 'asked') taken = await this.#ended(chat, error.reason, mark);
      else if (chat?.state === 'open' && error.reason !== 'replayed') {
        const first = chat.broken === 0;
        taken = await this.#keep({ ...chat, broken: chat.broken + 1 }, first ? [this.#notice(chat, false, 'broken')] : [], [], [mark]);
      }
    }
    if (!taken) await this.#commit([mark]);
    this.#qts = update.qts;
  }

  /** @param {Chat} chat @param {any} update @param {import('./store.js').Change} mark */
  async #accepted(chat, update, mark) {
    if (chat.state !== 'asked' || !chat.pending) return false;
    const made = await accepted(unb64u(update.blob, MAX_MESSAGE_BYTES), chat.pending, { device: update.deviceId, kem: await findKem() });
    if (innerParse(made.hello).t !== 'hello') throw new CryptoError('malformed', 'hello');
    const trust = await Trust.of(await this.#needs.identity(), made.peer, made.identityKey);
    const opened = /** @type {Chat} */ ({ ...chat, state: 'open', device: made.peer.device, key: made.identityKey, proven: true, unsure: trust.blocked, suite: made.suite, ratchet: made.state, context: made.context, pending: null, blob: null });
    await this.#keep(opened, [], [], [mark]);
    if (!trust.blocked) {
      await trust.remember();
      await this.#say(opened, { t: 'ready' }, null);
    }
    return true;
  }

  /** @param {Chat} chat @param {any} update @param {import('./store.js').Change} mark */
  async #message(chat, update, mark) {
    if (chat.state !== 'open' || !chat.ratchet || !chat.context) return false;
    const { state, plain } = await open(chat.ratchet, unb64u(update.payload, MAX_MESSAGE_BYTES), chat.context);
    const next = { ...chat, ratchet: state, proven: true };
    /** @type {import('./inner.js').Inner} */
    let inner;
    try {
      inner = innerParse(plain);
    } catch {
      inner = { t: 'other' }; /* its key is used up all the same */
    }
    const { put, gone, chat: after } = this.#effect(next, inner, update.at);
    await this.#keep(after, put, gone, [mark]);
    for (const message of put) if (!message.mine) this.dispatchEvent(new CustomEvent('message', { detail: { secretId: chat.secretId, message, silent: update.silent } }));
    return true;
  }

  /** What a message does. @param {Chat} chat @param {import('./inner.js').Inner} inner @param {number} at @returns {{chat: Chat, put: Message[], gone: Message[]}} */
  #effect(chat, inner, at) {
    const all = this.messages(chat.secretId);
    const nothing = { chat, put: [], gone: [] };
    switch (inner.t) {
      case 'text':
        if (all.some(({ id, mine }) => id === inner.id && !mine)) return nothing;
        return { ...nothing, put: [{ id: inner.id, n: chat.next, mine: false, at, kind: 'text', text: inner.text, ...(inner.replyTo ? { replyTo: inner.replyTo } : {}), ...(inner.ttl ? { ttl: inner.ttl } : {}) }] };
      case 'timer':
        return { ...nothing, chat: { ...chat, ttl: inner.ttl }, put: [this.#notice(chat, false, `timer ${inner.ttl}`)] };
      case 'screenshot':
        return { ...nothing, put: [this.#notice(chat, false, 'screenshot')] };
      case 'delete':
        return { ...nothing, gone: all.filter(({ id, mine }) => !mine && inner.ids.includes(id)) };
      case 'read':
        return { ...nothing, put: all.filter(({ id, mine, kind, readAt }) => mine && kind === 'text' && !readAt && inner.ids.includes(id)).map((message) => ({ ...message, readAt: at, state: /** @type {const} */ ('read') })) };
      default: return nothing;
    }
  }

  /** @param {Chat} chat @param {boolean} mine @param {string} text @returns {Message} */
  #notice(chat, mine, text) {
    return { id: newId(), n: chat.next, mine, at: this.#now(), kind: 'notice', text };
  }

  /** It is over: the keys go, what was said stays until the user removes it. @param {Chat} chat @param {string} reason @param {import('./store.js').Change} [mark] */
  async #ended(chat, reason, mark) {
    await this.#keep({ ...chat, state: 'ended', reason, ratchet: null, pending: null, blob: null, out: [] }, [], [], mark ? [mark] : []);
    return true;
  }

  /* --- What goes --- */

  /**
   * Seals, stores, sends.
   * @param {Chat} chat
   * @param {import('./inner.js').Inner} inner
   * @param {Message | Message[] | null} put what is to be seen of it
   * @param {Message[]} [gone]
   * @param {boolean} [silent]
   */
  async #say(chat, inner, put, gone = [], silent = inner.t !== 'text') {
    if (!chat.ratchet || !chat.context) throw new CryptoError('out_of_order');
    const { state, message } = await seal(chat.ratchet, innerWrite(inner), chat.context);
    const entry = { n: chat.next, randomId: b64u(random(8)), payload: message, silent, ...(inner.t === 'text' ? { id: inner.id } : {}) };
    await this.#keep({ ...chat, ratchet: state, out: [...chat.out, entry] }, put === null ? [] : [put].flat(), gone);
    void this.#pump(chat.secretId);
  }

  /** Brings to the server what it has not, in order. @param {string} secretId */
  async #pump(secretId) {
    if (this.#pumping.has(secretId) || this.#rpc.state !== 'online' || !this.ready) return;
    this.#pumping.add(secretId);
    const owner = this.#owner;
    try {
      for (let chat; (chat = this.#chats.get(secretId)) && owner === this.#owner && (chat.blob || chat.out.length);) await this.#bring(chat);
      this.#backoff.reset();
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      if (owner === this.#owner) await this.#run(() => this.#refused(secretId, error));
    } finally {
      this.#pumping.delete(secretId);
    }
  }

  /** @param {Chat} chat */
  async #bring(chat) {
    const { secretId, blob } = chat;
    if (blob) {
      const params = { secretId, blob: b64u(blob) };
      await (chat.state === 'asked' ? this.#rpc.call('secret.request', { ...params, userId: chat.peer.id }) : this.#rpc.call('secret.accept', params));
      return void (await this.#run(async () => {
        const now = this.#chats.get(secretId);
        if (now?.blob === blob) await this.#keep({ ...now, blob: null });
      }));
    }
    const [entry] = chat.out;
    await this.#rpc.call('secret.send', { secretId, randomId: entry.randomId, payload: b64u(entry.payload), silent: entry.silent });
    await this.#run(async () => {
      const now = this.#chats.get(secretId);
      if (!now) return;
      const sent = this.messages(secretId).filter(({ id, mine, state }) => mine && id === entry.id && state === 'waiting').map((message) => ({ ...message, state: /** @type {const} */ ('sent') }));
      await this.#keep({ ...now, out: now.out.filter(({ randomId }) => randomId !== entry.randomId) }, sent);
    });
  }

  /** @param {string} secretId @param {RpcError} error */
  async #refused(secretId, error) {
    const chat = this.#chats.get(secretId);
    if (!chat || chat.state === 'ended') return;
    if (TOO_LATE.has(error.reason)) return void (await this.#ended(chat, error.reason === 'secret' ? 'gone' : error.reason));
    if (this.#rpc.state !== 'online') return; /* its next session begins again */
    clearTimeout(this.#again);
    this.#again = setTimeout(() => { for (const one of this.#chats.keys()) void this.#pump(one); }, Math.max(error.retryAfterMs, this.#backoff.next()));
  }

  /* --- What is kept --- */

  /** @param {string} owner */
  async #load(owner) {
    this.clear();
    this.#store = await this.#needs.store();
    const chats = await this.#store.entries('chats', owner);
    const messages = await this.#store.entries('messages', owner);
    this.#qts = (await this.#store.get('state', `${owner}qts`)) ?? 0;
    for (const [, chat] of chats) {
      this.#chats.set(chat.secretId, chat);
      this.#messages.set(chat.secretId, []);
    }
    for (const [key, message] of messages) this.#messages.get(key.slice(owner.length).split('\n')[0])?.push(message);
    this.#owner = owner;
    this.ready = true;
    await this.#expire();
    this.#changed('');
  }

  /** @param {import('./store.js').Change[]} changes */
  async #commit(changes) {
    await /** @type {import('./store.js').SecretStore} */ (this.#store).commit(changes);
  }

  /**
   * Stores a chat with what is new and what is gone of its messages; only then it is so here.
   * @param {Chat} chat
   * @param {Message[]} [put]
   * @param {Message[]} [gone]
   * @param {import('./store.js').Change[]} [more]
   */
  async #keep(chat, put = [], gone = [], more = []) {
    const { secretId } = chat;
    const owner = this.#owner;
    const next = { ...chat, next: Math.max(chat.next, ...put.map(({ n }) => n + 1)) };
    const name = (/** @type {Message} */ { n }) => `${owner}${secretId}\n${String(n).padStart(12, '0')}`;
    await this.#commit([['chats', `${owner}${secretId}`, next], ['state', `${owner}used ${secretId}`, chat.at],
      ...put.map((message) => /** @type {import('./store.js').Change} */ (['messages', name(message), message])),
      ...gone.map((message) => /** @type {import('./store.js').Change} */ (['messages', name(message), undefined])), ...more]);
    if (owner !== this.#owner) return true;
    const numbers = new Set([...put, ...gone].map(({ n }) => n));
    this.#chats.set(secretId, next);
    this.#messages.set(secretId, [...this.messages(secretId).filter(({ n }) => !numbers.has(n)), ...put].sort((a, b) => a.n - b.n));
    this.#plan();
    this.#changed(secretId);
    return true;
  }

  /** @param {Chat} chat */
  async #forget({ secretId }) {
    const owner = this.#owner;
    const kept = await /** @type {import('./store.js').SecretStore} */ (this.#store).entries('messages', `${owner}${secretId}\n`);
    await this.#commit([['chats', `${owner}${secretId}`, undefined], ...kept.map(([key]) => /** @type {import('./store.js').Change} */ (['messages', key, undefined]))]);
    this.#chats.delete(secretId);
    this.#messages.delete(secretId);
    this.#changed(secretId);
  }

  /** When the next message destroys itself. */
  #plan() {
    clearTimeout(this.#timer);
    const due = Math.min(...[...this.#messages.values()].flat().map(expiry));
    if (due < Infinity) this.#timer = setTimeout(() => this.#later(() => this.#expire()), Math.min(Math.max(0, due - this.#now()), MOST_TIMEOUT_MS));
  }

  async #expire() {
    const now = this.#now();
    for (const [secretId, messages] of this.#messages) {
      const gone = messages.filter((message) => expiry(message) <= now);
      const chat = this.#chats.get(secretId);
      if (gone.length && chat) await this.#keep(chat, [], gone);
    }
    this.#plan();
  }

  async #me() {
    const self = this.#needs.self();
    if (!self || !this.ready) throw new Error('nobody is logged in');
    return { identity: await this.#needs.identity(), party: { user: self.user.id, name: self.user.username, device: self.device.id } };
  }

  /** @param {string} secretId @returns {Chat} one in which something can be said */
  #open(secretId) {
    const chat = this.#chats.get(secretId);
    if (chat?.state !== 'open' || chat.unsure) throw new CryptoError('out_of_order', 'the chat is not open');
    return chat;
  }

  /** @param {Chat} chat */
  #latest(chat) {
    return this.messages(chat.secretId).at(-1)?.at ?? chat.at;
  }

  /** @template T @param {() => Promise<T>} act @returns {Promise<T>} */
  #run(act) {
    const run = this.#last.then(act);
    this.#last = /** @type {Promise<any>} */ (run).catch((error) => {
      if (!(error instanceof RpcError) && !(error instanceof CryptoError)) console.error(error);
    });
    return run;
  }

  /** Something that nobody waits for. @param {() => Promise<unknown>} act */
  #later(act) {
    this.#run(act).catch(() => { /* told by #run */ });
  }

  /** @param {string} secretId '': any of them */
  #changed(secretId) {
    this.dispatchEvent(new CustomEvent('change', { detail: { secretId } }));
  }
}

/** expiry: when a message destroys itself. @param {Message} message */
export const expiry = ({ ttl, readAt }) => (ttl && readAt ? readAt + ttl : Infinity);
