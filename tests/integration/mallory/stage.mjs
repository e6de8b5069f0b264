// SPDX-License-Identifier: Apache-2.0
/** People with the real web client, a real aldisd, and Mallory between them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../lib/app.mjs';
import { Server } from '../lib/server.mjs';
import { Mallory } from './proxy.mjs';

/**
 * stage: sets it up for one test file: {server, mallory, and the people by their names}, filled in before the first test.
 * @param {string[]} names
 * @param {object} [options] of Person.open(), and file: of Mallory
 */
export function stage(names, { file, ...options } = {}) {
  const all = {};
  before(async () => {
    all.server = await Server.start({
      signaling: { ring_timeout_s: 40, call_rate_user: 0, call_rate_pair: 0, max_calls_per_user: 1000 },
      messaging: { registration_rate_address: 1000 },
    });
    all.mallory = await Mallory.start(all.server);
    if (file) all.mallory.file = file;
    all.open = async (name, more = {}) => (await Person.open(all.mallory.url, name, { ...options, ...more })).register();
    await Promise.all(names.map(async (name) => { all[name] = await all.open(name); }));
    all.mallory.peace();
  }, { timeout: 180000 });
  afterEach(async () => {
    for (const person of names.map((name) => all[name])) {
      if (!await person.page.locator('[data-testid="call-view"], [data-testid="call-summary"], dialog[open]').count()) continue;
      await person.page.reload();
      await person.sees('shell');
    }
    all.mallory.peace();
  });
  after(async () => {
    await Promise.all(names.map((name) => all[name]?.close()));
    await all.mallory?.stop();
    await all.server?.remove();
  }, { timeout: 60000 });
  return all;
}

/** row: a test of one row of the table in README.md. */
export const row = (number, words, fn) => test(`mallory: ${number}: ${words}`, { timeout: 240000 }, fn);

/** ring: somebody calls; gives the request with M1 as the server gets it. */
export async function ring(mallory, from, to, options = {}) {
  const count = mallory.requests.length;
  await from.call(to.username, options);
  return mallory.request('call.invite', (message) => mallory.requests.indexOf(message) >= count);
}

/** connect: an honest call. */
export async function connect(from, to, options = {}) {
  await from.call(to.username, options);
  await to.answer();
  await Promise.all([from.active(), to.active()]);
}

export async function finish(one, other) {
  await one.click('call-hangup');
  assert.deepEqual(await Promise.all([one.ended(), other.ended()]), ['hangup', 'hangup']);
  await Promise.all([one.done(), other.done()]);
}

/** over: the reasons with which a call ended on both sides; that neither ever looked like a good one; that nothing was heard. */
export async function over(...people) {
  const reasons = await Promise.all(people.map((person) => person.ended()));
  for (const person of people) {
    const { states, levels, media } = await person.seen();
    const what = `${person.username}: ${states}; ${levels}; ${JSON.stringify(media)}`;
    assert.ok(!levels.includes('unverified') && !levels.includes('verified'), what);
    assert.ok(!states.includes('active'), what);
    assert.deepEqual([media.pictures, media.samples, media.sent], [0, 0, 0], what);
    await person.done();
  }
  return reasons;
}

/** refused: what the callee is told of a call that did not even ring. */
export async function refused(person, words) {
  const toast = person.page.locator('.toast', { hasText: words }).first();
  await toast.waitFor({ timeout: 60000 });
  const text = await toast.locator('.toast-text').textContent();
  assert.equal(await person.get('incoming-call').count(), 0, 'and it does not ring');
  await toast.getByLabel('Dismiss').click();
  return text;
}

/** change: the params of a note or a request, changed; the message is a new one. */
export function change(message, act) {
  const copy = structuredClone(message);
  return [act(copy.params) ?? copy].flat();
}

/** once: an attack on the first message of a method, by request or note. */
export function once(mallory, side, method, act) {
  let hits = 0;
  mallory.attack[side] = (line, message) => (message.method === method && hits++ === 0 ? act(message, line) : undefined);
  return () => assert.ok(hits > 0, `Mallory saw no ${method}`);
}
