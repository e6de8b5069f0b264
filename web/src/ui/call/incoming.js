// SPDX-License-Identifier: Apache-2.0
/** Somebody calls: who, with the lamp sending, and answer, look first, or decline. Rings and notifies. */
import { Scope, fill, h, write } from '../../dom.js';
import { LocalMedia } from '../../media/local-media.js';
import { ring } from '../../media/ringer.js';
import { trouble } from '../../media/trouble.js';
import { icon } from '../icons.js';
import { Lamp } from '../lamp.js';
import { notifyCall } from '../notify.js';
import { changedKey } from './security-panel.js';
import { Preview } from './preview.js';

/** @typedef {import('../../types.js').CallSession} CallSession */

/** Who was typing when it began to ring answers and declines nothing. */
const STRAY_KEYS_MS = 1000;

export class Incoming {
  el;
  #app;
  #session;
  #answered;
  #scope = new Scope();
  #lamp;
  #note = h('p', { class: 'incoming-note', role: 'alert' });
  #previewBox = h('div', { class: 'incoming-preview', hidden: true });
  #changed = h('div', { class: 'incoming-changed', hidden: true, testid: 'security-block' });
  #actions;
  /** @type {LocalMedia | null} */ #local = null;
  #busy = false;
  #shownAt = performance.now();

  /**
   * @param {import('../../app.js').App} app
   * @param {CallSession} session
   * @param {(local: LocalMedia) => void} answered the call is being accepted with these devices
   */
  constructor(app, session, answered) {
    this.#app = app;
    this.#session = session;
    this.#answered = answered;
    this.#lamp = new Lamp(session.peer);
    this.#lamp.send();
    const { displayName, username } = session.peer;
    const { video } = session;
    this.#actions = this.#buttons(video);
    this.el = h('dialog', { class: 'dialog incoming', role: 'alertdialog', 'aria-labelledby': 'incoming-title', testid: 'incoming-call', 'data-call': session.id, 'data-video': String(video) },
      h('div', { class: 'dialog-box' }, h('p', { class: 'incoming-kind' }, icon(video ? 'camera' : 'phone', 18), video ? 'Video call' : 'Voice call'),
        h('div', { class: 'incoming-lamp' }, this.#lamp.el), h('h2', { id: 'incoming-title', tabIndex: -1, testid: 'incoming-name' }, displayName), h('p', { class: 'muted' }, `@${username} is calling you`),
        session.claimedName && h('p', { class: 'muted', testid: 'claimed-name' }, `The server now says “${session.claimedName}”. You compared the keys of ${displayName}.`),
        this.#previewBox, this.#changed, this.#note, this.#actions));
    this.el.addEventListener('keydown', (event) => this.#key(event));
    this.el.addEventListener('cancel', (event) => event.preventDefault());
    this.#scope.listen(session, 'state', () => session.state !== 'ringing' && this.end());
    this.#scope.listen(session, 'ended', () => this.end());
    this.#scope.listen(session, 'security', () => this.#secure());
    this.#secure();
    this.#ring();
    document.body.append(this.el);
    this.el.showModal();
    /* not a button: the next key of somebody who types must not press it */
    /** @type {HTMLElement | null} */ (this.el.querySelector('#incoming-title'))?.focus();
  }

  end() {
    if (this.#scope.ended) return;
    this.#scope.end();
    this.#lamp.stop();
    this.el.close();
    this.el.remove();
    this.#local?.close();
  }

  /** A changed key of somebody who was verified has to be decided on before the call can be answered. */
  #secure() {
    const changed = this.#session.security.level === 'changed';
    this.el.dataset.e2ee = this.#session.security.level;
    this.el.classList.toggle('changed', changed);
    this.#changed.hidden = !changed;
    this.#actions.hidden = changed;
    if (!changed) return;
    const decline = h('button', { class: 'button danger', type: 'button', testid: 'block-end', onclick: () => this.#decline() }, icon('hangup', 20), 'Decline');
    fill(this.#changed, h('p', { class: 'verdict bad' }, icon('shieldAlert', 22), h('span', {}, `${this.#session.peer.displayName}’s security key has changed`)), ...changedKey(this.#session, decline));
  }

  /** @param {boolean} video */
  #buttons(video) {
    const answer = (/** @type {boolean} */ withVideo, /** @type {string} */ label, /** @type {string} */ testid, /** @type {string} */ image, /** @type {string} */ kind) =>
      h('button', { class: `answer-button ${kind}`, type: 'button', testid, onclick: () => this.#answer(withVideo) }, h('span', { class: 'answer-face' }, icon(image, 28)), label);
    return h('div', { class: 'incoming-actions' },
      h('button', { class: 'answer-button decline', type: 'button', testid: 'incoming-decline', onclick: () => this.#decline() }, h('span', { class: 'answer-face' }, icon('hangup', 28)), 'Decline'),
      h('button', { class: 'answer-button look', type: 'button', testid: 'incoming-preview', onclick: () => this.#look() }, h('span', { class: 'answer-face' }, icon('eye', 26)), 'Look first'),
      video && answer(false, 'Voice only', 'incoming-accept-audio', 'phone', 'voice'),
      answer(video, 'Answer', 'incoming-accept', video ? 'camera' : 'phone', 'answer'));
  }

  #ring() {
    const { settings } = this.#app;
    const stop = ring(settings.get('ringTone'), settings.get('ringVolume'));
    this.#scope.defer(() => stop());
    this.#scope.defer(notifyCall({ id: this.#session.id, name: this.#session.peer.displayName, video: this.#session.video }, () => this.el.focus()));
    const title = document.title;
    let on = false;
    this.#scope.every(1000, () => {
      on = !on;
      document.title = on ? `${this.#session.peer.displayName} is calling` : title;
    });
    this.#scope.defer(() => { document.title = title; });
  }

  /** The devices: those of the preview, or fresh ones. */
  #media() {
    if (this.#local) return this.#local;
    const local = (this.#local = new LocalMedia(this.#app));
    local.addEventListener('trouble', (event) => {
      const { source, error } = /** @type {CustomEvent} */ (event).detail;
      if (this.#previewBox.hidden) write(this.#note, Object.values(trouble(error, source)).slice(0, 2).join('. '));
    });
    return local;
  }

  async #look() {
    if (!this.#previewBox.hidden) return;
    const local = this.#media();
    const preview = new Preview(this.#app, local, { video: this.#session.video });
    this.#scope.defer(() => preview.end());
    this.#previewBox.hidden = false;
    this.el.classList.add('looking');
    fill(this.#previewBox, preview.el);
    await preview.start();
  }

  /** @param {boolean} video */
  async #answer(video) {
    if (this.#busy) return;
    this.#busy = true;
    const local = this.#media();
    const looked = !this.#previewBox.hidden;
    const heard = local.microphone?.readyState === 'live' || await local.startMicrophone();
    this.#busy = false;
    if (!heard) return;
    if (video && !looked) await local.startCamera();
    if (!video && local.camera) local.stopCamera();
    if (this.#scope.ended) return;
    this.#local = null;
    this.end();
    this.#answered(local);
  }

  async #decline() {
    this.end();
    await this.#session.decline().catch(() => {});
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    if (event.key === 'Escape' || performance.now() - this.#shownAt < STRAY_KEYS_MS) return event.preventDefault();
    if (!event.ctrlKey || !event.shiftKey || event.key.toLowerCase() !== 'h') return;
    event.preventDefault();
    void this.#decline();
  }
}
