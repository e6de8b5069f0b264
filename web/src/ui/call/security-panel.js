// SPDX-License-Identifier: Apache-2.0
/** Knowing that nobody listens: the mark in the head of a call, and the comparison of the emoji. */
import { Scope, fill, h } from '../../dom.js';
import { why } from '../../words.js';
import { icon } from '../icons.js';

/** @typedef {import('../../types.js').CallSession} CallSession */
/** @typedef {import('../../types.js').CallSecurity} CallSecurity */

const MARKS = /** @type {const} */ ({
  pending: ['shield', 'Exchanging keys', 'The keys of this call are being made'],
  unverified: ['shield', 'Compare emoji', 'Encrypted. Compare the emoji to be sure that nobody is in between'],
  verified: ['shieldCheck', 'Verified', 'Encrypted, and the other side’s key was compared'],
  changed: ['shieldAlert', 'Key changed', 'The other side’s security key has changed'],
  broken: ['shieldAlert', 'Not safe', 'The encryption of this call failed'],
});

/** emojiStrip: the four of them. @param {CallSecurity} security @param {boolean} named */
export function emojiStrip({ emoji = [] }, named) {
  return h('ol', { class: `emoji ${named ? 'emoji-named' : ''}`, 'aria-label': `Emoji: ${emoji.map(({ name }) => name).join(', ')}` },
    emoji.map(({ char, name }) => h('li', { testid: named ? 'sas-emoji' : undefined, 'data-name': name }, h('span', { class: 'emoji-char', 'aria-hidden': 'true' }, char), named && h('span', { class: 'emoji-name' }, name))));
}

/** digitGroups: in sixes (docs/e2ee.md). @param {string} digits */
export function digitGroups(digits) {
  return digits.replace(/\s+/g, '').match(/.{1,6}/g) ?? [];
}

export class SecurityMark {
  el;
  #session;

  /** @param {CallSession} session @param {() => void} open */
  constructor(session, open) {
    this.#session = session;
    this.el = h('button', { class: 'security-mark', type: 'button', testid: 'security', onclick: open });
    this.update();
  }

  update() {
    const { security } = this.#session;
    const [image, text, title] = MARKS[security.level];
    if (this.el.dataset.level === security.level) return;
    this.el.dataset.level = security.level;
    this.el.title = title;
    this.el.setAttribute('aria-label', `Security: ${title}`);
    fill(this.el, icon(image, 20), h('span', {}, text), security.level === 'unverified' && emojiStrip(security, false));
  }
}

/**
 * securityPanel: the comparison. @param {CallSession} session @param {Scope} scope
 * @param {{hangUp: (reason: string) => void, close: () => void}} act
 */
export function securityPanel(session, scope, act) {
  const body = h('div', { class: 'security', 'aria-live': 'polite' });
  let differs = false;
  const update = () => fill(body, content(session, differs, {
    match: () => void session.markVerified(),
    differ: (yes) => { differs = yes; update(); },
    ...act,
  }));
  scope.listen(session, 'security', update);
  scope.listen(session, 'peer', update);
  update();
  return body;
}

/**
 * @param {CallSession} session
 * @param {boolean} differs
 * @param {{match: () => void, differ: (yes: boolean) => void, hangUp: (reason: string) => void, close: () => void}} act
 */
function content(session, differs, act) {
  const { security } = session;
  const name = session.peer.displayName;
  if (security.level === 'pending') return h('p', {}, 'The two browsers are agreeing on the keys of this call. This takes a moment after the answer.');
  if (security.level === 'broken') return h('p', {}, `This call is not safe: ${why(security.reason ?? '', name)}.`);
  if (differs) return differ(name, act);
  const digits = digitGroups(security.digits ?? '');
  return [
    emojiStrip(security, true),
    security.level === 'verified'
      ? h('p', { class: 'verdict good', testid: 'verified' }, icon('shieldCheck', 22), h('span', {}, `Verified. You compared the emoji with ${name} in this call or an earlier one.`))
      : session.peerVerified ? h('p', { class: 'verdict good' }, icon('check', 22), h('span', {}, `${name} says that they match. Do they for you?`))
      : h('p', {}, `Say them aloud, one after the other. If ${name} sees the same four, only the two of you can hear this call. You do this once; after that Aldis remembers ${name}’s key.`),
    session.claimedName && h('div', { class: 'security-actions', testid: 'claimed-name' },
      h('p', {}, `The server now says that @${session.peer.username} is called “${session.claimedName}”. ${name} is the name that you verified.`),
      h('button', { class: 'button', type: 'button', testid: 'accept-name', onclick: () => void session.acceptName() }, `${name} told me: use “${session.claimedName}”`)),
    security.level === 'unverified' && h('div', { class: 'security-actions' },
      h('button', { class: 'button good', type: 'button', testid: 'sas-match', onclick: act.match }, icon('check', 20), 'They match'),
      h('button', { class: 'button', type: 'button', testid: 'sas-differ', onclick: () => act.differ(true) }, 'They differ')),
    digits.length > 0 && h('details', { class: 'more' }, h('summary', {}, 'Compare digits instead'),
      h('p', { class: 'digits', testid: 'sas-digits' }, digits.map((group) => h('span', {}, group)))),
    h('details', { class: 'more' }, h('summary', {}, 'How this works'),
      h('p', {}, 'Both browsers make fresh keys for every call and mix them into these four emoji. Somebody in between, the server too, would have to run a key exchange with each of you, and the two results would not give the same emoji.'),
      h('p', {}, security.suite === 2 ? 'This call uses X25519 and ML-KEM-768 together: who records it today cannot open it with a quantum computer later.' : 'This call uses X25519. With a current browser on both sides it would also be safe against later quantum computers.')),
  ];
}

/** @param {string} name @param {{differ: (yes: boolean) => void, hangUp: (reason: string) => void}} act */
function differ(name, act) {
  return [
    h('p', { class: 'verdict bad', role: 'alert' }, icon('shieldAlert', 22), h('span', {}, 'If they really differ, somebody may be listening.')),
    h('p', {}, `Look once more: both of you must look at this call, on this screen. If even one of the four is another, end the call, say nothing private, and tell ${name} in person or by another way.`),
    h('div', { class: 'security-actions' },
      h('button', { class: 'button danger', type: 'button', testid: 'sas-hangup', onclick: () => act.hangUp('they_differ') }, icon('hangup', 20), 'End the call'),
      h('button', { class: 'button', type: 'button', testid: 'sas-again', onclick: () => act.differ(false) }, 'Compare again')),
  ];
}

/** Blocks the whole call when the key of a verified contact changed, or the encryption is broken. */
export class SecurityBlock {
  el = h('div', { class: 'block', role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'block-title', hidden: true, testid: 'security-block' });
  #session;
  #hangUp;
  #level = '';

  /** @param {CallSession} session @param {(reason: string) => void} hangUp */
  constructor(session, hangUp) {
    this.#session = session;
    this.#hangUp = hangUp;
    this.el.addEventListener('keydown', (event) => this.#trap(event));
  }

  /** update: Returns: whether it blocks. */
  update() {
    const { level, reason } = this.#session.security;
    const name = this.#session.peer.displayName;
    const blocks = this.#session.state !== 'ended' && (level === 'changed' || level === 'broken');
    this.el.hidden = !blocks;
    if (!blocks || this.#level === level) return blocks;
    this.#level = level;
    const end = h('button', { class: 'button danger', type: 'button', testid: 'block-end', onclick: () => this.#hangUp(level === 'changed' ? 'identity_changed' : 'broken') }, icon('hangup', 20), 'End the call');
    fill(this.el, h('div', { class: 'block-card' }, icon('shieldAlert', 44), ...(level === 'changed' ? [h('h2', { id: 'block-title' }, `${name}’s security key has changed`), ...changedKey(this.#session, end)] : [
      h('h2', { id: 'block-title' }, 'This call is not safe'), h('p', {}, `It was stopped because ${why(reason ?? '', name)}. No sound and no picture is sent.`), h('div', { class: 'block-actions' }, end)])));
    queueMicrotask(() => end.focus());
    return true;
  }

  /** @param {KeyboardEvent} event */
  #trap(event) {
    if (event.key !== 'Tab') return;
    const stops = [...this.el.querySelectorAll('button, input')].filter((one) => !one.hasAttribute('disabled'));
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const edge = event.shiftKey ? first : last;
    if (document.activeElement !== edge) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (event.shiftKey ? last : first).focus();
  }
}

/**
 * changedKey: what a changed key of a verified contact means, and the decision.
 * @param {CallSession} session @param {HTMLElement} end the way out
 */
export function changedKey(session, end) {
  const name = session.peer.displayName;
  const sure = h('input', { type: 'checkbox', testid: 'changed-sure' });
  const accept = h('button', { class: 'button', type: 'button', disabled: true, testid: 'changed-accept', onclick: () => void session.acceptChangedKey() }, 'Go on, and compare again');
  sure.addEventListener('change', () => { accept.disabled = !sure.checked; });
  return [
    h('p', {}, `You verified ${name} before, and this call came with another key. That happens when ${name} uses a new browser or cleared its data. It also happens when somebody pretends to be ${name}.`),
    h('p', {}, 'Until you decide, no sound and no picture is sent.'),
    h('label', { class: 'sure' }, sure, h('span', {}, `${name} told me about a new device or browser, not in this app.`)),
    h('div', { class: 'block-actions' }, end, accept),
  ];
}

/** announceSecurity: what screen readers hear when it changes. @param {CallSession} session */
export function announceSecurity(session) {
  const { level, emoji = [] } = session.security;
  if (level === 'unverified') return `Encrypted. Emoji to compare: ${emoji.map(({ name }) => name).join(', ')}.`;
  return level === 'verified' ? 'Verified: nobody is in between.' : '';
}
