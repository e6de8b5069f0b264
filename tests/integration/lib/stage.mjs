// SPDX-License-Identifier: Apache-2.0
/** What a test of the media plane in one Chromium stands on: a server with a media port, the pages, and the browser. */
import { openChromium } from './browsers.mjs';
import { Pages } from './pages.mjs';
import { Peer } from './peer.mjs';
import { freePort, Server } from './server.mjs';

export class Stage {
  /** @param {Record<string, Record<string, string | number>>} [settings] of the server; scripts of the pages may call it */
  static async start(settings = {}) {
    const stage = new Stage();
    try {
      stage.pages = await Pages.start();
      const at = `127.0.0.1:${await freePort()}`;
      stage.server = await Server.start({
        ...settings,
        signaling: { allowed_origins: new URL(stage.pages.url).origin, ...settings.signaling },
        relay: { listen_udp: at, listen_tcp: at, ...settings.relay },
      });
      stage.browser = await openChromium();
    } catch (error) {
      await stage.remove();
      throw error;
    }
    return stage;
  }

  /** Somebody with a tab of their own. @returns {Promise<Peer>} */
  enter(name, browser = this.browser) { return Peer.enter(this.server, browser, this.pages.url, name); }

  async remove() {
    await this.browser?.close();
    await this.server?.remove();
    await this.pages?.stop();
  }
}
