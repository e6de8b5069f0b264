// SPDX-License-Identifier: Apache-2.0
/**
 * Sealing and opening the frames of one call. Lives in the media worker, which holds these keys and no others.
 *
 * Sending: one counter per context, strictly increasing for as long as the keys live, whatever happens to tracks and
 * transforms. A worker that is started anew for the same call must be given the next generation, which is another key.
 */
import { KIND, MAX_GENERATION, frameParse, frameWrite, kidParse, kidWrite, metadata, wants } from './frame.js';
import { ReplayWindow } from './replay.js';
import { decrypt, deriveKey, encrypt, headerWrite } from './sframe.js';
import { CryptoError } from './errors.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./codecs.js').Codec} Codec */
/** @typedef {import('./sframe.js').SFrameKey} SFrameKey */
/**
 * @typedef {object} MediaSecrets what the page hands to its worker
 * @property {number} suite SFrame suite, 4 or 5
 * @property {CryptoKey} sendKey HKDF key
 * @property {CryptoKey} receiveKey HKDF key
 * @property {number} ownLeaf 0 caller, 1 callee
 * @property {number} peerLeaf
 * @property {number} generation 0, and one more for every worker started anew
 */
/**
 * @typedef {'duplicate' | 'old' | 'malformed' | 'no_trailer' | 'wrong_key_id' | 'stale' | 'not_authentic'} FrameRefusal
 */

/** Far below what AES-GCM bears (2^32 invocations is the bound for random nonces; counters allow more). */
const MAX_FRAMES = 2 ** 40;

/** What one track sends. */
export class FrameSealer {
  #context;
  #kind;
  #kid;
  #key;
  #counter = 0;

  /** @param {MediaSecrets} secrets @param {number} context @param {number} kind */
  constructor(secrets, context, kind) {
    if (secrets.generation > MAX_GENERATION) throw new CryptoError('exhausted', 'generations');
    this.#context = context;
    this.#kind = kind;
    this.#kid = kidWrite(context, secrets.ownLeaf, secrets.generation);
    this.#key = deriveKey(secrets.sendKey, this.#kid, secrets.suite);
  }

  get context() {
    return this.#context;
  }

  /**
   * seal: one frame. Never gives back anything that is not sealed.
   * @param {Codec} codec
   * @param {Bytes} frame
   * @returns {Promise<Bytes | null>} null: not a frame of this codec, so it must not be sent
   */
  async seal(codec, frame) {
    const parts = wants(codec, frame);
    if (!parts || (this.#kind === KIND.audio) !== (codec === 'opus')) return null;
    const counter = this.#counter++; /* before the first await: no two frames get the same */
    if (counter >= MAX_FRAMES) throw new CryptoError('exhausted', 'frames');
    const header = headerWrite(this.#kid, counter);
    const sealed = await encrypt(await this.#key, header, counter, metadata(parts.clear, this.#kind), parts.secret);
    return frameWrite(codec, parts.clear, sealed, header);
  }
}

/** What one track of the peer sends us. */
export class FrameOpener {
  #secrets;
  #context;
  #kind;
  #generation = 0;
  /** @type {Map<number, {key: Promise<SFrameKey>, window: ReplayWindow}>} by key id */
  #keys = new Map();

  /** @param {MediaSecrets} secrets @param {number} context @param {number} kind */
  constructor(secrets, context, kind) {
    this.#secrets = secrets;
    this.#context = context;
    this.#kind = kind;
  }

  /**
   * open: one frame.
   * @param {Codec} codec
   * @param {Bytes} frame
   * @returns {Promise<Bytes | FrameRefusal>} the frame, or why it must be dropped
   */
  async open(codec, frame) {
    const parsed = frameParse(codec, frame);
    if (typeof parsed === 'string') return parsed;
    const { context, leaf, generation } = kidParse(parsed.kid);
    if (context !== this.#context || leaf !== this.#secrets.peerLeaf) return 'wrong_key_id';
    if (generation < this.#generation) return 'stale';
    const { key, window } = this.#keyOf(parsed.kid);
    const fresh = window.check(parsed.counter);
    if (fresh !== 'new') return fresh;
    const meta = metadata(parsed.clear, this.#kind);
    const plain = await decrypt(await key, parsed.header, parsed.counter, meta, parsed.sealed);
    if (!plain) return 'not_authentic';
    const again = window.check(parsed.counter); /* another open() may have been faster */
    if (again !== 'new') return again;
    window.commit(parsed.counter);
    this.#generation = Math.max(this.#generation, generation);
    const whole = new Uint8Array(parsed.clear.length + plain.length);
    whole.set(parsed.clear);
    whole.set(plain, parsed.clear.length);
    return whole;
  }

  /** The key id is checked by then: at most 16 of them. @param {number} kid */
  #keyOf(kid) {
    let entry = this.#keys.get(kid);
    if (!entry) {
      entry = { key: deriveKey(this.#secrets.receiveKey, kid, this.#secrets.suite), window: new ReplayWindow() };
      this.#keys.set(kid, entry);
    }
    return entry;
  }
}
