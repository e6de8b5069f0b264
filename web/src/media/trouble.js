// SPDX-License-Identifier: Apache-2.0
/** Why the microphone, the camera or the screen cannot be used, and what to do. */

/** @typedef {'microphone' | 'camera' | 'screen'} Source */

/**
 * trouble: an error of getUserMedia or getDisplayMedia in words.
 * @param {unknown} error
 * @param {Source} source
 * @param {boolean} [secure] whether the page is a secure context
 * @returns {{title: string, help: string, canRetry: boolean}}
 */
export function trouble(error, source, secure = globalThis.isSecureContext !== false) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const thing = { microphone: 'microphone', camera: 'camera', screen: 'screen' }[source];
  if (!secure) {
    return { title: `The browser gives no page without https the ${thing}`, canRetry: false,
      help: 'Open this page by its https address, or as http://localhost on the server itself.' };
  }
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      if (source === 'screen') return { title: 'The screen was not shared', help: 'Choose a window or a screen in the browser’s dialog. On a Mac, also allow the browser under System Settings, Privacy, Screen Recording.', canRetry: true };
      return { title: `The browser may not use your ${thing}`, canRetry: true,
        help: `Press the ${source === 'camera' ? 'camera' : 'lock or microphone'} icon beside the address, allow the ${thing}, then try again. If it is allowed there, check the privacy settings of your system.` };
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return { title: `No ${thing} was found`, help: `Plug one in${source === 'microphone' ? ', or connect a headset' : ''}; it is taken up by itself.`, canRetry: true };
    case 'NotReadableError':
    case 'TrackStartError':
      return { title: `Your ${thing} is used by another program`, help: 'Close the program that uses it (another call, a recorder), then try again.', canRetry: true };
    case 'OverconstrainedError':
      return { title: `The ${thing} you chose is not there`, help: 'Choose another one below.', canRetry: true };
    case 'AbortError':
      return { title: `The ${thing} stopped`, help: 'Unplug it and plug it in again, or choose another one.', canRetry: true };
    case 'NotSupportedError':
    case 'TypeError':
      return { title: `This browser cannot use your ${thing}`, help: 'Use a current version of Chromium, Chrome, Edge or Firefox.', canRetry: false };
    default:
      return { title: `Your ${thing} does not work`, help: `The browser says: ${error instanceof Error ? error.message || name : String(error)}.`, canRetry: true };
  }
}
