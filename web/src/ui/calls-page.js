// SPDX-License-Identifier: Apache-2.0
/** The call log: by day, missed ones in red, more on scrolling. */
import { Scope, fill, h } from '../dom.js';
import { day, time } from '../format.js';
import { routeHash } from '../router.js';
import { historyLine, problem } from '../words.js';
import { icon } from './icons.js';
import { avatar } from './lamp.js';

/** @typedef {import('../types.js').HistoryEntry} HistoryEntry */

/** direction: the mark of an entry. @param {HistoryEntry} entry */
export function direction(entry) {
  const { missed } = historyLine(entry);
  const [name, label] = missed ? ['missed', 'Missed'] : entry.outgoing ? ['outgoing', 'Outgoing'] : ['incoming', 'Incoming'];
  return h('span', { class: `direction ${missed ? 'missed' : ''}`, role: 'img', 'aria-label': label }, icon(name, 16));
}

export class CallsPage {
  el;
  #app;
  #scope = new Scope();
  #body = h('div', { class: 'list-body', testid: 'call-log' });
  #onlyMissed = false;
  #selected = '';

  /** @param {import('../app.js').App} app */
  constructor(app) {
    this.#app = app;
    const filter = (/** @type {boolean} */ missed, /** @type {string} */ text) => h('button', {
      class: 'chip', type: 'button', 'aria-pressed': String(missed === this.#onlyMissed), testid: missed ? 'filter-missed' : 'filter-all',
      onclick: (/** @type {Event} */ event) => {
        this.#onlyMissed = missed;
        for (const chip of this.el.querySelectorAll('.chip')) chip.setAttribute('aria-pressed', String(chip === event.currentTarget));
        this.#render();
      },
    }, text);
    this.el = h('div', { class: 'list', testid: 'calls-page' },
      h('header', { class: 'list-head' }, h('h1', {}, 'Calls'),
        h('a', { class: 'button small primary', href: '#/people', testid: 'new-call' }, icon('phone', 18), 'New call')),
      h('div', { class: 'chips', role: 'group', 'aria-label': 'Show' }, filter(false, 'All'), filter(true, 'Missed')),
      this.#body);
    this.#scope.listen(app.log, 'change', () => this.#render());
    this.#scope.listen(this.#body, 'scroll', () => {
      if (this.#body.scrollTop + this.#body.clientHeight > this.#body.scrollHeight - 400) void app.log.loadMore();
    }, { passive: true });
    this.#render();
  }

  end() {
    this.#scope.end();
  }

  /** @param {string} userId */
  select(userId) {
    this.#selected = userId;
    for (const row of this.#body.querySelectorAll('.row')) row.classList.toggle('selected', row.getAttribute('data-user') === userId);
  }

  #render() {
    const { log } = this.#app;
    const entries = log.entries.filter((entry) => !this.#onlyMissed || historyLine(entry).missed);
    if (entries.length) {
      const top = this.#body.scrollTop;
      fill(this.#body, this.#groups(entries), log.more && this.#more());
      this.#body.scrollTop = top;
    } else if (log.state === 'empty' || (log.state === 'loading' && !log.entries.length)) {
      fill(this.#body, Array.from({ length: 6 }, () => h('div', { class: 'row ghost', 'aria-hidden': 'true' }, h('i', { class: 'avatar avatar-m' }), h('span', {}, h('i', {}), h('i', {})))));
    } else if (log.state === 'failed') {
      fill(this.#body, h('div', { class: 'empty' }, icon('warning', 36), h('h2', {}, 'The call log is not here'), h('p', {}, problem(log.error)),
        h('button', { class: 'button', type: 'button', onclick: () => log.refresh() }, 'Try again')));
    } else {
      fill(this.#body, this.#onlyMissed
        ? h('div', { class: 'empty' }, icon('check', 36), h('h2', {}, 'No missed calls'), h('p', {}, 'Nobody waits for you to call back.'), log.more && this.#more())
        : h('div', { class: 'empty', testid: 'empty-log' }, icon('phone', 36), h('h2', {}, 'No calls yet'), h('p', {}, 'Calls that you make and get are listed here.'),
          h('a', { class: 'button', href: '#/people' }, 'Find somebody')));
    }
    this.select(this.#selected);
  }

  #more() {
    return h('button', { class: 'button wide quiet', type: 'button', testid: 'load-more', disabled: this.#app.log.state === 'loading', onclick: () => this.#app.log.loadMore() },
      this.#app.log.state === 'loading' ? 'Loading …' : 'Earlier calls');
  }

  /** @param {HistoryEntry[]} entries */
  #groups(entries) {
    /** @type {Map<string, HistoryEntry[]>} */ const days = new Map();
    for (const entry of entries) {
      const name = day(entry.startedAt);
      days.set(name, [...(days.get(name) ?? []), entry]);
    }
    return [...days].map(([name, list]) => h('section', { class: 'day' }, h('h2', {}, name), h('ul', {}, list.map((entry) => this.#row(entry)))));
  }

  /** @param {HistoryEntry} entry */
  #row(entry) {
    const { peer, video } = entry;
    const { text, missed } = historyLine(entry);
    return h('li', { class: `row ${missed ? 'missed' : ''}`, 'data-user': peer.id, testid: 'call-row' },
      h('a', { class: 'row-main', href: routeHash('calls', peer.id) }, avatar(peer),
        h('span', { class: 'row-text' }, h('strong', {}, peer.displayName), h('span', { class: 'row-sub' }, direction(entry), h('span', { class: 'row-words' }, text))),
        h('time', { dateTime: new Date(entry.startedAt).toISOString() }, time(entry.startedAt))),
      h('button', { class: 'icon-button row-call', type: 'button', testid: 'call-back', 'aria-label': `${video ? 'Video call' : 'Call'} ${peer.displayName}`,
        onclick: () => this.#app.calls.call(peer, { video }) }, icon(video ? 'camera' : 'phone', 20)));
  }
}
