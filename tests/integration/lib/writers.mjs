// SPDX-License-Identifier: Apache-2.0
// Users who write without a pause: each counts up the title of a room of its own, or writes one number after another into
// its saved messages. What the server has acknowledged must be in the database whatever happens, and nothing that was never
// asked for.
import assert from 'node:assert/strict';
import { Client } from './client.mjs';
import { newRandomId } from './messenger.mjs';
import { delay, until } from './server.mjs';

export class Writer {
  async open(url, name) {
    this.name = name;
    this.client = await (await Client.open(url)).register(name);
    await this.prepare();
    this.acked = this.sent = 0;
    this.refused = []; // reasons
    return this;
  }

  async prepare() {
    this.roomId = (await this.client.call('room.create', { title: '0', policy: { permanent: true } })).room.id;
  }

  write(number) { return this.client.call('room.edit', { roomId: this.roomId, title: String(number) }); }

  /** The number that has come to be there, as `client` of the same user sees it. */
  async find(client = this.client) {
    const { rooms } = await client.call('room.list');
    assert.deepEqual(rooms.map((room) => room.id), [this.roomId]);
    return Number(rooms[0].title);
  }

  /** Until stop(). Waits while there is no connection: who cut it comes back with attach(). */
  async run() {
    this.running = true;
    while (this.running) {
      const next = this.acked + 1;
      this.sent = Math.max(this.sent, next);
      try {
        await Promise.race([this.write(next), this.client.closed.then(() => { throw new Error('cut'); })]);
        this.acked = next;
      } catch (error) {
        if (error.message !== 'cut' && error.code !== -32007) throw error;
        this.refused.push(error.reason ?? error.message);
        await delay(20);
      }
    }
  }

  async attach() {
    await this.client.connect();
    await this.client.start();
  }
}

/** Writes messages; one that was not acknowledged is sent again as what it is. */
export class Talker extends Writer {
  async prepare() {
    this.chatId = (await this.client.call('chat.open', { userId: this.client.user.id })).chat.id;
  }

  write(number) {
    if (this.number !== number) Object.assign(this, { number, randomId: newRandomId() });
    return this.client.call('message.send', { chatId: this.chatId, randomId: this.randomId, text: String(number) });
  }

  /** 1, 2, 3 ... each once and in this order. */
  async find(client = this.client) {
    const texts = [];
    for (let beforeId; ;) {
      const { messages, next } = await client.call('message.history', { chatId: this.chatId, limit: 100, ...(beforeId ? { beforeId } : {}) });
      texts.unshift(...messages.map((message) => Number(message.text)).reverse());
      if (!next) break;
      beforeId = next;
    }
    assert.deepEqual(texts, texts.map((_, i) => i + 1));
    return texts.length;
  }
}

export class Writers {
  static async open(url, prefix, kinds = [Writer, Writer, Writer, Writer]) {
    const self = new Writers();
    self.all = await Promise.all(kinds.map((Kind, i) => new Kind().open(url, `${prefix}_${i}`)));
    return self;
  }

  start() {
    this.failure = undefined;
    this.runs = this.all.map((writer) => writer.run().catch((error) => { this.failure ??= error; }));
  }

  async stop() {
    for (const writer of this.all) writer.running = false;
    await Promise.all(this.runs);
    if (this.failure) throw this.failure;
  }

  acked() { return this.all.map((writer) => writer.acked); }

  /** Until each has written that many more. */
  async progress(n) {
    const from = this.acked();
    await until(() => this.failure || this.all.every((writer, i) => writer.acked >= from[i] + n), 'writes to go on', 60000);
    if (this.failure) throw this.failure;
  }

  attach() { return Promise.all(this.all.map((writer) => writer.attach())); }

  /** On the server at `url`, whose database came from ours: everything from `least` (acknowledged) to what was sent. */
  async check(url, least = this.acked()) {
    for (const [i, writer] of this.all.entries()) {
      const client = await (await Client.open(url)).login(writer.name);
      const found = await writer.find(client);
      assert.ok(found >= least[i] && found <= writer.sent, `${writer.name}: ${least[i]} acknowledged, ${found} there, ${writer.sent} sent`);
      await client.close();
    }
  }
}
