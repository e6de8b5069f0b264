// SPDX-License-Identifier: Apache-2.0
/** Line icons, drawn for Aldis on a 24 by 24 grid. */
import { svg } from '../dom.js';

const HANDSET = 'M6.600 4h2.500l1.700 4.200-2.200 1.600a12 12 0 0 0 5.600 5.600l1.600-2.200 4.200 1.700v2.500A2.600 2.600 0 0 1 17.400 20 13.400 13.400 0 0 1 4 6.600 2.600 2.600 0 0 1 6.600 4Z';
const MIC = 'M12 3.500a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.500 11a6.500 6.500 0 0 0 13 0M12 17.500V21';
const CAMERA = 'M5.500 6.500h7a2.500 2.500 0 0 1 2.500 2.500v6a2.500 2.500 0 0 1-2.500 2.500h-7A2.500 2.500 0 0 1 3 15V9a2.500 2.500 0 0 1 2.500-2.500ZM15 11l6-3.500v9L15 13';
const SCREEN = 'M5 4.500h14A1.500 1.500 0 0 1 20.500 6v9a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 15V6A1.500 1.500 0 0 1 5 4.500ZM8.500 20h7';
const SHIELD = 'M12 3.500 19 6v5.500c0 4.300-2.900 7.400-7 9-4.100-1.600-7-4.700-7-9V6Z';
const BELL = 'M12 4a5 5 0 0 1 5 5c0 4.500 2 6 2 7H5c0-1 2-2.500 2-7a5 5 0 0 1 5-5ZM10 19.500a2.200 2.200 0 0 0 4 0';
const STRIKE = 'M4 4l16 16';

/** @type {Record<string, string[]>} */
const PATHS = {
  phone: [HANDSET],
  hangup: ['M12 9.200c3.400 0 6.500.9 8.700 2.500.9.700.8 2.300.1 3.200l-.9 1.100-4.100-1.300v-2.500a12.600 12.600 0 0 0-7.600 0v2.500l-4.100 1.300-.9-1.100c-.7-.9-.8-2.500.1-3.200C5.500 10.100 8.600 9.200 12 9.200Z'],
  mic: [MIC],
  micOff: [MIC, STRIKE],
  camera: [CAMERA],
  cameraOff: [CAMERA, STRIKE],
  screen: [SCREEN, 'M12 13.500v-6M9.500 9.800 12 7.300l2.500 2.500'],
  screenOff: [SCREEN, 'M9.500 8l5 5M14.500 8l-5 5'],
  clock: ['M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 8v4.500l3 2'],
  people: ['M9 5a3.200 3.200 0 1 1 0 6.400A3.200 3.200 0 0 1 9 5ZM3 19c.4-3.200 2.800-5 6-5s5.600 1.800 6 5', 'M15.500 5.300a3 3 0 0 1 0 5.800M17.200 14.400c2.200.6 3.500 2.200 3.800 4.600'],
  settings: ['M4 7.500h8M18 7.500h2M4 16.500h2M12 16.500h8', 'M15 5a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5ZM9 14a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5Z'],
  search: ['M10.800 4a6.800 6.800 0 1 1 0 13.600 6.800 6.800 0 0 1 0-13.600ZM15.800 15.800 20.500 20.500'],
  close: ['M6 6l12 12M18 6 6 18'],
  back: ['M14.500 5.500 8 12l6.500 6.500'],
  next: ['M9.500 5.500 16 12l-6.500 6.500'],
  down: ['M6 9.500l6 6 6-6'],
  check: ['M5 12.500l4.500 4.500L19 7.500'],
  shield: [SHIELD],
  shieldCheck: [SHIELD, 'M8.800 11.800l2.300 2.300 4.200-4.300'],
  shieldAlert: [SHIELD, 'M12 8.200v4.300M12 15.600v.1'],
  lock: ['M7 10.500h10a1.500 1.500 0 0 1 1.500 1.500v6.500A1.500 1.500 0 0 1 17 20H7a1.500 1.500 0 0 1-1.500-1.500V12A1.500 1.500 0 0 1 7 10.500ZM8.500 10.500V8a3.500 3.500 0 0 1 7 0v2.500'],
  key: ['M8 10.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM11 11.700 19 4M16 7l2.500 2.500'],
  full: ['M4.500 9V4.500H9M15 4.500h4.500V9M19.500 15v4.500H15M9 19.500H4.500V15'],
  fullOff: ['M9 4.500V9H4.500M19.500 9H15V4.500M15 19.500V15h4.500M4.500 15H9v4.500'],
  popOut: ['M5 5.500h14A1.500 1.500 0 0 1 20.500 7v10a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 17V7A1.500 1.500 0 0 1 5 5.500Z', 'M12.500 12h5v3.500h-5Z'],
  speaker: ['M4.500 9.500h3L12 5.500v13l-4.500-4h-3ZM15 9a4.200 4.200 0 0 1 0 6M17.500 6.500a7.800 7.800 0 0 1 0 11'],
  bell: [BELL],
  sun: ['M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.800v1.700M12 19.500v1.700M2.800 12h1.700M19.500 12h1.700M5.500 5.500l1.200 1.200M17.300 17.300l1.200 1.200M18.500 5.500l-1.200 1.200M6.700 17.300l-1.200 1.200'],
  moon: ['M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z'],
  laptop: ['M6 5.500h12A1.500 1.500 0 0 1 19.500 7v8h-15V7A1.500 1.500 0 0 1 6 5.500ZM2.500 18.500h19'],
  mobile: ['M8.500 3.500h7A1.500 1.500 0 0 1 17 5v14a1.500 1.500 0 0 1-1.500 1.500h-7A1.500 1.500 0 0 1 7 19V5a1.500 1.500 0 0 1 1.500-1.500ZM11 17.500h2'],
  outgoing: ['M7 17 17 7M9.500 7H17v7.500'],
  incoming: ['M17 7 7 17M14.500 17H7V9.500'],
  missed: ['M4 7.500l7 7 8-8M14.500 6.500H19V11'],
  refresh: ['M19.500 12a7.500 7.500 0 1 1-2.300-5.400M19.500 4v4.500H15'],
  logout: ['M13 4.500H7A1.500 1.500 0 0 0 5.500 6v12A1.500 1.500 0 0 0 7 19.500h6M10.500 12h10M17 8.500l3.500 3.500-3.500 3.500'],
  keyboard: ['M5 6.500h14A1.500 1.500 0 0 1 20.500 8v8a1.500 1.500 0 0 1-1.500 1.500H5A1.500 1.500 0 0 1 3.500 16V8A1.500 1.500 0 0 1 5 6.500ZM7 10v.1M10.300 10v.1M13.700 10v.1M17 10v.1M8 14h8'],
  warning: ['M12 4.500 21 19.500H3ZM12 10v4.500M12 17v.1'],
  info: ['M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 11.500V16M12 8.200v.1'],
  eye: ['M2.500 12C4.500 8 8 6 12 6s7.500 2 9.500 6c-2 4-5.500 6-9.500 6s-7.500-2-9.500-6ZM12 9.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5Z'],
  eyeOff: ['M2.500 12C4.500 8 8 6 12 6s7.500 2 9.500 6c-2 4-5.500 6-9.500 6s-7.500-2-9.500-6Z', STRIKE],
  more: ['M5.500 11.300a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400ZM12 11.300a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400ZM18.500 11.300a.7.7 0 1 1 0 1.400.7.7 0 0 1 0-1.400Z'],
  gauge: ['M4.500 17.500a9 9 0 1 1 15 0M12 14.500l4-5.500'],
  relay: ['M4.500 12h4M15.500 12h4M12 8.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7Z'],
};

/**
 * icon: decorative; the control around it has the name.
 * @param {string} name
 * @param {number} [size] in CSS pixels
 */
export function icon(name, size = 22) {
  const paths = (PATHS[name] ?? PATHS.info).map((d) => svg('path', { d }));
  return svg('svg', { class: `icon icon-${name}`, viewBox: '0 0 24 24', width: size, height: size, fill: 'none', stroke: 'currentColor',
    'stroke-width': 1.8, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' }, ...paths);
}

/** bars: a signal mark with four bars. @param {number} lit 0 to 4 */
export function bars(lit) {
  const rects = [0, 1, 2, 3].map((i) => svg('rect', { x: 3 + i * 5, y: 15 - i * 4, width: 3, height: 5 + i * 4, rx: 1.5, class: i < lit ? 'lit' : 'dim' }));
  return svg('svg', { class: 'bars', viewBox: '0 0 24 24', width: 18, height: 18, 'aria-hidden': 'true' }, ...rects);
}

/** mark: the lamp of the brand. @param {number} [size] */
export function mark(size = 36) {
  return svg('svg', { class: 'mark', viewBox: '0 0 48 48', width: size, height: size, fill: 'none', 'stroke-linecap': 'round', 'aria-hidden': 'true' },
    svg('path', { d: 'M14 44h20M24 44v-7', class: 'mark-stand' }),
    svg('circle', { cx: 24, cy: 20, r: 16, class: 'mark-rim' }),
    svg('path', { d: 'M13.500 14.500h21M11.500 20h25M13.500 25.500h21', class: 'mark-light' }));
}

/** wordmark: "aldis", the dot of its i lit. */
export function wordmark(height = 26) {
  return svg('svg', { class: 'wordmark', viewBox: '0 0 118 44', height, width: (height * 118) / 44, fill: 'none', role: 'img', 'aria-label': 'Aldis' },
    svg('path', { class: 'wordmark-ink', d: 'M16 16a11 11 0 1 1 0 22 11 11 0 0 1 0-22ZM27 16v22M38 6v32M60 16a11 11 0 1 1 0 22 11 11 0 0 1 0-22ZM71 6v32M82 17v21M107 19.500c-1.800-2.300-4.300-3.500-7.200-3.500-3.600 0-6.300 1.900-6.300 5 0 7 14.500 3.500 14.500 11.200 0 3.600-3.200 5.800-7.300 5.800-3.500 0-6.300-1.300-8.200-4' }),
    svg('circle', { class: 'wordmark-dot', cx: 82, cy: 7.500, r: 4.200 }));
}
