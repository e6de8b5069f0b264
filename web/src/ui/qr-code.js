// SPDX-License-Identifier: Apache-2.0
import encodeQR from 'qr';
import { svg } from '../dom.js';

/* The quiet zone around it has four modules (ISO/IEC 18004); it is dark on light in both themes: scanners want it so. */
const QUIET = 4;

/** qrCode: @param {string} text @param {string} label */
export function qrCode(text, label) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  const size = rows.length;
  let d = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      let end = x;
      while (row[end]) end++;
      if (end > x) d += `M${x} ${y}h${end - x}v1h${x - end}z`;
      x = Math.max(x, end);
    }
  });
  return svg('svg', { class: 'qr-code', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' }, svg('rect', { width: size, height: size, fill: '#fff' }), svg('path', { d, fill: '#000' }));
}
