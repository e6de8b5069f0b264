// SPDX-License-Identifier: Apache-2.0
import { h } from '../dom.js';

/** saveFile: gives parts of a file to the browser to keep. @param {string} name @param {BlobPart[]} parts @param {string} type */
export function saveFile(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
