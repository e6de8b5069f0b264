// SPDX-License-Identifier: Apache-2.0
/**
 * CALL1: the key agreement of a call between two devices (docs/e2ee.md). No I/O: bytes in, bytes out.
 *
 *   caller                                        callee
 *   Caller.create()    -- M1 invite  -->          Callee.open()
 *   accepted()         <-- M2 accept --           accept()       T = SHA-256(body of M2), keys from T
 *   confirm()          -- M3 confirm -->          confirmed()    the callee knows: same keys, same T; its SAS
 *   revealed()         <-- M4 reveal --                          the caller: the nonce is the committed one; its SAS
 *
 * Any failure is final for the object. A message out of its turn is refused without changing anything.
 */
import { concat, equal, random } from './bytes.js';
import {
  CALL_ID_BYTES, NONCE_BYTES, acceptBody, acceptParse, acceptSigned, committed, confirmParse, confirmTagged, confirmWrite,
  inviteBody, inviteParse, revealParse, revealTagged, revealWrite, signed,
} from './call1-wire.js';
import { CryptoError } from './errors.js';
import { identityVerify } from './identity.js';
import { callKeys, mac, macVerify, sha256 } from './kdf.js';
import { SUITE_X25519_MLKEM768, bestSuite, dhAgree, dhGenerate, ownSuites } from './kem.js';
import { sasOf } from './sas.js';
import { Opener, Sealer } from './seal.js';

/** @typedef {import('./bytes.js').Bytes} Bytes */
/** @typedef {import('./call1-wire.js').Party} Party */
/** @typedef {import('./identity.js').Signer} Signer */
/** @typedef {import('./kdf.js').CallKeys} CallKeys */
/** @typedef {import('./kem.js').Kem} Kem */
/** @typedef {import('./sas.js').Sas} Sas */

/** How far the two clocks may be apart. Within it, call ids that were used are remembered (identity.js). */
export const CLOCK_WINDOW_MS = 5 * 60 * 1000;
const EMPTY = new Uint8Array(0);

/** @param {Party} claimed @param {{user: string, name?: string, device?: string}} expected what the server said */
function samePeer(claimed, expected) {
  const { user, name, device } = expected;
  if (claimed.user !== user || (name !== undefined && claimed.name !== name)
    || (device !== undefined && claimed.device !== device)) throw new CryptoError('wrong_peer');
}

/** What both sides have once the keys are there. */
class Agreed {
  /** @param {CallKeys} keys @param {Bytes} transcript @param {number} suite @param {boolean} caller */
  constructor(keys, transcript, suite, caller) {
    this.keys = keys;
    this.transcript = transcript;
    this.suite = suite;
    this.sealer = new Sealer(caller ? keys.sealCaller : keys.sealCallee, transcript);
    this.opener = new Opener(caller ? keys.sealCallee : keys.sealCaller, transcript);
    /** what the media worker gets; SFrame suite 5 goes with the post-quantum suite */
    this.media = {
      suite: suite === SUITE_X25519_MLKEM768 ? 5 : 4,
      sendKey: caller ? keys.mediaCaller : keys.mediaCallee,
      receiveKey: caller ? keys.mediaCallee : keys.mediaCaller,
      ownLeaf: caller ? 0 : 1,
      peerLeaf: caller ? 1 : 0,
      generation: 0,
    };
  }
}

/** Runs the steps of one side in their order. @template {string} S */
class Steps {
  /** @param {S} first */
  constructor(first) {
    /** @type {S | 'busy' | 'failed'} */
    this.at = first;
  }

  /**
   * @template T
   * @param {S} from
   * @param {S} to
   * @param {() => Promise<T>} step
   * @returns {Promise<T>}
   */
  async take(from, to, step) {
    if (this.at !== from) throw new CryptoError('out_of_order', `in ${this.at}, not ${from}`);
    this.at = 'busy';
    try {
      const result = await step();
      this.at = to;
      return result;
    } catch (error) {
      this.at = 'failed';
      throw error;
    }
  }
}

/** The caller's side. */
export class Caller {
  /** @type {Steps<'invited' | 'accepted' | 'confirmed' | 'done'>} */
  #steps = new Steps('invited');
  #to;
  #dh;
  #kem;
  #suites;
  #nonce = random(NONCE_BYTES);
  #commitment = EMPTY;
  /** @type {Agreed | null} set by accepted() */
  agreed = null;

  /**
   * @param {Bytes} invite
   * @param {{user: string, name?: string}} to
   * @param {import('./kem.js').DhPair} dh
   * @param {import('./kem.js').KemPair | null} kem
   * @param {number[]} suites
   */
  constructor(invite, to, dh, kem, suites) {
    /** M1 */
    this.invite = invite;
    this.#to = to;
    this.#dh = dh;
    this.#kem = kem;
    this.#suites = suites;
  }

  /**
   * create: makes fresh keys and M1.
   * @param {object} options
   * @param {Signer} options.identity
   * @param {Party} options.self
   * @param {{user: string, name?: string}} options.to
   * @param {Bytes} options.callId 16 random bytes
   * @param {boolean} options.video
   * @param {number} options.now ms since the epoch
   * @param {Kem | null} options.kem
   */
  static async create({ identity, self, to, callId, video, now, kem }) {
    if (callId.length !== CALL_ID_BYTES) throw new CryptoError('malformed', 'callId');
    const [dh, pair] = await Promise.all([dhGenerate(), kem ? kem.generate() : null]);
    const suites = ownSuites(kem);
    const body = inviteBody({
      callId, to: to.user, from: self, identityKey: identity.publicKey, dh: dh.publicKey,
      kem: pair?.publicKey ?? EMPTY, suites, sentAt: now, video,
    });
    return new Caller(signed(body, await identity.sign(body)), to, dh, pair, suites);
  }

  /**
   * accepted: M2. Decides nothing about trust: look at identityKey before confirm().
   * @param {Bytes} message
   * @returns {Promise<{peer: Party, identityKey: Bytes, suite: number, payload: Bytes}>}
   */
  accepted(message) {
    return this.#steps.take('invited', 'accepted', async () => {
      const { fields, body, signature, commitment, sealed } = acceptParse(message);
      if (!equal(fields.invite, await sha256(this.invite))) throw new CryptoError('wrong_call');
      samePeer(fields.from, this.#to);
      const transcript = await sha256(body);
      await identityVerify(fields.identityKey, signature, acceptSigned(transcript, commitment));
      if (fields.suite !== bestSuite(this.#suites, fields.suites)) throw new CryptoError('downgrade');
      const dh = await dhAgree(this.#dh.privateKey, fields.dh);
      const secret = fields.suite === SUITE_X25519_MLKEM768 && this.#kem ? await this.#kem.decapsulate(fields.kem) : EMPTY;
      const agreed = new Agreed(await callKeys(dh, secret, transcript), transcript, fields.suite, true);
      const payload = await agreed.opener.open(sealed);
      this.agreed = agreed;
      this.#commitment = commitment;
      return { peer: fields.from, identityKey: fields.identityKey, suite: fields.suite, payload };
    });
  }

  /**
   * confirm: makes M3.
   * @param {Uint8Array} payload
   * @returns {Promise<Bytes>}
   */
  confirm(payload) {
    return this.#steps.take('accepted', 'confirmed', async () => {
      const { keys, transcript, sealer } = /** @type {Agreed} */ (this.agreed);
      const tag = await mac(keys.confirmCaller, confirmTagged(transcript, this.#commitment, this.#nonce));
      return confirmWrite(this.#nonce, tag, await sealer.seal(concat(this.#nonce, payload)));
    });
  }

  /**
   * revealed: M4. Before this has returned nobody may be told that the call is encrypted.
   * @param {Bytes} message
   * @returns {Promise<Sas>}
   */
  revealed(message) {
    return this.#steps.take('confirmed', 'done', async () => {
      const { keys, transcript } = /** @type {Agreed} */ (this.agreed);
      const { nonce, tag } = revealParse(message);
      if (!equal(await sha256(committed(transcript, nonce)), this.#commitment)) throw new CryptoError('bad_commitment');
      if (!(await macVerify(keys.confirmCallee, tag, revealTagged(transcript, this.#nonce, nonce)))) {
        throw new CryptoError('bad_confirmation');
      }
      return sasOf(keys.sas, this.#nonce, nonce);
    });
  }
}

/** The callee's side. */
export class Callee {
  /** @type {Steps<'invited' | 'accepted' | 'done'>} */
  #steps = new Steps('invited');
  #nonce = random(NONCE_BYTES);
  #commitment = EMPTY;
  #invite;
  /** @type {Agreed | null} set by accept() */
  agreed = null;

  /** @param {Bytes} invite M1 @param {import('./call1-wire.js').InviteBody} fields */
  constructor(invite, fields) {
    this.#invite = invite;
    this.fields = fields;
  }

  /**
   * open: checks M1. Decides nothing about trust: look at fields.identityKey before accept().
   * @param {Bytes} message
   * @param {object} expected
   * @param {string} expected.self our user id
   * @param {{user: string, name?: string, device?: string}} expected.from what the server said
   * @param {Bytes} expected.callId
   * @param {boolean} expected.video
   * @param {number} expected.now
   */
  static async open(message, { self, from, callId, video, now }) {
    const { fields, body, signature } = inviteParse(message);
    await identityVerify(fields.identityKey, signature, body);
    if (!equal(fields.callId, callId) || fields.video !== video) throw new CryptoError('wrong_call');
    if (fields.to !== self) throw new CryptoError('wrong_peer', 'not for us');
    samePeer(fields.from, from);
    if (Math.abs(now - fields.sentAt) > CLOCK_WINDOW_MS) throw new CryptoError('stale');
    return new Callee(message, fields);
  }

  /**
   * accept: makes M2.
   * @param {object} options
   * @param {Signer} options.identity
   * @param {Party} options.self
   * @param {Uint8Array} options.payload
   * @param {Kem | null} options.kem
   * @returns {Promise<Bytes>}
   */
  accept({ identity, self, payload, kem }) {
    return this.#steps.take('invited', 'accepted', async () => {
      const suites = ownSuites(kem);
      const suite = bestSuite(suites, this.fields.suites);
      const own = await dhGenerate();
      const dh = await dhAgree(own.privateKey, this.fields.dh);
      const { ciphertext, secret } = suite === SUITE_X25519_MLKEM768 && kem
        ? await encapsulate(kem, this.fields.kem) : { ciphertext: EMPTY, secret: EMPTY };
      const body = acceptBody({
        invite: await sha256(this.#invite), from: self, identityKey: identity.publicKey, dh: own.publicKey,
        kem: ciphertext, suites, suite,
      });
      const transcript = await sha256(body);
      const agreed = new Agreed(await callKeys(dh, secret, transcript), transcript, suite, false);
      this.#commitment = await sha256(committed(transcript, this.#nonce));
      const signature = await identity.sign(acceptSigned(transcript, this.#commitment));
      this.agreed = agreed;
      return signed(body, signature, this.#commitment, await agreed.sealer.seal(payload));
    });
  }

  /**
   * confirmed: checks M3 and makes M4, which must not leave before.
   * @param {Bytes} message
   * @returns {Promise<{payload: Bytes, reveal: Bytes, sas: Sas}>}
   */
  confirmed(message) {
    return this.#steps.take('accepted', 'done', async () => {
      const { keys, transcript, opener } = /** @type {Agreed} */ (this.agreed);
      const { nonce, tag, sealed } = confirmParse(message);
      if (!(await macVerify(keys.confirmCaller, tag, confirmTagged(transcript, this.#commitment, nonce)))) {
        throw new CryptoError('bad_confirmation');
      }
      const plain = await opener.open(sealed);
      if (!equal(plain.subarray(0, NONCE_BYTES), nonce)) throw new CryptoError('bad_confirmation');
      const reveal = revealWrite(this.#nonce, await mac(keys.confirmCallee, revealTagged(transcript, nonce, this.#nonce)));
      return { payload: plain.slice(NONCE_BYTES), reveal, sas: await sasOf(keys.sas, nonce, this.#nonce) };
    });
  }
}

/** @param {Kem} kem @param {Bytes} publicKey */
async function encapsulate(kem, publicKey) {
  try {
    return await kem.encapsulate(publicKey);
  } catch {
    throw new CryptoError('bad_key', 'ML-KEM'); /* FIPS 203 §7.2: not a reduced encoding */
  }
}
