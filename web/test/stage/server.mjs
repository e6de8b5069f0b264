// SPDX-License-Identifier: Apache-2.0
/**
 * A stage for looking at the client without aldisd: static files under the strict policy, and a small RPC server that
 * keeps everything in memory. It forwards no calls: the stage's engine is scripted.
 * Usage: node server.mjs DIST [PORT]
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { history, people, sessions } from './cast.mjs';
import { CHAT_METHODS, update } from './chats.mjs';
import { ROOM_METHODS, invitation } from './rooms.mjs';

export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; " +
  "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types aldis";
/** @type {Record<string, string>} */
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json', '.map': 'application/json' };

/** @param {number} code @param {string} reason @param {object} [extra] */
const failure = (code, reason, extra = {}) => Object.assign(new Error(reason), { code, data: { reason, ...extra } });

/** @type {Record<string, (params: any, session: {user: any, tell: (method: string, params: any) => void}) => any>} */
const METHODS = {
  ...ROOM_METHODS,
  ...CHAT_METHODS,
  'server.info': () => ({ name: 'aldis', version: '0.1.0', features: ['calls', 'registration', 'push'], limits: {}, serverTime: Date.now() }),
  'account.register': ({ username, displayName }) => {
    if (username === 'taken') throw failure(-32004, 'username_taken');
    return login({ id: 'u0', username, displayName: displayName || username });
  },
  'account.login': ({ password }) => {
    if (password === 'slow') throw failure(-32005, 'login_rate', { retryAfterMs: 20000 });
    if (password === 'wrong') throw failure(-32001, 'bad_password');
    return login(people[0]);
  },
  'account.changePassword': ({ oldPassword }) => {
    if (oldPassword === 'wrong') throw failure(-32001, 'bad_password');
    return {};
  },
  'session.start': (params, session) => {
    session.user = people[0];
    return { user: people[0], device: sessions[0].device, serverTime: Date.now(), seq: 0, resumed: false, calls: [] };
  },
  'account.totpState': () => totp,
  'account.totpBegin': ({ password }) => {
    if (password === 'wrong') throw failure(-32001, 'bad_password');
    return { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Aldis:ines?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Aldis' };
  },
  'account.totpEnable': ({ code }) => {
    if (code === '000000') throw failure(-32001, 'bad_code');
    return { recoveryCodes: Array.from({ length: 10 }, (_, i) => `k${i}v7-m2q${i}-x9${i}d`) };
  },
  'session.list': () => ({ sessions }),
  'session.revoke': () => ({}),
  'user.find': ({ username }) => {
    const user = people.find((one) => one.username === username.toLowerCase());
    if (!user) throw failure(-32003, 'user');
    return { user };
  },
  'user.get': ({ ids }) => ({ users: people.filter((one) => ids.includes(one.id)) }),
  'device.list': ({ userId }) => ({ devices: [{ id: `d-${userId}`, name: 'Firefox on Linux', platform: 'web', identityKey: '', addedAt: Date.now() }, { id: `e-${userId}`, name: 'Chrome on Android', platform: 'web', identityKey: '', addedAt: Date.now() }] }),
  'call.history': ({ before = 0, limit }) => ({ calls: history.slice(before, before + limit), next: before + limit < history.length ? before + limit : undefined }),
};

const totp = { enabled: false, recoveryCodesLeft: 0 };

/** @param {any} user */
function login(user) {
  return { user, device: sessions[0].device, token: 'stage' };
}

/**
 * serve: @param {string} dist @param {number} [port] 0: any
 * @returns {Promise<{url: string, invite: () => void, update: (change: object) => void, cut: () => void, heal: () => void, close: () => void}>} cut: as if the server were gone
 */
export async function serve(dist, port = 0) {
  let gone = false;
  let invite = () => {};
  /** @type {(change: object) => void} */ let tell = () => {};
  const http = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    try {
      const body = readFileSync(join(dist, path === '/' ? 'index.html' : path));
      response.writeHead(200, { 'content-type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'cache-control': 'no-store' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'aldis.v1' });
  http.on('upgrade', (request, socket, head) => {
    if (gone) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const session = { user: null, tell: (/** @type {string} */ method, /** @type {any} */ params) => ws.readyState === 1 && ws.send(JSON.stringify({ jsonrpc: '2.0', method, params })) };
      invite = () => session.tell('room.invited', invitation());
      tell = (change) => (/** @type {any} */ (change).type === 'typing' ? session.tell('update', change) : update(session, change));
      ws.on('message', (/** @type {Buffer} */ text) => {
        const { id, method, params } = JSON.parse(text.toString());
        try {
          if (!METHODS[method]) throw failure(-32601, 'method_not_found');
          ws.send(JSON.stringify({ jsonrpc: '2.0', id, result: METHODS[method](params, session) }));
        } catch (error) {
          const { code = -32603, message, data } = /** @type {any} */ (error);
          ws.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }));
        }
      });
    });
  });
  await new Promise((resolve) => http.listen(port, '127.0.0.1', () => resolve(undefined)));
  const { port: bound } = /** @type {import('node:net').AddressInfo} */ (http.address());
  return {
    url: `http://127.0.0.1:${bound}/`,
    invite: () => invite(),
    update: (/** @type {object} */ change) => tell(change),
    cut: () => { gone = true; for (const one of sockets.clients) one.terminate(); },
    heal: () => { gone = false; },
    close: () => { for (const one of sockets.clients) one.terminate(); http.closeAllConnections(); http.close(); },
  };
}

if (process.argv[1]?.endsWith('server.mjs')) console.log((await serve(process.argv[2], Number(process.argv[3] ?? 0))).url);
