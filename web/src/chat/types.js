// SPDX-License-Identifier: Apache-2.0
/** Shapes of chats and messages, as in docs/openrpc.json. Types alone: nothing here runs. */

/** @typedef {import('../types.js').User} User */
/** @typedef {'send' | 'invite' | 'info' | 'calls' | 'pin' | 'delete' | 'ban' | 'promote' | 'post'} Right */
/** @typedef {'left' | 'banned' | 'restricted' | 'member' | 'admin' | 'owner'} Role */
/** @typedef {{type: string, offset: number, length: number, url?: string, language?: string, userId?: string}} Entity offsets count UTF-16 units */
/**
 * @typedef {object} Chat
 * @property {string} id
 * @property {'private' | 'saved' | 'group' | 'supergroup' | 'channel'} kind
 * @property {string} title
 * @property {string} about
 * @property {string} [ownerId]
 * @property {number} memberCount
 * @property {Right[]} permissions what members may
 * @property {Role} role
 * @property {Right[]} [rights]
 * @property {number} [until]
 * @property {User} [peer] of a private chat
 * @property {string} [peerReadUpToId]
 * @property {string} [peerDeliveredUpToId]
 * @property {number} [chatPts] how far the log of a supergroup or channel is
 * @property {string} [username] of a public chat
 * @property {number} [slowModeMs]
 * @property {string} [pinned] the newest message that is pinned
 * @property {boolean} [protected] nothing is forwarded from it
 * @property {string} topId
 * @property {string} readUpToId
 * @property {number} unread
 * @property {number} mentions
 * @property {number} [messageTtlMs] what is written goes away so long after it was sent
 * @property {number} [retentionMs] what is older is deleted
 * @property {boolean} [topics] of a supergroup: its messages stand in threads
 * @property {string} [linkedChatId] of a channel, the supergroup in which it is talked about; of that, the channel
 * @property {ServerDraft} [draft]
 */
/** @typedef {{text: string, entities: Entity[], replyTo?: string, at: number}} ServerDraft what the user has begun to write */
/** @typedef {{id: string, chatId: string, sendAt: number, at: number, text: string, entities: Entity[], replyTo?: string, silent?: boolean, ttlMs?: number, failed?: string}} Scheduled failed: why it was not sent */
/** @typedef {{created?: {title: string}, titled?: {title: string}, added?: {userIds: string[]}, removed?: {userIds: string[]}, left?: {}, ttl?: {ms: number}, retention?: {ms: number}, migrated?: {}, pinned?: {messageId: string}, topic?: {title?: string, closed?: boolean, pinned?: boolean}, call?: {callId: string, reason: string, durationMs: number, video: boolean}, room?: {roomId: string, title: string, link?: string}}} ServiceData */
/** @typedef {{emoji: string, count: number, own?: boolean, alone?: boolean}} Reaction alone: of the user, and not counted yet */
/** @typedef {{options: {text: string, count: number}[], voters: number, multiple: boolean, anonymous: boolean, quiz: boolean, closed: boolean, closesAt?: number, own?: number[], correct?: number}} Poll own: places of what the user has chosen */
/** @typedef {{userId?: string, chatId?: string, messageId?: string, name: string, at: number}} Origin */
/** @typedef {{threadId: string, title: string, lastMessageId: string, closed?: boolean, pinned?: boolean, unread?: number}} Topic */
/** @typedef {{text: string, offset: number, entities?: Entity[]}} Quote a part of a message, offset in UTF-16 units of its text */
/** @typedef {{chatId: string, messageId: string, count: number}} Comments of a channel's post: its copy in the linked supergroup, and the replies to that */
/** @typedef {{fileId: string, kind: 'photo' | 'video' | 'audio' | 'voice' | 'file', name: string, mime: string, size: number, width?: number, height?: number, durationMs?: number}} Attachment */
/**
 * @typedef {object} Message
 * @property {string} id counts from 1 in each chat
 * @property {string} chatId
 * @property {string} from
 * @property {number} at
 * @property {'text' | 'service' | 'poll'} kind
 * @property {string} text
 * @property {Entity[]} entities
 * @property {ServiceData} [data]
 * @property {string} [replyTo]
 * @property {string} [threadId] the topic that it stands in
 * @property {Quote} [quote] what of the other message it answers
 * @property {number} [editedAt]
 * @property {boolean} [silent]
 * @property {Reaction[]} [reactions]
 * @property {boolean} [pinned]
 * @property {Origin} [forwardedFrom]
 * @property {number} [expiresAt] when it goes away
 * @property {Poll} [poll] whose question is the text
 * @property {Comments} [comments]
 * @property {Attachment[]} [attachments] the text may be empty then
 */
/** @typedef {{link: string, creatorId: string, createdAt: number, expiresAt?: number, maxUses?: number, uses: number, approval: boolean}} ChatLink */
/** @typedef {{user: User, role: Role, rights?: Right[], until?: number, joinedAt: number, readUpToId: string, deliveredUpToId: string}} Member */
/**
 * @typedef {object} Update
 * @property {string} type
 * @property {string} chatId
 * @property {number} [pts]
 * @property {number} [chatPts] of the log of a supergroup or channel
 * @property {Partial<Chat>} [info] of a supergroup or channel: what is the same for all
 * @property {Message} [message]
 * @property {string[]} [ids]
 * @property {Chat} [chat]
 * @property {string} [userId]
 * @property {Role} [role]
 * @property {Right[]} [rights]
 * @property {number} [until]
 * @property {string} [upToId]
 * @property {number} [unread]
 * @property {number} [mentions]
 * @property {string} [action]
 * @property {ServerDraft} [draft]
 * @property {string} [scheduledId]
 * @property {Scheduled} [scheduled] missing: it is gone
 * @property {string} [messageId]
 * @property {Reaction[]} [reactions] without whose they are, unless `own` is there
 * @property {string | null | number[]} [own] what the user has reacted with, or voted for
 * @property {number} [correct] what was right
 * @property {boolean} [pinned]
 * @property {Poll} [poll] without `own`, unless the user has voted
 */
/** What the model needs of the connection: RpcClient, or a test's. @typedef {Pick<import('../rpc.js').RpcClient, 'call' | 'on' | 'state' | 'addEventListener' | 'removeEventListener'>} Rpc */

export {};
