// SPDX-License-Identifier: Apache-2.0
// A device's copy of its user's chats, kept by the update log as docs/messaging.md tells clients to keep it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

export const newRandomId = () => randomBytes(8).toString('base64url');

export class Messenger {
  /** @param {import('./client.mjs').Client} client with a session */
  constructor(client) {
    this.chats = new Map(); // chatId -> {chat, role, messages: Map(id -> message), marks}
    this.pts = 0;
    this.gaps = this.chatGaps = 0;
    this.chatWalks = new Map();
    this.attach(client);
  }

  attach(client) {
    this.client = client;
    client.listener = ({ method, params }) => {
      if (method !== 'update' || this.client !== client) return false;
      if (params.chatPts !== undefined) this.takeOfChat(params);
      else if (params.pts !== undefined) this.take(params);
      else return false;
      return true;
    };
  }

  chat(id) {
    let entry = this.chats.get(id);
    if (!entry) this.chats.set(id, entry = { messages: new Map(), read: new Map(), delivered: new Map() });
    return entry;
  }

  /** A live update: applied if it is the next, forgotten if it is known, else what is missing is asked for. */
  take(update) {
    assert.equal(update.ptsCount, 1);
    if (update.pts <= this.pts) return;
    if (update.pts === this.pts + 1) { this.apply(update); return; }
    this.gaps++;
    this.catchUp().catch(() => {});
  }

  apply(update) {
    assert.equal(update.pts, this.pts + 1, 'the log has no gaps');
    this.pts = update.pts;
    const entry = this.chat(update.chatId);
    switch (update.type) {
      case 'message.new': case 'message.edited': case 'message.deleted':
      case 'message.reactions': case 'message.pinned': case 'message.poll':
        // what a walk over the chat's own log brings may be older than this
        if (this.chatWalks.has(update.chatId)) entry.later = [...(entry.later ?? []), update];
        else this.applyMessage(entry, update);
        break;
      case 'chat.updated':
        entry.chat = update.chat;
        entry.role = update.chat.role;
        if (update.chat.chatPts !== undefined) entry.pts ??= 0; // its own log begins: from there on
        break;
      case 'chat.member': if (update.userId === this.client.user.id) entry.role = update.role; break;
      case 'read': entry.read.set(update.userId, update.upToId); if (update.unread !== undefined) entry.unread = update.unread; break;
      case 'scheduled':
        entry.scheduled ??= new Map();
        if (update.scheduled) entry.scheduled.set(update.scheduledId, update.scheduled);
        else entry.scheduled.delete(update.scheduledId);
        break;
      case 'draft': entry.draft = update.draft; break;
      case 'delivered': entry.delivered.set(update.userId, update.upToId); break;
      default: assert.fail(update.type);
    }
  }

  applyMessage(entry, update) {
    if (update.type === 'message.deleted') { for (const id of update.ids) entry.messages.delete(id); return; }
    const known = entry.messages.get(update.messageId ?? update.message.id);
    if (update.type === 'message.reactions') { if (known) this.applyReactions(known, update); return; }
    if (update.type === 'message.pinned') { if (known) { delete known.pinned; if (update.pinned) known.pinned = true; } return; }
    if (update.type === 'message.poll') { if (known) known.poll = this.mergePoll(known.poll, update); return; }
    assert.equal(update.message.chatId, update.chatId);
    const message = { ...update.message };
    if (update.type === 'message.edited' && !known) return; // deleted for oneself, which is no affair of a chat's own log
    if (update.type === 'message.edited') // of these it says nothing live
      for (const name of ['reactions', 'pinned']) if (message[name] === undefined && known[name] !== undefined) message[name] = known[name];
    entry.messages.set(message.id, message);
  }

  /** What others did does not say what one has chosen oneself, nor what is right; one's own row of a large chat, only that. */
  mergePoll(known, { poll, own, correct }) {
    if (!poll) return { ...known, own, ...(correct !== undefined ? { correct } : {}) };
    return { own: known.own, ...(known.correct !== undefined ? { correct: known.correct } : {}), ...poll };
  }

  /**
   * Whose they are is said of one's own changes alone; of others' it stays. The log of a large chat counts, one's own log says
   * what is one's own: each may be ahead of the other; what is not counted yet is there `alone`.
   */
  applyReactions(message, { reactions, own }) {
    const known = message.reactions ?? [];
    const mine = own !== undefined ? own : known.find((r) => r.own)?.emoji;
    const counts = reactions ?? known.filter((r) => !r.alone);
    message.reactions = counts.map(({ emoji, count }) => ({ emoji, count, ...(emoji === mine ? { own: true } : {}) }));
    if (mine && !message.reactions.some((r) => r.own)) message.reactions.push({ emoji: mine, count: 1, own: true, alone: true });
    if (message.reactions.length === 0) delete message.reactions;
  }

  /** The same for the log of a supergroup or channel. */
  takeOfChat(update) {
    assert.equal(update.ptsCount, 1);
    const entry = this.chat(update.chatId);
    if (update.chatPts <= (entry.pts ?? 0)) return;
    if (update.chatPts === (entry.pts ?? 0) + 1) { this.applyOfChat(update); return; }
    this.chatGaps += entry.pts !== undefined && entry.pts > 0;
    this.catchUpChat(update.chatId).catch(() => {});
  }

  applyOfChat(update) {
    const entry = this.chat(update.chatId);
    assert.equal(update.chatPts, (entry.pts ?? 0) + 1, 'the log has no gaps');
    entry.pts = update.chatPts;
    if (update.type === 'chat.updated') entry.info = update.info;
    else this.applyMessage(entry, update);
  }

  catchUpChat(chatId, limit = 1000) {
    if (!this.chatWalks.has(chatId))
      this.chatWalks.set(chatId, this.doCatchUpChat(chatId, limit).finally(() => this.endWalk(chatId)));
    return this.chatWalks.get(chatId);
  }

  endWalk(chatId) {
    const entry = this.chat(chatId), { later = [] } = entry;
    this.chatWalks.delete(chatId);
    delete entry.later;
    for (const update of later) this.applyMessage(entry, update);
  }

  async doCatchUpChat(chatId, limit) {
    for (;;) {
      const entry = this.chat(chatId);
      const { updates, more } = await this.call('updates.chatDifference', { chatId, pts: entry.pts ?? 0, limit });
      for (const update of updates) if (update.chatPts > (entry.pts ?? 0)) this.applyOfChat(update);
      if (!more) return;
    }
  }

  /** Fails when the connection does. */
  call(method, params) {
    return Promise.race([this.client.call(method, params), this.client.closed.then(() => { throw new Error('closed'); })]);
  }

  /** Everything that was missed, page by page; one walk at a time. */
  catchUp(limit = 1000) {
    this.walk ??= this.doCatchUp(limit).finally(() => { this.walk = undefined; });
    return this.walk;
  }

  async doCatchUp(limit) {
    for (;;) {
      const { updates, pts, more } = await this.call('updates.difference', { pts: this.pts, limit });
      for (const update of updates) if (update.pts > this.pts) this.apply(update);
      assert.ok(this.pts >= pts);
      if (!more) break;
    }
    for (const { chatId, chatPts } of (await this.call('updates.state')).chats)
      if (chatPts > (this.chat(chatId).pts ?? 0)) await this.catchUpChat(chatId, limit);
  }

  /** Texts of a chat in its order. */
  texts(chatId) {
    return [...this.chat(chatId).messages.values()].sort((a, b) => Number(a.id) - Number(b.id)).map((m) => m.text);
  }
}
