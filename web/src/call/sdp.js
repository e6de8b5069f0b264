// SPDX-License-Identifier: Apache-2.0
/** What the engine reads in and asks of a session description. SDP travels only inside sealed messages. */
import { CryptoError } from '../crypto/errors.js';

/** @typedef {{type: 'offer' | 'answer', sdp: string}} Description */

export const MAX_SDP_CHARS = 40000;
const DEPENDENCY_DESCRIPTOR = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

/** @param {string} print as browsers write it @returns {string} */
const normal = (print) => print.replaceAll(':', '').toLowerCase();

/**
 * fingerprintOf: the SHA-256 fingerprint of a description, as 64 small hexadecimal digits.
 * @param {string} sdp
 * @returns {string} throws CryptoError 'fingerprint' if there is none, another hash, or more than one
 */
export function fingerprintOf(sdp) {
  const found = new Set();
  for (const [, hash, print] of sdp.matchAll(/^a=fingerprint:(\S+) +(\S+) *\r?$/gm)) {
    if (hash.toLowerCase() !== 'sha-256') throw new CryptoError('fingerprint', hash);
    found.add(normal(print));
  }
  const [only] = found;
  if (found.size !== 1 || !/^[0-9a-f]{64}$/.test(only)) throw new CryptoError('fingerprint', `${found.size} in the SDP`);
  return only;
}

/**
 * fingerprintOfCertificate: the same of a certificate as it came over DTLS.
 * @param {ArrayBuffer} der
 */
export async function fingerprintOfCertificate(der) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * tidy: takes out feedback lines of payload types that an m-line does not list. Firefox leaves them behind after
 * setCodecPreferences(), and Chromium then refuses the whole description.
 * @param {string} sdp
 */
export function tidy(sdp) {
  const [session, ...sections] = sdp.split(/^(?=m=)/m);
  return session + sections.map((section) => {
    const listed = new Set(section.slice(0, section.search(/\r?\n/)).split(' ').slice(3));
    return section.replace(/^a=rtcp-fb:(\d+) .*\r?\n/gm, (line, type) => (listed.has(type) ? line : ''));
  }).join('');
}

/** descriptionParse: @param {any} value @param {'offer' | 'answer'} [type] @returns {Description} */
export function descriptionParse(value, type) {
  const good = value && typeof value.sdp === 'string' && value.sdp.length <= MAX_SDP_CHARS
    && (type ? value.type === type : ['offer', 'answer'].includes(value.type));
  if (!good) throw new CryptoError('malformed', 'description');
  return { type: value.type, sdp: value.sdp };
}

/** The order of codecs; each has a rule in crypto/codecs.js. */
const VIDEO = ['video/vp8', 'video/vp9', 'video/h264', 'video/av1'];

/**
 * codecs: what a track may use, best first. RED, FEC and comfort noise are left out: their frames are not one codec's.
 * @param {'audio' | 'video'} kind
 * @param {{dependencyDescriptor: boolean, prefer?: string[]}} options prefer: MIME types that stand alone (tests)
 * @returns {any[]}
 */
export function codecs(kind, { dependencyDescriptor, prefer }) {
  const wanted = prefer ?? (kind === 'audio' ? ['audio/opus'] : VIDEO);
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const rank = (/** @type {any} */ codec) => wanted.indexOf(codec.mimeType.toLowerCase());
  const good = all.filter((codec) => {
    const type = codec.mimeType.toLowerCase();
    if (rank(codec) < 0) return false;
    /* a sealed frame is one long NAL unit, which mode 0 cannot split over packets */
    if (type === 'video/h264') return /packetization-mode=1/.test(codec.sdpFmtpLine ?? '');
    return type !== 'video/av1' || dependencyDescriptor;
  });
  good.sort((a, b) => rank(a) - rank(b));
  return [...good, ...all.filter((codec) => codec.mimeType.toLowerCase() === 'video/rtx')];
}

/**
 * prepare: codecs and RTP header extensions of a transceiver, before it is offered or answered. The dependency descriptor
 * is what AV1 needs; the audio level would tell the network who speaks when, and nobody in a call of two needs it.
 * @param {RTCRtpTransceiver} transceiver
 * @param {'audio' | 'video'} kind
 * @param {string[]} [prefer]
 */
export function prepare(transceiver, kind, prefer) {
  const able = /** @type {any} */ (transceiver);
  let dependencyDescriptor = false;
  if (able.getHeaderExtensionsToNegotiate && able.setHeaderExtensionsToNegotiate) {
    const extensions = able.getHeaderExtensionsToNegotiate();
    for (const extension of extensions) {
      if (extension.uri === AUDIO_LEVEL) extension.direction = 'stopped';
      if (extension.uri !== DEPENDENCY_DESCRIPTOR || kind !== 'video') continue;
      extension.direction = 'sendrecv';
      dependencyDescriptor = true;
    }
    able.setHeaderExtensionsToNegotiate(extensions);
  }
  transceiver.setCodecPreferences?.(codecs(kind, { dependencyDescriptor, prefer }));
}
