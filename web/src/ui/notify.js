// SPDX-License-Identifier: Apache-2.0
/** System notifications for calls and messages that come while the page is not looked at. */

/** @returns {'granted' | 'denied' | 'default' | 'missing'} */
export function notificationState() {
  return typeof Notification === 'undefined' ? 'missing' : Notification.permission;
}

/** askForNotifications: from a click alone. */
export async function askForNotifications() {
  if (notificationState() === 'default') await Notification.requestPermission().catch(() => {});
}

/**
 * notifyCall: @param {{id: string, name: string, video: boolean}} call @param {() => void} onclick
 * @returns {() => void} takes it away
 */
export function notifyCall({ id, name, video }, onclick) {
  if (notificationState() !== 'granted' || !document.hidden) return () => {};
  try {
    const note = new Notification(`${name} is calling`, { body: video ? 'Video call' : 'Voice call', tag: `call-${id}`, requireInteraction: true });
    note.onclick = () => {
      window.focus();
      note.close();
      onclick();
    };
    return () => note.close();
  } catch {
    /* Android's Chrome has them from service workers only: the ring tone has to do */
    return () => {};
  }
}

/**
 * notifyMessage: one for each chat, the newest.
 * @param {{chatId: string, title: string, text: string}} message text: '' where the screen is not to show it
 * @param {() => void} onclick
 */
export function notifyMessage({ chatId, title, text }, onclick) {
  if (notificationState() !== 'granted' || !document.hidden) return;
  try {
    const note = new Notification(title, { body: text || 'New message', tag: `chat-${chatId}` });
    note.onclick = () => {
      window.focus();
      note.close();
      onclick();
    };
  } catch {
    /* Android's Chrome has them from service workers only */
  }
}
