// SPDX-License-Identifier: Apache-2.0
/** Somebody in a room: a session on the server in this process, and the media in a tab of a browser (page/media.js). */
import { Client } from './client.mjs';
import { until } from './server.mjs';

export const PAGE = 'tests/integration/lib/page/media.html';
const LONG = 60000;

export class Peer extends Client {
  /** @type {Map<string, string>} track by mid */ slots = new Map();
  /** how often each method was called @type {Record<string, number>} */ calls = {};

  /** @param {import('./server.mjs').Server} server @param {import('./browsers.mjs').Browser} browser @param {string} pages where PAGE is served */
  static async enter(server, browser, pages, name) {
    const peer = new Peer();
    Object.assign(peer, { name, url: server.wsUrl, options: {}, notifications: [], waiting: [] });
    await peer.connect();
    await peer.register(name);
    peer.tab = await browser.open(`${pages}${PAGE}`);
    return peer;
  }

  call(method, params) {
    this.calls[method] = (this.calls[method] ?? 0) + 1;
    return super.call(method, params);
  }

  receive(message) {
    if (message.method === 'room.slots') for (const { mid, trackId } of message.params.slots) this.slots.set(mid, trackId);
    if (message.method === 'room.layers') void this.tab.evaluate((active) => window.media.layers(active), message.params.active).catch(() => {});
    super.receive(message);
  }

  /** @param {string} [link] of a room of somebody else; else one of its own is made */
  async join(link) {
    if (!link) this.room = (await this.call('room.create', { title: this.name, policy: { maxParticipants: 50 } })).room;
    const joined = await this.call('room.join', link ? { link } : { roomId: this.room.id });
    this.room ??= joined.room;
    this.me = joined.participant;
    this.resume = joined.resume;
    return this;
  }

  async leave() {
    await this.call('room.leave', { roomId: this.room.id });
    this.room = undefined;
    this.slots.clear();
    await this.tab.evaluate(() => window.media.pc?.close());
  }

  /** Leaves the room, and closes the page. */
  async end() {
    await this.leave();
    await this.tab.close();
    await this.close();
  }

  async publish(options) {
    const sdp = await this.tab.evaluate((o) => window.media.publish(o), options);
    const answer = await this.call('room.publish', { roomId: this.room.id, sdp, tracks: [{ mid: '0', source: 'camera' }] });
    await this.tab.evaluate((text) => window.media.take(text), answer.sdp);
    this.track = answer.tracks[0].id;
    return this.track;
  }

  /** A flash and a beep. @returns {Promise<string[]>} the two tracks */
  async talk() {
    const sdp = await this.tab.evaluate(() => window.media.publishTalk());
    const answer = await this.call('room.publish', { roomId: this.room.id, sdp, tracks: [{ mid: '0', source: 'camera' }, { mid: '1', source: 'mic' }] });
    await this.tab.evaluate((text) => window.media.take(text), answer.sdp);
    return answer.tracks.sort((a, b) => a.mid - b.mid).map(({ id }) => id);
  }

  async subscribe(options) {
    const sdp = await this.tab.evaluate((o) => window.media.subscribe(o), options);
    const answer = await this.call('room.subscribe', { roomId: this.room.id, sdp });
    await this.tab.evaluate((text) => window.media.take(text), answer.sdp);
  }

  /** view: looks at tracks. @param {[trackId: string, width: number, height: number, priority?: number][]} wants */
  view(...wants) {
    return this.call('room.view', { roomId: this.room.id, want: wants.map(([trackId, width, height, priority = 10]) => ({ trackId, width, height, priority })) });
  }

  /** the section in which a track is shown now */
  mid(trackId) { return [...this.slots].find(([, shown]) => shown === trackId)?.[0]; }

  /** what has come of a track: inbound-rtp; undefined while no slot shows it */
  async incoming(trackId) {
    const mid = this.mid(trackId);
    return mid === undefined ? undefined : (await this.tab.evaluate((m) => window.media.stats('inbound-rtp', m), mid))[0];
  }

  /**
   * gaps: the longest between two pictures since it was last asked, in ms: of a track here, or of those that this page draws
   * @returns {Promise<{media?: number, clock: number, stall: number}>} by their timestamps, of a track; by the clock; stall: how long the page stood still
   */
  gaps(trackId) { return this.tab.evaluate((mid) => window.media.gaps(mid), trackId && this.mid(trackId)); }

  /** each encoding that is sent: outbound-rtp */
  outgoing() { return this.tab.evaluate(() => window.media.stats('outbound-rtp')); }

  /** decodes: until @frames more pictures of a track have been decoded, of a width that @test accepts. @returns the figures then */
  async decodes(trackId, { width = () => true, frames = 10, what = 'pictures' } = {}) {
    let first, last;
    return until(async () => {
      last = await this.incoming(trackId);
      if (!last?.framesDecoded || !width(last.frameWidth)) { first = undefined; return false; }
      first ??= last.framesDecoded;
      return last.framesDecoded >= first + frames && last;
    }, `${this.name}: ${what}`, LONG).catch(async (error) => {
      const { decisions } = await this.call('room.stats', { roomId: this.room.id });
      const { frameWidth, framesDecoded, framesReceived, keyFramesDecoded, pliCount, packetsReceived, mimeType } = last ?? {};
      throw new Error(`${error.message}: ${JSON.stringify({ frameWidth, framesDecoded, framesReceived, keyFramesDecoded, pliCount, packetsReceived, mimeType })} ${JSON.stringify(decisions)}`);
    });
  }
}
