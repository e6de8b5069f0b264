// SPDX-License-Identifier: Apache-2.0
// A room of the web client: people with accounts and a guest, in real browsers, over the real media plane.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Client } from './lib/client.mjs';
import { pictureFile } from './lib/picture.mjs';
import { enter, figures, hears, inside, makeRoom, openLink, sent, tiles, watches, width } from './lib/room.mjs';
import { Server, freePort, until } from './lib/server.mjs';

const LONG = 90000;
let server, alice, bob, guest, link;
before(async () => {
  const port = await freePort();
  server = await Server.start({ messaging: { registration_rate_address: 1000 }, relay: { listen_udp: `127.0.0.1:${port}`, listen_tcp: `127.0.0.1:${port}`, dtls: true } }); // the relay and the SFU tell their DTLS apart
  /* only one of them has a picture with three sizes: encoders must not starve the room */
  const large = [`--use-file-for-fake-video-capture=${pictureFile({ width: 1280, height: 720, rate: 10 })}`];
  [alice, bob] = await Promise.all([Person.open(server.url, 'alice', { args: large }), Person.open(server.url, 'bob')]);
  await Promise.all([alice.register(), bob.register()]);
  guest = await Person.open(server.url, 'gustav');
}, { timeout: 180000 });
after(async () => {
  await Promise.all([alice, bob, guest].map((person) => person?.close()));
  await server?.remove();
}, { timeout: 60000 });

const room = (name, fn) => test(`room: ${name}`, { timeout: 240000 }, fn);
const names = async (person) => (await tiles(person)).map(({ name }) => name).sort();
const shows = (person, wanted) => until(async () => JSON.stringify(await names(person)) === JSON.stringify([...wanted].sort()), `${person.username} to see ${wanted}`, LONG);

room('two with accounts and a guest see and hear each other', async () => {
  link = await makeRoom(alice, 'Harbour');
  await enter(alice);
  await openLink(bob, link);
  await openLink(guest, link, 'Gustav');
  await inside(guest);
  await Promise.all([shows(alice, ['alice (you)', 'bob', 'Gustav']), shows(bob, ['alice', 'bob (you)', 'Gustav']), shows(guest, ['alice', 'bob', 'Gustav (you)'])]);
  await Promise.all([watches(alice, 'bob'), watches(alice, 'Gustav'), watches(bob, 'alice'), watches(bob, 'Gustav'), watches(guest, 'alice'), watches(guest, 'bob')]);
  await Promise.all([alice, bob, guest].map((person) => hears(person, 2)));
  for (const person of [alice, bob, guest]) assert.equal(sent(person, 'room.subscribe'), 1);
  assert.match(await alice.get('room-security').textContent(), /Encrypted to the server/);
});

/* point 40: layers follow what is looked at; point 41: what nobody looks at is not sent */
room('the size that comes follows the size of the tile, and the overlay says why', async () => {
  const pin = () => guest.page.evaluate(() => [...document.querySelectorAll('[data-testid="room-tile"]')].find((tile) => tile.querySelector('.tile-words').textContent === 'alice').querySelector('[data-testid="tile-pin"]').click());
  const comes = (test, what) => until(async () => test(await width(guest, 'alice')), what, LONG)
    .catch(async (error) => { throw new Error(`${error.message}: ${await width(guest, 'alice')} wide; ${await figures(guest, 'alice')}`); });
  await guest.click('call-figures');
  await pin();
  await comes((is) => is >= 640, 'a larger size in a large tile');
  await until(async () => /size [23] of 3; /.test(await figures(guest, 'alice')), 'the overlay', LONG);
  await pin();
  await guest.page.setViewportSize({ width: 380, height: 500 });
  await comes((is) => is > 0 && is <= 320, 'the smallest size in a small tile');
  await until(async () => /Sharp enough/.test(await figures(guest, 'alice')), 'why it is not larger', LONG);
  await guest.page.setViewportSize({ width: 1200, height: 780 });
  await guest.click('call-figures');
  assert.equal(await figures(guest, 'alice'), '');
});

/* point 42: m-lines are fixed; others come and go without an exchange */
room('ten who come and go cost nobody another exchange', async () => {
  const before = ['room.subscribe', 'room.publish'].map((method) => sent(bob, method));
  for (let i = 0; i < 10; i++) {
    const client = await Client.open(server.wsUrl);
    const { token, room: { id } } = await client.call('session.guest', { link: new URL(link).hash.split('/').at(-1), displayName: `Passer-by ${i}` });
    assert.ok(token);
    await client.call('room.join', { link: new URL(link).hash.split('/').at(-1), displayName: `Passer-by ${i}` });
    await until(async () => (await names(bob)).includes(`Passer-by ${i}`), 'the tile of who came', LONG);
    /* a guest's session ends with it: the connection may be closed before the answer */
    void client.call('room.leave', { roomId: id });
    await client.closed;
  }
  await shows(bob, ['alice', 'bob (you)', 'Gustav']);
  await Promise.all([watches(bob, 'alice'), watches(bob, 'Gustav')]);
  assert.deepEqual(['room.subscribe', 'room.publish'].map((method) => sent(bob, method)), before);
  assert.equal(sent(bob, 'room.subscribe'), 1);
});

room('a host mutes somebody, who sees it and can speak again', async () => {
  await alice.click('call-people');
  const line = alice.page.locator('[data-testid="room-person"]', { hasText: 'Gustav' });
  await line.locator('[data-testid="person-menu"]').click();
  await line.locator('[data-testid="person-mute"]').click();
  await until(async () => (await line.getAttribute('data-muted')) === 'true', 'the mark of a muted microphone', LONG);
  await until(() => guest.page.evaluate(() => document.querySelector('[data-testid="call-mic"]').dataset.on === 'false'), 'the guest’s button', LONG);
  await guest.click('call-mic');
  await until(async () => (await line.getAttribute('data-muted')) === 'false', 'the microphone to be on again', LONG);
  await alice.click('panel-close');
});

room('a hand is seen; a camera that is off leaves initials', async () => {
  await guest.click('call-hand');
  await until(() => bob.page.evaluate(() => [...document.querySelectorAll('.tile-hand')].some((hand) => !hand.hidden)), 'a raised hand', LONG);
  await guest.click('call-hand');
  await guest.click('call-camera');
  await until(async () => (await tiles(bob)).some(({ name, fresh }) => name === 'Gustav' && !fresh), 'no picture', LONG);
  await guest.click('call-camera');
  await watches(bob, 'Gustav');
  assert.equal(sent(bob, 'room.subscribe'), 1);
});

room('a shared screen is large for the others, and goes again', async () => {
  await bob.click('call-screen');
  await until(async () => (await tiles(alice)).some(({ source, main, fresh }) => source === 'screen' && main && fresh), 'the screen, large', LONG);
  await watches(alice, 'bob’s screen');
  await bob.click('call-screen');
  await shows(alice, ['alice (you)', 'bob', 'Gustav']);
});

room('one leaves, and the tile is gone', async () => {
  await bob.click('room-leave');
  await bob.sees('room-ended');
  await Promise.all([shows(alice, ['alice (you)', 'Gustav']), shows(guest, ['alice', 'Gustav (you)'])]);
  await watches(guest, 'alice');
});

room('locked: the reason is said in plain words; then in again', async () => {
  await alice.click('call-invite');
  await alice.page.locator('label.toggle', { has: alice.get('rule-locked') }).click();
  await until(async () => /locked/.test(await alice.get('room-count').textContent()), 'locked', LONG);
  await bob.page.evaluate(() => document.querySelector('[data-testid="room-done"]')?.click());
  await bob.page.evaluate((hash) => { location.hash = hash; }, new URL(link).hash);
  await bob.sees('room-join');
  await until(() => bob.page.evaluate(() => document.querySelector('[data-testid="room-join"]')?.disabled === false), 'the devices', LONG);
  await bob.click('room-join');
  await until(() => bob.page.evaluate(() => window.watch.toasts.some((text) => /The room is locked/.test(text))), 'why', LONG);
  await alice.page.locator('label.toggle', { has: alice.get('rule-locked') }).click();
  await until(async () => !/locked/.test(await alice.get('room-count').textContent()), 'open', LONG);
  await alice.click('panel-close');
});

room('an invitation rings, and is taken up', async () => {
  await alice.click('call-invite');
  await alice.fill('invite-name', 'bob');
  await alice.click('invite-ring');
  await bob.sees('room-invitation');
  await enter(bob, () => bob.click('invitation-accept'));
  await shows(alice, ['alice (you)', 'bob', 'Gustav']);
  await watches(alice, 'bob');
});

room('ended by its host, it is over for everybody', async () => {
  await alice.click('room-end');
  await alice.click('confirm-end-yes');
  for (const person of [alice, bob, guest]) {
    await person.sees('room-ended');
    assert.equal(await person.get('room-ended').getAttribute('data-reason'), 'room_ended', person.username);
  }
});

room('a call of two becomes a room, if both want', async () => {
  for (const person of [alice, bob]) await person.click('room-done');
  await alice.call('bob');
  await bob.answer();
  await Promise.all([alice.active(), bob.active()]);
  await alice.click('call-room');
  await alice.click('confirm-room-yes');
  await bob.sees('room-invitation');
  await inside(alice);
  /* whoever waits in the room for the other is not cut off from the other meanwhile */
  assert.equal(await bob.get('call-view').getAttribute('data-state'), 'active');
  assert.match(await bob.get('room-invitation').textContent(), /no longer from end to end/);
  await bob.click('invitation-accept');
  await Promise.all([inside(alice), inside(bob)]);
  await Promise.all([watches(alice, 'bob'), watches(bob, 'alice')]);
  /* the call is over once the room has taken its place */
  for (const person of [alice, bob]) await until(async () => (await person.get('call-view').count()) === 0, 'the call is over', LONG);
  for (const person of [alice, bob]) assert.equal(await person.get('call-summary').count(), 0, 'nothing stands over the room');
  for (const person of [alice, bob, guest]) assert.deepEqual(person.errors, [], `errors in the page of ${person.username}`);
});
