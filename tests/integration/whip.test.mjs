// SPDX-License-Identifier: Apache-2.0
// WHIP and WHEP with real clients: Chromium by fetch(), from a page of another origin, and GStreamer's webrtcbin; each publishes
// and each plays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { top, until } from './lib/server.mjs';
import { Stage } from './lib/stage.mjs';

const key = 'k'.repeat(32);
let stage, server, publisher, player;
const whip = () => `${server.url}/whip/show`;
const whep = () => `${server.url}/whep/show`;

before(async () => {
  stage = await Stage.start({ streaming: { publish_keys: `show:${key}` } });
  ({ server } = stage);
  [publisher, player] = await Promise.all([1, 2].map(() => stage.browser.open(`${stage.pages.url}tests/integration/lib/page/streams.html`)));
}, { timeout: 60000 });
after(() => stage?.remove(), { timeout: 60000 });

const publish = (simulcast) => publisher.evaluate(([u, k, s]) => window.streams.publish(u, k, s), [whip(), key, simulcast]);
const play = () => player.evaluate((u) => window.streams.play(u), whep());
const counts = (tab, { number }) => tab.evaluate((n) => window.streams.counts(n), number);
const end = (tab, { number }) => tab.evaluate((n) => window.streams.end(n), number);

/** Until @session has got 20 pictures and some sound more than it has. */
async function watches(session) {
  const before = await counts(player, session);
  await until(async () => {
    const now = await counts(player, session);
    return now.frames >= before.frames + 20 && now.samples > before.samples;
  }, 'pictures and sound', 30000);
}

/** A script of gst/, by Debian's Python, which has GStreamer's bindings. */
function gst(script, ...args) {
  const child = spawn('/usr/bin/python3', [path.join(top, 'tests/integration/gst', script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { child.output += data; });
  child.exited = new Promise((resolve) => child.once('exit', resolve));
  return child;
}

test('whip: Chromium publishes and plays; a second publisher is refused; DELETE ends it', { timeout: 120000 }, async () => {
  const early = await play();
  assert.deepEqual([early.status, Number(early.retryAfter) > 0], [409, true], 'nobody publishes yet');
  const published = await publish(false);
  assert.equal(published.status, 201);
  assert.match(published.etag, /^".+"$/);
  const played = await play();
  await watches(played);
  assert.equal((await publish(false)).status, 409);
  assert.equal(await end(player, played), 200);
  assert.equal(await end(publisher, published), 200);
  assert.equal((await fetch(published.url, { method: 'DELETE', headers: { Authorization: `Bearer ${key}` } })).status, 404);
});

test('whip: the player stays when the publisher goes, and sees the next one', { timeout: 120000 }, async () => {
  const first = await publish(true);
  const played = await play();
  await watches(played);
  await end(publisher, first);
  const second = await publish(true);
  assert.equal(second.status, 201);
  await watches(played);
  await end(player, played);
  await end(publisher, second);
});

test('whip: ICE is restarted by PATCH, and media go on', { timeout: 120000 }, async () => {
  const published = await publish(false);
  const played = await play();
  await watches(played);
  for (const [tab, session] of [[publisher, published], [player, played]]) {
    const restarted = await tab.evaluate((n) => window.streams.restart(n), session.number);
    assert.equal(restarted.status, 200);
    assert.notEqual(restarted.etag, session.etag);
    await watches(played);
  }
  await end(player, played);
  await end(publisher, published);
});

test('whip: GStreamer publishes, Chromium plays', { timeout: 120000 }, async () => {
  const child = gst('whip.py', whip(), key);
  try {
    await until(() => child.output.includes('negotiated'), 'GStreamer to publish');
    const played = await play();
    assert.equal(played.status, 201);
    await watches(played);
    await end(player, played);
  } finally {
    child.kill('SIGTERM');
    assert.equal(await child.exited, 0, child.output);
  }
  /* it has said goodbye: the stream is free */
  const next = await publish(false);
  assert.equal(next.status, 201);
  await end(publisher, next);
});

test('whip: Chromium publishes, GStreamer plays', { timeout: 120000 }, async () => {
  const published = await publish(true);
  await until(async () => (await counts(publisher, published)).sent > 50, 'media');
  const child = gst('whep.py', whep(), '-', '30', '60');
  assert.equal(await child.exited, 0, child.output);
  await end(publisher, published);
});
