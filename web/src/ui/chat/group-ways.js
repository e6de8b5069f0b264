// SPDX-License-Identifier: Apache-2.0
/** Ways into a group, for its admins: its public name, its invitations, and who waits to be let in. */
import { inviteAddress, nameAddress } from '../../chat/ways.js';
import { chatProblem, linkLine } from '../../chat/words.js';
import { checkUsername } from '../../account.js';
import { Scope, fill, h } from '../../dom.js';
import { ago, plural } from '../../format.js';
import { Dialog, confirm } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { toggle } from '../room/room-invite.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../chat/types.js').ChatLink} ChatLink */

const PAGE = 50;
const HOUR = 3600e3;
const ENDS = /** @type {const} */ ([[0, 'Never'], [HOUR, 'In an hour'], [24 * HOUR, 'In a day'], [7 * 24 * HOUR, 'In a week'], [30 * 24 * HOUR, 'In 30 days']]);
const USES = /** @type {const} */ ([[0, 'Any number'], [1, 'One person'], [10, '10 people'], [50, '50 people'], [100, '100 people']]);

export class GroupWays {
  el = h('div', { class: 'group-ways' });
  #app;
  #chat;
  #scope = new Scope();
  #name = h('section', { class: 'group-part' });
  #links = h('ul', { class: 'ways', testid: 'links' });
  #waiting = h('section', { class: 'group-part', testid: 'requests', hidden: true });
  #shown = '';
  #round = 0;

  /** @param {App} app @param {Chat} chat of which one is an admin who may invite */
  constructor(app, chat) {
    this.#app = app;
    this.#chat = chat;
    fill(this.el, this.#waiting, this.#name, h('section', { class: 'group-part' }, h('h3', {}, 'Invitation links'), this.#links,
      h('button', { class: 'button small', type: 'button', testid: 'link-new', onclick: () => void this.#make() }, icon('plus', 18), 'New link')));
    this.change(chat);
    void this.#load();
    void this.#look();
    const { messenger, rpc } = app;
    this.#scope.listen(messenger, 'requests', (event) => event.detail.chatId === chat.id && void this.#look());
    for (const type of ['session', 'resync']) this.#scope.listen(rpc, type, () => void this.#look());
  }

  end() {
    this.#scope.end();
  }

  /** change: @param {Chat} chat as it is now */
  change(chat) {
    this.#chat = chat;
    const owner = chat.role === 'owner' && chat.kind !== 'group';
    const { username } = chat;
    fill(this.#name, (owner || username) && h('h3', {}, 'Public name'),
      username && h('ul', { class: 'ways' }, h('li', { testid: 'public-name' }, h('span', { class: 'way-words' }, h('strong', {}, `@${username}`), h('span', {}, 'Everybody here may read it, and join')),
        this.#copy(nameAddress(username), 'Copy the address'))),
      owner && h('div', {}, !username && h('p', { class: 'muted' }, 'Not public: people come in by an invitation.'),
        h('button', { class: 'button small', type: 'button', testid: 'name-edit', onclick: () => void this.#rename() }, icon(username ? 'edit' : 'at', 18), username ? 'Change it' : 'Make it public')));
    this.#name.hidden = !this.#name.childElementCount;
  }

  /** @param {unknown} error */
  #say(error) {
    this.#app.toasts.show(chatProblem(error), { tone: 'bad' });
  }

  async #load() {
    try {
      const { links } = await this.#app.rpc.call('chat.links', { chatId: this.#chat.id }, { resend: true });
      this.#show(links);
    } catch (error) {
      fill(this.#links, h('li', { class: 'row-note' }, chatProblem(error)));
    }
  }

  /** @param {ChatLink[]} links */
  #show(links) {
    if (!links.length) return fill(this.#links, h('li', { class: 'muted' }, 'None yet. Who has one comes in by it.'));
    fill(this.#links, links.map((link) => this.#row(link)));
  }

  /** @param {ChatLink} link */
  #row(link) {
    const { words, over } = linkLine(link, Date.now());
    return h('li', { class: over ? 'over' : '', testid: 'link', 'data-link': link.link }, h('span', { class: 'way-words' }, h('strong', {}, `…/+${link.link.slice(0, 10)}…`), h('span', {}, words)),
      !over && this.#copy(inviteAddress(link.link), 'Copy the link'),
      h('button', { class: 'icon-button', type: 'button', 'aria-label': 'Revoke the link', title: 'Revoke', testid: 'link-revoke', onclick: () => void this.#revoke(link) }, icon('trash', 20)));
  }

  /** @param {string} address @param {string} label */
  #copy(address, label) {
    return h('button', { class: 'icon-button', type: 'button', 'aria-label': label, title: label, testid: 'way-copy', 'data-address': address, onclick: () => void this.#take(address) }, icon('copy', 20));
  }

  /** @param {string} address */
  async #take(address) {
    const copied = await navigator.clipboard?.writeText(address).then(() => true, () => false);
    if (copied) return void this.#app.toasts.show('Copied.', { icon: 'check', ms: 2500, key: 'copied' });
    const field = h('input', { class: 'input', type: 'text', readOnly: true, value: address, 'aria-label': 'Address' });
    new Dialog({ title: 'Copy this', kind: 'dialog-small', body: field });
    field.select();
  }

  /** @param {ChatLink} link */
  async #revoke({ link, uses }) {
    if (!(await confirm({ title: 'Revoke this link?', text: `Nobody comes in by it any more.${uses ? ` Who did (${plural(uses, 'person', 'people')}) stays.` : ''}`, yes: 'Revoke', danger: true, testid: 'revoke-confirm' }))) return;
    try {
      const { links } = await this.#app.rpc.call('chat.revokeLink', { chatId: this.#chat.id, link });
      this.#show(links);
    } catch (error) {
      this.#say(error);
    }
  }

  async #make() {
    const ends = h('select', { class: 'select', testid: 'link-ends' }, ENDS.map(([ms, label]) => h('option', { value: String(ms) }, label)));
    const uses = h('select', { class: 'select', testid: 'link-uses' }, USES.map(([n, label]) => h('option', { value: String(n) }, label)));
    let approval = false;
    const note = h('p', { class: 'form-error', role: 'alert' });
    const form = h('form', { class: 'form' }, h('label', { class: 'field-label' }, 'Ends', ends), h('label', { class: 'field-label' }, 'Lets in', uses),
      toggle('link-approval', 'Ask an admin first', 'Who comes by it waits until one of you lets them in', false, (on) => { approval = on; }), note,
      h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'link-make' }, 'Make and copy')));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        const made = await this.#app.rpc.call('chat.createLink', { chatId: this.#chat.id, ...(Number(ends.value) ? { expiresAt: Date.now() + Number(ends.value) } : {}), ...(Number(uses.value) ? { maxUses: Number(uses.value) } : {}), ...(approval ? { approval } : {}) });
        dialog.close();
        void this.#take(inviteAddress(made.link));
        void this.#load();
      } catch (error) {
        fill(note, chatProblem(error));
      }
    });
    const dialog = new Dialog({ title: 'New invitation link', testid: 'link-dialog', kind: 'dialog-small', body: form });
    await dialog.closed;
  }

  async #rename() {
    const { id, username = '' } = this.#chat;
    const field = new Field({ label: 'Public name', name: 'publicName', hint: '3 to 32 letters, digits or _. People find it by its whole name.', input: { maxLength: 33, autocomplete: 'off', autocapitalize: 'none', spellcheck: false, value: username } });
    const set = async (/** @type {string} */ name) => {
      try {
        await this.#app.messenger.change('chat.setUsername', { chatId: id, ...(name ? { username: name } : {}) });
        dialog.close();
      } catch (error) {
        field.error(/** @type {any} */ (error).reason === 'username_taken' ? 'That name is taken, by a person or another chat.' : chatProblem(error));
      }
    };
    const form = h('form', { class: 'form' }, field.el, h('p', { class: 'muted' }, 'Everybody with an account here may read all that was written in it, and join. Without a name it is not public.'),
      h('div', { class: 'form-end' }, username && h('button', { class: 'button danger-quiet', type: 'button', testid: 'name-drop', onclick: () => void set('') }, 'Not public any more'),
        h('button', { class: 'button primary', type: 'submit', testid: 'name-save' }, 'Save')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = field.value.trim().replace(/^@/, '');
      if (!field.error(checkUsername(name))) void set(name);
    });
    const dialog = new Dialog({ title: 'Public name', testid: 'name-dialog', kind: 'dialog-small', body: form });
    field.input.focus();
    await dialog.closed;
  }

  /** Who waits to be let in. */
  async #look() {
    const round = ++this.#round;
    const { requests, next } = await this.#app.rpc.call('chat.requests', { chatId: this.#chat.id, limit: PAGE }, { resend: true }).catch(() => ({}));
    const key = JSON.stringify([requests, next]);
    if (!requests || round !== this.#round || this.#scope.ended || key === this.#shown) return;
    this.#shown = key;
    this.#waiting.hidden = !requests.length;
    fill(this.#waiting, h('h3', {}, next ? `More than ${PAGE} people want to join` : `${plural(requests.length, 'person wants', 'people want')} to join`),
      h('ul', { class: 'requests' }, requests.map((/** @type {any} */ one) => this.#request(one))));
  }

  /** @param {{user: import('../../types.js').User, at: number}} request */
  #request({ user, at }) {
    const answer = (/** @type {boolean} */ approve) => async () => {
      try {
        await this.#app.messenger.change('chat.answerRequest', { chatId: this.#chat.id, userId: user.id, approve });
      } catch (error) {
        if (/** @type {any} */ (error).reason !== 'request') this.#say(error); /* another admin was quicker */
      }
      void this.#look();
    };
    return h('li', { testid: 'request', 'data-username': user.username }, avatar(user, 's'), h('span', { class: 'member-name' }, h('strong', {}, user.displayName), h('span', { class: 'muted' }, `@${user.username} · ${ago(at)}`)),
      h('button', { class: 'button small', type: 'button', 'aria-label': `Refuse ${user.displayName}`, testid: 'request-no', onclick: answer(false) }, 'Refuse'),
      h('button', { class: 'button small primary', type: 'button', 'aria-label': `Let ${user.displayName} in`, testid: 'request-yes', onclick: answer(true) }, 'Let in'));
  }
}
