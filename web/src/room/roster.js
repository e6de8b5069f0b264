// SPDX-License-Identifier: Apache-2.0
/** Who is in a room, who waits in its lobby, and who is heard. State alone: it is told what the server tells. */

/** @typedef {import('./types.js').Participant} Participant */
/** @typedef {import('./types.js').Source} Source */

export class Roster {
  /** this side's participant id */ me = '';
  /** @type {Map<string, Participant>} in the order of joining */ people = new Map();
  /** @type {Map<string, Participant>} */ lobby = new Map();
  /** @type {string[]} participants who are heard, the loudest first */ speakers = [];
  /** how many are inside that are not told one by one */ #beyond = 0;
  /** @type {Map<string, {participant: Participant, source: Source}>} by track */ #tracks = new Map();

  /** how many are inside */
  get count() {
    return this.people.size + this.#beyond;
  }

  /** @returns {Participant | null} */
  get self() {
    return this.people.get(this.me) ?? null;
  }

  get isHost() {
    return this.self?.role === 'host';
  }

  /** @returns {Participant[]} everybody else */
  get others() {
    return [...this.people.values()].filter(({ id }) => id !== this.me);
  }

  /** reset: what room.join answered. @param {Pick<import('./types.js').Joined, 'participant' | 'participants' | 'count' | 'lobby'>} joined */
  reset({ participant, participants, count, lobby = [] }) {
    this.me = participant.id;
    this.people = new Map([...participants].sort((a, b) => a.joinedAt - b.joinedAt).map((one) => [one.id, one]));
    this.people.set(participant.id, participant);
    this.lobby = new Map(lobby.map((one) => [one.id, one]));
    this.speakers = this.speakers.filter((id) => this.people.has(id));
    this.tellCount(count);
    this.#index();
  }

  /** put: somebody came, or has changed. @param {Participant} participant @returns {boolean} whether they are new here */
  put(participant) {
    const isNew = !this.people.has(participant.id);
    this.people.set(participant.id, participant);
    this.lobby.delete(participant.id);
    if (isNew && this.#beyond > 0) this.#beyond--;
    this.#index();
    return isNew;
  }

  /** remove: @param {string} id @returns {Participant | null} who it was */
  remove(id) {
    const gone = this.people.get(id) ?? null;
    this.people.delete(id);
    this.lobby.delete(id);
    this.speakers = this.speakers.filter((one) => one !== id);
    this.#index();
    return gone;
  }

  /** wait: somebody waits in the lobby, or no longer does. @param {Participant} participant @param {boolean} waiting */
  wait(participant, waiting) {
    if (waiting) this.lobby.set(participant.id, participant);
    else this.lobby.delete(participant.id);
  }

  /** tellCount: @param {number} count how many the server says are inside */
  tellCount(count) {
    this.#beyond = Math.max(0, count - this.people.size);
  }

  /** tellSpeakers: @param {string[]} trackIds who is heard, the loudest first */
  tellSpeakers(trackIds) {
    const ids = trackIds.map((id) => this.#tracks.get(id)?.participant.id).filter((id) => id !== undefined);
    this.speakers = [...new Set(ids)];
  }

  /** ownerOf: whose track it is, and what it shows. @param {string} trackId */
  ownerOf(trackId) {
    return this.#tracks.get(trackId) ?? null;
  }

  #index() {
    this.#tracks = new Map([...this.people.values()].flatMap((participant) =>
      participant.tracks.map((track) => /** @type {const} */ ([track.id, { participant, source: track.source }]))));
  }
}

/** trackOf: what somebody publishes from a source, while it is not muted. @param {Participant} participant @param {Source} source */
export function trackOf(participant, source) {
  return participant.tracks.find((track) => track.source === source && !track.muted) ?? null;
}
