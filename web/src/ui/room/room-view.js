// SPDX-License-Identifier: Apache-2.0
/** A room over the whole page, from its lobby to its end. Event 'closed'. */
import { Scope, fill, h, write } from '../../dom.js';
import { clock, plural } from '../../format.js';
import { chime } from '../../media/ringer.js';
import { trouble } from '../../media/trouble.js';
import { RoomFigures } from '../../room/figures.js';
import { wants } from '../../room/view.js';
import { mutedWords, roomProblem } from '../../room/words.js';
import { devicesPanel } from '../call/devices-panel.js';
import { PanelSlot } from '../call/panel.js';
import { icon } from '../icons.js';
import { openShortcuts } from '../shortcuts.js';
import { RoomControls, roomMore } from './room-controls.js';
import { invitePanel } from './room-invite.js';
import { peoplePanel } from './room-people.js';
import { Screens } from './screens.js';
import { Tiles } from './tiles.js';

/** @typedef {import('../../room/session.js').RoomSession} RoomSession */

const FIGURES_MS = 2000;
const CROWD = 8;

export class RoomView extends EventTarget {
  el;
  session;
  local;
  #app;
  #scope = new Scope();
  #panels = new PanelSlot();
  #title = h('strong', { testid: 'room-title' });
  #count = h('span', { class: 'call-timer', testid: 'room-count' });
  #secret;
  #note = h('p', { class: 'call-hint', role: 'status', hidden: true, testid: 'room-note' });
  #lobby;
  #unblock;
  #sharing;
  #screens;
  #tiles;
  #controls;
  #figures = new RoomFigures();
  #figuresOn = false;
  #before = '';
  /** @type {Map<string, () => void>} notes about people in the lobby */ #asking = new Map();

  /** @param {import('../../app.js').App} app @param {RoomSession} session @param {import('../../media/local-media.js').LocalMedia} local */
  constructor(app, session, local) {
    super();
    this.#app = app;
    this.session = session;
    this.local = local;
    this.#screens = new Screens(session, app.settings);
    this.#tiles = new Tiles({ session, local, screens: this.#screens, settings: app.settings, openPeople: () => this.#act.people() });
    this.#secret = h('button', { class: 'security-mark', type: 'button', testid: 'room-security', 'data-level': 'server', onclick: () => this.#about() }, icon('lock', 18), h('span', {}, 'Encrypted to the server'));
    this.#lobby = h('div', { class: 'room-lobby', hidden: true, testid: 'room-waiting' }, h('div', { class: 'room-lobby-lamp' }), h('h1', {}, 'A host will let you in'), h('p', {}, 'They see that you are waiting. Your microphone and camera are not sent yet.'));
    this.#unblock = h('button', { class: 'button primary unblock', type: 'button', hidden: true, testid: 'unblock-sound', onclick: () => this.#unblocked() }, icon('speaker', 20), 'Turn the sound on');
    this.#sharing = h('div', { class: 'room-sharing', hidden: true, testid: 'room-sharing' }, icon('screen', 18), h('span', {}, 'You are sharing your screen'), h('button', { class: 'button small', type: 'button', testid: 'room-stop-sharing', onclick: () => local.stopScreen() }, 'Stop'));
    this.#controls = new RoomControls(local, this.#act, this.#look, this.#scope);
    this.el = h('section', { class: 'call room', testid: 'room-view', tabIndex: -1 },
      h('header', { class: 'call-head' }, h('div', { class: 'call-who' }, this.#title, this.#count), h('div', { class: 'call-marks' }, this.#secret)),
      h('div', { class: 'room-stage' }, this.#tiles.el, this.#lobby), this.#sharing, this.#note, this.#unblock, this.#panels.el, this.#controls.el, this.#screens.el);
    this.#listen();
    this.#update();
  }

  end() {
    for (const gone of this.#asking.values()) gone();
    this.#panels.close(false);
    this.#tiles.end();
    this.#screens.end();
    this.#scope.end();
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => {});
    this.el.remove();
  }

  async leave() {
    await this.session.leave();
  }

  /** @type {import('./room-controls.js').RoomLook} */
  #look = {
    panel: () => this.#panels.name,
    listens: () => this.session.me?.role === 'listener',
    hand: () => Boolean(this.session.me?.hand),
    speakerView: () => this.#tiles.mode === 'speaker',
    figures: () => this.#figuresOn,
    waiting: () => (this.session.roster.isHost ? this.session.roster.lobby.size : 0),
  };

  /** @type {import('./room-controls.js').RoomActions} */
  #act = {
    mic: () => {
      if (this.local.microphone?.readyState !== 'live') return void this.local.startMicrophone();
      this.local.setMuted(!this.local.muted);
      this.#app.toasts.say(this.local.muted ? 'Microphone off' : 'Microphone on');
    },
    camera: () => void (this.local.camera ? this.local.stopCamera() : this.local.startCamera()),
    screen: () => void (this.local.screen ? this.local.stopScreen() : this.local.startScreen({ sound: true })),
    hand: () => void this.session.raise(!this.session.me?.hand).catch((error) => this.#app.toasts.show(roomProblem(error), { tone: 'warn' })),
    people: () => this.#panels.toggle('people', { title: 'People', testid: 'people-panel', build: (scope) => peoplePanel(this.#app, this.session, scope, { local: this.local }) }),
    invite: () => this.#panels.toggle('invite', { title: 'Invite', testid: 'invite-panel', build: (scope) => invitePanel(this.#app, this.session, scope) }),
    layout: () => {
      this.#tiles.choose(this.#tiles.mode === 'grid' ? 'speaker' : 'grid');
      this.#controls.update();
    },
    devices: () => this.#panels.toggle('devices', { title: 'Devices', testid: 'devices-panel', build: (scope) => devicesPanel(this.#app, this.local, scope) }),
    figures: () => {
      this.#figuresOn = !this.#figuresOn;
      this.#controls.update();
      void this.#measure();
    },
    more: () => this.#panels.toggle('more', { title: 'More', testid: 'more-panel', build: () => roomMore(this.#act, this.#look, () => this.#panels.close()) }),
    full: () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen({ navigationUI: 'hide' })).catch(() => {}),
    leave: () => void this.leave(),
  };

  #listen() {
    const { session, local } = this;
    for (const type of ['state', 'room', 'roster', 'media']) this.#scope.listen(session, type, () => this.#update());
    this.#scope.listen(session, 'joined', (event) => this.#came(event.detail.participant));
    this.#scope.listen(session, 'left', (event) => this.#went(event.detail.participant));
    this.#scope.listen(session, 'lobby', (event) => this.#waits(event.detail));
    this.#scope.listen(session, 'muted', (event) => this.#muted(event.detail));
    this.#scope.listen(session, 'trouble', (event) => this.#app.toasts.show(roomProblem(event.detail.error), { tone: 'bad', key: 'room-trouble', ms: 10000 }));
    this.#scope.listen(session, 'ended', () => this.#ended());
    this.#scope.listen(this.#tiles, 'view', () => this.#view());
    this.#scope.listen(this.#screens, 'blocked', () => { this.#unblock.hidden = false; });
    this.#scope.listen(local, 'change', () => this.#update());
    this.#scope.listen(local, 'trouble', (event) => this.#trouble(event.detail));
    this.#scope.listen(this.#panels, 'change', () => this.#controls.update());
    this.#scope.listen(window, 'keydown', (event) => this.#key(event));
    this.#scope.listen(window, 'beforeunload', (event) => session.inside && event.preventDefault());
    /* a guest who closes the page is not to stand there for half a minute */
    this.#scope.listen(window, 'pagehide', () => void session.leave());
    this.#scope.every(1000, () => this.#tick());
    this.#scope.every(FIGURES_MS, () => void this.#measure());
  }

  #update() {
    const { session } = this;
    const { state, room } = session;
    write(this.#title, room?.title ?? 'Room');
    this.el.setAttribute('aria-label', `Room ${room?.title ?? ''}`);
    Object.assign(this.el.dataset, { state, media: session.media.state, room: session.id, people: String(session.roster.count) });
    this.#lobby.hidden = state !== 'lobby';
    this.#tiles.el.hidden = state === 'lobby';
    this.#sharing.hidden = !this.local.screen;
    this.#controls.update();
    this.#notice();
    this.#tick();
    if (state === 'joined' && this.#before !== 'joined' && this.#before !== 'away') {
      chime('connected');
      this.#app.toasts.say(`You are in ${room?.title ?? 'the room'}, with ${plural(session.roster.count - 1, 'other')}`);
    }
    this.#before = state;
  }

  #notice() {
    const { session } = this;
    const cut = session.inside && session.media.state === 'disconnected';
    const text = cut ? 'Sound and picture are interrupted. Looking for another path …' : session.inside && session.me?.role === 'listener' ? 'You are listening. Raise your hand to speak.' : '';
    this.#note.hidden = !text;
    write(this.#note, text);
  }

  #tick() {
    const { session } = this;
    const words = { joining: 'Coming in', lobby: 'Waiting', joined: '', away: 'Reconnecting', ended: 'Ended' }[session.state];
    write(this.#count, words || `${plural(session.roster.count, 'person', 'people')} · ${clock(Date.now() - session.joinedAt)}${session.room?.locked ? ' · locked' : ''}`);
  }

  #view() {
    const shown = this.#tiles.shown();
    this.session.media.show(shown.filter(({ visible }) => visible).length);
    this.session.look(wants(shown, devicePixelRatio));
  }

  async #measure() {
    const { session } = this;
    if (!this.#figuresOn) {
      this.#tiles.figuresOf = null;
      return this.#tiles.refreshFigures();
    }
    const { subscriber } = session.media;
    if (!subscriber || !session.inside) return;
    const [report, stats] = await Promise.all([subscriber.pc.getStats(), session.stats().catch(() => null)]);
    if (this.#scope.ended || !this.#figuresOn) return;
    this.#figures.take(/** @type {any} */ (report).values());
    this.#figures.told(stats);
    this.#tiles.figuresOf = (mid) => this.#figures.of({ mid, me: session.roster.me });
    this.#tiles.refreshFigures();
  }

  /** @param {import('../../room/types.js').Participant} participant */
  #came({ displayName }) {
    this.#app.toasts.say(`${displayName} came in`);
    if (this.session.roster.count <= CROWD) this.#app.toasts.show(`${displayName} came in.`, { ms: 2500, key: 'came', icon: 'people' });
  }

  /** @param {import('../../room/types.js').Participant} participant */
  #went({ displayName }) {
    if (this.session.roster.count <= CROWD) this.#app.toasts.show(`${displayName} left.`, { ms: 2500, key: 'came', icon: 'people' });
    else this.#app.toasts.say(`${displayName} left`);
  }

  /** @param {{participant: import('../../room/types.js').Participant, waiting: boolean}} detail */
  #waits({ participant: { id, displayName }, waiting }) {
    this.#asking.get(id)?.();
    this.#asking.delete(id);
    if (!waiting || !this.session.roster.isHost) return;
    chime('test', 0.3);
    if (this.#panels.name === 'people') return; /* they stand there */
    this.#asking.set(id, this.#app.toasts.show(`${displayName} waits to come in.`, { ms: 20000, key: `lobby-${id}`, icon: 'userPlus', action: { label: 'Let in', run: () => void this.session.call('admit', { participantId: id }).catch(() => {}) } }));
  }

  /** @param {{sources: string[], by: string}} detail */
  #muted({ sources, by }) {
    const name = this.session.roster.people.get(by)?.displayName ?? 'A host';
    this.#app.toasts.show(`${name} ${mutedWords(sources)}.`, { tone: 'warn', icon: sources.includes('mic') ? 'micOff' : 'cameraOff', key: 'muted' });
  }

  /** @param {{source: import('../../media/trouble.js').Source, error: unknown}} detail */
  #trouble({ source, error }) {
    const { title, help } = trouble(error, source);
    this.#app.toasts.show(`${title}. ${help}`, { tone: 'warn', ms: 12000, key: `trouble-${source}`, icon: source === 'camera' ? 'cameraOff' : source === 'screen' ? 'screenOff' : 'micOff' });
  }

  #about() {
    this.#panels.toggle('security', { title: 'Who can listen?', testid: 'room-security-panel', build: () => [
      h('p', { class: 'verdict' }, icon('lock', 22), h('span', {}, 'Encrypted from you to the server, and from the server to the others.')),
      h('p', {}, 'The server passes on what is said and shown here, and does not keep it. Whoever runs the server could listen, though.'),
      h('p', {}, 'For what only the two of you may hear, call each other: calls of two are encrypted from end to end, and the server cannot listen.')] });
  }

  #ended() {
    chime('ended');
    this.local.close();
    this.dispatchEvent(new CustomEvent('closed'));
  }

  async #unblocked() {
    this.#unblock.hidden = true;
    await this.#screens.play().catch(() => { this.#unblock.hidden = false; });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (document.querySelector('dialog[open]')) return;
    if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'h') {
      event.preventDefault();
      return void this.leave();
    }
    const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea');
    if (event.ctrlKey || event.metaKey || event.altKey || typing || event.repeat) return;
    if (event.key === 'Escape') return void (this.#panels.close() && event.preventDefault());
    if (event.key.length !== 1 || !this.#app.settings.get('letterKeys') || this.session.state === 'lobby') return;
    const { mic, camera, screen, hand, people, layout, figures, full } = this.#act;
    const speaks = !this.#look.listens();
    const run = { ...(speaks ? { m: mic, v: camera, s: screen } : {}), r: hand, p: people, g: layout, i: figures, f: full, '?': openShortcuts }[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }
}

/** endCard: what stands on the page after a room. @param {{title: string, detail: string, again: boolean}} end @param {{again: () => void, done: () => void, name: string}} act */
export function endCard({ title, detail, again }, act) {
  const card = h('section', { class: 'call room-end', testid: 'room-ended', tabIndex: -1, role: 'dialog', 'aria-label': title },
    h('div', { class: 'room-end-card' }, h('p', { class: 'muted' }, act.name), h('h1', {}, title), h('p', {}, detail),
      h('div', { class: 'room-end-actions' }, again && h('button', { class: 'button', type: 'button', testid: 'room-again', onclick: act.again }, icon('refresh', 18), 'Join again'),
        h('button', { class: 'button primary', type: 'button', testid: 'room-done', onclick: act.done }, 'Done'))));
  return card;
}

/** lost: fills an element when something could not be fetched. @param {Element} element @param {unknown} error @param {() => void} again */
export function lost(element, error, again) {
  fill(element, h('div', { class: 'empty' }, icon('warning', 36), h('h2', {}, 'Not loaded'), h('p', {}, roomProblem(error)), h('button', { class: 'button', type: 'button', onclick: again }, 'Try again')));
}
