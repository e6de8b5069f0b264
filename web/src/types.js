// SPDX-License-Identifier: Apache-2.0
/** Shapes that the server's API and the parts of this client share. Types alone: nothing here runs. */

/** @typedef {{id: string, username: string, displayName: string}} User */
/** @typedef {{id: string, name: string, platform: string, identityKey: string, addedAt: number}} Device */
/** @typedef {{device: Device, createdAt: number, lastSeenAt: number, current: boolean}} SessionEntry */
/**
 * @typedef {object} HistoryEntry
 * @property {string} callId
 * @property {User} peer
 * @property {boolean} outgoing
 * @property {boolean} video
 * @property {number} startedAt
 * @property {number | null} acceptedAt
 * @property {number} endedAt
 * @property {number} durationMs
 * @property {string} reason
 */

/** @typedef {'ringing' | 'connecting' | 'active' | 'reconnecting' | 'ended'} CallState */
/**
 * @typedef {object} CallSecurity
 * @property {'pending' | 'unverified' | 'verified' | 'changed' | 'broken'} level
 * @property {{char: string, name: string}[]} [emoji]
 * @property {string} [digits]
 * @property {number} [suite] 1 = X25519, 2 = X25519 + ML-KEM-768
 * @property {string} [reason] why it is broken
 */
/**
 * @typedef {object} CallStats
 * @property {number | null} rttMs
 * @property {number | null} lossPercent
 * @property {{audioIn?: number, audioOut?: number, videoIn?: number, videoOut?: number}} bitrateKbps
 * @property {string} [codecAudio]
 * @property {string} [codecVideo]
 * @property {'direct' | 'relay' | ''} [route]
 * @property {string} [transport] 'udp', 'tcp' or 'tls': of the route, on this side
 * @property {string} [resolution]
 * @property {number | null} [fps]
 * @property {Record<string, number>} [e2ee] counters of the media workers: encrypted, decrypted, failed, ...
 */

/**
 * One call. Events: 'state', 'security', 'tracks', 'peer' (peerState), 'ringing' (ringingDevices), 'route', 'warning'
 * (detail: {reason}), 'ended'.
 * @typedef {object} CallSessionMembers
 * @property {string} id
 * @property {User} peer
 * @property {string} [claimedName] what the server calls the peer, where that is not what they were called when compared
 * @property {Device | null} peerDevice
 * @property {boolean} outgoing
 * @property {boolean} video
 * @property {CallState} state
 * @property {string} endReason as in call.ended, or a reason of crypto/errors.js, or identity_changed, or what hangup() was given
 * @property {boolean} [peerVerified] the other person has said that the emoji match
 * @property {number} ringingDevices how many of the peer's devices have said that they ring
 * @property {CallSecurity} security
 * @property {MediaStream | null} remoteStream
 * @property {MediaStream | null} remoteScreenStream
 * @property {{muted: boolean, camera: boolean, screen: boolean}} peerState
 * @property {(options: {video: boolean, localStream: MediaStream}) => Promise<void>} accept
 * @property {() => Promise<void>} decline
 * @property {(reason?: string) => Promise<void>} hangup
 * @property {() => Promise<void>} markVerified
 * @property {() => Promise<void>} acceptChangedKey
 * @property {() => Promise<void>} acceptName takes claimedName
 * @property {(muted: boolean) => void} setMuted
 * @property {(stream: MediaStream | null) => Promise<void>} setCamera
 * @property {(stream: MediaStream | null) => Promise<void>} shareScreen
 * @property {(track: MediaStreamTrack) => Promise<void>} replaceMicrophone
 * @property {() => Promise<CallStats>} stats
 */
/** @typedef {EventTarget & CallSessionMembers} CallSession */
/**
 * Events: 'incoming' (detail: {session}), 'rejected' (detail: {reason, from, callId}) an invitation that did not pass its checks,
 * 'lost' (detail: {callId, peer, video, outgoing}) a call that went with an earlier page.
 * @typedef {object} CallEngineMembers
 * @property {(peer: User, options: {video: boolean, localStream: MediaStream | null}) => Promise<CallSession> | CallSession} invite
 * @property {(calls: any[]) => void} resume the calls of a session.start answer
 * @property {() => void} close hangs up and hears no more
 */
/** @typedef {EventTarget & CallEngineMembers} CallEngine */

export {};
