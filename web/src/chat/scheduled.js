// SPDX-License-Identifier: Apache-2.0
/**
 * The user's own messages that are sent later, by chat: asked for when a chat is looked at, then as the update log says. In the
 * saved messages they are reminders. Event 'change' (detail: {chatId}).
 */
import { b64u, random } from '../crypto/bytes.js';

/** @typedef {import('./types.js').Scheduled} Scheduled */
/** @typedef {import('./types.js').Update} Update */

export class ScheduledMessages extends EventTarget {
  #rpc;
  #change;
  /** @type {Map<string, Map<string, Scheduled>>} by chat and id; of chats that were asked about */ #chats = new Map();
  /** @type {Map<string, Promise<void>>} questions on their way, by chat */ #asking = new Map();
  /** @type {Map<string, Map<string, Scheduled | null>>} what the log has said while a question was on its way */ #newer = new Map();

  /** @param {import('./types.js').Rpc} rpc @param {(method: string, params: object) => Promise<any>} change a method whose effect comes by the log */
  constructor(rpc, change) {
    super();
    this.#rpc = rpc;
    this.#change = change;
  }

  /** of: in the order in which they will be sent; none before load(). @param {string} chatId @returns {Scheduled[]} */
  of(chatId) {
    return [...(this.#chats.get(chatId)?.values() ?? [])].sort((a, b) => a.sendAt - b.sendAt || Number(a.id) - Number(b.id));
  }

  /** load: asks, if that is not known. @param {string} chatId */
  load(chatId) {
    if (this.#chats.has(chatId)) return Promise.resolve();
    const known = this.#asking.get(chatId);
    if (known) return known;
    const asking = this.#ask(chatId).finally(() => this.#asking.get(chatId) === asking && this.#asking.delete(chatId));
    this.#asking.set(chatId, asking);
    return asking;
  }

  /** apply: one of the log. @param {Update} update */
  apply({ chatId, scheduledId = '', scheduled }) {
    this.#newer.get(chatId)?.set(scheduledId, scheduled ?? null);
    const known = this.#chats.get(chatId);
    if (!known) return;
    put(known, scheduledId, scheduled ?? null);
    this.#tell(chatId);
  }

  /** forget: the log could not be followed, or nobody is logged in: what is looked at is asked for anew. */
  forget() {
    const chats = [...this.#chats.keys()];
    this.#chats.clear();
    this.#asking.clear();
    this.#newer.clear();
    for (const chatId of chats) this.#tell(chatId);
  }

  /**
   * add: a message that is sent at its time. A try that is not answered is made again with the same random id: it is scheduled once.
   * @param {string} chatId @param {{text: string, entities?: import('./types.js').Entity[], replyTo?: string, quote?: import('./types.js').Quote, threadId?: string, silent?: boolean}} message @param {number} sendAt @param {string} randomId
   */
  async add(chatId, { text, entities = [], replyTo, quote, threadId, silent }, sendAt, randomId) {
    const { scheduled } = await this.#change('message.send', { chatId, randomId, text, sendAt, ...(entities.length ? { entities } : {}), ...(replyTo ? { replyTo } : {}), ...(quote ? { quote } : {}), ...(threadId ? { threadId } : {}), ...(silent ? { silent } : {}) });
    if (scheduled && scheduled.sendAt !== sendAt) await this.edit(scheduled, { sendAt }); /* a try before was not lost, and had another time */
  }

  /** edit: another text, or another time. @param {Scheduled} one @param {{text?: string, entities?: import('./types.js').Entity[], sendAt?: number}} change */
  async edit({ chatId, id }, change) {
    await this.#change('message.editScheduled', { chatId, scheduledId: id, ...change });
  }

  /** sendNow: @param {Scheduled} one */
  async sendNow({ chatId, id }) {
    await this.#change('message.sendScheduled', { chatId, scheduledId: id });
  }

  /** remove: @param {Scheduled} one */
  async remove({ chatId, id }) {
    await this.#change('message.deleteScheduled', { chatId, scheduledId: id });
  }

  /** @param {string} chatId */
  async #ask(chatId) {
    /** @type {Map<string, Scheduled | null>} */ const newer = new Map();
    this.#newer.set(chatId, newer);
    try {
      const { scheduled } = await this.#rpc.call('message.scheduled', { chatId }, { resend: true });
      if (this.#newer.get(chatId) !== newer) return;
      /** @type {Map<string, Scheduled>} */ const all = new Map(scheduled.map((/** @type {Scheduled} */ one) => [one.id, one]));
      for (const [id, one] of newer) put(all, id, one);
      this.#chats.set(chatId, all);
      this.#tell(chatId);
    } finally {
      if (this.#newer.get(chatId) === newer) this.#newer.delete(chatId);
    }
  }

  /** @param {string} chatId */
  #tell(chatId) {
    this.dispatchEvent(new CustomEvent('change', { detail: { chatId } }));
  }
}

/** newRandomId: for add(). */
export const newRandomId = () => b64u(random(8));

/** @param {Map<string, Scheduled>} all @param {string} id @param {Scheduled | null} one */
function put(all, id, one) {
  if (one) all.set(id, one);
  else all.delete(id);
}
