// SPDX-License-Identifier: Apache-2.0
/**
 * Serves the client's modules unbundled, the pages of the tests, and a FakeServer at /fake, on a port of the kernel's
 * choice.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { FakeServer } from './page/fake-server.js';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const types = { '.js': 'text/javascript', '.html': 'text/html', '.json': 'application/json' };
const noble = (name) => [`@noble/${name}/`, `/web/node_modules/@noble/${name}/`];
const imports = Object.fromEntries(['post-quantum', 'hashes', 'curves', 'ciphers'].map(noble));
const page = `<!doctype html><meta charset="utf-8"><title>test</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/tests/integration/lib/page/people.js"></script>`;

export class Pages {
  /** the calls between browsers @type {FakeServer} */ fake = new FakeServer();

  static async start(host = '127.0.0.1') {
    const pages = new Pages();
    pages.http = createServer((request, response) => void pages.#serve(request, response));
    pages.sockets = new WebSocketServer({ server: pages.http, path: '/fake' });
    pages.sockets.on('connection', (socket) => pages.#connected(socket));
    await new Promise((resolve) => pages.http.listen(0, host, resolve));
    pages.url = `http://${host}:${pages.http.address().port}/`;
    return pages;
  }

  async #serve(request, response) {
    const path = new URL(request.url, 'http://x').pathname;
    if (path === '/') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    const file = normalize(join(top, path));
    if (!file.startsWith(top) || !types[extname(file)]) return response.writeHead(404).end();
    try {
      response.writeHead(200, { 'Content-Type': types[extname(file)] }).end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  }

  #connected(socket) {
    let own = null;
    socket.on('message', async (data) => {
      const { id, method, params } = JSON.parse(data);
      try {
        if (method === 'hello') {
          own = params.device.id;
          this.fake.connect(params.user, params.device, (name, note) => socket.send(JSON.stringify({ method: name, params: note })));
          socket.send(JSON.stringify({ id, result: {} }));
        } else {
          socket.send(JSON.stringify({ id, result: await this.fake.call(own, method, params) }));
        }
      } catch (error) {
        socket.send(JSON.stringify({ id, error: { code: error.code ?? -32603, reason: error.reason ?? String(error), data: error.data } }));
      }
    });
  }

  async stop() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
