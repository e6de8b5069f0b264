// SPDX-License-Identifier: Apache-2.0
// A push service of the test's own with browsers that subscribe there: opens what it is sent (RFC 8291), checks who sends
// it (RFC 8292). Written from the RFCs with node's crypto alone.
import assert from 'node:assert/strict';
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import { createServer } from 'node:http';

const hkdf = (salt, secret, info, length) => Buffer.from(hkdfSync('sha256', secret, salt, info, length));

export class PushService {
  static async start() {
    const service = new PushService();
    service.subscribers = new Map();
    service.server = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const browser = service.subscribers.get(request.url);
        if (!browser) return void response.writeHead(404).end();
        browser.receive(request, Buffer.concat(chunks));
        response.writeHead(browser.answers.shift() ?? 201).end();
      });
    });
    await new Promise((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    service.origin = `http://127.0.0.1:${service.server.address().port}`;
    return service;
  }

  /** A browser that has subscribed with the server's `key`. */
  subscribe(key) {
    const path = `/push/${randomBytes(16).toString('base64url')}`;
    const browser = new Browser(`${this.origin}${path}`, key);
    this.subscribers.set(path, browser);
    return browser;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

class Browser {
  constructor(endpoint, key) {
    this.key = key;
    this.ecdh = createECDH('prime256v1');
    this.ecdh.generateKeys();
    this.auth = randomBytes(16);
    this.subscription = { endpoint, keys: { p256dh: this.ecdh.getPublicKey().toString('base64url'), auth: this.auth.toString('base64url') } };
    this.answers = []; // statuses; 201 when there is none
    this.pushes = [];
    this.faults = [];
    this.waiting = [];
  }

  receive(request, body) {
    try {
      const { headers, method } = request;
      assert.equal(method, 'POST');
      this.checkSender(headers.authorization, new URL(this.subscription.endpoint).origin);
      assert.equal(headers['content-encoding'], 'aes128gcm');
      assert.match(headers.ttl, /^\d+$/);
      assert.match(headers.topic, /^[A-Za-z0-9_-]{1,32}$/);
      this.pushes.push({ urgency: headers.urgency, ttl: Number(headers.ttl), topic: headers.topic, size: body.length, data: JSON.parse(this.open(body)) });
    } catch (error) {
      this.faults.push(error);
    }
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** RFC 8292: the key that was subscribed with has signed a token for this push service that is good for a day at most. */
  checkSender(authorization, origin) {
    const [, head, claims, signature, key] = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(authorization);
    assert.equal(key, this.key);
    const point = Buffer.from(key, 'base64url');
    const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
    assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
    assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url')), { typ: 'JWT', alg: 'ES256' });
    const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url'));
    assert.equal(aud, origin);
    assert.equal(sub, 'mailto:ops@example.org');
    assert.ok(exp > Date.now() / 1000 && exp <= Date.now() / 1000 + 86400);
  }

  /** RFC 8291 §3.4 and RFC 8188 §2. */
  open(body) {
    const [salt, size, sender] = [body.subarray(0, 16), body.readUInt32BE(16), body.subarray(21, 21 + body[20])];
    assert.ok(body.length - 21 - sender.length <= size && body.length <= 4096, 'one record');
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.ecdh.getPublicKey(), sender]);
    const secret = hkdf(this.auth, this.ecdh.computeSecret(sender), info, 32);
    const key = hkdf(salt, secret, 'Content-Encoding: aes128gcm\0', 16);
    const cipher = createDecipheriv('aes-128-gcm', key, hkdf(salt, secret, 'Content-Encoding: nonce\0', 12));
    cipher.setAuthTag(body.subarray(-16));
    const plain = Buffer.concat([cipher.update(body.subarray(21 + sender.length, -16)), cipher.final()]);
    const end = plain.findLastIndex((byte) => byte !== 0);
    assert.equal(plain[end], 2);
    return plain.subarray(0, end).toString();
  }

  /** The next push that `test` accepts. */
  async next(test = () => true, timeoutMs = 15000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      assert.deepEqual(this.faults, []);
      const at = this.pushes.findIndex(({ data }) => test(data));
      if (at >= 0) return this.pushes.splice(at, 1)[0];
      if (Date.now() > end) throw new Error(`no push; there are ${JSON.stringify(this.pushes)}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, end - Date.now() + 1);
        this.waiting.push(() => { clearTimeout(timer); resolve(); });
      });
    }
  }
}
