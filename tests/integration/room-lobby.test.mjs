// SPDX-License-Identifier: Apache-2.0
// What hosts decide, in real browsers: who waits in front of a room is let in or sent away, who is sent out may come again, and
// who is banned may not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { inside, makeRoom, enter, openLink, sent, tiles, watches } from './lib/room.mjs';
import { Server, freePort, until } from './lib/server.mjs';

const LONG = 90000;
let server, alice, bob, guest, link;
before(async () => {
  const port = await freePort();
  server = await Server.start({ messaging: { registration_rate_address: 1000 }, relay: { listen_udp: `127.0.0.1:${port}`, listen_tcp: `127.0.0.1:${port}` } });
  [alice, bob] = await Promise.all([Person.open(server.url, 'alice'), Person.open(server.url, 'bob')]);
  await Promise.all([alice.register(), bob.register()]);
  guest = await Person.open(server.url, 'gustav');
  link = await makeRoom(alice, 'Harbour', { lobby: true });
  await enter(alice);
}, { timeout: 180000 });
after(async () => {
  await Promise.all([alice, bob, guest].map((person) => person?.close()));
  await server?.remove();
}, { timeout: 60000 });

const lobby = (name, fn) => test(`lobby: ${name}`, { timeout: 240000 }, fn);
const state = (person) => person.page.evaluate(() => document.querySelector('[data-testid="room-view"]')?.dataset.state);

/** waits: until somebody stands before the door. */
async function waits(person) {
  await until(async () => (await state(person)) === 'lobby', `${person.username} to wait`, LONG);
  await person.sees('room-waiting');
}

/** decide: alice lets in, or sends away, who waits. */
async function decide(name, what) {
  if (!(await alice.get('people-panel').count())) await alice.click('call-people');
  await alice.get('room-lobby').locator('li', { hasText: name }).locator(`[data-testid="lobby-${what}"]`).click({ timeout: LONG });
}

/** remove: alice sends somebody out, after a question. */
async function remove(name, how) {
  if (!(await alice.get('people-panel').count())) await alice.click('call-people');
  await alice.page.locator('[data-testid="room-person"]', { hasText: name }).locator('[data-testid="person-menu"]').click({ timeout: LONG });
  await alice.click(`person-${how}`);
  await alice.click(`confirm-${how}-yes`);
}

/** out: this person's part in the room is over, for a reason. */
async function out(person, reason) {
  await person.sees('room-ended', LONG);
  assert.equal(await person.get('room-ended').getAttribute('data-reason'), reason, person.username);
  await until(async () => (await tiles(alice)).length === 1 || (await tiles(alice)).every(({ name }) => name.toLowerCase() !== person.username), 'the tile to go', LONG);
}

/** knock: opens the link and asks to come in, as far as the preview goes. */
async function knock(person) {
  await person.page.evaluate((hash) => { location.hash = hash; }, new URL(link).hash);
  await person.sees('room-join');
  await until(() => person.page.evaluate(() => document.querySelector('[data-testid="room-join"]')?.disabled === false), 'the devices', LONG);
  await person.click('room-join');
}

lobby('a guest waits, sends nothing meanwhile, is let in, and is seen', async () => {
  await openLink(guest, link, 'Gustav');
  await waits(guest);
  assert.equal(sent(guest, 'room.publish') + sent(guest, 'room.subscribe'), 0);
  assert.deepEqual((await tiles(alice)).map(({ name }) => name), ['alice (you)']);
  await until(() => alice.page.evaluate(() => window.watch.toasts.some((text) => /Gustav waits to come in/.test(text))), 'to be told', LONG);
  await decide('Gustav', 'admit');
  await inside(guest);
  await Promise.all([watches(alice, 'Gustav'), watches(guest, 'alice')]);
});

lobby('who is sent away is told so, may ask again, and is let in', async () => {
  await knock(bob);
  await waits(bob);
  await decide('bob', 'refuse');
  await out(bob, 'refused');
  await bob.click('room-again');
  await bob.sees('room-join');
  await until(() => bob.page.evaluate(() => document.querySelector('[data-testid="room-join"]')?.disabled === false), 'the devices', LONG);
  await bob.click('room-join');
  await waits(bob);
  await decide('bob', 'admit');
  await inside(bob);
  await Promise.all([watches(alice, 'bob'), watches(bob, 'Gustav')]);
});

lobby('who is sent out may come again', async () => {
  await remove('Gustav', 'kick');
  await out(guest, 'kicked');
  await guest.click('room-done');
  await guest.page.reload();
  await openLink(guest, link, 'Gustav');
  await waits(guest);
  await decide('Gustav', 'admit');
  await inside(guest);
  await Promise.all([watches(alice, 'Gustav'), watches(guest, 'bob')]);
});

lobby('who is banned may not, and reads why', async () => {
  await remove('bob', 'ban');
  await out(bob, 'banned');
  assert.equal(await bob.get('room-again').count(), 0, 'nothing to try');
  await bob.click('room-done');
  await knock(bob);
  await until(() => bob.page.evaluate(() => window.watch.toasts.some((text) => /banned you from it/.test(text))), 'why', LONG);
  assert.equal(await bob.get('room-view').count(), 0);
  await watches(alice, 'Gustav');
  for (const person of [alice, bob, guest]) assert.deepEqual(person.errors, [], person.username);
});
