// SPDX-License-Identifier: Apache-2.0
/** After a call: how it ended in plain words, and what one may want to do next. */
import { h } from '../../dom.js';
import { GRADE_WORDS } from '../../quality.js';
import { ended } from '../../words.js';
import { icon } from '../icons.js';
import { Lamp } from '../lamp.js';

/**
 * @param {import('../../types.js').CallSession} session
 * @param {{byMe: boolean, durationMs: number, grade: import('../../quality.js').Grade, relayed: boolean | null}} facts
 * @param {{again: (video: boolean) => void, acceptKey: () => void, done: () => void}} act
 */
export function summary(session, { byMe, durationMs, grade, relayed }, act) {
  const name = session.peer.displayName;
  const { title, detail, tone } = ended({ outgoing: session.outgoing, reason: session.endReason, durationMs, name, byMe });
  const lamp = new Lamp(session.peer);
  lamp.shut();
  const level = session.security.level;
  const talked = durationMs > 0;
  const changed = level === 'changed';
  const done = h('button', { class: 'button', type: 'button', testid: 'summary-done', onclick: act.done }, 'Done');
  const el = h('section', { class: 'call ended', testid: 'call-summary', 'data-reason': session.endReason, 'data-e2ee': session.security.level, 'data-state': 'ended', 'data-tone': tone, 'aria-labelledby': 'summary-title', tabIndex: -1 },
    h('div', { class: 'summary' }, h('div', { class: 'summary-lamp' }, lamp.el), h('h1', { id: 'summary-title', testid: 'summary-title' }, title), detail && h('p', { class: 'summary-detail' }, detail),
      talked && h('ul', { class: 'summary-facts' },
        level === 'verified' && h('li', {}, icon('shieldCheck', 18), 'Verified'),
        level === 'unverified' && h('li', {}, icon('shield', 18), 'Encrypted, emoji not compared'),
        grade > 0 && h('li', {}, icon('gauge', 18), `${GRADE_WORDS[grade]} connection`),
        relayed !== null && h('li', {}, icon('relay', 18), relayed ? 'Through the relay' : 'Direct')),
      h('div', { class: 'summary-actions' },
        changed ? h('button', { class: 'button', type: 'button', testid: 'summary-accept-key', onclick: () => act.acceptKey() }, 'Accept the new key and call again')
        : h('button', { class: 'button primary', type: 'button', testid: 'summary-again', onclick: () => act.again(session.video) }, icon(session.video ? 'camera' : 'phone', 20), 'Call again'), done)));
  el.addEventListener('keydown', (event) => event.key === 'Escape' && act.done());
  return { el, focus: () => done.focus() };
}
