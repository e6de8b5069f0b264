// SPDX-License-Identifier: Apache-2.0
/**
 * The media worker: seals and opens encoded frames of one call (RTCRtpScriptTransform). It holds media keys only. What it
 * cannot seal is not sent and what it cannot open is not played: there is no path on which a frame passes unchanged.
 *
 * From the page: {type: 'secrets', secrets: MediaSecrets}, {type: 'codecs', id, payloadTypes}, {type: 'stats', ask}.
 * To the page: {type: 'attached', id} once a transform has its keys, {type: 'stats', ask, tracks}, {type: 'failed', id, reason}.
 */
import { codecOf } from './codecs.js';
import { FrameOpener, FrameSealer } from './media-keys.js';

/** @typedef {import('./media-keys.js').MediaSecrets} MediaSecrets */
/** @typedef {import('./codecs.js').Codec} Codec */
/** @typedef {{id: string, side: 'send' | 'receive', context: number, kind: number}} TrackOptions */
/**
 * @typedef {object} TrackCounters
 * @property {number} encrypted
 * @property {number} decrypted
 * @property {number} framesWithoutTrailer frames that came unsealed; always dropped
 * @property {Record<string, number>} dropped by reason
 */

const scope = /** @type {any} */ (globalThis);
/* Enough against a burst of damaged frames; a key frame costs the peer a lot. */
const KEY_FRAME_REQUEST_MS = 1000;

/** @type {(secrets: MediaSecrets) => void} */
let giveSecrets;
/** @type {Promise<MediaSecrets>} */
const secretsGiven = new Promise((resolve) => (giveSecrets = resolve));
/** @type {Map<number, FrameSealer>} by context: outlive their transforms, so that counters never start again */
const sealers = new Map();
/** @type {Map<number, FrameOpener>} */
const openers = new Map();
/** @type {Map<string, TrackCounters>} */
const counters = new Map();
/** @type {Map<string, Record<number, string>>} payload type -> MIME type, where frames do not say themselves */
const payloadTypes = new Map();

/** @param {string} id @returns {TrackCounters} */
function countersOf(id) {
  let own = counters.get(id);
  if (!own) counters.set(id, (own = { encrypted: 0, decrypted: 0, framesWithoutTrailer: 0, dropped: {} }));
  return own;
}

/** @param {TrackCounters} own @param {string} reason */
function drop(own, reason) {
  own.dropped[reason] = (own.dropped[reason] ?? 0) + 1;
  if (reason === 'no_trailer') own.framesWithoutTrailer++;
}

/** @param {any} frame @param {TrackOptions} options @returns {Codec | null} */
function frameCodec(frame, options) {
  const { mimeType, payloadType } = frame.getMetadata();
  const negotiated = payloadType === undefined ? undefined : payloadTypes.get(options.id)?.[payloadType];
  return codecOf(mimeType ?? negotiated) ?? (options.kind === 0 ? 'opus' : null);
}

/** @param {MediaSecrets} secrets @param {TrackOptions} options */
function sealing(secrets, options) {
  const sealer = sealers.get(options.context) ?? new FrameSealer(secrets, options.context, options.kind);
  sealers.set(options.context, sealer);
  const own = countersOf(options.id);
  return async (/** @type {any} */ frame, /** @type {any} */ controller) => {
    const codec = frameCodec(frame, options);
    const sealed = codec && (await sealer.seal(codec, new Uint8Array(frame.data)));
    if (!sealed) return drop(own, codec ? 'not_a_frame' : 'codec');
    frame.data = sealed.buffer;
    own.encrypted++;
    controller.enqueue(frame);
  };
}

/** @param {MediaSecrets} secrets @param {TrackOptions} options @param {any} transformer */
function opening(secrets, options, transformer) {
  const opener = openers.get(options.context) ?? new FrameOpener(secrets, options.context, options.kind);
  openers.set(options.context, opener);
  const own = countersOf(options.id);
  let asked = -Infinity;
  return async (/** @type {any} */ frame, /** @type {any} */ controller) => {
    const codec = frameCodec(frame, options);
    const opened = codec ? await opener.open(codec, new Uint8Array(frame.data)) : 'codec';
    if (typeof opened !== 'string') {
      frame.data = opened.buffer;
      own.decrypted++;
      controller.enqueue(frame);
      return;
    }
    drop(own, opened);
    const now = performance.now();
    if (options.kind === 0 || opened === 'duplicate' || now - asked < KEY_FRAME_REQUEST_MS) return;
    asked = now;
    transformer.sendKeyFrameRequest?.()?.catch?.(() => {});
  };
}

scope.onrtctransform = async (/** @type {any} */ event) => {
  const { transformer } = event;
  const options = /** @type {TrackOptions} */ (transformer.options);
  const secrets = await secretsGiven; /* until then frames wait in the stream */
  const handle = options.side === 'send' ? sealing(secrets, options) : opening(secrets, options, transformer);
  const transform = async (/** @type {any} */ frame, /** @type {any} */ controller) => {
    try {
      await handle(frame, controller);
    } catch {
      drop(countersOf(options.id), 'failed');
    }
  };
  const piped = transformer.readable.pipeThrough(new TransformStream({ transform })).pipeTo(transformer.writable);
  scope.postMessage({ type: 'attached', id: options.id });
  try {
    await piped;
  } catch (error) {
    scope.postMessage({ type: 'failed', id: options.id, reason: String(error) });
  }
};

scope.onmessage = (/** @type {any} */ { data }) => {
  if (data.type === 'secrets') giveSecrets(data.secrets);
  else if (data.type === 'codecs') payloadTypes.set(data.id, data.payloadTypes);
  else if (data.type === 'stats') {
    scope.postMessage({ type: 'stats', ask: data.ask, tracks: Object.fromEntries(counters) });
  }
};
