// SPDX-License-Identifier: Apache-2.0
/**
 * How an encoded frame travels:
 *
 *   clear[n] | ciphertext | tag[16] | SFrame header[h] | h (u8) | n (u8) | 0xE2
 *
 * SFrame's metadata is clear | n | kind, so that all of a frame is authenticated. H264: everything after clear is escaped;
 * the last three bytes never need it, because h is at least 1, and at least 4 behind two zero bytes (those are then the
 * end of a counter of at least 3 bytes). AV1: the whole is the payload of one OBU.
 *
 * Key id = context << 12 | leaf << 4 | generation: each track has a key of its own, so a frame cannot be moved to another.
 */
import { concat } from './bytes.js';
import { escape, split, unescape, unwrapObu, wrapObu } from './codecs.js';
import { TAG_BYTES, headerParse } from './sframe.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./codecs.js').Codec} Codec */
/** @typedef {{clear: Bytes, sealed: Bytes, header: Bytes, kid: number, counter: number}} SealedFrame */

export const TRAILER = 0xe2;
const TRAILER_BYTES = 3;

/** Which track of a participant. */
export const CONTEXT = Object.freeze({ audio: 0, camera: 1, screen: 2, screenAudio: 3 });
/** The media kind inside the authenticated metadata. */
export const KIND = Object.freeze({ audio: 0, video: 1 });
export const MAX_GENERATION = 15;

/** @param {number} context @param {number} leaf @param {number} generation */
export const kidWrite = (context, leaf, generation) => (context << 12) | (leaf << 4) | generation;

/** @param {number} kid */
export const kidParse = (kid) => ({ context: kid >> 12, leaf: (kid >> 4) & 255, generation: kid & 15 });

/** @param {Bytes} clear @param {number} kind @returns {Bytes} */
export const metadata = (clear, kind) => concat(clear, Uint8Array.of(clear.length, kind));

/** wants: what of a frame stays clear and what is to be encrypted; null if it does not look like one. */
export const wants = split;

/**
 * frameWrite: puts a sealed frame together.
 * @param {Codec} codec
 * @param {Bytes} clear
 * @param {Bytes} sealed ciphertext and tag
 * @param {Bytes} header
 * @returns {Bytes}
 */
export function frameWrite(codec, clear, sealed, header) {
  const end = Uint8Array.of(header.length, clear.length, TRAILER);
  const body = concat(sealed, header);
  if (codec === 'h264') return concat(clear, escape(clear, body), end);
  const frame = concat(clear, body, end);
  return codec === 'av1' ? wrapObu(frame) : frame;
}

/**
 * frameParse: takes one apart; authenticates nothing.
 * @param {Codec} codec
 * @param {Bytes} frame
 * @returns {SealedFrame | 'no_trailer' | 'malformed'}
 */
export function frameParse(codec, frame) {
  if (!frame.length || frame[frame.length - 1] !== TRAILER) return 'no_trailer';
  const whole = codec === 'av1' ? unwrapObu(frame) : frame;
  if (!whole || whole.length < TRAILER_BYTES) return 'malformed';
  const [headerLength, clearLength] = whole.subarray(-TRAILER_BYTES);
  if (clearLength > whole.length - TRAILER_BYTES) return 'malformed';
  const clear = whole.slice(0, clearLength);
  const rest = whole.slice(clearLength, -TRAILER_BYTES);
  const body = codec === 'h264' ? unescape(clear, rest) : rest;
  if (!body || body.length < TAG_BYTES + headerLength) return 'malformed';
  const header = body.slice(body.length - headerLength);
  const fields = headerParse(header);
  if (!fields || fields.kid > 0xffffn || fields.counter > BigInt(Number.MAX_SAFE_INTEGER)) return 'malformed';
  const sealed = body.slice(0, body.length - headerLength);
  return { clear, sealed, header, kid: Number(fields.kid), counter: Number(fields.counter) };
}
