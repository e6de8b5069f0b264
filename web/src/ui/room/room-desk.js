// SPDX-License-Identifier: Apache-2.0
/** Where rooms are entered and left: one at a time; invitations ring over it. Event 'ended' after one. */
import { h } from '../../dom.js';
import { LocalMedia } from '../../media/local-media.js';
import { RoomSession } from '../../room/session.js';
import { roomEnd, roomProblem } from '../../room/words.js';
import { Preview } from '../call/preview.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';
import { Invitation } from './invitation.js';
import { RoomView, endCard } from './room-view.js';

/** @typedef {import('../../room/session.js').Door} Door */

const BRIEF_MS = 6000;

export class RoomDesk extends EventTarget {
  #app;
  /** @type {RoomView | null} */ #view = null;
  /** @type {HTMLElement | null} */ #card = null;
  #entering = false;
  /** @type {Map<string, Invitation>} by room */ #ringing = new Map();

  /** @param {import('../../app.js').App} app */
  constructor(app) {
    super();
    this.#app = app;
    app.rpc.on('room.invited', (params) => this.#invited(params));
    app.rpc.on('room.uninvited', ({ roomId }) => this.#silence(roomId));
    app.rpc.on('room.declined', (params) => void this.#declined(params));
  }

  /** whether a room is open on this page, or about to */
  get busy() {
    return this.#entering || this.#view !== null;
  }

  get talking() {
    return this.#view?.session.inside ?? false;
  }

  /**
   * enter: looks at camera and microphone, then joins.
   * @param {Door} door
   * @param {{title?: string, displayName?: string, local?: LocalMedia, onenter?: (session: RoomSession) => void}} [options] local: devices that are ready; onenter: when inside
   * @returns {Promise<boolean>} whether this side is inside, or in the lobby
   */
  async enter(door, { title = '', displayName = '', local, onenter } = {}) {
    if (this.busy) {
      local?.close();
      return false;
    }
    this.#entering = true;
    this.#closeCard();
    try {
      const devices = local ?? (await roomPreflight(this.#app, title));
      return devices ? await this.#join(door, devices, { title, displayName, onenter }) : false;
    } finally {
      this.#entering = false;
    }
  }

  /** leave: logged out, or another tab took over. */
  leave() {
    for (const id of [...this.#ringing.keys()]) this.#silence(id);
    void this.#view?.leave();
    this.#closeCard();
  }

  /** @param {Door} door @param {LocalMedia} local @param {{title: string, displayName: string, onenter?: (session: RoomSession) => void}} options */
  async #join(door, local, { title, displayName, onenter }) {
    const session = new RoomSession({ rpc: this.#app.rpc, local });
    try {
      await session.join(door, displayName);
    } catch (error) {
      local.close();
      this.#app.toasts.show(`${title ? `${title}: ` : ''}${roomProblem(error)}`, { tone: 'bad', ms: 12000, key: 'room-refused' });
      return false;
    }
    const view = new RoomView(this.#app, session, local);
    this.#view = view;
    view.addEventListener('closed', () => this.#closed(view, { door, title, displayName }));
    document.body.append(view.el);
    document.querySelector('.root')?.toggleAttribute('inert', true);
    view.el.focus({ preventScroll: true });
    onenter?.(session);
    if (session.state === 'ended') this.#closed(view, { door, title, displayName });
    return true;
  }

  /** @param {RoomView} view @param {{door: Door, title: string, displayName: string}} way */
  #closed(view, { door, title, displayName }) {
    if (this.#view !== view) return;
    this.#view = null;
    view.end();
    document.querySelector('.root')?.toggleAttribute('inert', this.#app.calls.busy);
    this.dispatchEvent(new CustomEvent('ended', { detail: { reason: view.session.endReason } }));
    if (this.#app.account.user) void this.#app.rooms.refresh();
    const { room, endReason } = view.session;
    const end = roomEnd(endReason);
    const card = endCard(end, { name: room?.title ?? title, done: () => this.#closeCard(), again: () => {
      this.#closeCard();
      this.dispatchEvent(new CustomEvent('again', { detail: { door, title, displayName } }));
      if (this.#app.account.user) void this.enter(door, { title, displayName });
    } });
    card.dataset.reason = endReason;
    this.#card = card;
    document.body.append(card);
    card.focus();
    if (endReason === 'left') setTimeout(() => this.#card === card && this.#closeCard(), BRIEF_MS);
  }

  #closeCard() {
    this.#card?.remove();
    this.#card = null;
  }

  /** @param {{roomId: string, title: string, from: import('../../types.js').User, ring: boolean, expiresAt: number, callId?: string}} params */
  #invited(params) {
    const { roomId, title, from, ring, callId } = params;
    if (!ring || this.#ringing.has(roomId) || this.#view?.session.id === roomId) return;
    void this.#app.rpc.call('room.ring', { roomId }).catch(() => {});
    const moved = Boolean(callId && callId === this.#app.calls.callId);
    /* the other side may be in the room, and the call over, before this one is answered */
    const devices = moved ? this.#app.calls.devices : null;
    const sheet = new Invitation(this.#app, { roomId, title, from, moved }, (accepted) => void this.#answered(params, accepted, devices));
    this.#ringing.set(roomId, sheet);
    this.#app.toasts.say(`${from.displayName} invites you into ${title}`, true);
  }

  /** @param {{roomId: string, title: string, from: import('../../types.js').User}} invitation @param {boolean} accepted @param {{muted: boolean, camera: boolean} | null} devices of the call that it comes from */
  async #answered({ roomId, title, from }, accepted, devices) {
    this.#silence(roomId);
    if (!accepted) {
      await this.#app.rpc.call('room.decline', { roomId, reason: 'declined' }).catch(() => {});
      return;
    }
    if (this.#view) await this.#view.leave();
    const local = devices ? await this.#app.calls.borrow(devices) : undefined;
    await this.enter({ roomId }, { title, local, onenter: (session) => devices ? void this.#app.calls.giveWay(session, from.id) : this.#app.calls.hangUp() });
  }

  /** @param {string} roomId */
  #silence(roomId) {
    this.#ringing.get(roomId)?.end();
    this.#ringing.delete(roomId);
  }

  /** @param {{roomId: string, userId: string, reason: string}} params */
  async #declined({ userId, reason }) {
    const user = await this.#app.people.get(userId).catch(() => null);
    const name = user?.displayName ?? 'Whoever you rang';
    const words = reason === 'busy' ? `${name} is in another call.` : reason === 'missed' ? `${name} did not answer.` : `${name} does not come.`;
    this.#app.toasts.show(words, { icon: 'missed', ms: 6000 });
  }
}

/**
 * roomPreflight: looks at camera and microphone before a room is entered.
 * @param {import('../../app.js').App} app @param {string} title
 * @returns {Promise<LocalMedia | null>} null: not to be entered
 */
export async function roomPreflight(app, title) {
  const local = new LocalMedia(app);
  const preview = new Preview(app, local, { video: true });
  const join = h('button', { class: 'button primary', type: 'button', testid: 'room-join', disabled: true, onclick: () => dialog.close('join') }, icon('people', 20), 'Join');
  const dialog = new Dialog({ title: title ? `Join “${title}”` : 'Join the room', testid: 'room-preflight', kind: 'dialog-preview', body: [preview.el, h('p', { class: 'muted room-secret' }, icon('lock', 16), 'Encrypted to the server, which passes it on.')],
    actions: [h('button', { class: 'button', type: 'button', testid: 'room-cancel', onclick: () => dialog.close() }, 'Cancel'), join] });
  /* with a microphone that does not work one can still listen */
  void preview.start().then(() => {
    join.disabled = false;
    if (dialog.el.open) join.focus();
  });
  const chosen = await dialog.closed;
  preview.end();
  if (chosen === 'join') return local;
  local.close();
  return null;
}
