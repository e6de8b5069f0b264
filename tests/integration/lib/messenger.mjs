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
    this.gaps = 0;
    this.attach(client);
  }

  attach(client) {
    this.client = client;
    client.listener = ({ method, params }) => {
      if (method !== 'update' || params.pts === undefined || this.client !== client) return false;
      this.take(params);
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
      case 'message.new': case 'message.edited':
        assert.equal(update.message.chatId, update.chatId);
        entry.messages.set(update.message.id, update.message);
        break;
      case 'message.deleted': for (const id of update.ids) entry.messages.delete(id); break;
      case 'chat.updated': entry.chat = update.chat; entry.role = update.chat.role; break;
      case 'chat.member': if (update.userId === this.client.user.id) entry.role = update.role; break;
      case 'read': entry.read.set(update.userId, update.upToId); if (update.unread !== undefined) entry.unread = update.unread; break;
      case 'delivered': entry.delivered.set(update.userId, update.upToId); break;
      default: assert.fail(update.type);
    }
  }

  /** Everything that was missed, page by page; one walk at a time. */
  catchUp(limit = 1000) {
    this.walk ??= this.doCatchUp(limit).finally(() => { this.walk = undefined; });
    return this.walk;
  }

  async doCatchUp(limit) {
    const { client } = this;
    const lost = client.closed.then(() => { throw new Error('closed'); });
    for (;;) {
      const { updates, pts, more } = await Promise.race([client.call('updates.difference', { pts: this.pts, limit }), lost]);
      for (const update of updates) if (update.pts > this.pts) this.apply(update);
      assert.ok(this.pts >= pts);
      if (!more) return;
    }
  }

  /** Texts of a chat in its order. */
  texts(chatId) {
    return [...this.chat(chatId).messages.values()].sort((a, b) => Number(a.id) - Number(b.id)).map((m) => m.text);
  }
}
