// SPDX-License-Identifier: Apache-2.0
/**
 * What Mallory can do with keys of her own: she speaks CALL1 as well as anybody, signs what she likes, and lies where the
 * rules say that one must not. Bytes in, bytes out; the proxy is what carries them.
 */
import { webcrypto } from 'node:crypto';
import { b64u, concat, random, unb64u, utf8 } from '../../../web/src/crypto/bytes.js';
import { Callee, Caller } from '../../../web/src/crypto/call1.js';
import {
  NONCE_BYTES, acceptBody, acceptParse, acceptSigned, committed, confirmParse, inviteBody, inviteParse, revealTagged, revealWrite, signed,
} from '../../../web/src/crypto/call1-wire.js';
import { callKeys, mac, sha256 } from '../../../web/src/crypto/kdf.js';
import { dhAgree, dhGenerate, findKem } from '../../../web/src/crypto/kem.js';
import { sasOf } from '../../../web/src/crypto/sas.js';
import { Sealer } from '../../../web/src/crypto/seal.js';

const { subtle } = webcrypto;
const EMPTY = new Uint8Array(0);

/** An Ed25519 identity of hers. */
export async function makeIdentity() {
  const pair = await subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const publicKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey));
  return { publicKey, encoded: b64u(publicKey), sign: async (bytes) => new Uint8Array(await subtle.sign('Ed25519', pair.privateKey, bytes)) };
}

/** What is in M1 and M2, for whoever carries them. */
export const readInvite = (blob) => inviteParse(unb64u(blob));
export const readAccept = (blob) => acceptParse(unb64u(blob));

/** M1 with some fields changed; the signature is the old one, or that of @identity if there is one. */
export async function rewriteInvite(blob, change, identity) {
  const { fields, signature } = readInvite(blob);
  const body = inviteBody({ ...fields, ...change });
  return b64u(signed(body, identity ? await identity.sign(body) : signature));
}

/** M2 with some fields changed. */
export function rewriteAccept(blob, change) {
  const { fields, signature, commitment, sealed } = readAccept(blob);
  return b64u(signed(acceptBody({ ...fields, ...change }), signature, commitment, sealed));
}

/** An honest exchange in somebody's name, with her own key. @returns {Promise<{caller: Caller, blob: string}>} */
export async function invite({ identity, self, to, callId, video, now = Date.now() }) {
  const caller = await Caller.create({ identity, self, to, callId: unb64u(callId), video, now, kem: await findKem() });
  return { caller, blob: b64u(caller.invite) };
}

/** An honest accept in somebody's name, with her own key. */
export async function accept(blob, { identity, self, payload }) {
  const { fields } = readInvite(blob);
  const expected = { self: fields.to, from: { user: fields.from.user }, callId: fields.callId, video: fields.video, now: fields.sentAt };
  const callee = await Callee.open(unb64u(blob), expected);
  return { callee, blob: b64u(await callee.accept({ identity, self, payload: utf8(JSON.stringify(payload)), kem: await findKem() })) };
}

/**
 * A callee who does not keep the rules: suites and suite as she likes, a nonce that she chooses when she has seen the caller's,
 * and any point for X25519.
 */
export class BadCallee {
  nonce = random(NONCE_BYTES);

  static async accept(blob, { identity, self, payload, suites, suite, dh: point }) {
    const bad = new BadCallee();
    const { fields } = readInvite(blob);
    const own = await dhGenerate();
    const dh = point ? EMPTY : await dhAgree(own.privateKey, fields.dh);
    const kem = suite === 2 ? await (await findKem()).encapsulate(fields.kem) : { ciphertext: EMPTY, secret: EMPTY };
    const body = acceptBody({
      invite: await sha256(unb64u(blob)), from: self, identityKey: identity.publicKey, dh: point ?? own.publicKey, kem: kem.ciphertext, suites, suite,
    });
    bad.transcript = await sha256(body);
    bad.keys = await callKeys(dh, kem.secret, bad.transcript);
    bad.commitment = await sha256(committed(bad.transcript, bad.nonce));
    const signature = await identity.sign(acceptSigned(bad.transcript, bad.commitment));
    const sealed = await new Sealer(bad.keys.sealCallee, bad.transcript).seal(utf8(JSON.stringify(payload)));
    bad.blob = b64u(signed(body, signature, bad.commitment, sealed));
    return bad;
  }

  /**
   * grind: looks for a nonce with which the first emoji is the one she needs, now that she knows the caller's nonce. One emoji
   * is 8 bits; all four are only a matter of time.
   */
  async grind(confirm, wanted) {
    this.callerNonce = confirmParse(unb64u(confirm)).nonce;
    for (let tries = 1; ; tries++) {
      this.nonce = random(NONCE_BYTES);
      const { emoji } = await sasOf(this.keys.sas, this.callerNonce, this.nonce);
      if (emoji[0].name === wanted) return { tries, first: emoji[0].name };
    }
  }

  /** reveal: M4 with whatever nonce she has by now; its tag is right. */
  async reveal() {
    const tag = await mac(this.keys.confirmCallee, revealTagged(this.transcript, this.callerNonce, this.nonce));
    return b64u(revealWrite(this.nonce, tag));
  }
}

/** One character of a blob changed: a bit of its bytes. */
export const flip = (blob, at) => {
  const place = at < 0 ? blob.length + at : at;
  return `${blob.slice(0, place)}${blob[place] === 'A' ? 'B' : 'A'}${blob.slice(place + 1)}`;
};
export { b64u, concat, unb64u };
