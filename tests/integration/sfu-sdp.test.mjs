// SPDX-License-Identifier: Apache-2.0
// Offers of real browsers and the SFU's answers to them: no browser refuses one, and each reads in it what was meant.
// SDP_FIXTURES=tests/unit/sfu/sdp writes the offers down for the unit tests.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openChromium, openFirefox } from './lib/browsers.mjs';
import { Pages } from './lib/pages.mjs';
import { build } from './lib/server.mjs';

const program = join(build, 'tests/sfu/sdp-answer');

/** @returns {string} our answer */
function answer(offer, ...args) {
  const done = spawnSync(program, args, { input: offer, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

/** Answers that follow each other on one connection. */
class Rounds {
  constructor(...args) {
    this.process = spawn(program, ['rounds', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.text = '';
    this.process.stdout.setEncoding('utf8').on('data', (data) => {
      this.text += data;
      if (this.text.endsWith('\n.\n') || this.text === '.\n') this.done?.(this.text.slice(0, -2));
    });
  }

  answer(offer) {
    this.text = '';
    return new Promise((resolve) => {
      this.done = resolve;
      this.process.stdin.write(`${offer.trimEnd()}\n.\n`);
    });
  }

  close() { this.process.kill(); }
}

const keep = (name, sdp) => process.env.SDP_FIXTURES && writeFileSync(join(process.env.SDP_FIXTURES, `${name}.sdp`), sdp);
const sections = (sdp) => sdp.split(/^(?=m=)/m).slice(1);

/* Firefox has no H264 without a download from Cisco, and does not tell the extensions that it uses */
const browsers = [['chromium', openChromium, ['VP8', 'VP9', 'AV1', 'H264']], ['firefox', openFirefox, ['VP8', 'VP9', 'AV1']]];
for (const [name, open, codecs] of browsers) {
  let pages, browser, tab;
  before(async () => {
    pages = await Pages.start();
    browser = await open();
    tab = await browser.open(`${pages.url}tests/integration/lib/page/offers.html`);
  }, { timeout: 60000 });
  after(async () => { await browser?.close(); await pages?.stop(); }, { timeout: 60000 });
  const make = (kind, options) => tab.evaluate(([k, o]) => window.offers.make(k, o), [kind, options]);
  const take = (sdp) => tab.evaluate((text) => window.offers.take(text), sdp);

  for (const codec of codecs) {
    test(`sfu-sdp: ${name} publishes ${codec} with three encodings`, { timeout: 60000 }, async () => {
      const offer = await make('publish', { codec });
      keep(`${name}-publish-${codec.toLowerCase()}`, offer);
      const [audio, video] = await take(answer(offer, 'publisher', '0=mic', '1=camera'));
      assert.deepEqual([audio.direction, video.direction], ['sendonly', 'sendonly']);
      assert.ok(audio.codecs.some((c) => c.endsWith('audio/opus')));
      assert.ok(video.codecs[0].endsWith(`video/${codec}`), video.codecs.join());
      assert.deepEqual(video.rids, ['q', 'h', 'f']);
      for (const uri of name === 'firefox' ? [] : ['sdes:mid', 'sdes:rtp-stream-id', 'transport-wide-cc'])
        assert.ok(video.extensions.some((e) => e.includes(uri)), `${uri} in ${video.extensions}`);
    });
  }

  test(`sfu-sdp: ${name} shares a screen beside its camera`, { timeout: 60000 }, async () => {
    const offer = await make('screen');
    keep(`${name}-screen`, offer);
    const taken = await take(answer(offer, 'publisher', '0=mic', '1=camera', '2=screen', '3=screen_audio'));
    assert.deepEqual(taken.map((t) => t.direction), Array(4).fill('sendonly'));
    assert.deepEqual(taken.map((t) => t.rids.length), [1, 3, 1, 1]);
  });

  test(`sfu-sdp: ${name} subscribes with 16 audio and 49 video slots`, { timeout: 60000 }, async () => {
    const offer = await make('subscribe', { audio: 16, video: 49 });
    keep(`${name}-subscribe-49`, offer);
    await tab.evaluate(() => window.offers.watchStreams());
    const taken = await take(answer(offer, 'subscriber'));
    assert.equal(taken.length, 65);
    assert.ok(taken.every((t) => t.direction === 'recvonly'));
    /* audio slot i and video slot i are one stream */
    for (let i = 0; i < 49; i++) assert.equal(taken[16 + i].stream, `slot${i}`);
    for (let i = 0; i < 16; i++) assert.equal(taken[i].stream, `slot${i}`);
  });

  test(`sfu-sdp: ${name} offers a data channel: refused, and the rest works`, { timeout: 60000 }, async () => {
    const offer = await make('data');
    keep(`${name}-data`, offer);
    const mids = sections(offer).filter((s) => !s.startsWith('m=application')).map((s) => /^a=mid:(\S+)/m.exec(s)[1]);
    const text = answer(offer, 'publisher', `${mids[0]}=mic`, `${mids[1]}=camera`);
    assert.equal(sections(text).filter((s) => s.startsWith('m=application 0 ')).length, 1);
    const taken = await take(text);
    assert.deepEqual(taken.map((t) => t.direction), ['sendonly', 'sendonly']);
  });

  test(`sfu-sdp: ${name} asks for more slots, and restarts ICE, on one connection`, { timeout: 60000 }, async () => {
    const rounds = new Rounds('subscriber');
    try {
      await take(await rounds.answer(await make('subscribe', { audio: 1, video: 1 })));
      await tab.evaluate(() => window.offers.watchStreams());
      const more = await tab.evaluate(() => window.offers.again({ add: { kind: 'subscribe', audio: 1, video: 2 } }));
      const taken = await take(await rounds.answer(more));
      assert.deepEqual(taken.map((t) => t.direction), Array(5).fill('recvonly'));
      assert.deepEqual(taken.slice(2).map((t) => t.stream), ['slot1', 'slot1', 'slot2']);
      const restarted = await tab.evaluate(() => window.offers.again({ restart: true }));
      assert.notEqual(/a=ice-ufrag:(\S+)/.exec(restarted)[1], /a=ice-ufrag:(\S+)/.exec(more)[1]);
      assert.deepEqual((await take(await rounds.answer(restarted))).map((t) => t.direction), Array(5).fill('recvonly'));
    } finally {
      rounds.close();
    }
  });

  test(`sfu-sdp: ${name} ends a track, and its section is used again under a new mid`, { timeout: 60000 }, async () => {
    const rounds = new Rounds('subscriber');
    try {
      await take(await rounds.answer(await make('subscribe', { audio: 1, video: 2 })));
      const stopped = await tab.evaluate(() => window.offers.again({ stop: '2' }));
      await take(await rounds.answer(stopped));
      const again = await tab.evaluate(() => window.offers.again({ add: { kind: 'subscribe', audio: 0, video: 1 } }));
      assert.equal(sections(again).length, 3, 'the closed section is used again');
      const taken = await take(await rounds.answer(again));
      assert.deepEqual(taken.map((t) => t.direction), Array(3).fill('recvonly'));
      assert.equal(taken.length, 3);
    } finally {
      rounds.close();
    }
  });
}
