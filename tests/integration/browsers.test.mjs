// SPDX-License-Identifier: Apache-2.0
// Chromium and Firefox with each other, each end in a browser of its own, over a server that only passes things on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium, openFirefox } from './lib/browsers.mjs';
import { Pages } from './lib/pages.mjs';

let pages;
const browsers = {};
before(async () => {
  pages = await Pages.start();
  [browsers.chromium, browsers.firefox] = await Promise.all([openChromium(), openFirefox()]);
});
after(async () => {
  await Promise.all(Object.values(browsers).map((browser) => browser.close()));
  await pages?.stop();
});

const begin = (tab, name) => tab.evaluate(async (who) => {
  window.me = await t.person(who);
  return window.me.user;
}, name);

for (const [from, to] of [['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'chromium'], ['firefox', 'firefox']]) {
  test(`browsers: ${from} calls ${to}`, { timeout: 240000 }, async () => {
    const [one, two] = [await browsers[from].open(pages.url), await browsers[to].open(pages.url)];
    const name = (end) => `${end}_${from}_${to}`;
    await begin(one, name('alice'));
    const bob = await begin(two, name('bob'));
    const answered = two.evaluate(async () => {
      const session = await t.until('the call', () => window.me.incoming[0]);
      window.call = session;
      void session.accept({ video: true, localStream: t.synthetic({ colour: 'blue' }) });
      await t.active(session);
      return t.view(session);
    });
    const called = one.evaluate(async (user) => {
      window.call = window.me.engine.invite(user, { video: true, localStream: t.synthetic() });
      await t.active(window.call);
      return t.view(window.call);
    }, bob);
    const views = await Promise.all([called, answered]);
    assert.deepEqual(views[0].security.emoji, views[1].security.emoji);
    assert.equal(views[0].security.digits, views[1].security.digits);
    assert.deepEqual(views.map(({ security }) => [security.level, security.suite]), [['unverified', 2], ['unverified', 2]]);
    const flow = async () => {
      await t.flows(window.call);
      return window.call.stats();
    };
    for (const { e2ee, codecVideo } of await Promise.all([one.evaluate(flow), two.evaluate(flow)])) {
      assert.equal(codecVideo, 'VP8');
      assert.equal(e2ee.framesWithoutTrailer, 0);
      assert.equal(e2ee.failed, 0, JSON.stringify(e2ee));
      assert.ok(e2ee.encrypted > 20 && e2ee.decrypted > 20);
    }
    /* a new path in mid-call, asked for by the one who was called */
    await two.evaluate(() => window.call.leg.negotiator.restart());
    await Promise.all([one.evaluate(flow), two.evaluate(flow)]);
    const over = two.evaluate(() => t.ended(window.call));
    await one.evaluate(() => window.call.hangup());
    assert.equal(await over, 'hangup');
    await Promise.all([one.close(), two.close()]);
  });
}

test('browsers: a reload in mid-call ends it on both sides, and the next call is one like any other', { timeout: 240000 }, async () => {
  const [one, two] = [await browsers.chromium.open(pages.url), await browsers.chromium.open(pages.url)];
  await begin(one, 'alice_reloads');
  const bob = await begin(two, 'bob_stays');
  const call = async () => {
    const answered = two.evaluate(async () => {
      const count = window.calls ?? 0;
      const session = await t.until('the call', () => window.me.incoming[count]);
      window.calls = count + 1;
      window.call = session;
      void session.accept({ video: true, localStream: t.synthetic() });
      await t.active(session);
    });
    await one.evaluate(async (user) => {
      window.call = window.me.engine.invite(user, { video: true, localStream: t.synthetic() });
      await t.active(window.call);
    }, bob);
    await answered;
  };
  await call();
  const over = two.evaluate(() => t.ended(window.call));
  await one.reload();
  assert.equal(await over, 'hangup');
  await begin(one, 'alice_reloads');
  await call();
  await one.evaluate(() => window.call.hangup());
  await two.evaluate(() => t.ended(window.call));
  await Promise.all([one.close(), two.close()]);
});
