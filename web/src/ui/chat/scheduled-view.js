// SPDX-License-Identifier: Apache-2.0
/** What is scheduled in a chat: a line above the composer, and the list behind it. */
import { parse, unparse } from '../../chat/text.js';
import { chatProblem, notSentWords } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { plural, when } from '../../format.js';
import { Dialog, confirm } from '../dialog.js';
import { icon } from '../icons.js';
import { openMenu, placeOf } from './menu.js';
import { sendLater } from './send-later.js';
import { textNodes } from './text-view.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Scheduled} Scheduled */

const MOST_UNITS = 4096;

export class ScheduledBar {
  el = h('div', { class: 'scheduled-bar', testid: 'scheduled-bar', hidden: true });
  #app;
  #id;
  #people;
  #scope = new Scope();
  #shown = '';

  /** @param {App} app @param {string} chatId @param {() => import('../../types.js').User[]} people who can be mentioned */
  constructor(app, chatId, people) {
    this.#app = app;
    this.#id = chatId;
    this.#people = people;
    const { scheduled } = app.messenger;
    this.#scope.listen(scheduled, 'change', (event) => event.detail.chatId === chatId && this.#changed());
    this.#scope.listen(app.rpc, 'session', () => void this.#load());
    this.#scope.every(60000, () => this.#render());
    void this.#load();
  }

  end() {
    this.#scope.end();
  }

  #load() {
    return this.#app.messenger.scheduled.load(this.#id).then(() => this.#render(), () => { /* asked again with the next session */ });
  }

  #changed() {
    this.#render();
    void this.#load();
  }

  #render() {
    const all = this.#app.messenger.scheduled.of(this.#id);
    const words = barWords(all, this.#reminders);
    this.el.hidden = !all.length;
    if (words === this.#shown) return;
    this.#shown = words;
    const failed = all.some((one) => one.failed);
    fill(this.el, all.length > 0 && h('button', { class: `scheduled-open ${failed ? 'failed' : ''}`, type: 'button', 'aria-haspopup': 'dialog', testid: 'scheduled-open', onclick: () => this.open() }, icon(failed ? 'warning' : this.#reminders ? 'bell' : 'clock', 18), h('span', {}, words), icon('next', 18)));
  }

  get #reminders() {
    return this.#app.messenger.chats.get(this.#id)?.chat.kind === 'saved';
  }

  /** open: the list of them. */
  open() {
    const { scheduled } = this.#app.messenger;
    const scope = new Scope();
    const list = h('ul', { class: 'scheduled-list', testid: 'scheduled-list' });
    const dialog = new Dialog({ title: this.#reminders ? 'Reminders' : 'Scheduled messages', testid: 'scheduled-dialog', body: list, onclose: () => scope.end() });
    const render = () => {
      const all = scheduled.of(this.#id);
      const at = [...list.children].findIndex((row) => row.contains(document.activeElement));
      fill(list, all.length ? all.map((one) => this.#row(one)) : h('li', { class: 'row-note' }, this.#reminders ? 'No reminders.' : 'Nothing is scheduled in this chat.'));
      /* what was at hand is still there, or what stands in its place */
      if (at >= 0) (/** @type {HTMLElement | null | undefined} */ (list.children[Math.min(at, all.length - 1)]?.querySelector('button')) ?? /** @type {HTMLElement} */ (dialog.el.querySelector('.dialog-close'))).focus();
    };
    scope.listen(scheduled, 'change', (event) => event.detail.chatId === this.#id && render());
    scope.every(60000, render);
    return dialog.closed;
  }

  /** @param {Scheduled} one */
  #row(one) {
    const time = when(one.sendAt);
    const menu = h('button', { class: 'icon-button', type: 'button', 'aria-haspopup': 'menu', 'aria-label': `What to do with the message of ${time}`, testid: 'scheduled-menu' }, icon('more', 20));
    menu.addEventListener('click', () => openMenu(placeOf(menu), this.#choices(one), 'Scheduled message'));
    return h('li', { class: `scheduled-one ${one.failed ? 'failed' : ''}`, testid: 'scheduled', 'data-id': one.id },
      h('div', { class: 'scheduled-what' },
        h('span', { class: 'scheduled-when' }, icon(one.failed ? 'warning' : this.#reminders ? 'bell' : 'clock', 16), h('span', {}, h('strong', {}, one.failed ? `Not sent ${time}` : sentence(time)), one.silent && h('span', { class: 'muted' }, ' · without sound'))),
        h('div', { class: 'msg-text', dir: 'auto' }, textNodes(one.text, one.entities, this.#app.account.user?.id ?? '')),
        one.failed && h('p', { class: 'scheduled-why', testid: 'scheduled-failed' }, notSentWords(one.failed))), menu);
  }

  /** @param {Scheduled} one @returns {import('./menu.js').Choice[]} */
  #choices(one) {
    const { scheduled } = this.#app.messenger;
    return [{ label: this.#reminders ? 'Remind me now' : 'Send now', icon: 'send', testid: 'scheduled-now', run: () => void this.#do(scheduled.sendNow(one)) },
      { label: 'Change the time', icon: 'clock', testid: 'scheduled-time', run: () => void sendLater({ reminder: this.#reminders, at: one.sendAt, save: (sendAt) => scheduled.edit(one, { sendAt }) }) },
      { label: 'Edit the text', icon: 'edit', testid: 'scheduled-edit', run: () => void this.#edit(one) },
      { label: 'Delete', icon: 'trash', danger: true, testid: 'scheduled-delete', run: () => void this.#remove(one) }];
  }

  /** @param {Promise<void>} doing */
  async #do(doing) {
    try {
      await doing;
    } catch (error) {
      this.#app.toasts.show(chatProblem(error), { tone: 'bad' });
    }
  }

  /** @param {Scheduled} one */
  async #remove(one) {
    if (await confirm({ title: this.#reminders ? 'Delete this reminder?' : 'Delete this message?', text: this.#reminders ? 'It does not come any more.' : 'It is not sent.', yes: 'Delete', danger: true, testid: 'scheduled-confirm' })) await this.#do(this.#app.messenger.scheduled.remove(one));
  }

  /** @param {Scheduled} one */
  async #edit(one) {
    const area = h('textarea', { class: 'input area', rows: 4, value: unparse(one.text, one.entities), 'aria-label': 'Message', dir: 'auto', testid: 'scheduled-text' });
    const note = h('p', { class: 'form-error', role: 'alert' });
    const form = h('form', { class: 'form' }, area, note, h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'scheduled-save' }, 'Save')));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const { text, entities } = parse(area.value, this.#people());
      fill(note, !text.trim() ? 'Write something, or delete it.' : text.length > MOST_UNITS ? 'This text is too long.' : '');
      if (note.textContent) return;
      try {
        await this.#app.messenger.scheduled.edit(one, { text, entities });
        dialog.close();
      } catch (error) {
        fill(note, chatProblem(error));
      }
    });
    const dialog = new Dialog({ title: this.#reminders ? 'Edit the reminder' : 'Edit the message', testid: 'scheduled-edit-dialog', kind: 'dialog-small', body: form });
    area.focus();
    await dialog.closed;
  }
}

/** @param {string} words */
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** barWords: what is scheduled, in a line. @param {Scheduled[]} all in order @param {boolean} reminders */
export function barWords(all, reminders) {
  const failed = all.filter((one) => one.failed).length;
  const next = all.find((one) => !one.failed);
  const what = reminders ? 'reminder' : 'scheduled message';
  if (failed) return `${plural(failed, reminders ? 'reminder' : 'message')} ${failed > 1 ? 'were' : 'was'} not sent`;
  return next ? `${plural(all.length, what)}, ${all.length > 1 ? 'the next ' : ''}${when(next.sendAt)}` : '';
}
