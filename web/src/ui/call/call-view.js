// SPDX-License-Identifier: Apache-2.0
/** A call, from ringing to its end, over the whole page. Event 'closed' when nothing is left to show. */
import { Scope, h, write } from '../../dom.js';
import { clock } from '../../format.js';
import { chime, ringBack } from '../../media/ringer.js';
import { trouble } from '../../media/trouble.js';
import { QualityWatch } from '../../quality.js';
import { bars } from '../icons.js';
import { openShortcuts } from '../shortcuts.js';
import { Controls, morePanel } from './controls.js';
import { devicesPanel } from './devices-panel.js';
import { Trace, figuresPanel } from './figures-panel.js';
import { PanelSlot } from './panel.js';
import { Playback } from './playback.js';
import { SecurityBlock, SecurityMark, announceSecurity, securityPanel } from './security-panel.js';
import { Stage } from './stage.js';

/** @typedef {import('../../types.js').CallSession} CallSession */

const STATS_MS = 2000;
const IDLE_MS = 4000;
const BARS = [0, 1, 3, 4];

export class CallView extends EventTarget {
  el;
  session;
  local;
  /** whether this side hung up */ byMe = false;
  /** when it became active @type {number} */ activeAt = 0;
  quality = new QualityWatch();
  /** @type {import('../../types.js').CallStats | null} */ stats = null;
  #app;
  #scope = new Scope();
  #panels = new PanelSlot();
  #name = h('strong', { testid: 'call-name' });
  #timer = h('span', { class: 'call-timer', role: 'timer', testid: 'call-timer' });
  #meter;
  #hint = h('p', { class: 'call-hint', role: 'status', hidden: true, testid: 'quality-hint' });
  #mark;
  #block;
  #stage;
  #playback;
  #controls;
  #rtt = new Trace();
  #loss = new Trace();
  #stopTone = () => {};
  /** @type {any} */ #idle = 0;
  #level = '';
  #claimed = '';

  /** @param {import('../../app.js').App} app @param {CallSession} session @param {import('../../media/local-media.js').LocalMedia} local */
  constructor(app, session, local) {
    super();
    this.#app = app;
    this.session = session;
    this.local = local;
    this.#playback = new Playback(session, app.settings);
    this.#mark = new SecurityMark(session, () => this.#act.security());
    this.#block = new SecurityBlock(session, (reason) => this.hangUp(reason));
    this.#meter = h('button', { class: 'call-meter', type: 'button', testid: 'quality', 'data-grade': '0', 'aria-label': 'Connection', onclick: () => this.#act.figures() }, bars(0));
    this.#stage = new Stage({ session, local, playback: this.#playback, settings: app.settings, openSecurity: () => this.#act.security() });
    this.#controls = new Controls(local, this.#act, { panel: () => this.#panels.name, hasPicture: () => this.#playback.hasPicture }, this.#scope);
    this.el = h('section', { class: 'call', testid: 'call-view', tabIndex: -1, 'data-call': session.id },
      h('header', { class: 'call-head' }, h('div', { class: 'call-who' }, this.#name, h('span', { class: 'call-username', testid: 'call-username' }, `@${session.peer.username}`), this.#timer), h('div', { class: 'call-marks' }, this.#meter, this.#mark.el)),
      this.#stage.el, this.#hint, this.#panels.el, this.#controls.el, this.#block.el);
    this.#listen();
    this.#update();
  }

  /** hangUp: @param {string} [reason] */
  async hangUp(reason) {
    this.byMe = true;
    await this.session.hangup(reason);
  }

  end() {
    clearTimeout(this.#idle);
    this.#stopTone();
    this.#panels.close(false);
    this.#stage.end();
    this.#playback.end();
    this.#scope.end();
    if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => {});
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => {});
    this.el.remove();
  }

  #act = {
    mic: () => {
      if (this.local.microphone?.readyState !== 'live') return void this.local.startMicrophone();
      this.local.setMuted(!this.local.muted);
      this.session.setMuted(this.local.muted);
      this.#app.toasts.say(this.local.muted ? 'Microphone off' : 'Microphone on');
    },
    camera: () => void (this.local.camera ? this.local.stopCamera() : this.local.startCamera()),
    screen: () => void (this.local.screen ? this.local.stopScreen() : this.local.startScreen()),
    devices: () => this.#panels.toggle('devices', { title: 'Devices', testid: 'devices-panel', build: (scope) => devicesPanel(this.#app, this.local, scope) }),
    figures: () => this.#panels.toggle('figures', { title: 'Connection', testid: 'figures-panel',
      build: (scope) => figuresPanel(scope, this, () => ({ stats: this.stats, grade: this.quality.grade, rtt: this.#rtt, loss: this.#loss, suite: this.session.security.suite })) }),
    security: () => this.#panels.toggle('security', { title: 'Is anybody listening?', testid: 'security-panel',
      build: (scope) => securityPanel(this.session, scope, { hangUp: (reason) => void this.hangUp(reason), close: () => this.#panels.close() }) }),
    more: () => this.#panels.toggle('more', { title: 'More', testid: 'more-panel', build: () => morePanel(this.#act) }),
    full: () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen({ navigationUI: 'hide' })).catch(() => {}),
    popOut: () => void this.#popOut(),
    room: () => void this.#app.calls.toRoom(),
    hangUp: () => void this.hangUp(),
  };

  #listen() {
    const { session, local } = this;
    for (const type of ['state', 'security', 'peer', 'ended']) this.#scope.listen(session, type, () => this.#update());
    this.#scope.listen(session, 'warning', (event) => this.#warn(event.detail?.reason ?? ''));
    this.#scope.listen(local, 'microphone', (event) => void session.replaceMicrophone(event.detail.track));
    this.#scope.listen(local, 'camera', (event) => void session.setCamera(event.detail.stream));
    this.#scope.listen(local, 'screen', (event) => void session.shareScreen(event.detail.stream));
    this.#scope.listen(local, 'trouble', (event) => this.#trouble(event.detail));
    this.#scope.listen(local, 'fallback', (event) => this.#fallback(event.detail));
    this.#scope.listen(this.#app.devices, 'change', (event) => this.#plugged(event.detail.added ?? []));
    this.#scope.listen(this.#panels, 'change', () => this.#controls.update());
    this.#scope.listen(window, 'keydown', (event) => this.#key(event));
    this.#scope.listen(window, 'beforeunload', (event) => this.session.state !== 'ended' && this.session.state !== 'ringing' && event.preventDefault());
    for (const type of ['pointermove', 'pointerdown', 'focusin']) this.#scope.listen(this.el, type, () => this.#awake());
    this.#scope.every(1000, () => this.#tick());
    this.#scope.every(STATS_MS, () => void this.#measure());
    void this.#keepAwake();
  }

  #update() {
    const { session } = this;
    const { state, security } = session;
    const before = this.el.dataset.state;
    Object.assign(this.el.dataset, { call: session.id, state, e2ee: security.level, video: String(session.video), outgoing: String(session.outgoing) });
    write(this.#name, session.peer.displayName);
    this.el.setAttribute('aria-label', `Call with ${session.peer.displayName}`);
    if (session.claimedName && session.claimedName !== this.#claimed) this.#app.toasts.show(`The server now calls @${session.peer.username} “${session.claimedName}”. The name shown is the one that you verified.`, { tone: 'warn', key: 'claimed-name', icon: 'shieldAlert', ms: 12000 });
    this.#claimed = session.claimedName ?? '';
    this.#mark.update();
    const blocks = this.#block.update();
    for (const child of this.el.children) if (child !== this.#block.el) child.toggleAttribute('inert', blocks);
    if (security.level !== this.#level && state === 'active') this.#app.toasts.say(announceSecurity(session));
    this.#level = security.level;
    if (state !== before) this.#changed(state);
  }

  /** @param {CallSession['state']} state */
  #changed(state) {
    this.#stopTone();
    this.#stopTone = () => {};
    if (state === 'ringing' && this.session.outgoing) this.#stopTone = ringBack();
    if (state === 'active' && !this.activeAt) {
      this.activeAt = Date.now();
      chime('connected');
      this.#app.toasts.say(`Connected with ${this.session.peer.displayName}`);
    }
    if (state === 'reconnecting') chime('lost', 0.3);
    if (state === 'ended') this.#ended();
    this.#tick();
    this.#awake();
  }

  #ended() {
    chime('ended');
    this.local.close();
    this.dispatchEvent(new CustomEvent('closed'));
  }

  #tick() {
    const words = { ringing: this.session.outgoing ? 'Calling' : 'Ringing', connecting: 'Connecting', reconnecting: 'Reconnecting', ended: 'Ended', active: '' }[this.session.state];
    write(this.#timer, this.activeAt && this.session.state === 'active' ? clock(Date.now() - this.activeAt) : words);
  }

  async #measure() {
    if (this.session.state !== 'active' && this.session.state !== 'reconnecting') return;
    const stats = await this.session.stats().catch(() => null);
    if (!stats || this.#scope.ended) return;
    this.stats = stats;
    this.#rtt.add(stats.rttMs);
    this.#loss.add(stats.lossPercent);
    if (this.quality.take(stats)) {
      const { grade } = this.quality;
      this.#meter.dataset.grade = String(grade);
      this.#meter.replaceChildren(bars(BARS[grade]));
      this.#meter.setAttribute('aria-label', `Connection: ${['being measured', 'weak', 'fair', 'good'][grade]}. Show its figures`);
    }
    const hint = this.quality.hint({ sendingVideo: Boolean(this.local.camera), sharing: Boolean(this.local.screen), name: this.session.peer.displayName });
    this.#hint.hidden = !hint;
    write(this.#hint, hint);
    this.dispatchEvent(new CustomEvent('stats'));
  }

  /** @param {string} reason */
  #warn(reason) {
    /** @type {Record<string, string>} */
    const words = {
      new_device: `${this.session.peer.displayName} calls with a device that you have not seen before. Compare the emoji.`,
      new_key: `${this.session.peer.displayName}’s device has a new key since your last call. Compare the emoji.`,
      second_accept: 'Another device tried to answer this call after it was answered. It was ignored.',
      worker_restarted: 'The encryption of sound and picture was restarted. The call goes on.',
    };
    this.#app.toasts.show(words[reason] ?? `Note: ${reason.replaceAll('_', ' ')}`, { tone: 'warn', key: reason });
  }

  /** @param {{source: import('../../media/trouble.js').Source, error: unknown}} detail */
  #trouble({ source, error }) {
    const { title, help } = trouble(error, source);
    this.#app.toasts.show(`${title}. ${help}`, { tone: 'warn', ms: 12000, key: `trouble-${source}`, icon: source === 'camera' ? 'cameraOff' : source === 'screen' ? 'screenOff' : 'micOff' });
  }

  /** @param {{source: 'microphone' | 'camera', from: string, to: string}} detail */
  #fallback({ source, from, to }) {
    const gone = `“${from}” is gone.`;
    const text = to ? `${gone} Using “${to}” now.` : source === 'microphone'
      ? `${gone} No microphone is left: ${this.session.peer.displayName} cannot hear you. Plug one in; it is taken up by itself.` : `${gone} Your camera is off.`;
    this.#app.toasts.show(text, { tone: to ? 'calm' : 'bad', ms: to ? 6000 : 0, key: `fallback-${source}`, icon: source === 'camera' ? 'camera' : 'mic' });
  }

  /** @param {MediaDeviceInfo[]} added */
  #plugged(added) {
    const device = added.find(({ kind }) => kind === 'audioinput') ?? added[0];
    if (!device) return;
    const name = /** @type {const} */ ({ audioinput: 'microphone', videoinput: 'camera', audiooutput: 'speaker' })[device.kind];
    this.#app.toasts.show(`“${device.label}” was plugged in.`, { key: 'plugged', icon: name === 'camera' ? 'camera' : name === 'speaker' ? 'speaker' : 'mic', action: { label: 'Use it', run: () => {
      for (const one of added) if (one.groupId === device.groupId) this.#app.settings.set(one.kind === 'audioinput' ? 'microphone' : one.kind === 'videoinput' ? 'camera' : 'speaker', one.deviceId);
    } }, ms: 10000 });
  }

  async #popOut() {
    const video = this.#playback.hasScreen ? this.#playback.screen : this.#playback.video;
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await video.requestPictureInPicture();
    } catch {
      this.#app.toasts.show('There is no picture to show in a window of its own yet.', { ms: 3500, key: 'pop-out' });
    }
    this.#controls.update();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (document.querySelector('dialog[open]') || !this.#block.el.hidden) return;
    if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'h') {
      event.preventDefault();
      return void this.hangUp();
    }
    const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea');
    if (event.ctrlKey || event.metaKey || event.altKey || typing || event.repeat) return;
    if (event.key === 'Escape') return void (this.#panels.close() && event.preventDefault());
    if (event.key.length === 1 && !this.#app.settings.get('letterKeys')) return;
    const run = { m: this.#act.mic, v: this.#act.camera, s: this.#act.screen, f: this.#act.full, e: this.#act.security, i: this.#act.figures, '?': openShortcuts }[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** The controls leave a picture alone when nothing moves. */
  #awake() {
    this.el.classList.remove('idle');
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const busy = this.#panels.name || this.el.querySelector('.controls :focus-visible, .call-head :focus-visible');
      if (!busy && this.session.state === 'active') this.el.classList.add('idle');
    }, IDLE_MS);
  }

  async #keepAwake() {
    const hold = async () => {
      if (document.hidden) return;
      const lock = await navigator.wakeLock?.request('screen').catch(() => null);
      if (lock) this.#scope.defer(() => void lock.release());
    };
    this.#scope.listen(document, 'visibilitychange', hold);
    await hold();
  }
}
