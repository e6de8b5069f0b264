// SPDX-License-Identifier: Apache-2.0
/** What was begun and not sent, by chat; kept on this browser. Event 'change' (detail: {chatId}). */

/** @typedef {{text: string, replyTo?: string}} Draft */

const MOST = 100;

export class Drafts extends EventTarget {
  #storage;
  #key = '';
  /** @type {Map<string, Draft>} the oldest first */ #drafts = new Map();

  /** @param {Pick<Storage, 'getItem' | 'setItem'> | null} storage */
  constructor(storage) {
    super();
    this.#storage = storage;
  }

  /** @param {string} userId */
  open(userId) {
    this.#key = `aldis.drafts.${userId}`;
    try {
      this.#drafts = new Map(JSON.parse(this.#storage?.getItem(this.#key) ?? '[]'));
    } catch {
      this.#drafts = new Map();
    }
  }

  close() {
    this.#key = '';
    this.#drafts.clear();
  }

  /** @param {string} chatId @returns {Draft | null} */
  get(chatId) {
    return this.#drafts.get(chatId) ?? null;
  }

  /** @param {string} chatId @param {Draft} draft without text: it is gone */
  set(chatId, draft) {
    const known = this.#drafts.get(chatId);
    if ((known?.text ?? '') === draft.text && known?.replyTo === draft.replyTo) return;
    this.#drafts.delete(chatId);
    if (draft.text.trim() || draft.replyTo) this.#drafts.set(chatId, draft);
    for (const old of this.#drafts.keys()) if (this.#drafts.size > MOST) this.#drafts.delete(old);
    try {
      if (this.#key) this.#storage?.setItem(this.#key, JSON.stringify([...this.#drafts]));
    } catch {
      /* full or forbidden: they live as long as the page */
    }
    this.dispatchEvent(new CustomEvent('change', { detail: { chatId } }));
  }
}
