// SPDX-License-Identifier: Apache-2.0
/**
 * The user's chats as the update log leaves them: the newest message, unread counts, marks, members, who is typing.
 * Events: 'change' (the list or an entry), 'pins', 'marks', 'members', 'typing' (detail: {chatId}), 'message' (detail: {message}): a new one, 'learned' (detail: {chat}): as an answer has it.
 */
import { History } from './history.js';
import { mergePoll, mergeReactions } from './reactions.js';
import { isLarge } from './rights.js';
import { Topics } from './topics.js';
import { UpdateLog } from './update-log.js';

/** @typedef {import('./types.js').Chat} Chat */
/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Member} Member */
/** @typedef {import('./types.js').Update} Update */
/**
 * @typedef {object} Entry
 * @property {Chat} chat
 * @property {Message | null} last the newest message that the user sees
 * @property {History} history
 * @property {number} read how far others have read, at most
 * @property {number} delivered
 * @property {Map<string, number>} typing by user: until when
 * @property {Promise<Member[]> | null} members
 * @property {Topics} topics of a supergroup
 * @property {UpdateLog | null} log of a supergroup or channel
 */

const PAGE = 50;
const TYPING_MS = 6000;
const REFRESH_MS = 150;
/* Those of a large group are not all listed. */
const MEMBERS_MOST = 300;
const GONE = new Set(['left', 'banned']);
/* of what is the same for all: missing where it is not so */
const UNSAID = { username: undefined, slowModeMs: undefined, protected: undefined, messageTtlMs: undefined, retentionMs: undefined, linkedChatId: undefined, topics: undefined };
const most = (/** @type {string} */ a, /** @type {string | undefined} */ b) => (Number(b ?? 0) > Number(a) ? /** @type {string} */ (b) : a);

export class Chats extends EventTarget {
  /** 'empty': nothing was asked for yet @type {'empty' | 'loading' | 'ready' | 'failed'} */ state = 'empty';
  /** @type {unknown} */ error = null;
  /** whether there are older ones */ more = false;
  #rpc;
  #me;
  /** @type {Map<string, Entry>} */ #entries = new Map();
  /** @type {string | undefined} */ #next = undefined;
  #round = 0;
  /** @type {Set<string>} to be fetched anew */ #stale = new Set();
  /** @type {any} */ #timer = 0;

  /** @param {import('./types.js').Rpc} rpc @param {() => string} me the user's id */
  constructor(rpc, me) {
    super();
    this.#rpc = rpc;
    this.#me = me;
  }

  /** list: those with something in them, the latest first. @returns {Entry[]} */
  list() {
    return [...this.#entries.values()].filter((entry) => entry.last && !GONE.has(entry.chat.role)).sort((a, b) => /** @type {Message} */ (b.last).at - /** @type {Message} */ (a.last).at);
  }

  /** @param {string} id @returns {Entry | null} */
  get(id) {
    return this.#entries.get(id) ?? null;
  }

  /** all that is unread, in how many chats */
  get unreadChats() {
    return this.list().filter(({ chat }) => chat.unread > 0).length;
  }

  /** refresh: the newest page. */
  async refresh() {
    const round = ++this.#round;
    if (this.state !== 'ready') this.#become('loading');
    await this.#page(round, undefined);
  }

  /** loadMore: the next older page. */
  async loadMore() {
    if (!this.more || this.state === 'loading') return;
    this.#become('loading');
    await this.#page(this.#round, this.#next);
  }

  /** clear: another user. */
  clear() {
    this.#round++;
    for (const { log } of this.#entries.values()) log?.forget();
    clearTimeout(this.#timer);
    this.#stale.clear();
    this.#entries.clear();
    this.more = false;
    this.#become('empty');
  }

  /** forget: the log could not be followed: everything is asked for anew. */
  async forget() {
    for (const entry of this.#entries.values()) forget(entry);
    await this.refresh();
  }

  /** learn: a chat as an answer has it. @param {Chat} chat @returns {Entry} */
  learn(chat) {
    const known = this.#entries.get(chat.id);
    const entry = known ?? { chat, last: null, history: new History(this.#rpc, chat.id), topics: new Topics(this.#rpc, chat.id), read: 0, delivered: 0, typing: new Map(), members: null, log: null };
    /* an answer may be older than what the log has said since: marks go forward only */
    if (known) {
      const late = Number(known.chat.topId) > Number(chat.topId) || Number(known.chat.readUpToId) > Number(chat.readUpToId);
      const counts = late ? { unread: known.chat.unread, mentions: known.chat.mentions } : {};
      entry.chat = { ...known.chat, ...UNSAID, pinned: undefined, ...chat, ...counts, topId: most(chat.topId, known.chat.topId), readUpToId: most(chat.readUpToId, known.chat.readUpToId) };
      if (late) this.#refetch(chat.id);
    }
    entry.read = Math.max(entry.read, Number(chat.peerReadUpToId ?? 0));
    entry.delivered = Math.max(entry.delivered, Number(chat.peerDeliveredUpToId ?? 0));
    this.#entries.set(chat.id, entry);
    if (chat.chatPts !== undefined) this.#follow(entry, chat.chatPts);
    this.dispatchEvent(new CustomEvent('learned', { detail: { chat } }));
    this.#changed(chat.id);
    return entry;
  }

  /** A supergroup or channel has a log of its own. @param {Entry} entry @param {number} pts */
  #follow(entry, pts) {
    if (entry.log) return entry.log.reached(pts);
    const { id } = entry.chat;
    const log = new UpdateLog(this.#rpc, (update) => this.apply(update), { chatId: id, pts });
    log.addEventListener('reset', () => {
      entry.log = null;
      forget(entry);
      this.#refetch(id);
    });
    log.addEventListener('closed', () => this.#left(id));
    entry.log = log;
  }

  /** take: a live update of the log of a chat. @param {Update} update */
  take(update) {
    const entry = this.#entries.get(update.chatId);
    if (entry?.log) entry.log.take(update);
    else this.#refetch(update.chatId);
  }

  /** reached: how far the logs of chats are: what is missing is fetched. @param {{chatId: string, chatPts: number}[]} chats */
  reached(chats) {
    for (const { chatId, chatPts } of chats) this.#entries.get(chatId)?.log?.reached(chatPts);
  }

  /** fetch: a chat by its id. @param {string} id @returns {Promise<Entry | null>} null: it is not one of the user's */
  async fetch(id) {
    const known = this.#entries.get(id);
    if (known) return known;
    const { chats } = await this.#rpc.call('chat.get', { ids: [id] });
    return chats.length ? this.learn(chats[0]) : null;
  }

  /** fetchAll: chats by their ids, those that are not known in one question. @param {string[]} ids */
  async fetchAll(ids) {
    const unknown = ids.filter((id) => !this.#entries.has(id));
    if (!unknown.length) return;
    const { chats } = await this.#rpc.call('chat.get', { ids: unknown.slice(0, 100) }, { resend: true });
    for (const chat of chats) this.learn(chat);
  }

  /** open: the private chat with somebody, or with oneself. @param {string} userId @returns {Promise<Entry>} */
  async open(userId) {
    const known = [...this.#entries.values()].find(({ chat }) => chat.kind === 'private' ? chat.peer?.id === userId : chat.kind === 'saved' && userId === this.#me());
    return known ?? this.learn((await this.#rpc.call('chat.open', { userId })).chat);
  }

  /** members: all of a group's; asked for once. @param {string} id @returns {Promise<Member[]>} */
  members(id) {
    const entry = this.#entries.get(id);
    if (!entry) return Promise.resolve([]);
    entry.members ??= this.#allMembers(entry).catch((error) => {
      entry.members = null;
      throw error;
    });
    return entry.members;
  }

  /** forgetMembers: they are asked for anew the next time. @param {string} id */
  forgetMembers(id) {
    const entry = this.#entries.get(id);
    if (entry) entry.members = null;
  }

  /** apply: one update, in the order of the log. @param {Update} update */
  apply(update) {
    const entry = this.#entries.get(update.chatId);
    if (update.type === 'chat.updated' && update.chat) return void this.#chatUpdated(update.chat);
    if (update.type === 'chat.updated' && update.info && entry) return void this.#chatUpdated({ ...entry.chat, ...UNSAID, ...update.info });
    if (!entry) return update.type === 'message.deleted' ? undefined : this.#refetch(update.chatId);
    switch (update.type) {
      case 'message.new': if (update.message) this.#messageNew(entry, update.message); break;
      case 'message.edited': if (update.message) this.#messageEdited(entry, update.message); break;
      case 'message.deleted': this.#deleted(entry, update.ids ?? []); break;
      case 'chat.member': this.#member(entry, update); break;
      case 'read': this.#read(entry, update); break;
      case 'message.reactions':
      case 'message.poll': this.#reacted(entry, update); break;
      case 'message.pinned': this.#pinned(entry, update); break;
      case 'delivered': this.#delivered(entry, update); break;
      default: /* of a newer server */
    }
  }

  /** typing: somebody is about to write. @param {Update} update */
  typing({ chatId, userId, action }) {
    const entry = this.#entries.get(chatId);
    if (!entry || !userId || userId === this.#me()) return;
    if (action === 'cancel') entry.typing.delete(userId);
    else {
      entry.typing.set(userId, Date.now() + TYPING_MS);
      setTimeout(() => this.#typed(chatId), TYPING_MS + 50);
    }
    this.#tell('typing', chatId);
  }

  /** typists: who is about to write in a chat. @param {string} chatId @returns {string[]} ids */
  typists(chatId) {
    const now = Date.now();
    return [...(this.#entries.get(chatId)?.typing ?? [])].filter(([, until]) => until > now).map(([userId]) => userId);
  }

  /** mentionsMe: @param {Message} message */
  mentionsMe(message) {
    return message.entities.some(({ type, userId }) => type === 'mention' && userId === this.#me());
  }

  /** @param {string} chatId */
  #typed(chatId) {
    const entry = this.#entries.get(chatId);
    for (const [userId, until] of entry?.typing ?? []) if (until <= Date.now()) entry?.typing.delete(userId);
    this.#tell('typing', chatId);
  }

  /** @param {Entry} entry @param {Message} message */
  #messageNew(entry, message) {
    eachHistory(entry, (history) => history.put(message, true));
    if (message.threadId || message.data?.topic) entry.topics.stir();
    if (message.replyTo && entry.chat.linkedChatId) this.#commented(entry.chat.linkedChatId, entry.chat.id, message.replyTo);
    entry.typing.delete(message.from);
    /* what a large chat's own log tells of the chat leaves the timer out */
    if (message.data?.ttl) entry.chat = { ...entry.chat, messageTtlMs: message.data.ttl.ms || undefined };
    if (!entry.last || Number(message.id) > Number(entry.last.id)) entry.last = message;
    const { chat } = entry;
    /* what the answer that the chat came with has counted already is not counted again */
    if (Number(message.id) > Number(chat.topId)) {
      const counts = message.from !== this.#me() && Number(message.id) > Number(chat.readUpToId);
      entry.chat = { ...chat, topId: message.id, unread: chat.unread + (counts ? 1 : 0), mentions: chat.mentions + (counts && this.mentionsMe(message) ? 1 : 0) };
    }
    /* of a large group nothing else tells who has come or gone */
    if (entry.log && (message.data?.added || message.data?.removed)) {
      entry.members = null;
      this.#refetch(chat.id);
      this.#tell('members', chat.id);
    }
    this.dispatchEvent(new CustomEvent('message', { detail: { message } }));
    this.#changed(chat.id);
  }

  /** Somebody has answered a message of a supergroup: if that is the copy of a post, the post has one comment more. @param {string} channelId @param {string} chatId @param {string} messageId */
  #commented(channelId, chatId, messageId) {
    const history = this.#entries.get(channelId)?.history;
    const post = history?.messages.find(({ comments }) => comments?.chatId === chatId && comments.messageId === messageId);
    if (post) history?.amend(post.id, ({ comments }) => (comments ? { comments: { ...comments, count: comments.count + 1 } } : {}));
  }

  /** Somebody has reacted, or voted. @param {Entry} entry @param {Update} update */
  #reacted(entry, update) {
    const amend = () => eachHistory(entry, (history) => history.amend(update.messageId ?? '', (message) => (update.type === 'message.poll' ? mergePoll(message, update) : mergeReactions(message, update))));
    if (update.pts !== undefined && entry.log) entry.log.after(amend);
    else amend();
  }

  /** @param {Entry} entry @param {Update} update */
  #pinned(entry, { messageId = '', pinned = false }) {
    const { chat } = entry;
    eachHistory(entry, (history) => history.amend(messageId, () => ({ pinned })));
    if (pinned && Number(messageId) > Number(chat.pinned ?? 0)) entry.chat = { ...chat, pinned: messageId };
    else if (!pinned && chat.pinned === messageId) {
      entry.chat = { ...chat, pinned: undefined };
      this.#refetch(chat.id);
    }
    this.#tell('pins', chat.id);
    this.#changed(chat.id);
  }

  /** @param {Entry} entry @param {Message} message */
  #messageEdited(entry, message) {
    eachHistory(entry, (history) => history.put(message, false));
    if (entry.last?.id === message.id) entry.last = message;
    this.#changed(message.chatId);
  }

  /** @param {Entry} entry @param {string[]} ids */
  #deleted(entry, ids) {
    eachHistory(entry, (history) => history.remove(ids));
    entry.topics.stir();
    if (entry.chat.unread > 0 || entry.chat.mentions > 0) this.#refetch(entry.chat.id);
    if (entry.chat.pinned && ids.includes(entry.chat.pinned)) this.#pinned(entry, { type: '', chatId: entry.chat.id, messageId: entry.chat.pinned, pinned: false });
    if (entry.last && ids.includes(entry.last.id)) void this.#findLast(entry);
    this.#changed(entry.chat.id);
  }

  /** The newest message is gone: which is it now? @param {Entry} entry */
  async #findLast(entry) {
    const gone = entry.last;
    const { messages } = await this.#rpc.call('message.history', { chatId: entry.chat.id, limit: 1 }, { resend: true }).catch(() => ({ messages: [] }));
    if (entry.last !== gone) return;
    entry.last = messages[0] ?? null;
    this.#changed(entry.chat.id);
  }

  /** @param {Chat} chat */
  #chatUpdated(chat) {
    if (GONE.has(chat.role)) return this.#left(chat.id);
    const known = this.#entries.has(chat.id);
    const entry = this.learn(chat);
    entry.members = null;
    this.#tell('members', chat.id);
    if (!known || !entry.last) this.#refetch(chat.id);
  }

  /** @param {Entry} entry @param {Update} update */
  #member(entry, { userId, role, rights, until }) {
    entry.members = null;
    if (userId === this.#me() && role) {
      if (GONE.has(role)) return this.#left(entry.chat.id);
      entry.chat = { ...entry.chat, role, rights: rights ?? [], until };
    }
    this.#refetch(entry.chat.id);
    this.#tell('members', entry.chat.id);
    this.#changed(entry.chat.id);
  }

  /** The user is not in it any more: it goes, with all that was said in it. @param {string} id */
  #left(id) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    entry.log?.forget();
    forget(entry);
    this.#changed(id);
    this.dispatchEvent(new CustomEvent('left', { detail: { chatId: id, title: entry.chat.title } }));
  }

  /** @param {Entry} entry @param {Update} update */
  #read(entry, { userId, upToId = '0', unread, mentions }) {
    if (userId === this.#me()) {
      const { chat } = entry;
      entry.chat = { ...chat, readUpToId: most(chat.readUpToId, upToId), unread: unread ?? chat.unread, mentions: mentions ?? chat.mentions };
      entry.topics.stir();
      return this.#changed(chat.id);
    }
    entry.read = Math.max(entry.read, Number(upToId));
    this.#tell('marks', entry.chat.id);
  }

  /** @param {Entry} entry @param {Update} update */
  #delivered(entry, { userId, upToId = '0' }) {
    if (userId === this.#me()) return;
    entry.delivered = Math.max(entry.delivered, Number(upToId));
    this.#tell('marks', entry.chat.id);
  }

  /** Fetches a chat anew, soon, together with others. @param {string} id */
  #refetch(id) {
    if (!this.#stale.size) this.#timer = setTimeout(() => void this.#fetchStale(), REFRESH_MS);
    this.#stale.add(id);
  }

  async #fetchStale() {
    const round = this.#round;
    const ids = [...this.#stale].slice(0, 100);
    this.#stale.clear();
    try {
      const { chats } = await this.#rpc.call('chat.get', { ids }, { resend: true });
      if (round !== this.#round) return;
      for (const chat of chats) {
        if (GONE.has(chat.role)) continue;
        const entry = this.learn(chat);
        if (entry.last) continue;
        await this.#findLast(entry);
        if (entry.last && chat.unread) this.dispatchEvent(new CustomEvent('message', { detail: { message: entry.last } }));
      }
    } catch {
      /* lost: the list is asked for again with the next session */
    }
  }

  /** @param {number} round @param {string | undefined} next */
  async #page(round, next) {
    try {
      const answer = await this.#rpc.call('chat.list', { limit: PAGE, ...(next ? { next } : {}) }, { resend: true });
      if (round !== this.#round) return;
      for (const { chat, lastMessage } of answer.chats) {
        const entry = this.learn(chat);
        if (lastMessage && (!entry.last || Number(lastMessage.id) >= Number(entry.last.id))) entry.last = lastMessage;
      }
      this.#next = answer.next;
      this.more = answer.next !== undefined;
      this.error = null;
      this.#become('ready');
    } catch (error) {
      if (round !== this.#round) return;
      this.error = error;
      this.#become(this.#entries.size ? 'ready' : 'failed');
    }
  }

  /** @param {Entry} entry @returns {Promise<Member[]>} */
  async #allMembers({ chat: { id } }) {
    /** @type {Member[]} */ const all = [];
    for (let next; ;) {
      const page = await this.#rpc.call('chat.members', { chatId: id, limit: 100, ...(next ? { next } : {}) }, { resend: true });
      all.push(...page.members);
      next = page.next;
      if (!next || all.length >= MEMBERS_MOST) break;
    }
    const entry = this.#entries.get(id);
    for (const { user, readUpToId, deliveredUpToId } of all) {
      if (!entry || user.id === this.#me() || isLarge(entry.chat)) continue;
      entry.read = Math.max(entry.read, Number(readUpToId));
      entry.delivered = Math.max(entry.delivered, Number(deliveredUpToId));
    }
    this.#tell('marks', id);
    return all;
  }

  /** @param {Chats['state']} state */
  #become(state) {
    this.state = state;
    this.#changed('');
  }

  /** @param {string} chatId */
  #changed(chatId) {
    this.#tell('change', chatId);
  }

  /** @param {string} type @param {string} chatId */
  #tell(type, chatId) {
    this.dispatchEvent(new CustomEvent(type, { detail: { chatId } }));
  }
}

/** Of the chat, and of its topics. @param {Entry} entry @param {(history: History) => void} change */
function eachHistory({ history, topics }, change) {
  change(history);
  topics.apply(change);
}

/** @param {Entry} entry */
function forget({ history, topics }) {
  history.forget();
  topics.forget();
}
