// SPDX-License-Identifier: Apache-2.0
/**
 * Mallory: everything between the browsers and aldisd, as an operator who lies has it. Pages are loaded from her address, and
 * every file, request, answer and notification passes through her hands.
 *
 *   browser  <-- line.tell() --  Mallory  -- line.ask() -->  aldisd
 *
 * Without an `attack` she passes everything on. An attack has any of
 *   request(line, message)  a JSON-RPC request of a browser;  note(line, message)  a notification of the server;
 *   answer(line, message, method)  the answer to a request
 * and gives back what goes on in its place: a list of messages (empty: nothing), or undefined to leave it. `file(path, text)` may
 * give back another text for a file of the client.
 */
import { createServer, request as httpRequest } from 'node:http';
import WebSocket, { WebSocketServer } from 'ws';
import { until } from '../lib/server.mjs';

const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding']);

/** One browser's connection: both halves of it. */
class Line {
  user = null;
  device = null;
  #asked = new Map();
  #next = 1;
  #up = Promise.resolve();
  #down = Promise.resolve();
  /** what method an answer is to */ #methods = new Map();

  constructor(mallory, browser, server) {
    Object.assign(this, { mallory, browser, server });
    const early = [];
    browser.on('message', (data) => { if (server.readyState === WebSocket.OPEN) this.#fromBrowser(data); else early.push(data); });
    server.on('open', () => early.splice(0).forEach((data) => this.#fromBrowser(data)));
    server.on('message', (data) => this.#fromServer(data));
    for (const [one, other] of [[browser, server], [server, browser]]) {
      one.on('close', (code, reason) => {
        mallory.lines.delete(this);
        if (other.readyState <= WebSocket.OPEN) other.close(code >= 1000 && code < 5000 && ![1004, 1005, 1006, 1015].includes(code) ? code : 1001, reason);
      });
      one.on('error', () => other.terminate());
    }
  }

  /** tell: a notification to the browser, with no number that the server would have to give. */
  tell(method, { seq, ...params }) {
    this.browser.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** ask: a request to the server in this browser's name. */
  ask(method, params) {
    const id = `mallory-${this.#next++}`;
    this.server.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  /** reply: answers a browser's request in the server's place. */
  reply(message, result) {
    this.browser.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
  }

  /** refuse: the same with an error. */
  refuse(message, { code, message: text, data }) {
    this.browser.send(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code, message: text, ...(data && { data }) } }));
  }

  #fromBrowser(data) {
    const message = JSON.parse(String(data));
    this.mallory.requests.push({ from: this.user?.username ?? '', ...message });
    this.#methods.set(message.id, message.method);
    this.#up = this.#up.then(async () => {
      for (const one of (await this.mallory.attack.request?.(this, message)) ?? [message]) this.server.send(JSON.stringify(one));
    }).catch((error) => this.mallory.errors.push(error));
  }

  #fromServer(data) {
    const message = JSON.parse(String(data));
    if (this.#asked.has(message.id)) {
      const { resolve, reject } = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      return message.error ? reject(Object.assign(new Error(message.error.message), message.error)) : resolve(message.result);
    }
    const method = message.method ?? this.#methods.get(message.id);
    if (method === 'session.start' && message.result) Object.assign(this, { user: message.result.user, device: message.result.device });
    if (message.method) this.mallory.notes.push({ to: this.user?.username ?? '', ...message });
    this.#down = this.#down.then(async () => {
      const { attack } = this.mallory;
      const instead = message.method ? await attack.note?.(this, message) : await attack.answer?.(this, message, method);
      for (const one of instead ?? [message]) this.browser.send(JSON.stringify(one));
    }).catch((error) => this.mallory.errors.push(error));
    return undefined;
  }
}

export class Mallory {
  /** @type {Set<Line>} */ lines = new Set();
  attack = {};
  /** @type {(path: string, text: string) => string | undefined} */ file = () => undefined;
  /** all that browsers asked, and all that the server told */ requests = [];
  notes = [];
  /** mistakes of her own: an attack that did not run proves nothing */ errors = [];

  /** @param {import('../lib/server.mjs').Server} server */
  static async start(server) {
    const mallory = new Mallory();
    mallory.server = server;
    mallory.http = createServer((request, response) => mallory.#file(request, response));
    mallory.sockets = new WebSocketServer({ server: mallory.http, path: '/rpc', handleProtocols: () => 'aldis.v1' });
    mallory.sockets.on('connection', (socket, request) => {
      const { host, origin } = request.headers;
      mallory.lines.add(new Line(mallory, socket, new WebSocket(server.wsUrl, ['aldis.v1'], { headers: { host, origin } })));
    });
    await new Promise((resolve) => mallory.http.listen(0, '127.0.0.1', resolve));
    mallory.url = `http://127.0.0.1:${mallory.http.address().port}`;
    return mallory;
  }

  #file(request, response) {
    const { 'accept-encoding': _, 'if-none-match': __, ...headers } = request.headers;
    const forward = httpRequest(`${this.server.url}${request.url}`, { method: request.method, headers }, async (answer) => {
      const parts = [];
      for await (const part of answer) parts.push(part);
      const body = Buffer.concat(parts);
      const changed = this.file(request.url, String(body));
      const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !HOP.has(name)));
      response.writeHead(answer.statusCode, kept).end(changed ?? body);
    });
    forward.on('error', () => response.destroy());
    request.pipe(forward);
  }

  /** line: the connection over which a user is online. @param {string} username */
  line(username) {
    return until(() => [...this.lines].findLast((line) => line.user?.username === username), `${username}'s line`);
  }

  /** request: the last request of a method, once it was made. */
  request(method, test = () => true) {
    return until(() => this.requests.findLast((message) => message.method === method && test(message)), `a ${method}`, 60000);
  }

  /** peace: from now on everything passes; what was seen is forgotten. */
  peace() {
    this.attack = {};
    this.requests = [];
    this.notes = [];
    const errors = this.errors.splice(0);
    if (errors.length) throw errors[0];
  }

  async stop() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
