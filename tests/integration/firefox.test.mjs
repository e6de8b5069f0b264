// SPDX-License-Identifier: Apache-2.0
// The whole product between two browsers: Chromium and Firefox ESR, as their users see it, both directions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FirefoxPerson, Person } from './lib/app.mjs';
import { Server } from './lib/server.mjs';

let server, chris, fiona;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000 } });
  [chris, fiona] = await Promise.all([Person.open(server.url, 'chris'), FirefoxPerson.open(server.url, 'fiona')]);
  await Promise.all([chris.register(), fiona.register()]);
}, { timeout: 180000 });
after(async () => {
  await Promise.all([chris?.close(), fiona?.close()]);
  await server?.remove();
}, { timeout: 60000 });

for (const direction of ['Chromium calls Firefox', 'Firefox calls Chromium']) {
  test(`firefox: ${direction}: found, answered, heard and seen, the same emoji`, { timeout: 240000 }, async () => {
    const [from, to] = direction.startsWith('Chromium') ? [chris, fiona] : [fiona, chris];
    await from.call(to.username);
    await to.answer();
    await Promise.all([from.active(), to.active()]);
    await Promise.all([from.watches(), to.watches(), from.hears(), to.hears()]);
    const [mine, theirs] = await Promise.all([from.emoji(), to.emoji()]);
    assert.equal(mine.length, 4);
    assert.deepEqual(mine, theirs);
    for (const person of [from, to]) {
      assert.equal((await person.view()).e2ee, 'unverified');
      const counters = await person.page.evaluate(() => window.watch.counters());
      for (const slot of ['audio', 'camera']) {
        assert.ok(counters[`${slot}/send`].encrypted > 5 && counters[`${slot}/receive`].decrypted > 5, JSON.stringify(counters));
        assert.equal(counters[`${slot}/receive`].framesWithoutTrailer, 0, 'nothing came in clear');
      }
    }
    await from.click('call-hangup');
    assert.deepEqual(await Promise.all([from.ended(), to.ended()]), ['hangup', 'hangup']);
    await Promise.all([from.done(), to.done()]);
    assert.deepEqual([chris.errors, fiona.errors], [[], []]);
  });
}
