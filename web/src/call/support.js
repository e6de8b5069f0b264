// SPDX-License-Identifier: Apache-2.0
/** Whether this browser can make encrypted calls. There is no other kind. */

/**
 * unsupported: why not, as a sentence to show; null if it can.
 * @returns {string | null}
 */
export function unsupported() {
  const scope = /** @type {any} */ (globalThis);
  if (!scope.isSecureContext) {
    return 'Encrypted calls need a secure address: open this page by https, or on localhost.';
  }
  if (typeof scope.RTCPeerConnection !== 'function' || typeof scope.Worker !== 'function') {
    return 'This browser has no WebRTC, so it cannot make calls. A current Chrome, Edge or Firefox can.';
  }
  if (typeof scope.RTCRtpScriptTransform !== 'function') {
    return 'This browser cannot encrypt the sound and picture of calls (it has no RTCRtpScriptTransform). '
      + 'Aldis makes no unencrypted calls: please use a current Chrome, Edge or Firefox.';
  }
  return null;
}
