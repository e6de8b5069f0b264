// SPDX-License-Identifier: Apache-2.0
/** A chat's history: rows made of its messages and of what is on its way, loaded at both ends while it is scrolled. Event 'menu' (detail: {row, at}). */
import { isGroup, isLarge } from '../../chat/rights.js';
import { chatProblem, plain, pollOver } from '../../chat/words.js';
import { Scope, fill, h, write } from '../../dom.js';
import { day } from '../../format.js';
import { icon } from '../icons.js';
import { rowElement, rowEstimate } from './message-row.js';
import { nextEnd, showVoters, vote } from './poll.js';
import { react } from './reactions.js';
import { VirtualList } from './virtual-list.js';

/** @typedef {import('./message-row.js').Row} Row */
/** @typedef {import('../../chat/types.js').Message} Message */
/** @typedef {import('../../chat/chats.js').Entry} Entry */

/* Older and newer pages are asked for when so many rows, or fewer, are left out of sight. */
const AHEAD = 60;
/* What one person says within this time stands together. */
const RUN_MS = 5 * 60000;
const FLASH_MS = 1600;
const DAY_MS = 1200;

/** @type {Map<number, string>} by the quarter of an hour: no place on earth begins a day elsewhere */
const dates = new Map();

/** dateOf: names a day, in the time of this place. @param {number} at */
function dateOf(at) {
  const quarter = Math.floor(at / 900000);
  const known = dates.get(quarter);
  if (known) return known;
  if (dates.size > 5000) dates.clear();
  const date = new Date(at).toDateString();
  dates.set(quarter, date);
  return date;
}
/* The server's clock is the one that counts. */
const POLL_MS = 500;
/* More than a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

export class HistoryView extends EventTarget {
  el;
  #app;
  #entry;
  #scope = new Scope();
  #list;
  #status = h('div', { class: 'history-status' });
  #day = h('div', { class: 'history-day', 'aria-hidden': 'true' });
  #dayText = h('span', {});
  #newest;
  #count = h('span', { class: 'badge', hidden: true });
  /** @type {any} */ #dayTimer = 0;
  /** @type {any} until a poll ends by its time */ #pollTimer = 0;
  #pollEnd = Infinity;
  /** where the mark of unread messages stands: behind this id @type {number | null} */ #unreadFrom = null;
  /** a message to be shown once it is there */ #wanted = '';
  /** what was searched for, and is shown @type {import('../../chat/search.js').Hit | null} */ #hit = null;
  #placed = false;
  /** where posts are talked about, as it is shown @type {string | undefined} */ #linked;
  /** indexes of the rows in sight */ #sight = { first: 0, last: 0 };
  /** @type {Map<string, Message | null>} messages that are replied to and not loaded */ #replied = new Map();
  /** @type {Set<string>} */ #asking = new Set();
  /** @type {import('./message-row.js').RowHost} */ #host;

  /** @param {import('../../app.js').App} app @param {Entry} entry */
  constructor(app, entry) {
    super();
    this.#app = app;
    this.#entry = entry;
    this.#linked = entry.chat.linkedChatId;
    this.#host = {
      me: app.account.user?.id ?? '', nameOf: (id) => app.names.of(id), replied: (id) => this.#repliedTo(id), jump: (id) => void this.jump(id),
      menu: (row, at) => this.dispatchEvent(new CustomEvent('menu', { detail: { row, at } })),
      callBack: (video) => entry.chat.peer && app.calls.call(entry.chat.peer, { video }),
      react: (message, emoji) => entry.chat.role !== 'left' && void react(app, message, emoji),
      vote: (message, option) => entry.chat.role !== 'left' && void vote(app, message, option),
      voters: isGroup(entry.chat) ? (message) => void showVoters(app, message) : null,
      joinRoom: (room) => void app.roomDesk.enter(room.link ? { link: room.link } : { roomId: room.roomId }, { title: room.title }),
    };
    this.#list = new VirtualList({ render: (/** @type {Row} */ row) => rowElement(row, this.#host), estimate: rowEstimate,
      props: { class: 'vlist history-list', role: 'feed', 'aria-label': 'Messages', tabIndex: 0, testid: 'history' } });
    this.#newest = h('button', { class: 'to-newest', type: 'button', hidden: true, 'aria-label': 'To the newest message', testid: 'to-newest', onclick: () => void this.toNewest() }, icon('down', 24), this.#count);
    fill(this.#day, this.#dayText);
    this.el = h('div', { class: 'history' }, this.#list.el, this.#day, this.#status, this.#newest);
    const { messenger, names } = app;
    this.#scope.listen(entry.history, 'change', () => this.#render());
    this.#scope.listen(entry.topics, 'change', () => this.#render());
    this.#scope.listen(messenger.outbox, 'change', (event) => event.detail.chatId === entry.chat.id && this.#render());
    this.#scope.listen(messenger.chats, 'marks', (event) => event.detail.chatId === entry.chat.id && this.#render());
    this.#scope.listen(messenger.chats, 'change', (event) => event.detail.chatId === entry.chat.id && this.#changed());
    this.#scope.listen(names, 'change', () => this.#render());
    this.#scope.listen(this.#list, 'view', (event) => {
      this.#sight = event.detail;
      this.#viewed();
    });
    this.#scope.listen(this.#list.el, 'keydown', (event) => this.#key(event));
    this.#scope.listen(this.#list.el, 'scroll', () => this.#showDay(), { passive: true });
    this.#scope.listen(document, 'visibilitychange', () => this.#seen());
    this.#scope.listen(window, 'focus', () => this.#seen());
    this.#scope.defer(() => this.#list.end());
    this.#scope.defer(() => clearTimeout(this.#dayTimer));
    this.#scope.defer(() => clearTimeout(this.#pollTimer));
    this.#open();
  }

  end() {
    this.#scope.end();
  }

  /** jump: shows a message, loaded or not. @param {string} id */
  async jump(id) {
    this.#wanted = id;
    if (this.#entry.history.get(id)) return this.#render();
    await this.#entry.history.jump(id);
    if (this.#wanted !== id) return;
    this.#wanted = '';
    if (this.#entry.history.state === 'ready') this.#app.toasts.show('That message is not there any more.', { ms: 3000, key: 'no-message' });
  }

  /** find: shows what was searched for, and marks it; the focus stays where it is. @param {import('../../chat/search.js').Hit | null} hit */
  find(hit) {
    this.#hit = hit;
    if (hit) void this.jump(hit.message.id);
    else this.#render();
  }

  /** toNewest: to the end of the chat. */
  async toNewest() {
    this.#wanted = '';
    if (!this.#entry.history.atNewest) await this.#entry.history.jump();
    this.#list.toEnd();
  }

  /** lastOwn: the last message in sight or before that the user may edit. @returns {Message | null} */
  lastOwn() {
    return this.#entry.history.messages.findLast(({ from, kind }) => from === this.#host.me && kind === 'text') ?? null;
  }

  /** focus: the last row gets the focus. */
  focus() {
    this.#list.el.focus({ preventScroll: true });
  }

  #open() {
    const { chat, history } = this.#entry;
    const first = chat.unread > 0 && !history.threadId;
    this.#unreadFrom = first ? Number(chat.readUpToId) : null;
    if (history.state === 'ready' && !first && !history.atNewest) history.forget();
    if (history.state === 'ready') this.#render();
    else if (first) void history.jump(Number(chat.readUpToId) > 0 ? chat.readUpToId : '1').then(() => (history.messages.length || history.state !== 'ready' ? undefined : history.jump()));
    else void history.jump();
  }

  #render() {
    const { history, chat } = this.#entry;
    const rows = this.#rows();
    this.#awaitPolls();
    this.#list.set(rows, { follow: history.atNewest });
    this.#list.el.setAttribute('aria-busy', String(history.state === 'loading'));
    if (!this.#placed && history.state === 'ready') this.#place();
    if (this.#wanted && history.state === 'ready' && this.#list.scrollTo(`m${this.#wanted}`, 0.3)) this.#flash(this.#wanted);
    const empty = history.state === 'ready' && !rows.length && history.atNewest;
    fill(this.#status,
      history.state === 'loading' && h('span', { class: 'history-wait' }, 'Loading …'),
      Boolean(history.error) && h('div', { class: 'history-note', role: 'alert' }, icon('warning', 20), chatProblem(history.error), h('button', { class: 'button small', type: 'button', onclick: () => { history.retry(); this.#viewed(); } }, 'Try again')),
      empty && h('div', { class: 'empty', testid: 'empty-chat' }, icon(chat.kind === 'saved' ? 'bookmark' : 'chat', 36),
        h('p', {}, chat.kind === 'saved' ? 'Notes to yourself, on all of your devices.' : 'Nothing was said here yet.'),
        h('p', { class: 'muted history-secret' }, icon('lock', 16), 'Encrypted to the server, which keeps what is written.')));
    this.#status.hidden = !this.#status.childElementCount;
    this.#counts();
  }

  /** No update tells that a poll has ended by its time. */
  #awaitPolls() {
    const end = nextEnd(this.#entry.history.messages, Date.now());
    if (end === this.#pollEnd) return;
    this.#pollEnd = end;
    clearTimeout(this.#pollTimer);
    if (end < Infinity) this.#pollTimer = setTimeout(() => void this.#pollsEnded(end), Math.min(end - Date.now() + POLL_MS, LONGEST_MS));
  }

  /** What was right is told to all then. @param {number} end */
  async #pollsEnded(end) {
    this.#pollEnd = Infinity;
    const { chat, history } = this.#entry;
    this.#render();
    for (const { id, poll } of history.messages) {
      if (!poll?.quiz || poll.correct !== undefined || poll.closesAt !== end || end > Date.now()) continue;
      const { messages } = await this.#app.rpc.call('message.history', { chatId: chat.id, aroundId: id, limit: 1 }, { resend: true }).catch(() => ({ messages: [] }));
      const now = messages.find((/** @type {Message} */ message) => message.id === id)?.poll;
      if (now && !this.#scope.ended) history.amend(id, () => ({ poll: now }));
    }
  }

  /** The first time: at what is unread, or at the end. */
  #place() {
    this.#placed = true;
    if (this.#unreadFrom === null || !this.#list.scrollTo('unread', 0.25)) this.#list.toEnd();
  }

  /** @returns {Row[]} */
  #rows() {
    const { chat, history } = this.#entry;
    const { messages } = history;
    const people = chat.kind !== 'private' && chat.kind !== 'saved';
    const outgoing = history.atNewest ? this.#app.messenger.outbox.of(chat.id).filter(({ threadId }) => !history.threadId || threadId === history.threadId) : [];
    /** @type {Row[]} */ const rows = [];
    let date = '';
    messages.forEach((message, i) => {
      const on = dateOf(message.at);
      if (on !== date) rows.push({ kind: 'day', key: `day ${on}`, version: day(message.at), at: message.at, anchor: false });
      const from = this.#unreadFrom;
      const unread = from !== null && Number(message.id) > from && (i > 0 ? Number(messages[i - 1].id) <= from : history.atOldest || from === 0);
      if (unread) rows.push({ kind: 'unread', key: 'unread', version: '', anchor: false });
      rows.push(this.#row(message, on !== date || unread ? undefined : messages[i - 1], messages[i + 1] ?? outgoing[0], people));
      date = on;
    });
    outgoing.forEach((item, i) => rows.push({ kind: 'outgoing', key: item.randomId, version: `${item.state} ${i}`, item, mark: item.state, head: i === 0 && messages.at(-1)?.from !== this.#host.me, tail: i === outgoing.length - 1 }));
    return rows;
  }

  #changed() {
    this.#counts();
    const { linkedChatId } = this.#entry.chat;
    if (linkedChatId === this.#linked) return;
    this.#linked = linkedChatId; /* posts have comments, or have none */
    this.#render();
  }

  /** @param {Message} message @param {Message | undefined} before @param {Message | import('./message-row.js').Outgoing | undefined} after @param {boolean} people @returns {Row} */
  #row(message, before, after, people) {
    const key = `m${message.id}`;
    const name = people || message.kind === 'service' ? this.#app.names.of(message.from) : '';
    if (message.kind === 'service') {
      const others = [...(message.data?.added?.userIds ?? []), ...(message.data?.removed?.userIds ?? [])].map((id) => this.#app.names.of(id));
      return { kind: 'service', key, version: [name, ...others].join(' '), message };
    }
    const together = (/** @type {any} */ other) => other && other.kind !== 'service' && (other.from ?? this.#host.me) === message.from && Math.abs(other.at - message.at) < RUN_MS && dateOf(other.at) === dateOf(message.at);
    const [head, tail] = [!together(before), !together(after)];
    const mark = message.from === this.#host.me ? this.#mark(message) : '';
    const replied = message.replyTo ? this.#entry.history.get(message.replyTo) ?? this.#replied.get(message.replyTo) : undefined;
    const quoted = replied ? `${plain(replied)} ${this.#app.names.of(replied.from)}` : String(replied);
    const comments = message.comments?.chatId === this.#entry.chat.linkedChatId ? message.comments : undefined;
    const topic = message.threadId && !this.#entry.history.threadId && this.#entry.chat.topics ? this.#entry.topics.get(message.threadId)?.title : undefined;
    const hits = this.#hit?.message.id === message.id ? this.#hit.highlights : undefined;
    return { kind: 'message', key, message, head, tail, people, mark, hits, comments, topic, version: `${topic ?? ''} ${message.poll ? `${JSON.stringify(message.poll)} ${pollOver(message.poll, Date.now())}` : ''} ${message.pinned ? 'pin' : ''} ${comments?.count ?? ''} ${message.reactions?.length ? JSON.stringify(message.reactions) : ''} ${hits ? JSON.stringify(hits) : ''} ${message.editedAt ?? 0} ${message.text.length} ${head} ${tail} ${mark} ${name} ${message.replyTo ? quoted : ''}` };
  }

  /** @param {Message} message @returns {import('./message-row.js').Mark} */
  #mark({ id }) {
    const { chat, read, delivered } = this.#entry;
    if (isLarge(chat)) return 'sent'; /* nobody is told who has read there */
    if (chat.kind === 'saved' || Number(id) <= read) return 'read';
    return Number(id) <= delivered ? 'delivered' : 'sent';
  }

  /** @param {string} id @returns {Message | null | undefined} */
  #repliedTo(id) {
    const known = this.#entry.history.get(id) ?? this.#replied.get(id);
    if (known !== undefined || this.#asking.has(id)) return known;
    this.#asking.add(id);
    const chatId = this.#entry.chat.id;
    this.#app.rpc.call('message.history', { chatId, aroundId: id, limit: 1 }, { resend: true }).then(({ messages }) => {
      this.#replied.set(id, messages.find((/** @type {Message} */ one) => one.id === id) ?? null);
      if (!this.#scope.ended) this.#render();
    }, () => this.#asking.delete(id));
    return undefined;
  }

  /** What is in sight has changed. */
  #viewed() {
    const { history } = this.#entry;
    if (history.state !== 'ready' || this.#scope.ended) return;
    const { first, last } = this.#sight;
    if (first < AHEAD && !history.error) void history.older();
    if (this.#list.items.length - last < AHEAD && !history.error) void history.newer();
    this.#newest.hidden = this.#list.atEnd && history.atNewest;
    const at = this.#list.items[first];
    const on = at?.at ?? at?.message?.at ?? at?.item?.at;
    if (on) write(this.#dayText, day(on));
    this.#seen();
  }

  /** What was looked at is read. */
  #seen() {
    if (this.#entry.history.threadId) return; /* how far the user has read is one mark for the whole chat */
    if (document.hidden || !document.hasFocus() || this.#entry.history.state !== 'ready' || this.#app.calls.busy || this.#app.roomDesk.busy) return;
    for (let i = this.#sight.last; i >= 0; i--) {
      const { message } = this.#list.items[i] ?? {};
      if (message) return this.#app.messenger.read(this.#entry.chat.id, message.id);
    }
  }

  #counts() {
    const { unread } = this.#entry.chat;
    write(this.#count, String(unread));
    this.#count.hidden = unread === 0;
  }

  #showDay() {
    this.#day.classList.add('shown');
    clearTimeout(this.#dayTimer);
    this.#dayTimer = setTimeout(() => this.#day.classList.remove('shown'), DAY_MS);
  }

  /** @param {string} id */
  #flash(id) {
    this.#wanted = '';
    const row = this.#list.row(`m${id}`);
    row?.classList.add('flash');
    if (this.#hit?.message.id !== id) row?.focus({ preventScroll: true });
    setTimeout(() => row?.classList.remove('flash'), FLASH_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const focused = /** @type {Element} */ (document.activeElement).closest?.('.msg, .service');
    if (event.key === 'End') {
      event.preventDefault();
      return void this.toNewest();
    }
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const rows = [...this.#list.el.querySelectorAll('.msg, .service')];
      const to = focused ? rows.indexOf(focused) + (event.key === 'ArrowUp' ? -1 : 1) : rows.findLastIndex((row) => row.getBoundingClientRect().top < this.#list.el.getBoundingClientRect().bottom - 8);
      if (!rows[to]) return;
      event.preventDefault();
      /** @type {HTMLElement} */ (rows[to]).focus({ preventScroll: true });
      rows[to].scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && focused && event.target === focused) {
      const row = this.#list.items.find(({ key }) => this.#list.row(key) === focused);
      const { left, top } = focused.getBoundingClientRect();
      if (row) this.#host.menu(row, { x: left + 40, y: top + 20 });
    }
  }
}
