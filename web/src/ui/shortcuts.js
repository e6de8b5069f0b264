// SPDX-License-Identifier: Apache-2.0
import { h } from '../dom.js';
import { Dialog } from './dialog.js';

const LIST = [
  ['In a call', [['M', 'Microphone on or off'], ['V', 'Camera on or off'], ['S', 'Share your screen, or stop'], ['F', 'Full screen'],
    ['E', 'Compare the emoji'], ['I', 'Show the connection’s figures'], ['Esc', 'Close what is open, leave full screen'], ['Ctrl ⇧ H', 'Hang up']]],
  ['In a room, besides', [['R', 'Raise or lower your hand'], ['P', 'People'], ['G', 'Grid, or who speaks large']]],
  ['When it rings', [['Tab', 'To the buttons'], ['Ctrl ⇧ H', 'Decline']]],
  ['In a chat', [['Enter', 'Send'], ['⇧ Enter', 'A new line'], ['↑', 'Edit your last message'], ['Ctrl B', 'Bold'], ['Ctrl I', 'Italic'], ['Ctrl K', 'Code'], ['Ctrl D', 'Hidden until pressed'], ['Ctrl F', 'Search in this chat'], ['Esc', 'No reply, no edit']]],
  ['Everywhere', [['/', 'Search'], ['↓ ↑', 'Through what was found'], ['?', 'This sheet']]],
];

/** openShortcuts: the sheet of keyboard shortcuts. */
export function openShortcuts() {
  const body = LIST.map(([title, keys]) => h('section', { class: 'keys' }, h('h3', {}, String(title)),
    h('dl', {}, /** @type {string[][]} */ (keys).map(([key, text]) => h('div', {}, h('dt', {}, key.split(' ').map((one) => h('kbd', {}, one))), h('dd', {}, text))))));
  return new Dialog({ title: 'Keyboard shortcuts', testid: 'shortcuts', kind: 'dialog-wide', body });
}
