// SPDX-License-Identifier: Apache-2.0
/** Whose key it is: the number that both screens show, and "They match", which is good for calls too. */
import { h } from '../../dom.js';
import { safetyNumber } from '../../secret/safety.js';
import { Dialog } from '../dialog.js';
import { icon } from '../icons.js';

/**
 * openSafety: @param {import('../../app.js').App} app @param {string} secretId
 */
export async function openSafety(app, secretId) {
  const chat = app.secrets.get(secretId);
  const trust = await app.secrets.trust(secretId);
  if (!chat?.key || !trust) return;
  const { publicKey } = await app.secretIdentity();
  const groups = await safetyNumber(publicKey, chat.key);
  const name = chat.peer.displayName;
  const done = trust.verified;
  const dialog = new Dialog({
    title: done ? 'Verified' : 'Safety number', testid: 'safety', kind: 'dialog-small secret-safety',
    body: [
      h('p', {}, done ? `You have compared keys with ${name}, here or in a call. If the key ever changes, everything stops until you accept the new one.`
        : `Read these digits to ${name} by telephone, or hold the two screens side by side. If all are the same, nobody is between you.`),
      h('ol', { class: 'safety-number', testid: 'safety-number', 'aria-label': 'Safety number' }, groups.map((group) => h('li', {}, group))),
      h('p', { class: 'muted safety-suite' }, icon('lock', 16), chat.suite === 2 ? 'X25519 and ML-KEM-768, then a new key for every message' : 'X25519, then a new key for every message'),
    ],
    actions: [h('button', { class: 'button', type: 'button', testid: 'safety-close', onclick: () => dialog.close() }, done ? 'Close' : 'Not now'),
      !done && h('button', { class: 'button good', type: 'button', testid: 'safety-match', onclick: () => dialog.close('yes') }, icon('shieldCheck', 20), 'They match')],
  });
  if ((await dialog.closed) !== 'yes') return;
  await app.secrets.verify(secretId);
  app.toasts.show(`${name} is verified, here and in calls.`, { icon: 'shieldCheck', ms: 4000 });
}
