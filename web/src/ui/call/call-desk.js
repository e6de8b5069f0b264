// SPDX-License-Identifier: Apache-2.0
/**
 * Where calls are made and taken: from a click or an incoming call to the view of the call and its summary. One call at
 * a time; others ring over it. Event 'ended' after a call.
 */
import { LocalMedia } from '../../media/local-media.js';
import { handOver } from '../../room/hand-over.js';
import { roomProblem } from '../../room/words.js';
import { problem, why } from '../../words.js';
import { confirm } from '../dialog.js';
import { CallView } from './call-view.js';
import { Incoming } from './incoming.js';
import { preflight } from './preflight.js';
import { summary } from './summary.js';

/** @typedef {import('../../types.js').CallSession} CallSession */
/** @typedef {import('../../types.js').User} User */

const BRIEF_MS = 8000;

export class CallDesk extends EventTarget {
  #app;
  #makeEngine;
  /** @type {import('../../types.js').CallEngine | null} */ #engine = null;
  #engineOf = '';
  /** @type {CallView | null} */ #view = null;
  /** @type {HTMLElement | null} */ #summary = null;
  /** @type {Map<string, Incoming>} */ #ringing = new Map();
  /** @type {AbortController | null} a call that is being prepared */ #preparing = null;

  /** @param {import('../../app.js').App} app @param {import('../../app.js').AppParts['makeEngine']} makeEngine */
  constructor(app, makeEngine) {
    super();
    this.#app = app;
    this.#makeEngine = makeEngine;
  }

  /** whether a call of this page is going on or about to */
  get busy() {
    return Boolean(this.#view || this.#preparing);
  }

  /** whether sound may be flowing */
  get talking() {
    return this.#view !== null && ['active', 'connecting', 'reconnecting'].includes(this.#view.session.state);
  }

  /** the call of this page that is active, '' without one */
  get callId() {
    return this.#view?.session.state === 'active' ? this.#view.session.id : '';
  }

  /** which devices of the call are on */
  get devices() {
    const local = this.#view?.local;
    return { muted: Boolean(local?.muted), camera: Boolean(local?.camera) };
  }

  /** borrow: devices of one's own, on and off as those of a call. @param {{muted: boolean, camera: boolean}} [like] @returns {Promise<LocalMedia>} */
  async borrow({ muted, camera } = this.devices) {
    const local = new LocalMedia(this.#app);
    local.setMuted(muted);
    await local.startMicrophone();
    if (camera) await local.startCamera();
    return local;
  }

  /** hangUp: the call of this page, if there is one. */
  hangUp() {
    void this.#view?.hangUp().catch(() => {});
  }

  /** giveWay: ends the call of this page once a room has taken its place. @param {import('../../room/session.js').RoomSession} room @param {string} peerId */
  async giveWay(room, peerId) {
    const call = this.callId;
    if (!call) return;
    const how = await handOver(room, this.#app.rpc, peerId);
    if (how !== 'left' && this.#view?.session.id === call) this.hangUp();
  }

  /** toRoom: goes on in a room, where others can join; the other side is asked to come along. */
  async toRoom() {
    const session = this.#view?.session;
    if (!session || !this.callId) return;
    const words = `Others can join a room. It is encrypted to the server, though, and no longer from end to end. ${session.peer.displayName} is asked to come along.`;
    if (!await confirm({ title: 'Go on in a room?', text: words, yes: 'Make the room', testid: 'confirm-room' })) return;
    try {
      const title = `${this.#app.account.user?.displayName ?? ''} and ${session.peer.displayName}`.slice(0, 128);
      const room = await this.#app.rooms.create(title, { guests: true }, session.id);
      await this.#app.roomDesk.enter({ roomId: room.id }, { title, local: await this.borrow(), onenter: (room) => void this.giveWay(room, session.peer.id) });
    } catch (error) {
      this.#app.toasts.show(roomProblem(error), { tone: 'bad' });
    }
  }

  /** resume: a session was started; the engine learns which calls the server has. @param {any[]} calls */
  async resume(calls) {
    const login = this.#app.account.login;
    if (!login) return;
    const key = `${login.user.id}/${login.device.id}`;
    if (this.#engineOf !== key) {
      this.#engineOf = key;
      const engine = await this.#makeEngine(login);
      if (this.#engineOf !== key) return;
      this.#engine = engine;
      engine.addEventListener('incoming', (event) => this.#incoming(/** @type {CustomEvent} */ (event).detail.session));
      engine.addEventListener('rejected', (event) => this.#rejected(/** @type {CustomEvent} */ (event).detail));
      engine.addEventListener('lost', (event) => this.#lost(/** @type {CustomEvent} */ (event).detail));
    }
    this.#engine?.resume(calls);
  }

  /** leave: logged out, or another tab took over. */
  leave() {
    for (const sheet of this.#ringing.values()) sheet.end();
    this.#ringing.clear();
    this.#preparing?.abort();
    if (this.#view) void this.#view.hangUp().catch(() => {});
    this.#engine?.close();
    this.#engine = null;
    this.#engineOf = '';
  }

  /** call: rings somebody. @param {User} peer @param {{video: boolean}} options */
  async call(peer, { video }) {
    if (this.busy || this.#app.roomDesk.busy) return;
    this.#closeSummary();
    this.#preparing = new AbortController();
    try {
      const local = await this.#devicesFor(peer, video, this.#preparing.signal);
      if (!local) return;
      if (!this.#engine) {
        local.close();
        this.#app.toasts.show('Not connected to the server yet. Try again in a moment.', { tone: 'warn' });
        return;
      }
      await this.#invite(peer, local);
    } finally {
      this.#preparing = null;
    }
  }

  /** @param {User} peer @param {LocalMedia} local */
  async #invite(peer, local) {
    try {
      const engine = /** @type {import('../../types.js').CallEngine} */ (this.#engine);
      this.#show(await engine.invite(peer, { video: Boolean(local.camera), localStream: local.stream }), local);
    } catch (error) {
      local.close();
      this.#app.toasts.show(`${peer.displayName} could not be called. ${problem(error)}`, { tone: 'bad', ms: 10000 });
    }
  }

  /** @param {User} peer @param {boolean} video @param {AbortSignal} signal @returns {Promise<LocalMedia | null>} */
  async #devicesFor(peer, video, signal) {
    if (this.#app.settings.get('previewBeforeCall')) return preflight(this.#app, peer, { video, signal });
    const local = new LocalMedia(this.#app);
    const good = (await local.startMicrophone()) && (!video || (await local.startCamera()));
    /* something is wrong: the preview says what */
    return good ? local : preflight(this.#app, peer, { video, local, signal });
  }

  /** @param {CallSession} session */
  #incoming(session) {
    if (this.#ringing.has(session.id) || session.state !== 'ringing') return;
    const sheet = new Incoming(this.#app, session, (local) => void this.#accept(session, local));
    this.#ringing.set(session.id, sheet);
    this.#app.toasts.say(`${session.peer.displayName} is calling`, true);
    session.addEventListener('ended', () => {
      this.#ringing.delete(session.id);
      if (this.#view?.session === session) return;
      this.#missed(session);
    });
  }

  /** @param {CallSession} session @param {LocalMedia} local */
  async #accept(session, local) {
    this.#ringing.delete(session.id);
    this.#preparing?.abort();
    if (this.#app.roomDesk.busy) this.#app.roomDesk.leave();
    const before = this.#view;
    if (before) await before.hangUp().catch(() => {});
    this.#closeSummary();
    this.#show(session, local);
    try {
      await session.accept({ video: Boolean(local.camera), localStream: local.stream });
    } catch (error) {
      this.#app.toasts.show(`The call could not be answered. ${problem(error)}`, { tone: 'bad' });
      if (session.state !== 'ended') await session.hangup('failed').catch(() => {});
    }
  }

  /** A call that did not pass its checks: nothing rang, and the user should know. @param {{reason: string, from: User}} rejected */
  #rejected({ reason, from }) {
    this.#app.toasts.show(`A call from ${from.displayName} was refused because ${why(reason, from.displayName)}.`, { tone: 'bad', icon: 'shieldAlert', ms: 0, key: `rejected-${from.id}` });
  }

  /** A call whose keys went with the page before this one. @param {{peer?: User, video?: boolean}} lost */
  #lost({ peer, video = false }) {
    if (!peer) return;
    this.#app.toasts.show(`The call with ${peer.displayName} ended when this page was reloaded: its keys lived in the page alone.`, { tone: 'warn', ms: 0, key: 'lost-call', icon: 'phone', action: { label: 'Call again', run: () => void this.call(peer, { video }) } });
  }

  /** What is said of a call that ended before it was answered here. @param {CallSession} session */
  #missed(session) {
    const name = session.peer.displayName;
    if (session.endReason === 'declined') return;
    if (session.endReason === 'answered_elsewhere') this.#app.toasts.show('Answered on another of your devices.', { icon: 'check' });
    else this.#app.toasts.show(`You missed a call from ${name}.`, { tone: 'warn', icon: 'missed', ms: 0, key: `missed-${session.peer.id}`, action: { label: 'Call back', run: () => void this.call(session.peer, { video: session.video }) } });
  }

  /** @param {CallSession} session @param {LocalMedia} local */
  #show(session, local) {
    const view = new CallView(this.#app, session, local);
    this.#view = view;
    view.addEventListener('closed', () => this.#ended(view));
    document.body.append(view.el);
    document.querySelector('.root')?.toggleAttribute('inert', true);
    view.el.focus({ preventScroll: true });
    /* it may have ended while it was being shown */
    if (session.state === 'ended') this.#ended(view);
  }

  /** @param {CallView} view */
  #ended(view) {
    if (this.#view !== view) return;
    this.#view = null;
    view.end();
    document.querySelector('.root')?.toggleAttribute('inert', this.#app.roomDesk.talking);
    /* over a room that it has become nothing is to be read */
    if (!this.#app.roomDesk.talking) this.#showSummary(view);
    this.dispatchEvent(new CustomEvent('ended'));
    void this.#app.log.refresh();
  }

  /** @param {CallView} view */
  #showSummary(view) {
    const { session } = view;
    const durationMs = view.activeAt ? Date.now() - view.activeAt : 0;
    const relayed = view.stats?.route ? view.stats.route === 'relay' : null;
    const card = summary(session, { byMe: view.byMe, durationMs, grade: view.quality.grade, relayed },
      {
        again: (video) => void this.call(session.peer, { video }),
        acceptKey: async () => {
          await session.acceptChangedKey();
          void this.call(session.peer, { video: session.video });
        },
        done: () => this.#closeSummary(),
      });
    this.#summary = card.el;
    document.body.append(card.el);
    document.querySelector('.root')?.toggleAttribute('inert', true);
    card.focus();
    /* the plain end of a call needs no click */
    if (card.el.dataset.tone === 'calm') setTimeout(() => this.#summary === card.el && this.#closeSummary(), BRIEF_MS);
  }

  #closeSummary() {
    if (!this.#summary) return;
    this.#summary.remove();
    this.#summary = null;
    if (!this.#view) document.querySelector('.root')?.toggleAttribute('inert', false);
  }
}
