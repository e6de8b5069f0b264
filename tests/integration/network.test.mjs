// SPDX-License-Identifier: Apache-2.0
// Two people in networks of their own, a real server between them: what happens to a call when the ground moves.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openChromium } from './lib/browsers.mjs';
import { Network } from './lib/network.mjs';
import { Server } from './lib/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
let network, pages, url, server, alice, bob;
const tabs = {};

before(async () => {
  network = await Network.make();
  const [program, ...args] = network.command;
  pages = spawn(program, [...args, process.execPath, path.join(here, 'lib/serve-pages.mjs'), network.address],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  url = String((await once(pages.stdout, 'data'))[0]).trim();
  server = await Server.start({ signaling: { allowed_origins: url.slice(0, -1) } }, { host: network.address, command: network.command });
  const secure = [`--unsafely-treat-insecure-origin-as-secure=${url.slice(0, -1)}`];
  [alice, bob] = [await network.person('a', '10.77.0.11'), await network.person('b', '10.77.0.12')];
  for (const [name, person] of [['alice', alice], ['bob', bob]]) {
    person.browser = await openChromium(secure, person.chromium);
    tabs[name] = await person.browser.open(url);
    person.user = await tabs[name].evaluate(async ([who, where]) => {
      window.me = await t.member(who, where);
      return window.me.user;
    }, [name, server.wsUrl]);
  }
}, { timeout: 240000 });

after(async () => {
  await alice?.browser?.close();
  await bob?.browser?.close();
  await server?.remove();
  pages?.kill();
  await network?.remove();
});

const both = (fn) => Promise.all([tabs.alice.evaluate(fn), tabs.bob.evaluate(fn)]);
const flows = () => both(() => t.flows(window.call));

async function call() {
  const answered = tabs.bob.evaluate(async () => {
    const count = window.calls ?? 0;
    const session = await t.until('the call', () => window.me.incoming[count]);
    window.calls = count + 1;
    window.call = session;
    window.states = [];
    session.addEventListener('state', () => window.states.push(session.state));
    void session.accept({ localStream: t.synthetic() });
    await t.active(session);
  });
  await tabs.alice.evaluate(async (user) => {
    window.call = window.me.engine.invite(user, { video: true, localStream: t.synthetic() });
    window.states = [];
    window.call.addEventListener('state', () => window.states.push(window.call.state));
    await t.active(window.call);
  }, bob.user);
  await answered;
  await flows();
}

async function hangup() {
  const over = tabs.bob.evaluate(() => t.ended(window.call));
  await tabs.alice.evaluate(() => window.call.hangup());
  assert.equal(await over, 'hangup');
}

for (const [who, from, to] of [['the caller', 'alice', '10.77.0.21'], ['the callee', 'bob', '10.77.0.22']]) {
  test(`network: ${who} moves to another address in the middle of a call`, { timeout: 240000 }, async () => {
    await call();
    await (from === 'alice' ? alice : bob).move(to);
    await both(() => t.flows(window.call, { frames: 300, ms: 90000 }));
    await both(() => t.until('the call to be active', () => window.call.state === 'active', 90000));
    await flows();
    const counters = await both(async () => (await window.call.stats()).e2ee);
    for (const { failed, framesWithoutTrailer } of counters) assert.deepEqual([failed, framesWithoutTrailer], [0, 0]);
    /* the sealed channel is back as well */
    await tabs[from].evaluate(() => window.call.setMuted(true));
    await tabs[from === 'alice' ? 'bob' : 'alice'].evaluate(() => t.until('the mute', () => window.call.peerState.muted, 60000));
    await hangup();
  });
}

test('network: the server dies in the middle of a call and comes back', { timeout: 240000 }, async () => {
  await call();
  await server.kill();
  await flows();
  await server.launch();
  await both(() => t.until('the session', () => window.me.rpc.state === 'online' && window.me.sessions.at(-1).calls.length, 60000));
  await flows();
  await tabs.bob.evaluate(() => window.call.setMuted(true));
  await tabs.alice.evaluate(() => t.until('the mute', () => window.call.peerState.muted));
  const states = await both(() => window.states);
  for (const seen of states) assert.ok(!seen.includes('reconnecting') && !seen.includes('ended'), `${seen}`);
  await hangup();
});
