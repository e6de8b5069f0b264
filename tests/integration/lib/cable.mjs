// SPDX-License-Identifier: Apache-2.0
/** A cable to a server that can be pulled: forwards TCP, and while it is cut nothing passes and nobody gets a new connection. */
import { connect, createServer } from 'node:net';

export class Cable {
  /** how many connections were forwarded */ made = 0;
  #cut = false;
  #pairs = new Set();

  /** @param {number} port of the server on 127.0.0.1 */
  static async lay(port) {
    const cable = new Cable();
    cable.server = createServer((near) => cable.#forward(near, port));
    await new Promise((resolve) => cable.server.listen(0, '127.0.0.1', resolve));
    cable.url = `http://127.0.0.1:${cable.server.address().port}`;
    return cable;
  }

  #forward(near, port) {
    near.on('error', () => {});
    if (this.#cut) return near.resetAndDestroy();
    this.made++;
    const far = connect(port, '127.0.0.1');
    const pair = [near, far];
    this.#pairs.add(pair);
    far.on('error', () => {});
    for (const [one, other] of [pair, [far, near]]) {
      one.on('data', (data) => { if (!this.#cut) other.write(data); });
      one.on('close', () => { this.#pairs.delete(pair); other.destroy(); });
    }
    return undefined;
  }

  /** cut: what is on its way is lost, and both ends hear that the connection is. */
  cut() {
    this.#cut = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    this.#pairs.clear();
  }

  mend() {
    this.#cut = false;
  }

  async remove() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
