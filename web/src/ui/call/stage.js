// SPDX-License-Identifier: Apache-2.0
/** What one looks at: the other side's lamp or picture or screen, one's own picture, and what the call waits for. */
import { Scope, fill, h, write } from '../../dom.js';
import { icon } from '../icons.js';
import { Lamp } from '../lamp.js';
import { callSteps, ringingText, stepList, stuckHint } from './progress.js';
import { emojiStrip } from './security-panel.js';
import { SelfView } from './self-view.js';

/** @typedef {import('../../types.js').CallSession} CallSession */

export class Stage {
  el;
  lamp;
  #session;
  #local;
  #playback;
  #scope = new Scope();
  #selfView;
  #line = h('p', { class: 'stage-line', testid: 'stage-line' });
  #wait = h('div', { class: 'stage-wait' });
  #emoji = h('div', { class: 'stage-emoji' });
  #badge = h('p', { class: 'stage-badge', hidden: true, testid: 'peer-muted' });
  #unblock;
  #name = h('h1', { class: 'stage-name', testid: 'peer-name' });
  #since = Date.now();
  #shown = '';

  /**
   * @param {{session: CallSession, local: import('../../media/local-media.js').LocalMedia, playback: import('./playback.js').Playback,
   *   settings: import('../../settings.js').Settings, openSecurity: () => void}} parts
   */
  constructor({ session, local, playback, settings, openSecurity }) {
    this.#session = session;
    this.#local = local;
    this.#playback = playback;
    this.lamp = new Lamp(session.peer);
    this.#selfView = new SelfView(settings);
    this.#unblock = h('button', { class: 'button primary unblock', type: 'button', hidden: true, testid: 'unblock-sound', onclick: () => this.#play() }, icon('speaker', 20), 'Turn the sound on');
    this.el = h('div', { class: 'stage', testid: 'stage' },
      h('div', { class: 'stage-lamp' }, this.lamp.el, this.#name, this.#line,
        h('div', { class: 'stage-below' }, this.#wait, h('button', { class: 'stage-compare', type: 'button', 'aria-label': 'Compare the emoji', testid: 'stage-compare', onclick: openSecurity }, this.#emoji))),
      playback.screen, playback.video, playback.audio, this.#badge, this.#unblock, this.#selfView.el);
    this.#scope.listen(playback, 'picture', () => this.update());
    this.#scope.listen(playback, 'level', (event) => this.el.dataset.shows === 'lamp' && this.lamp.level(event.detail.level));
    this.#scope.listen(playback, 'blocked', () => { this.#unblock.hidden = false; });
    this.#scope.listen(local, 'change', () => this.update());
    for (const type of ['state', 'security', 'peer', 'ringing', 'tracks']) this.#scope.listen(session, type, () => this.update());
    this.#scope.listen(session, 'state', () => { this.#since = Date.now(); });
    this.#scope.every(1000, () => this.update());
  }

  end() {
    this.#scope.end();
    this.#selfView.end();
    this.lamp.stop();
  }

  update() {
    const { state, peer, peerState, security } = this.#session;
    const screen = this.#playback.hasScreen;
    write(this.#name, peer.displayName);
    this.lamp.rename(peer);
    const picture = this.#playback.hasPicture;
    this.el.dataset.shows = screen ? 'screen' : picture ? 'picture' : 'lamp';
    this.el.dataset.beside = screen && picture ? 'picture' : '';
    this.el.dataset.own = this.#local.screen ? 'sharing' : '';
    this.#selfView.show(this.#local.cameraStream);
    this.#badge.hidden = !(state === 'active' && peerState.muted);
    if (!this.#badge.hidden && !this.#badge.firstChild) fill(this.#badge, icon('micOff', 16), `${peer.displayName}’s microphone is off`);
    const compare = state === 'active' && security.level === 'unverified';
    this.#emoji.parentElement?.toggleAttribute('hidden', !compare);
    if (compare && !this.#emoji.firstChild) fill(this.#emoji, emojiStrip(security, false), h('span', {}, `Compare with ${peer.displayName}`));
    this.#lampFor(state);
    this.#words(state);
  }

  /** @param {CallSession['state']} state */
  #lampFor(state) {
    if (state === this.#shown) return;
    this.#shown = state;
    if (state === 'ringing') this.lamp.send();
    else if (state === 'ended') this.lamp.shut();
    else this.lamp.open();
    this.lamp.el.dataset.call = state;
  }

  /** @param {CallSession['state']} state */
  #words(state) {
    const waited = Date.now() - this.#since;
    if (state === 'ringing') write(this.#line, this.#session.outgoing ? ringingText(this.#session, waited) : 'is calling you');
    else if (state === 'connecting') write(this.#line, stuckHint(this.#session, waited) || 'Connecting …');
    else if (state === 'reconnecting') write(this.#line, 'The path broke. Looking for another one …');
    else write(this.#line, this.#local.screen ? 'You are sharing your screen' : '');
    if (state === 'connecting') {
      const steps = callSteps(this.#session, Boolean(this.#session.remoteStream?.getAudioTracks().some((track) => !track.muted)));
      const key = steps.map((step) => step.mark).join();
      if (this.#wait.dataset.key !== key) {
        this.#wait.dataset.key = key;
        fill(this.#wait, stepList(steps));
      }
    } else if (this.#wait.firstChild) {
      fill(this.#wait);
      delete this.#wait.dataset.key;
    }
  }

  async #play() {
    this.#unblock.hidden = true;
    await this.#playback.play().catch(() => { this.#unblock.hidden = false; });
  }
}
