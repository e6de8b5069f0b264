// SPDX-License-Identifier: Apache-2.0
/** How long what is written in a chat stays. */
import { chatProblem, lasting } from '../../chat/words.js';
import { h } from '../../dom.js';
import { Dialog, confirm } from '../dialog.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Chat} Chat */

const HOUR = 3600e3;
const DAY = 24 * HOUR;
const KEPT = [7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const STAYS = [HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/** timerRow: a choice, for who may choose. @param {Chat} chat @param {(method: string, params: object) => Promise<boolean>} run says what was refused @param {() => void} redraw what was refused stands as it was */
export function timerRow({ kind, messageTtlMs = 0 }, run, redraw) {
  const times = STAYS.includes(messageTtlMs) || !messageTtlMs ? STAYS : [...STAYS, messageTtlMs].sort((a, b) => a - b);
  const choice = h('select', { class: 'select', id: 'chat-timer', testid: 'chat-timer', 'aria-describedby': 'chat-timer-words', onchange: async () => { if (!(await run('chat.update', { messageTtlMs: Number(choice.value) }))) redraw(); } },
    [0, ...times].map((ms) => h('option', { value: String(ms), selected: ms === messageTtlMs }, ms ? `After ${lasting(ms)}` : 'Never')));
  return h('div', { class: 'slow-row timer-row' }, h('label', { for: 'chat-timer' }, h('strong', {}, 'Messages go away'), h('small', { id: 'chat-timer-words' }, kind === 'saved' ? 'What is there already stays' : 'For everybody; what is there already stays')), choice);
}

/** retentionRow: how long anything is kept, what is there already too. @param {Chat} chat @param {(method: string, params: object) => Promise<boolean>} run says what was refused @param {() => void} redraw what was refused stands as it was */
export function retentionRow({ retentionMs = 0 }, run, redraw) {
  const times = KEPT.includes(retentionMs) || !retentionMs ? KEPT : [...KEPT, retentionMs].sort((a, b) => a - b);
  const choice = h('select', { class: 'select', id: 'chat-retention', testid: 'chat-retention', 'aria-describedby': 'chat-retention-words', onchange: async () => {
    const ms = Number(choice.value);
    const sure = !ms || (retentionMs && ms > retentionMs) || await confirm({ title: `Keep messages for ${lasting(ms)}?`, text: 'What is older goes for everybody now, pinned messages too. It does not come back.', yes: 'Delete what is older', danger: true, testid: 'retention-confirm' });
    if (!sure || !(await run('chat.update', { retentionMs: ms }))) redraw();
  } }, [0, ...times].map((ms) => h('option', { value: String(ms), selected: ms === retentionMs }, ms ? `For ${lasting(ms)}` : 'For ever')));
  return h('div', { class: 'slow-row' }, h('label', { for: 'chat-retention' }, h('strong', {}, 'Messages are kept'), h('small', { id: 'chat-retention-words' }, 'For everybody; what is older goes, whenever it was written')), choice);
}

/** Timer: the row of a chat, as it is now. */
export class Timer {
  el = h('div', {});
  #app;
  #chat;
  #shown = '';

  /** @param {App} app @param {Chat} chat one that is private, or the saved messages @param {import('../../dom.js').Scope} scope */
  constructor(app, chat, scope) {
    this.#app = app;
    this.#chat = chat;
    scope.listen(app.messenger.chats, 'change', (event) => event.detail.chatId === chat.id && this.#render());
    this.#render();
  }

  #render() {
    const chat = this.#app.messenger.chats.get(this.#chat.id)?.chat ?? this.#chat;
    const key = String(chat.messageTtlMs ?? 0);
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = this.el.contains(document.activeElement);
    this.el.replaceChildren(timerRow(chat, async (method, params) => {
      try {
        await this.#app.messenger.change(method, { chatId: chat.id, ...params });
        return true;
      } catch (error) {
        this.#app.toasts.show(chatProblem(error), { tone: 'bad' });
        return false;
      }
    }, () => {
      this.#shown = '';
      this.#render();
    }));
    if (focused) this.el.querySelector('select')?.focus();
  }
}

/** openTimer: of the saved messages, which have no page of their own. @param {App} app @param {Chat} chat @param {import('../../dom.js').Scope} scope */
export function openTimer(app, chat, scope) {
  return new Dialog({ title: 'Saved messages', testid: 'saved-dialog', kind: 'dialog-small', body: new Timer(app, chat, scope).el, onclose: () => scope.end() }).closed;
}
