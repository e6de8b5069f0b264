// SPDX-License-Identifier: Apache-2.0
/** Shapes of rooms, as docs/openrpc.json has them. Types alone: nothing here runs. */

/** @typedef {'mic' | 'camera' | 'screen' | 'screen_audio'} Source */
/** @typedef {'host' | 'speaker' | 'listener'} Role */
/** @typedef {{id: string, kind: 'audio' | 'video', source: Source, muted: boolean, name?: string}} Track */
/** @typedef {{id: string, userId?: string, displayName: string, role: Role, hand: boolean, away: boolean, joinedAt: number, tracks: Track[]}} Participant */
/** @typedef {{lobby: boolean, guests: boolean, maxParticipants: number, permanent: boolean, entryRole: 'speaker' | 'listener', activeSpeakers: number}} Policy */
/** @typedef {{id: string, title: string, ownerId: string, policy: Policy, locked: boolean, createdAt: number, link?: string, chatId?: string, count?: number}} Room */
/** @typedef {{trackId: string, width: number, height: number, priority: number}} Want */
/**
 * @typedef {object} Joined the answer to room.join
 * @property {'joined' | 'lobby'} state
 * @property {boolean} resumed
 * @property {Participant} participant
 * @property {Participant[]} participants
 * @property {string} [next]
 * @property {number} count
 * @property {Participant[]} [lobby]
 * @property {Room} room
 * @property {string} resume
 * @property {RTCIceServer[]} iceServers
 */
/**
 * @typedef {object} RoomStats the answer to room.stats
 * @property {{participantId: string, direction: 'publish' | 'subscribe', rttMs: number, estimateBps: number, sendingBps: number, receivingBps: number, lossPermille: number}[]} transports
 * @property {{participantId: string, trackId: string, source: Source, codec: string, layers: {rid: string, active: boolean, width: number, height: number, bitrateBps: number, fps: number}[]}[]} tracks
 * @property {{participantId: string, trackId: string | null, mid: string, kind: 'audio' | 'video', layer: number, layers: number, temporal: number, bitrateBps: number, lossPermille: number}[]} slots
 * @property {{participantId: string, mid: string, trackId: string | null, why: string}[]} decisions
 */

export {};
