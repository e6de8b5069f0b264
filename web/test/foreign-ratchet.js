// SPDX-License-Identifier: Apache-2.0
/**
 * The Double Ratchet once more, from docs/e2ee.md and Signal's specification alone, with node:crypto and nothing of ours: what
 * one of the two seals the other opens.
 */
import { createCipheriv, createDecipheriv, createHmac, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';

/** @param {import('node:crypto').KeyObject} key */
export const rawKey = (key) => Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url');
/** @param {Uint8Array} raw */
const publicKey = (raw) => createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });
/** @param {Uint8Array} key @param {Uint8Array} data */
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
/** @param {Uint8Array} ikm @param {Uint8Array} salt @param {string} info @param {number} length */
const derive = (ikm, salt, info, length) => Buffer.from(hkdfSync('sha256', ikm, salt, Buffer.from(info), length));
/** @param {Uint8Array[]} fields */
const lv = (...fields) => Buffer.concat(fields.flatMap((field) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  return [length, field];
}));

export class ForeignRatchet {
  /** @param {Uint8Array} root @param {Uint8Array} context @param {{pair?: any, peer?: Uint8Array}} how pair: the other side knows its public key; peer: it knows the other side's */
  constructor(root, context, { pair, peer }) {
    this.root = Buffer.from(root);
    this.context = context;
    this.pair = pair ?? generateKeyPairSync('x25519');
    /** @type {Buffer | null} */ this.sending = null;
    /** @type {Buffer | null} */ this.receiving = null;
    /** @type {Buffer | null} */ this.peer = null;
    this.ns = this.nr = this.pn = 0;
    /** @type {Map<string, Buffer>} */ this.skipped = new Map();
    if (peer) {
      this.peer = Buffer.from(peer);
      this.sending = this.#step();
    }
  }

  #step() {
    const dh = diffieHellman({ privateKey: this.pair.privateKey, publicKey: publicKey(/** @type {Buffer} */ (this.peer)) });
    const out = derive(dh, this.root, 'aldis/secret1/ratchet', 64);
    this.root = out.subarray(0, 32);
    return out.subarray(32);
  }

  /** @param {Buffer} secret @param {Buffer} header */
  #cipher(secret, header) {
    const none = Buffer.alloc(32);
    return { key: derive(secret, none, 'aldis/secret1/message key', 32), iv: derive(secret, none, 'aldis/secret1/message nonce', 12), aad: lv(Buffer.from('aldis/secret1/message'), this.context, header) };
  }

  /** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
  seal(text) {
    const chain = /** @type {Buffer} */ (this.sending);
    const secret = hmac(chain, Buffer.from([1]));
    this.sending = hmac(chain, Buffer.from([2]));
    const header = Buffer.alloc(41);
    header[0] = 1;
    rawKey(this.pair.publicKey).copy(header, 1);
    header.writeUInt32BE(this.pn, 33);
    header.writeUInt32BE(this.ns++, 37);
    const { key, iv, aad } = this.#cipher(secret, header);
    const plain = Buffer.from(text);
    const padded = Buffer.alloc(Math.ceil((plain.length + 1) / 256) * 256);
    plain.copy(padded);
    padded[plain.length] = 0x80;
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
    return Uint8Array.from(Buffer.concat([header, cipher.update(padded), cipher.final(), cipher.getAuthTag()]));
  }

  /** @param {Buffer} peer @param {number} until */
  #skip(peer, until) {
    while (this.receiving && this.nr < until) {
      this.skipped.set(`${peer.toString('hex')} ${this.nr++}`, hmac(this.receiving, Buffer.from([1])));
      this.receiving = hmac(this.receiving, Buffer.from([2]));
    }
  }

  /** @param {Uint8Array} bytes @returns {string} */
  open(bytes) {
    const message = Buffer.from(bytes);
    const header = message.subarray(0, 41), peer = header.subarray(1, 33), pn = header.readUInt32BE(33), n = header.readUInt32BE(37);
    const name = `${peer.toString('hex')} ${n}`;
    let secret = this.skipped.get(name);
    this.skipped.delete(name);
    if (!secret) {
      if (!this.receiving || !this.peer?.equals(peer)) {
        if (this.peer) this.#skip(this.peer, pn);
        this.peer = Buffer.from(peer);
        this.pn = this.ns;
        this.ns = this.nr = 0;
        this.receiving = this.#step();
        this.pair = generateKeyPairSync('x25519');
        this.sending = this.#step();
      }
      this.#skip(this.peer, n);
      secret = hmac(/** @type {Buffer} */ (this.receiving), Buffer.from([1]));
      this.receiving = hmac(/** @type {Buffer} */ (this.receiving), Buffer.from([2]));
      this.nr++;
    }
    const { key, iv, aad } = this.#cipher(secret, header);
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(aad).setAuthTag(message.subarray(-16));
    const padded = Buffer.concat([decipher.update(message.subarray(41, -16)), decipher.final()]);
    return padded.subarray(0, padded.lastIndexOf(0x80)).toString();
  }
}
