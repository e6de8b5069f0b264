// SPDX-License-Identifier: Apache-2.0
import { chatTitle } from '../../chat/words.js';
import { h } from '../../dom.js';
import { icon } from '../icons.js';
import { avatar } from '../lamp.js';

/** chatAvatar: people by their own colour, groups by the group's. @param {import('../../chat/types.js').Chat} chat @param {'s' | 'm' | 'l'} [size] */
export function chatAvatar(chat, size = 'm') {
  if (chat.kind === 'saved') return h('span', { class: `avatar avatar-${size} avatar-saved`, 'aria-hidden': 'true' }, icon('bookmark', 22));
  if (chat.peer) return avatar(chat.peer, size);
  const el = avatar({ id: chat.id, displayName: chatTitle(chat) }, size);
  el.classList.add('avatar-group');
  return el;
}
