// SPDX-License-Identifier: Apache-2.0
/** tone: a sound that needs no device. @returns {MediaStreamTrack} */
export function tone() {
  const context = new AudioContext();
  const destination = context.createMediaStreamDestination();
  const oscillator = context.createOscillator();
  oscillator.connect(destination);
  oscillator.start();
  return destination.stream.getAudioTracks()[0];
}
