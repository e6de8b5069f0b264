// SPDX-License-Identifier: Apache-2.0
/** Taking microphone, camera and screen, as the settings say. */

/** @typedef {import('../settings.js').Settings} Settings */

/** @param {string} deviceId @param {MediaTrackConstraints} rest @returns {MediaTrackConstraints} */
const constraints = (deviceId, rest) => (deviceId ? { ...rest, deviceId: { exact: deviceId } } : rest);

/** @param {MediaStreamConstraints} wanted @returns {Promise<MediaStream>} */
async function take(wanted) {
  const media = navigator.mediaDevices;
  if (!media) throw new DOMException('no media devices', 'SecurityError');
  return media.getUserMedia(wanted);
}

/**
 * withFallback: takes the chosen device, or the default one when the chosen one is not there any more.
 * @param {string} chosen
 * @param {(deviceId: string) => Promise<MediaStream>} open
 */
async function withFallback(chosen, open) {
  try {
    return await open(chosen);
  } catch (error) {
    const gone = error instanceof DOMException && ['OverconstrainedError', 'NotFoundError'].includes(error.name);
    if (!chosen || !gone) throw error;
    return open('');
  }
}

/** openMicrophone: rejects with what trouble() explains. @param {Settings} settings @returns {Promise<MediaStreamTrack>} */
export async function openMicrophone(settings) {
  const clean = settings.get('cleanSound');
  const stream = await withFallback(settings.get('microphone'), (id) => take({
    audio: constraints(id, { echoCancellation: true, noiseSuppression: clean, autoGainControl: clean }),
  }));
  return stream.getAudioTracks()[0];
}

/** openCamera: @param {Settings} settings @returns {Promise<MediaStreamTrack>} */
export async function openCamera(settings) {
  const stream = await withFallback(settings.get('camera'), (id) => take({
    video: constraints(id, { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } }),
  }));
  return stream.getVideoTracks()[0];
}

export const canShareScreen = () => typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/** openScreen: asks the user which window or screen. @param {{sound?: boolean}} [options] sound: also what it plays, where the browser can @returns {Promise<MediaStream>} */
export async function openScreen({ sound = false } = {}) {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: sound });
  for (const track of stream.getVideoTracks()) track.contentHint = 'detail';
  return stream;
}

/** release: turns the devices of a stream off. @param {MediaStream | null | undefined} stream */
export function release(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
