// SPDX-License-Identifier: Apache-2.0
/** The quality overlay: what the connection does, in figures. */
import { fill, h } from '../../dom.js';
import { rate } from '../../format.js';
import { GRADE_WORDS } from '../../quality.js';
import { icon } from '../icons.js';

const POINTS = 60;

/** @typedef {import('../../types.js').CallStats} CallStats */

/** History of one figure, drawn as a line of lamps. */
export class Trace {
  /** @type {number[]} */ values = [];

  /** @param {number | null | undefined} value */
  add(value) {
    this.values.push(value ?? 0);
    if (this.values.length > POINTS) this.values.shift();
  }

  /** bars: heights from 0 to 1, against the largest of them and at least @floor. @param {number} floor */
  bars(floor) {
    const top = Math.max(floor, ...this.values);
    return this.values.map((value) => value / top);
  }
}

/** @param {Trace} trace @param {number} floor */
function spark(trace, floor) {
  const strip = h('div', { class: 'spark', 'aria-hidden': 'true' }, trace.bars(floor).map(() => h('i', {})));
  trace.bars(floor).forEach((height, i) => /** @type {HTMLElement} */ (strip.children[i]).style.setProperty('--h', height.toFixed(2)));
  return strip;
}

/** @param {string} label @param {string} value @param {string} testid @param {...import('../../dom.js').Children} beside */
const fact = (label, value, testid, ...beside) => h('div', {}, h('dt', {}, label), h('dd', { testid }, value, ...beside));

/**
 * figures: the content of the panel.
 * @param {{stats: CallStats | null, grade: import('../../quality.js').Grade, rtt: Trace, loss: Trace, suite?: number}} state
 * @returns {import('../../dom.js').Children}
 */
export function figures({ stats, grade, rtt, loss, suite }) {
  if (!stats) return h('p', { class: 'muted' }, 'Measuring. The first figures come when sound flows.');
  const { bitrateKbps: kbps, e2ee = {} } = stats;
  const ms = stats.rttMs === null ? '–' : `${Math.round(stats.rttMs)} ms`;
  const percent = stats.lossPercent === null ? '–' : `${stats.lossPercent.toFixed(1)} %`;
  return [
    h('p', { class: `grade grade-${grade}` }, icon('gauge', 20), h('strong', {}, GRADE_WORDS[grade]), h('span', {}, stats.route === 'relay' ? 'through a relay of the server' : stats.route === 'direct' ? 'straight from one to the other' : 'path not known yet')),
    h('dl', { class: 'facts' },
      fact('There and back', ms, 'stat-rtt', spark(rtt, 120)),
      fact('Lost on the way', percent, 'stat-loss', spark(loss, 5)),
      fact('Route', routeName(stats), 'stat-route')),
    h('h3', {}, 'Sound'),
    h('dl', { class: 'facts' }, fact('Codec', codecName(stats.codecAudio), 'stat-codec-audio'), fact('In · out', `${rate(kbps.audioIn)} · ${rate(kbps.audioOut)}`, 'stat-audio')),
    ...(stats.codecVideo || stats.resolution ? [h('h3', {}, 'Picture'),
      h('dl', { class: 'facts' }, fact('Codec', codecName(stats.codecVideo), 'stat-codec-video'),
        fact('Size', stats.resolution ? `${stats.resolution}${stats.fps ? `, ${Math.round(stats.fps)} fps` : ''}` : '–', 'stat-resolution'),
        fact('In · out', `${rate(kbps.videoIn)} · ${rate(kbps.videoOut)}`, 'stat-video'))] : []),
    h('h3', {}, 'Encryption'),
    h('dl', { class: 'facts' }, suite !== undefined && fact('Keys', suite === 2 ? 'X25519 + ML-KEM-768' : 'X25519', 'stat-suite'),
      Object.entries(e2ee).map(([name, count]) => fact(counterName(name), count.toLocaleString('en'), `stat-e2ee-${name}`))),
  ];
}

/** @param {CallStats} stats @returns {string} */
function routeName({ route, transport }) {
  if (!route) return '–';
  return `${route === 'relay' ? 'Relayed' : 'Direct'}${transport ? ` over ${transport.toUpperCase()}` : ''}`;
}

/** @param {string | undefined} codec */
const codecName = (codec) => (codec === 'opus' ? 'Opus' : codec || '–');

/** @param {string} name */
function counterName(name) {
  /** @type {Record<string, string>} */
  const names = { encrypted: 'Frames sealed', decrypted: 'Frames opened', framesWithoutTrailer: 'Came unsealed', duplicates: 'Came twice', failed: 'Refused' };
  return names[name] ?? name.replace(/([A-Z])/g, ' $1').replace(/^./, (first) => first.toUpperCase());
}

/** figuresPanel: @param {import('../../dom.js').Scope} scope @param {EventTarget} source fires 'stats' @param {() => Parameters<typeof figures>[0]} state */
export function figuresPanel(scope, source, state) {
  const body = h('div', { class: 'figures' });
  const update = () => fill(body, figures(state()));
  scope.listen(source, 'stats', update);
  update();
  return body;
}
