// SPDX-License-Identifier: Apache-2.0
/** What a message carries: a row for each file. What it says of itself is text, whatever it says. */
import { h } from '../../dom.js';
import { bytes, duration } from '../../format.js';
import { icon } from '../icons.js';

/** @typedef {import('../../chat/types.js').Attachment} Attachment */

export const FILE_ROW = 48;

const ICONS = { photo: 'camera', video: 'camera', audio: 'mic', voice: 'mic', file: 'file' };

/** fileRows: @param {Attachment[]} files */
export function fileRows(files) {
  return h('ul', { class: 'msg-files', testid: 'message-files' }, files.map((file) => h('li', { class: 'msg-file', testid: 'message-file', 'data-kind': file.kind },
    icon(ICONS[file.kind] ?? 'file', 20), h('span', { class: 'msg-file-words' }, h('strong', { dir: 'auto' }, file.name), h('span', {}, about(file))))));
}

/** @param {Attachment} file */
function about({ size, durationMs, width, height }) {
  return [bytes(size), durationMs ? duration(durationMs) : '', width && height ? `${width} × ${height}` : ''].filter(Boolean).join(', ');
}
