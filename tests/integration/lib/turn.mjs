// SPDX-License-Identifier: Apache-2.0
/** A TURN client of allocations of TCP (RFC 6062), IPv4 alone: as much as the tests need. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

const COOKIE = 0x2112a442;
export const method = { allocate: 3, refresh: 4, permission: 8, connect: 10, connectionBind: 11, connectionAttempt: 12 };
export const attribute = {
  username: 0x06, integrity: 0x08, errorCode: 0x09, lifetime: 0x0d, peer: 0x12, realm: 0x14, nonce: 0x15, relayed: 0x16,
  transport: 0x19, connectionId: 0x2a,
};
export const TCP = Buffer.from([6, 0, 0, 0]);

const u32 = (n) => Buffer.from([n >>> 24, n >>> 16, n >>> 8, n]);

function encode(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

function xor([host, port]) {
  const bytes = Buffer.from([0, 1, port >> 8, port, ...host.split('.').map(Number)]);
  bytes.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  bytes.writeUInt32BE((bytes.readUInt32BE(4) ^ COOKIE) >>> 0, 4);
  return bytes;
}

function unxor(value) {
  const host = u32((value.readUInt32BE(4) ^ COOKIE) >>> 0);
  return [[...host].join('.'), value.readUInt16BE(2) ^ (COOKIE >>> 16)];
}

function write(number, tid, attributes, key) {
  const head = Buffer.alloc(20);
  let body = Buffer.concat(attributes.map(([type, value]) => encode(type, value)));
  head.writeUInt16BE(number, 0);
  head.writeUInt32BE(COOKIE, 4);
  tid.copy(head, 8);
  head.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  if (key) body = Buffer.concat([body, encode(attribute.integrity, createHmac('sha1', key).update(head).update(body).digest())]);
  return Buffer.concat([head, body]);
}

/** The first message of some bytes: {cls, method, tid, attributes, size}, undefined while it is not whole. */
function parse(bytes) {
  if (bytes.length < 20 || bytes.length < 20 + bytes.readUInt16BE(2)) return undefined;
  const type = bytes.readUInt16BE(0), size = 20 + bytes.readUInt16BE(2), attributes = new Map();
  for (let at = 20; at + 4 <= size;) {
    const length = bytes.readUInt16BE(at + 2);
    if (!attributes.has(bytes.readUInt16BE(at))) attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  const code = attributes.get(attribute.errorCode);
  return { cls: type & 0x110, method: type & 0x3eef, tid: bytes.subarray(8, 20), attributes, size, code: code ? code[2] * 100 + code[3] : 0 };
}

export class TurnTcp extends EventEmitter {
  #waiting = new Map();
  #rest = Buffer.alloc(0);

  /** @param {{ host: string, port: number, secure?: boolean, user?: string, password?: string, realm?: string }} options */
  constructor(options) {
    super();
    this.options = { user: 'test', password: 'testpass', realm: 'aldis', ...options };
    const { user, password, realm } = this.options;
    this.key = createHash('md5').update(`${user}:${realm}:${password}`).digest();
  }

  async #open() {
    const { host, port, secure } = this.options;
    const socket = secure ? tls.connect({ host, port, rejectUnauthorized: false }) : net.connect({ host, port });
    await once(socket, secure ? 'secureConnect' : 'connect');
    return socket;
  }

  /** A client that is connected. */
  static async connect(options) {
    const client = new TurnTcp(options);
    client.socket = await client.#open();
    client.socket.on('data', (data) => client.#read(data));
    client.socket.on('error', () => {});
    client.socket.on('close', () => client.emit('closed'));
    return client;
  }

  close() {
    this.socket.destroy();
  }

  #read(data) {
    this.#rest = Buffer.concat([this.#rest, data]);
    for (let message; (message = parse(this.#rest)); this.#rest = this.#rest.subarray(message.size)) {
      if (message.cls === 0x010) this.emit('attempt', { id: message.attributes.get(attribute.connectionId), peer: unxor(message.attributes.get(attribute.peer)) });
      else this.#waiting.get(message.tid.toString('hex'))?.(message);
    }
  }

  #sign(number, attributes) {
    const tid = randomBytes(12), { user, realm } = this.options;
    const identity = this.nonce ? [[attribute.username, Buffer.from(user)], [attribute.realm, Buffer.from(realm)], [attribute.nonce, this.nonce]] : [];
    return [tid, write(number, tid, [...attributes, ...identity], this.nonce && this.key)];
  }

  /** An answer: challenges are met. */
  async ask(number, attributes = []) {
    for (;;) {
      const [tid, bytes] = this.#sign(number, attributes);
      const answered = new Promise((resolve) => this.#waiting.set(tid.toString('hex'), resolve));
      this.socket.write(bytes);
      const answer = await answered;
      this.#waiting.delete(tid.toString('hex'));
      const nonce = answer.attributes.get(attribute.nonce);
      if ((answer.code !== 401 && answer.code !== 438) || !nonce || nonce.equals(this.nonce ?? Buffer.alloc(0))) return answer;
      this.nonce = Buffer.from(nonce);
    }
  }

  /** The relayed address. */
  async allocate() {
    const answer = await this.ask(method.allocate, [[attribute.transport, TCP]]);
    if (answer.code) throw new Error(`Allocate: ${answer.code}`);
    return unxor(answer.attributes.get(attribute.relayed));
  }

  permit(host) {
    return this.ask(method.permission, [[attribute.peer, xor([host, 0])]]);
  }

  release() {
    return this.ask(method.refresh, [[attribute.lifetime, u32(0)]]);
  }

  /** The id of the connection, or an error with its code. */
  async reach(peer) {
    const answer = await this.ask(method.connect, [[attribute.peer, xor(peer)]]);
    if (answer.code) throw Object.assign(new Error(`Connect: ${answer.code}`), { code: answer.code });
    return Buffer.from(answer.attributes.get(attribute.connectionId));
  }

  /** A socket of its own, joined to the peer's; `early` leaves together with the request. */
  async join(id, early = Buffer.alloc(0)) {
    const socket = await this.#open();
    socket.write(Buffer.concat([this.#sign(method.connectionBind, [[attribute.connectionId, id]])[1], early]));
    let bytes = Buffer.alloc(0), answer;
    while (!(answer = parse(bytes))) {
      await once(socket, 'readable');
      for (let data; (data = socket.read());) bytes = Buffer.concat([bytes, data]);
    }
    if (answer.code) {
      socket.destroy();
      throw Object.assign(new Error(`ConnectionBind: ${answer.code}`), { code: answer.code });
    }
    if (bytes.length > answer.size) socket.unshift(bytes.subarray(answer.size));
    return socket;
  }
}
