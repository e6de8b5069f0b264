// SPDX-License-Identifier: Apache-2.0
/**
 * A stretch of the messages of a chat, or of one of its topics, without holes: it grows at both ends, follows the update log, and jumps elsewhere.
 * Events: 'change' (messages, ends or state).
 */

/** @typedef {import('./types.js').Message} Message */
/** @typedef {'older' | 'newer' | 'jump'} Way */

const PAGE = 60;
/* Memory is bounded: past MOST messages, those at the far end are let go and fetched again when somebody scrolls there. */
const MOST = 4000;
const LEFT = 3000;

const byId = (/** @type {Message} */ a, /** @type {Message} */ b) => Number(a.id) - Number(b.id);

export class History extends EventTarget {
  /** @type {Message[]} in order of their ids */ messages = [];
  atOldest = false;
  atNewest = false;
  /** 'empty': nothing was asked for yet @type {'empty' | 'loading' | 'ready' | 'failed'} */ state = 'empty';
  /** @type {unknown} */ error = null;
  #rpc;
  #round = 0;
  /** @type {Map<Way, Promise<void>>} */ #loading = new Map();
  /** what the log said while pages were on their way: newer than the pages; null: deleted @type {Map<string, Message | null>} */
  #since = new Map();
  /** what it said meanwhile of parts of messages @type {Map<string, ((message: Message) => Partial<Message>)[]>} */
  #amended = new Map();

  /** @param {import('./types.js').Rpc} rpc @param {string} chatId @param {string} [threadId] '': of the whole chat */
  constructor(rpc, chatId, threadId = '') {
    super();
    this.#rpc = rpc;
    this.chatId = chatId;
    this.threadId = threadId;
  }

  /** @param {Way} way */
  isLoading(way) {
    return this.#loading.has(way);
  }

  /** @param {string} id @returns {Message | null} */
  get(id) {
    const at = this.#find(id);
    return this.messages[at]?.id === id ? this.messages[at] : null;
  }

  /** jump: shows what is around a message; without: the newest. @param {string} [aroundId] @returns {Promise<void>} */
  jump(aroundId) {
    if (aroundId && this.get(aroundId)) return Promise.resolve();
    const round = ++this.#round;
    this.#loading.clear();
    this.state = 'loading';
    this.#change();
    return this.#load('jump', aroundId ? { aroundId } : {}, ({ messages, next }) => {
      this.messages = [];
      this.atNewest = !aroundId;
      this.atOldest = !aroundId && next === undefined;
      this.#merge(messages);
      this.state = 'ready';
      if (this.atNewest) this.#mergeNew();
    }, round);
  }

  /** older: another page before the first. */
  older() {
    if (this.atOldest || this.state !== 'ready') return this.#loading.get('jump') ?? Promise.resolve();
    if (!this.messages.length) return this.jump();
    const first = this.messages[0].id;
    return this.#load('older', { beforeId: first }, ({ messages, next }) => {
      this.#merge(messages.filter((/** @type {Message} */ one) => Number(one.id) < Number(first)));
      this.atOldest = next === undefined;
      if (this.messages.length > MOST) {
        this.messages.length = LEFT;
        this.atNewest = false;
      }
    });
  }

  /** newer: another page behind the last. */
  newer() {
    if (this.atNewest || this.state !== 'ready') return this.#loading.get('jump') ?? Promise.resolve();
    if (!this.messages.length) return this.jump();
    const last = this.messages[this.messages.length - 1].id;
    return this.#load('newer', { afterId: last }, ({ messages, next }) => {
      this.#merge(messages.filter((/** @type {Message} */ one) => Number(one.id) > Number(last)));
      this.atNewest = next === undefined;
      if (this.atNewest) this.#mergeNew();
      if (this.messages.length > MOST) {
        this.messages.splice(0, this.messages.length - LEFT);
        this.atOldest = false;
      }
    });
  }

  /** retry: what has failed, again. */
  retry() {
    if (this.state === 'failed' || this.state === 'empty') void this.jump();
    else if (this.error) {
      this.error = null;
      this.#change();
    }
  }

  /** put: a message that is new or has changed. @param {Message} message @param {boolean} isNew */
  put(message, isNew) {
    if (this.threadId && message.threadId !== this.threadId) return;
    if (this.#loading.size) this.#since.set(message.id, message);
    if (this.state !== 'ready' || (!isNew && !this.get(message.id))) return;
    const [first, last] = [this.messages[0], this.messages[this.messages.length - 1]];
    const inside = first && Number(message.id) >= Number(first.id) && Number(message.id) <= Number(last.id);
    if (!inside && !(this.atNewest && (!last || Number(message.id) > Number(last.id)))) return;
    this.#merge([message]);
    this.#change();
  }

  /** amend: a part of a message has changed; of one that is not here, a page that is on its way may bring it. @param {string} id @param {(message: Message) => Partial<Message>} change */
  amend(id, change) {
    if (this.#loading.size) this.#amended.set(id, [...(this.#amended.get(id) ?? []), change]);
    const at = this.#find(id);
    const known = this.messages[at];
    if (known?.id !== id) return;
    this.messages[at] = { ...known, ...change(known) };
    this.#change();
  }

  /** remove: @param {string[]} ids */
  remove(ids) {
    if (this.#loading.size) for (const id of ids) this.#since.set(id, null);
    const gone = new Set(ids);
    const left = this.messages.filter(({ id }) => !gone.has(id));
    if (left.length === this.messages.length) return;
    this.messages = left;
    this.#change();
  }

  /** forget: as if nothing had been asked for. */
  forget() {
    this.#round++;
    this.#loading.clear();
    this.#since.clear();
    this.#amended.clear();
    this.messages = [];
    this.atOldest = this.atNewest = false;
    this.state = 'empty';
    this.#change();
  }

  /**
   * @param {Way} way
   * @param {object} where
   * @param {(page: any) => void} land
   */
  #load(way, where, land, round = this.#round) {
    const known = this.#loading.get(way);
    if (known) return known;
    this.error = null;
    const done = this.#rpc.call('message.history', { chatId: this.chatId, limit: PAGE, ...(this.threadId ? { threadId: this.threadId } : {}), ...where }, { resend: true }).then((page) => {
      if (round === this.#round) land(page);
    }, (error) => {
      if (round !== this.#round) return;
      this.error = error;
      if (way === 'jump') this.state = 'failed';
    }).then(() => {
      if (round !== this.#round) return;
      this.#loading.delete(way);
      if (!this.#loading.size) {
        this.#since.clear();
        this.#amended.clear();
      }
      this.#change();
    });
    this.#loading.set(way, done);
    return done;
  }

  /** Messages take their places; those that the log has spoken of since are as it says. @param {Message[]} messages */
  #merge(messages) {
    for (const one of [...messages].sort(byId)) {
      const since = this.#since.has(one.id) ? this.#since.get(one.id) : one;
      if (!since) continue;
      /* what an edit does not tell (reactions, pins) is as it was */
      let now = { ...this.get(one.id), ...one, ...since };
      for (const change of this.#amended.get(one.id) ?? []) now = { ...now, ...change(now) };
      const at = this.#find(now.id);
      this.messages.splice(at, this.messages[at]?.id === now.id ? 1 : 0, now);
    }
  }

  /** The newest page has landed: what the log brought meanwhile comes behind it. */
  #mergeNew() {
    const last = Number(this.messages[this.messages.length - 1]?.id ?? 0);
    const fresh = [...this.#since.values()].filter((one) => one !== null && Number(one.id) > last);
    this.#merge(/** @type {Message[]} */ (fresh));
  }

  /** Where a message is, or would be. @param {string} id */
  #find(id) {
    const wanted = Number(id);
    let [low, high] = [0, this.messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.messages[middle].id) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #change() {
    this.dispatchEvent(new CustomEvent('change'));
  }
}
