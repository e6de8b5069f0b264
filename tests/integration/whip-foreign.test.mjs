// SPDX-License-Identifier: Apache-2.0
// WHIP and WHEP with clients that are not ours: Eyevinn's whip-web-client publishes and its webrtc-player plays, in Chromium, from
// a page of another origin.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build } from '../../web/node_modules/esbuild/lib/main.js';
import { top, until } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const key = 'k'.repeat(32);
let stage, server, publisher, player;

/** Both clients as one script, which puts them into window.foreign. */
async function bundle() {
  const { outputFiles } = await build({
    stdin: {
      contents: "import { WHIPClient } from '@eyevinn/whip-web-client'; import { WebRTCPlayer } from '@eyevinn/webrtc-player'; window.foreign = { WHIPClient, WebRTCPlayer };",
      resolveDir: path.join(top, 'tests/integration'),
    },
    bundle: true, write: false, format: 'iife', platform: 'browser', logLevel: 'error',
  });
  return outputFiles[0].text;
}

before(async () => {
  stage = await Stage.start({ streaming: { publish_keys: `show:${key}` } });
  ({ server } = stage);
  [publisher, player] = await Promise.all([1, 2].map(() => stage.browser.open(`${stage.pages.url}tests/integration/lib/page/streams.html`)));
  const content = await bundle();
  await Promise.all([publisher, player].map(({ page }) => page.addScriptTag({ content })));
}, { timeout: 60000 });
after(() => stage?.remove(), { timeout: 60000 });

/** publish: @param {boolean} noTrickleIce the client waits for its candidates, or sends them by PATCH */
const publish = (noTrickleIce) => publisher.evaluate(async ([endpoint, authkey, wait]) => {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  window.client = new window.foreign.WHIPClient({ endpoint, opts: { authkey, noTrickleIce: wait, iceServers: [] } });
  await window.client.ingest(media);
  return window.client.getResourceUrl();
}, [`${server.url}/whip/show`, key, noTrickleIce]);
const seen = () => player.evaluate(() => { const video = document.querySelector('video.foreign'); return video ? video.getVideoPlaybackQuality().totalVideoFrames : 0; });

for (const noTrickleIce of [true, false]) {
  test(`whip: another's client publishes ${noTrickleIce ? 'with its candidates in the offer' : 'and sends candidates afterwards'}, another's player plays`, { timeout: 120000 }, async () => {
    const resource = await publish(noTrickleIce);
    assert.match(resource, /\/whip\/show\/[\w-]+$/);
    await player.evaluate(async (url) => {
      const video = document.createElement('video');
      Object.assign(video, { className: 'foreign', muted: true, autoplay: true, playsInline: true });
      document.body.append(video);
      window.player = new window.foreign.WebRTCPlayer({ video, type: 'whep', iceServers: [] });
      await window.player.load(new URL(url));
    }, `${server.url}/whep/show`);
    await until(async () => (await seen()) > 20, 'pictures', 60000);
    await player.evaluate(() => { window.player.unload(); document.querySelector('video.foreign').remove(); });
    await publisher.evaluate(() => window.client.destroy());
    /* it has said goodbye */
    await until(async () => (await fetch(resource, { method: 'DELETE', headers: { Authorization: `Bearer ${key}` } })).status === 404, 'the stream to be free');
  });
}
