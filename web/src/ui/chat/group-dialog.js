// SPDX-License-Identifier: Apache-2.0
/** A group: title and description, ways into it, what members may, who is in it and as what, leaving it. */
import { isAdmin, isLarge, may, mayTouch } from '../../chat/rights.js';
import { chatProblem, kindLine } from '../../chat/words.js';
import { Scope, fill, h } from '../../dom.js';
import { routeHash } from '../../router.js';
import { Dialog, confirm } from '../dialog.js';
import { Field } from '../field.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';
import { toggle } from '../room/room-invite.js';
import { chatAvatar } from './chat-avatar.js';
import { groupRules } from './group-rules.js';
import { GroupWays } from './group-ways.js';
import { openMenu, placeOf } from './menu.js';
import { Picker } from './picker.js';

/** @typedef {import('../../app.js').App} App */
/** @typedef {import('../../chat/types.js').Chat} Chat */
/** @typedef {import('../../chat/types.js').Member} Member */
/** @typedef {import('../../chat/types.js').Right} Right */

const ADMIN = /** @type {const} */ ([['delete', 'Delete messages of others'], ['ban', 'Remove and restrict members'], ['invite', 'Add people'], ['info', 'Change name and description'], ['calls', 'Start voice chats'], ['pin', 'Pin messages'], ['promote', 'Make admins'], ['post', 'Write in the channel']]);
/** @type {Record<string, string>} */
const ROLES = { owner: 'Owner', admin: 'Admin', restricted: 'Restricted', banned: 'Removed', member: '', left: 'Left' };
/* Who comes into a large group by a way of their own is told to nobody: it is looked at while the group is. */
const LOOK_MS = 10000;
const RANKS = ['owner', 'admin', 'member', 'restricted', 'banned', 'left'];

/** openGroup: @param {App} app @param {string} id */
export function openGroup(app, id) {
  return new GroupDialog(app, id).closed;
}

class GroupDialog {
  closed;
  #app;
  #id;
  #scope = new Scope();
  #dialog;
  #info = h('div', { class: 'group-info' });
  #rules = h('section', { class: 'group-rules' });
  #waysBox = h('div', {});
  /** @type {GroupWays | null} */ #ways = null;
  #members = h('ul', { class: 'group-members', testid: 'members' });
  #shown = '';
  #listed = '';

  /** @param {App} app @param {string} id */
  constructor(app, id) {
    this.#app = app;
    this.#id = id;
    const { chats } = app.messenger;
    this.#dialog = new Dialog({ title: this.#chat?.kind === 'channel' ? 'Channel' : 'Group', testid: 'group-dialog', kind: 'dialog-group', onclose: () => this.#scope.end(), body: [this.#info, this.#waysBox, this.#rules, h('section', {}, this.#members)] });
    this.closed = this.#dialog.closed;
    this.#scope.listen(chats, 'change', (event) => event.detail.chatId === id && this.#render());
    this.#scope.listen(chats, 'members', (event) => event.detail.chatId === id && void this.#list());
    this.#scope.listen(chats, 'left', (event) => event.detail.chatId === id && this.#dialog.close());
    this.#render();
    this.#scope.every(LOOK_MS, () => {
      if (!document.hidden && isLarge(this.#chat ?? undefined)) chats.forgetMembers(id);
      else if (this.#listed) return;
      void this.#list();
    });
  }

  get #chat() {
    return this.#app.messenger.chats.get(this.#id)?.chat ?? null;
  }

  /** @param {string} method @param {object} params @returns {Promise<string>} '' or why not */
  async #change(method, params) {
    try {
      await this.#app.messenger.change(method, { chatId: this.#id, ...params });
      return '';
    } catch (error) {
      return chatProblem(error);
    }
  }

  /** The same, where there is no field to say it at. @param {string} method @param {object} params */
  async #do(method, params) {
    const problem = await this.#change(method, params);
    if (problem) this.#app.toasts.show(problem, { tone: 'bad' });
    return !problem;
  }

  #render() {
    const chat = this.#chat;
    const key = JSON.stringify([chat?.title, chat?.about, chat?.memberCount, chat?.permissions, chat?.role, chat?.rights, chat?.kind, chat?.username, chat?.slowModeMs, chat?.protected, chat?.messageTtlMs, chat?.retentionMs, chat?.linkedChatId, chat?.topics]);
    if (!chat || key === this.#shown) return;
    this.#shown = key;
    fill(this.#info, h('header', { class: 'group-head' }, chatAvatar(chat, 'l'), h('div', {}, h('h3', { testid: 'group-title' }, chat.title), h('p', { class: 'muted' }, kindLine(chat)), chat.about && h('p', { class: 'group-about', dir: 'auto' }, chat.about))),
      h('div', { class: 'group-actions' },
        may(chat, 'invite') && h('button', { class: 'button small', type: 'button', testid: 'group-add', onclick: () => void this.#add() }, icon('userPlus', 18), 'Add people'),
        may(chat, 'info') && h('button', { class: 'button small', type: 'button', testid: 'group-edit', onclick: () => void this.#edit(chat) }, icon('edit', 18), 'Edit'),
        chat.role !== 'left' && h('button', { class: 'button small danger-quiet', type: 'button', testid: 'group-leave', onclick: () => void this.#leave(chat) }, icon('logout', 18), 'Leave')));
    fill(this.#rules, groupRules(this.#app, () => this.#chat ?? chat, (method, params) => this.#do(method, params), () => {
      this.#shown = '';
      this.#render();
    }));
    this.#showWays(chat);
  }

  /** @param {Chat} chat */
  #showWays(chat) {
    if (!isAdmin(chat) || !may(chat, 'invite')) {
      this.#ways?.end();
      this.#ways = null;
      return fill(this.#waysBox);
    }
    if (this.#ways) return this.#ways.change(chat);
    this.#ways = new GroupWays(this.#app, chat);
    this.#scope.defer(() => this.#ways?.end());
    fill(this.#waysBox, this.#ways.el);
  }

  async #list() {
    /** @type {Member[]} */ let members;
    try {
      members = await this.#app.messenger.chats.members(this.#id);
    } catch (error) {
      this.#listed = '';
      return fill(this.#members, h('li', { class: 'row-note' }, chatProblem(error)));
    }
    const key = JSON.stringify([members, this.#chat?.role, this.#chat?.rights, this.#chat?.permissions, this.#chat?.kind]);
    if (this.#scope.ended || key === this.#listed) return;
    this.#listed = key;
    members = [...members].sort((a, b) => RANKS.indexOf(a.role) - RANKS.indexOf(b.role) || a.user.displayName.localeCompare(b.user.displayName));
    fill(this.#members, members.map((member) => this.#row(member)));
  }

  /** @param {Member} member */
  #row(member) {
    const { user, role } = member;
    const me = user.id === this.#app.account.user?.id;
    const choices = me ? [] : this.#choices(member);
    const more = choices.length > 0 && h('button', { class: 'icon-button', type: 'button', 'aria-label': `Role of ${user.displayName}`, testid: 'member-menu', onclick: (/** @type {Event} */ event) => openMenu(placeOf(/** @type {Element} */ (event.currentTarget)), choices, user.displayName) }, icon('more', 20));
    return h('li', { class: 'member', testid: 'member', 'data-username': user.username, 'data-role': role }, avatar(user, 's'),
      h('a', { class: 'member-name', href: me ? null : routeHash('people', user.id), onclick: () => this.#dialog.close() }, h('strong', {}, me ? `${user.displayName} (you)` : user.displayName), h('span', { class: 'muted' }, `@${user.username}`)),
      ROLES[role] && h('em', { class: 'tag' }, ROLES[role]), more);
  }

  /** @param {Member} member @returns {import('./menu.js').Choice[]} */
  #choices(member) {
    const chat = this.#chat;
    if (!chat) return [];
    const { user, role } = member;
    const set = (/** @type {string} */ to, /** @type {Right[]} */ rights) => void this.#do('chat.setRole', { userId: user.id, role: to, rights });
    /** @type {(import('./menu.js').Choice | false)[]} */
    const choices = role === 'banned' ? [may(chat, 'ban') && { label: 'Let back in', icon: 'unlock', testid: 'member-unban', run: () => void this.#do('chat.unban', { userId: user.id }) }] : [
      mayTouch(chat, member, 'promote') && role !== 'restricted' && { label: role === 'admin' ? 'Rights as an admin' : 'Make an admin', icon: 'shield', testid: 'member-admin', run: () => void this.#promote(member) },
      role === 'admin' && mayTouch(chat, member, 'promote') && { label: 'No longer an admin', icon: 'people', testid: 'member-demote', run: () => set('member', []) },
      role === 'member' && chat.kind !== 'channel' && mayTouch(chat, member, 'ban') && { label: 'May not write', icon: 'lock', testid: 'member-restrict', run: () => set('restricted', chat.permissions.filter((one) => one !== 'send')) },
      role === 'restricted' && mayTouch(chat, member, 'ban') && { label: 'May write again', icon: 'unlock', testid: 'member-free', run: () => set('member', []) },
      chat.role === 'owner' && role !== 'restricted' && { label: 'Hand the group over', icon: 'key', testid: 'member-owner', run: () => void this.#handOver(member) },
      mayTouch(chat, member, 'ban') && { label: 'Remove from the group', icon: 'trash', danger: true, testid: 'member-ban', run: () => void this.#ban(member) }];
    return choices.filter((one) => one !== false);
  }

  /** @param {Member} member */
  async #promote({ user, role, rights = [] }) {
    const chat = /** @type {Chat} */ (this.#chat);
    /** @type {Set<Right>} */ const given = new Set(role === 'admin' ? rights : ['delete', 'ban', 'invite', 'info', 'calls', ...(chat.kind === 'channel' ? /** @type {const} */ (['post']) : [])]);
    const dialog = new Dialog({ title: `${user.displayName} as an admin`, testid: 'admin-dialog', kind: 'dialog-small',
      body: ADMIN.filter(([right]) => may(chat, right) && (right !== 'post' || chat.kind === 'channel')).map(([right, label]) => toggle(`admin-${right}`, label, '', given.has(right), (on) => (on ? given.add(right) : given.delete(right)))),
      actions: [h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'button', testid: 'admin-save', onclick: () => dialog.close('save') }, 'Save')] });
    if ((await dialog.closed) === 'save') await this.#do('chat.setRole', { userId: user.id, role: 'admin', rights: [...given].filter((right) => may(chat, right)) });
  }

  /** @param {Member} member */
  async #handOver({ user }) {
    if (await confirm({ title: `Hand the group over to ${user.displayName}?`, text: 'They own it then, and you stay as an admin. Only they can give it back.', yes: 'Hand over', danger: true, testid: 'owner-confirm' })) await this.#do('chat.setRole', { userId: user.id, role: 'owner' });
  }

  /** @param {Member} member */
  async #ban({ user }) {
    if (await confirm({ title: `Remove ${user.displayName}?`, text: 'They see nothing of the group any more, and cannot be added until they are let back in.', yes: 'Remove', danger: true, testid: 'ban-confirm' })) await this.#do('chat.ban', { userId: user.id });
  }

  async #add() {
    const members = await this.#app.messenger.chats.members(this.#id).catch(() => []);
    const picker = new Picker(this.#app, new Set(members.filter(({ role }) => role !== 'banned' && role !== 'left').map(({ user }) => user.id)));
    const dialog = new Dialog({ title: 'Add people', testid: 'add-dialog', body: [picker.el, h('p', { class: 'muted' }, 'They see what is written from now on.')],
      actions: [h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'button', testid: 'add-save', onclick: () => dialog.close('add') }, 'Add')] });
    picker.focus();
    if ((await dialog.closed) === 'add' && picker.chosen.size) await this.#do('chat.invite', { userIds: [...picker.chosen.keys()] });
  }

  /** @param {Chat} chat */
  async #edit(chat) {
    const title = new Field({ label: 'Name', name: 'editTitle', input: { maxLength: 128, autocomplete: 'off', value: chat.title } });
    const about = h('textarea', { class: 'input area', rows: 3, maxLength: 512, value: chat.about, 'aria-label': 'Description', testid: 'editAbout' });
    const form = h('form', { class: 'form' }, title.el, h('label', { class: 'field-label' }, 'Description', about), h('div', { class: 'form-end' }, h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel'), h('button', { class: 'button primary', type: 'submit', testid: 'edit-save' }, 'Save')));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (title.error(title.value.trim() ? '' : 'Give it a name.')) return;
      const changed = { ...(title.value.trim() === chat.title ? {} : { title: title.value.trim() }), ...(about.value === chat.about ? {} : { about: about.value }) };
      if (!Object.keys(changed).length || !title.error(await this.#change('chat.update', changed))) dialog.close();
    });
    const dialog = new Dialog({ title: 'Edit the group', testid: 'edit-group-dialog', kind: 'dialog-small', body: form });
    title.input.focus();
    await dialog.closed;
  }

  /** @param {Chat} chat */
  async #leave(chat) {
    const last = chat.role === 'owner' && chat.memberCount <= 1;
    if (chat.role === 'owner' && !last) return void this.#app.toasts.show('You own this group: hand it over to somebody first.', { tone: 'warn' });
    if (await confirm({ title: `Leave “${chat.title}”?`, text: last ? 'You are the last one: the group is gone then.' : 'You see nothing of it any more. Who comes back sees what is written from then on.', yes: 'Leave', danger: true, testid: 'leave-confirm' })) await this.#do('chat.leave', {});
  }
}
