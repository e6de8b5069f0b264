// SPDX-License-Identifier: Apache-2.0
/**
 * What of an encoded frame stays in clear, because the RTP packetizers of browsers look into it, and what must be done so
 * that the sealed rest passes them. Everything else is encrypted.
 *
 *   Opus, VP9  nothing is clear
 *   VP8        10 bytes of a key frame (tag, start code, size), 1 of another: the P bit tells the two apart
 *   H264       up to two bytes into the first slice, with 4-byte start codes; the rest is escaped into that one NAL unit
 *   AV1        nothing is clear; the sealed frame travels as one OBU (needs the dependency descriptor extension)
 */
import { concat } from './bytes.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {'opus' | 'vp8' | 'vp9' | 'h264' | 'av1'} Codec */

/** @type {Record<string, Codec>} */
const BY_MIME = { 'audio/opus': 'opus', 'video/vp8': 'vp8', 'video/vp9': 'vp9', 'video/h264': 'h264', 'video/av1': 'av1' };

/** codecOf: null for what we have no rule for; such a frame is never sent. @param {string | undefined} mimeType */
export const codecOf = (mimeType) => BY_MIME[(mimeType ?? '').toLowerCase()] ?? null;

const NAL_SLICE = 1;
const NAL_IDR = 5;
const MAX_CLEAR = 255;

/**
 * split: what of a frame stays clear.
 * @param {Codec} codec
 * @param {Bytes} frame
 * @returns {{clear: Bytes, secret: Bytes} | null} null if the frame does not look like one of this codec
 */
export function split(codec, frame) {
  let clear = 0;
  if (codec === 'vp8') {
    if (!frame.length) return null;
    /* RFC 6386 §9.1: the lowest bit of the frame tag is 0 in a key frame */
    clear = Math.min(frame[0] & 1 ? 1 : 10, frame.length);
  } else if (codec === 'h264') {
    return splitH264(frame);
  }
  return { clear: frame.slice(0, clear), secret: frame.slice(clear) };
}

/** A frame without its start codes, up to the first slice. @param {Bytes} frame */
function splitH264(frame) {
  /** @type {Bytes[]} */
  const units = [];
  let at = startCode(frame, 0);
  if (!at || at.from !== 0) return null;
  while (at) {
    const type = frame[at.to] & 31;
    if (type === NAL_SLICE || type === NAL_IDR) {
      const clear = concat(...units, START, frame.slice(at.to, at.to + 2));
      return clear.length > MAX_CLEAR ? null : { clear, secret: frame.slice(at.to + 2) };
    }
    const next = startCode(frame, at.to);
    units.push(START, frame.slice(at.to, next ? next.from : frame.length));
    at = next;
  }
  return null;
}

const START = Uint8Array.of(0, 0, 0, 1);

/** The next start code (3 or 4 bytes) at or after @from. @param {Bytes} frame @param {number} from */
function startCode(frame, from) {
  for (let i = from; i + 3 < frame.length; i++) {
    if (frame[i] || frame[i + 1]) continue;
    if (frame[i + 2] === 1) return { from: i, to: i + 3 };
    if (frame[i + 2] === 0 && frame[i + 3] === 1 && i + 4 < frame.length) return { from: i, to: i + 4 };
  }
  return null;
}

/** How many zeros (at most 2) @bytes end in. @param {Uint8Array} bytes */
function trailingZeros(bytes) {
  let zeros = 0;
  while (zeros < 2 && zeros < bytes.length && bytes[bytes.length - 1 - zeros] === 0) zeros++;
  return zeros;
}

/**
 * escape: H.264 §7.4.1: after two zeros a byte below 4 gets a 3 before it, so that no start code arises.
 * @param {Uint8Array} clear what stands before
 * @param {Bytes} bytes
 * @returns {Bytes}
 */
export function escape(clear, bytes) {
  const out = new Uint8Array(bytes.length + (bytes.length >> 1) + 1);
  let zeros = trailingZeros(clear);
  let at = 0;
  for (const byte of bytes) {
    if (zeros === 2 && byte < 4) {
      out[at++] = 3;
      zeros = 0;
    }
    out[at++] = byte;
    zeros = byte ? 0 : Math.min(zeros + 1, 2);
  }
  return out.slice(0, at);
}

/**
 * unescape: the reverse.
 * @param {Uint8Array} clear
 * @param {Bytes} bytes
 * @returns {Bytes | null} null if a start code is in it: not what escape() wrote
 */
export function unescape(clear, bytes) {
  const out = new Uint8Array(bytes.length);
  let zeros = trailingZeros(clear);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (zeros === 2 && byte < 4) {
      if (byte !== 3 || i + 1 === bytes.length || bytes[i + 1] > 3) return null;
      zeros = 0;
      continue;
    }
    out[at++] = byte;
    zeros = byte ? 0 : zeros + 1;
  }
  return out.slice(0, at);
}

const OBU_FRAME_WITH_SIZE = 0x32;

/** wrapObu: AV1 §5.3: one OBU of type frame with its size (leb128). @param {Bytes} payload @returns {Bytes} */
export function wrapObu(payload) {
  const size = [];
  for (let left = payload.length; ; left >>>= 7) {
    size.push((left & 127) | (left > 127 ? 128 : 0));
    if (left <= 127) break;
  }
  return concat(Uint8Array.of(OBU_FRAME_WITH_SIZE, ...size), payload);
}

/** unwrapObu: null unless @frame is exactly one such OBU. @param {Bytes} frame @returns {Bytes | null} */
export function unwrapObu(frame) {
  if (frame[0] !== OBU_FRAME_WITH_SIZE) return null;
  let size = 0;
  for (let i = 1; i <= 4 && i < frame.length; i++) {
    size |= (frame[i] & 127) << (7 * (i - 1));
    if (!(frame[i] & 128)) return frame.length === i + 1 + size ? frame.slice(i + 1) : null;
  }
  return null;
}
