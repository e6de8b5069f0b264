// SPDX-License-Identifier: Apache-2.0
// Rows 15 and 17: frames damaged, exchanged and played again on their way; counters that never come twice under one key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { until } from '../lib/server.mjs';
import { connect, finish, row, stage } from './stage.mjs';

const FAULTS = readFileSync(new URL('faults.js', import.meta.url), 'utf8');

/** In the page: writes down the headers (key id and counter) of all frames that left, over all workers of a call. */
const note = () => {
  const headers = (window.headers = { all: new Map(), twice: [], clear: 0 });
  window.mallory = new BroadcastChannel('mallory');
  window.mallory.onmessage = ({ data }) => {
    if (!data.sent) return;
    const key = data.sent.header.join(' ');
    if (headers.all.has(key)) headers.twice.push(key);
    headers.all.set(key, data.sent.id);
    if (!data.sent.sealed) headers.clear++;
  };
};

const file = (path, text) => (/^\/media-worker-\w+\.js$/.test(path) ? `${FAULTS}\n${text}` : undefined);
const on = stage(['alice', 'bob'], { scripts: [note], file });

const counters = (person) => person.page.evaluate(async () => {
  const tracks = await window.watch.counters();
  return Object.fromEntries(['audio', 'camera'].map((slot) => {
    const { decrypted, dropped } = tracks[`${slot}/receive`];
    return [slot, { decrypted, dropped, all: Object.values(dropped).reduce((sum, count) => sum + count, 0) }];
  }));
});
const set = (person, fault) => person.page.evaluate((name) => window.mallory.postMessage({ fault: name }), fault);

row(15, 'frames changed, exchanged, cut and played again: dropped, and the picture comes back', async () => {
  const { alice, bob } = on;
  await connect(alice, bob);
  await Promise.all([alice.watches(), bob.watches(), alice.hears()]);
  /** what they are dropped for; played again: no sign of an attack, browsers do it themselves */
  const wanted = {
    'a bit of the ciphertext': ['not_authentic'], 'the counter': ['not_authentic', 'duplicate', 'old'], 'the key id': ['wrong_key_id', 'malformed', 'not_authentic'],
    'the clear bytes': ['not_authentic', 'malformed', 'wrong_key_id'], 'a trailer cut off': ['no_trailer', 'malformed', 'not_authentic', 'wrong_key_id'], 'no seal at all': ['no_trailer'],
    'a frame of another track': ['wrong_key_id', 'malformed'], 'our own frames': ['wrong_key_id'], 'an old frame again': ['duplicate', 'old'],
  };
  for (const [fault, reasons] of Object.entries(wanted)) {
    await set(alice, fault);
    const begin = await counters(alice);
    const enough = async () => {
      const now = await counters(alice);
      return ['audio', 'camera'].every((slot) => now[slot].all >= begin[slot].all + 8) && now;
    };
    const first = await until(enough, `dropped for ${fault}`, 60000);
    for (const slot of ['audio', 'camera']) {
      for (const [reason, count] of Object.entries(first[slot].dropped)) {
        if (count > (begin[slot].dropped[reason] ?? 0) && reason !== 'duplicate') assert.ok(reasons.includes(reason), `${fault}: ${slot}: ${reason}`);
      }
      assert.ok(reasons.some((reason) => (first[slot].dropped[reason] ?? 0) > (begin[slot].dropped[reason] ?? 0)), `${fault}: ${slot}: ${JSON.stringify(first[slot])}`);
      /* of what came behind the last honest frame nothing was opened */
      const later = (await counters(alice))[slot];
      assert.ok(later.decrypted - first[slot].decrypted <= 1, `${fault}: ${slot}: ${first[slot].decrypted}, ${later.decrypted}`);
    }
    await set(alice, '');
    await alice.watches();
    await alice.hears();
    assert.equal((await alice.view()).state, 'active');
  }
  await finish(alice, bob);
});

row(17, 'no key id and counter twice, whatever happens to tracks, paths and workers', async () => {
  const { alice, bob } = on;
  await connect(alice, bob);
  const moves = () => Promise.all([alice.watches(), bob.watches()]);
  await moves();
  await alice.page.evaluate(() => { window.headers.all.clear(); window.headers.twice = []; });
  await alice.click('call-camera');
  await bob.page.locator('[data-testid="stage"][data-shows="lamp"]').waitFor({ timeout: 60000 });
  await alice.click('call-camera');
  await moves();
  await alice.click('call-screen');
  await bob.get('remote-screen').first().waitFor({ state: 'visible', timeout: 60000 });
  await bob.watches('remote-screen');
  await alice.click('call-screen');
  await bob.get('remote-screen').first().waitFor({ state: 'hidden', timeout: 60000 });
  /* another path, as after a change of network */
  const ufrag = () => alice.page.evaluate(() => /a=ice-ufrag:(\S+)/.exec(window.watch.pcs.at(-1).localDescription.sdp)[1]);
  const old = await ufrag();
  await alice.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await until(async () => await ufrag() !== old, 'an ICE restart', 60000);
  await moves();
  /* another worker */
  await alice.page.evaluate(() => window.mallory.postMessage({ die: true }));
  await until(() => alice.page.evaluate(() => window.watch.workers.length > 1), 'a new worker', 60000);
  const opened = async () => (await counters(bob)).camera.decrypted;
  const then = await opened();
  await moves();
  await until(async () => await opened() > then + 10, 'frames of the new worker', 60000);
  const clearAtBob = await bob.page.evaluate(async () => Object.values(await window.watch.counters()).map(({ framesWithoutTrailer }) => framesWithoutTrailer));
  assert.deepEqual([...new Set(clearAtBob)], [0], 'nothing came in clear, however it left');
  const { twice, clear, ids, generations } = await alice.page.evaluate(() => ({
    twice: window.headers.twice, clear: window.headers.clear, ids: [...new Set(window.headers.all.values())].sort(), generations: window.watch.secrets.map(({ generation }) => generation),
  }));
  assert.deepEqual([twice, clear], [[], 0]);
  assert.deepEqual(ids, ['audio/send', 'camera/send', 'screen/send']);
  assert.deepEqual(generations, [0, 1]);
  assert.equal((await alice.view()).state, 'active');
  await finish(alice, bob);
});
