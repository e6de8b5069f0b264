// SPDX-License-Identifier: Apache-2.0
/**
 * One's part in a room, from entering to its end, whatever happens to the connection meanwhile.
 *
 *   joining -> joined <-> away          (away: no connection to the server; sound and picture may go on)
 *       \-> lobby -> joined
 *   any -> ended                        (endReason: see words.js)
 *
 * Events: 'state', 'roster' (who is there, or what they do), 'room', 'speakers', 'slots', 'media', 'lost' (a media connection), 'joined' and 'left'
 * (detail: {participant}), 'lobby' (detail: {participant, waiting}), 'muted' (detail: {sources, by}), 'trouble' (detail: {error}), 'ended'.
 */
import { RpcError } from '../rpc-error.js';
import { RoomMedia } from './media.js';
import { Roster } from './roster.js';
import { Slots } from './slots.js';
import { ViewSender } from './view.js';

/** @typedef {import('./types.js').Participant} Participant */
/** @typedef {import('./types.js').Role} Role */
/** @typedef {'joining' | 'lobby' | 'joined' | 'away' | 'ended'} RoomState */
/** @typedef {{roomId: string} | {link: string}} Door */

const PAGE = 200;

export class RoomSession extends EventTarget {
  /** @type {RoomState} */ state = 'joining';
  endReason = '';
  /** @type {import('./types.js').Room | null} */ room = null;
  /** when this side came in, ms since the epoch */ joinedAt = 0;
  roster = new Roster();
  slots = new Slots();
  /** @type {RoomMedia} */ media;
  /** @type {RTCIceServer[]} */ #iceServers = [];
  #rpc;
  /** @type {string} */ #resume = '';
  #name = '';
  /** @type {(() => void)[]} */ #off = [];
  #view = new ViewSender((want) => this.call('view', { want }));
  #abort = new AbortController();
  #rejoining = false;

  /**
   * @param {{rpc: import('../rpc.js').RpcClient, local: import('../media/local-media.js').LocalMedia | null,
   *   makeConnection?: (config: RTCConfiguration) => RTCPeerConnection}} needs
   */
  constructor({ rpc, local, makeConnection }) {
    super();
    this.#rpc = rpc;
    this.media = new RoomMedia({ session: this, local, makeConnection });
    this.addEventListener('lost', () => this.#reconnect());
  }

  get id() {
    return this.room?.id ?? '';
  }

  /** @returns {Participant | null} */
  get me() {
    return this.roster.self ?? null;
  }

  get inside() {
    return this.state === 'joined' || this.state === 'away';
  }

  /** call: a method of this room. @param {string} name without 'room.' @param {object} [params] @param {import('../rpc.js').CallOptions} [options] */
  call(name, params = {}, options = {}) {
    return this.#rpc.call(`room.${name}`, { roomId: this.id, ...params }, options);
  }

  /** join: rejects with what the server refused it for. @param {Door} door @param {string} [displayName] */
  async join(door, displayName = '') {
    this.#name = displayName;
    this.#listen();
    try {
      this.#entered(await this.#rpc.call('room.join', { ...door, ...(displayName ? { displayName } : {}) }));
    } catch (error) {
      this.#end(error instanceof RpcError ? error.reason : 'failed');
      throw error;
    }
  }

  /** leave: for good. */
  async leave() {
    if (this.state === 'ended') return;
    const told = this.room ? this.call('leave', {}, { timeoutMs: 4000 }) : Promise.resolve();
    this.#end('left');
    await told.catch(() => {});
  }

  /** look: what the page shows. @param {import('./types.js').Want[]} want */
  look(want) {
    if (this.inside) this.#view.set(want);
  }

  /** raise: @param {boolean} hand */
  raise(hand) {
    return this.call('update', { hand });
  }

  /** stats: @returns {Promise<import('./types.js').RoomStats>} */
  stats() {
    return this.call('stats');
  }

  #listen() {
    const on = (/** @type {string} */ name, /** @type {(params: any) => void} */ take) =>
      this.#off.push(this.#rpc.on(`room.${name}`, (params) => { if (params.roomId === this.id && this.state !== 'ended') take(params); }));
    on('joined', ({ participant }) => this.roster.put(participant) && this.#emit('joined', { participant }, 'roster'));
    on('updated', ({ participant }) => this.#updated(participant));
    on('left', ({ participantId, reason }) => this.#left(participantId, reason));
    on('count', ({ count }) => { this.roster.tellCount(count); this.#emit('roster'); });
    on('changed', ({ room }) => { this.room = room; this.#emit('room'); });
    on('lobby', ({ participant, waiting }) => { this.roster.wait(participant, waiting); this.#emit('lobby', { participant, waiting }, 'roster'); });
    on('admitted', () => void this.#rejoin());
    on('muted', ({ trackIds, by }) => this.media.muted(trackIds, by));
    on('slots', ({ slots }) => { if (this.slots.assign(slots).length) this.#emit('slots'); });
    on('speakers', ({ trackIds }) => { this.roster.tellSpeakers(trackIds); this.#emit('speakers'); });
    on('layers', ({ trackId, active }) => void this.media.layers(trackId, active));
    on('ended', ({ reason }) => this.#end(reason === 'ended' ? 'room_ended' : reason));
    const { signal } = this.#abort;
    this.#rpc.addEventListener('session', () => void this.#rejoin(), { signal });
    this.#rpc.addEventListener('resync', () => void this.#rejoin(), { signal });
    this.#rpc.addEventListener('state', () => this.#connection(), { signal });
  }

  #connection() {
    if (this.#rpc.state === 'offline') this.#end(this.#rpc.stopReason === 'taken_over' ? 'taken_over' : 'signed_out');
    else if (this.#rpc.state === 'waiting' && this.state === 'joined') this.#become('away');
  }

  /** The connection is back, or this side was let in. */
  async #rejoin() {
    if (!this.room || this.state === 'ended' || this.#rejoining) return;
    const { id } = this.room;
    this.#rejoining = true;
    try {
      const name = this.#name ? { displayName: this.#name } : {};
      this.#entered(await this.#rpc.call('room.join', { roomId: id, resume: this.#resume, ...name }));
    } catch (error) {
      const { code, reason } = error instanceof RpcError ? error : { code: 0, reason: 'failed' };
      /* a connection that was lost again brings the next session, and with it the next try */
      if (code !== RpcError.LOST && code !== RpcError.TIMEOUT) this.#end(reason || 'room');
    } finally {
      this.#rejoining = false;
    }
  }

  /** @param {import('./types.js').Joined} joined */
  #entered(joined) {
    if (this.state === 'ended') return;
    this.room = joined.room;
    this.#resume = joined.resume;
    if (joined.state === 'lobby') return this.#become('lobby');
    this.roster.reset(joined);
    this.joinedAt ||= Date.now();
    /* a participant of before, with the connections of before; or a new one, who has none */
    if (joined.resumed && this.media.started && !this.media.lost) this.media.again();
    else this.#connect(joined.iceServers);
    this.#become('joined');
    this.#emit('roster');
    this.#emit('room');
    this.#view.again();
    if (joined.next) void this.#more(joined.next);
  }

  /** With connections of its own. @param {RTCIceServer[]} iceServers */
  #connect(iceServers) {
    this.#iceServers = iceServers;
    this.slots.clear();
    this.media.start(iceServers);
  }

  /** The media connections are lost and do not come back: others take their place, the participant stays. */
  #reconnect() {
    if (this.state !== 'joined') return;
    this.#connect(this.#iceServers);
    this.#view.again();
  }

  /** The rest of a crowd. @param {string} after */
  async #more(after) {
    for (let next = /** @type {string | undefined} */ (after), pages = 0; next && pages < 50 && this.inside; pages++) {
      const page = await this.call('participants', { after: next, limit: PAGE }).catch(() => null);
      if (!page) return;
      for (const participant of page.participants) this.roster.put(participant);
      this.roster.tellCount(page.count);
      this.#emit('roster');
      next = page.next;
    }
  }

  /** @param {Participant} participant */
  #updated(participant) {
    const before = this.me;
    this.roster.put(participant);
    if (participant.id === this.roster.me) this.media.role(before?.role ?? participant.role, participant.role);
    this.#emit('roster');
  }

  /** @param {string} id @param {string} reason */
  #left(id, reason) {
    if (id === this.roster.me || (this.state === 'lobby' && reason === 'refused')) return this.#end(reason);
    const participant = this.roster.remove(id);
    if (participant) this.#emit('left', { participant, reason }, 'roster');
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.state === 'ended') return;
    this.endReason = reason;
    for (const off of this.#off) off();
    this.#abort.abort();
    this.#view.end();
    this.media.close();
    this.#become('ended');
    this.#emit('ended');
  }

  /** @param {RoomState} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#emit('state');
  }

  /** @param {string} name @param {object} [detail] @param {string} [also] */
  #emit(name, detail, also) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
    if (also) this.dispatchEvent(new CustomEvent(also));
  }
}
