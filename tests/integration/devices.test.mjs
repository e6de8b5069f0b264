// SPDX-License-Identifier: Apache-2.0
// What surrounds a call: devices that come and go, the speaker, notifications, full screen, and who may learn an address.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Server, freePort, until } from './lib/server.mjs';

/** In the page: a device can be plugged in or out, the page can be away, notifications are written down. */
const surroundings = () => {
  const media = navigator.mediaDevices;
  const real = media.enumerateDevices.bind(media);
  const extra = [];
  media.enumerateDevices = async () => [...await real(), ...extra];
  window.plug = (kind, label) => { extra.push({ kind, label, deviceId: `id-${label}`, groupId: `group-${label}` }); media.dispatchEvent(new Event('devicechange')); };
  window.unplug = () => { extra.length = 0; media.dispatchEvent(new Event('devicechange')); };
  window.away = false;
  Object.defineProperty(document, 'hidden', { get: () => window.away });
  window.notes = [];
  window.Notification = class {
    static permission = 'granted';
    constructor(title, options) { window.notes.push(this); Object.assign(this, { title, options, open: true }); }
    close() { this.open = false; }
  };
};

let server, alice, bob;
before(async () => {
  const port = await freePort();
  server = await Server.start({
    messaging: { registration_rate_address: 1000 }, relay: { shared_secrets: 'a secret of the relay', listen_udp: `127.0.0.1:${port}` },
  });
  [alice, bob] = await Promise.all(['alice', 'bob'].map(async (name) => (await Person.open(server.url, name, { scripts: [surroundings] })).register()));
}, { timeout: 180000 });
after(async () => {
  await Promise.all([alice?.close(), bob?.close()]);
  await server?.remove();
}, { timeout: 60000 });

afterEach(async () => {
  for (const person of [alice, bob]) {
    if (!await person.page.locator('[data-testid="call-view"], [data-testid="call-summary"], dialog[open]').count()) continue;
    await person.page.reload();
    await person.sees('shell');
  }
});

const outer = (name, fn) => test(`devices: ${name}`, { timeout: 240000 }, fn);
const toast = (person, words) => person.page.locator('.toast', { hasText: words }).first();
const connect = async (from, to) => {
  await from.call(to.username);
  await to.answer();
  await Promise.all([from.active(), to.active()]);
};
const finish = async () => {
  await alice.click('call-hangup');
  assert.deepEqual(await Promise.all([alice.ended(), bob.ended()]), ['hangup', 'hangup']);
  await Promise.all([alice.done(), bob.done()]);
};
const policy = (person) => person.page.evaluate(() => window.watch.pcs.at(-1).getConfiguration().iceTransportPolicy);
const candidates = (person) => person.page.evaluate(() =>
  [...window.watch.pcs.at(-1).localDescription.sdp.matchAll(/^a=candidate:.* typ (\w+)/gm)].map(([, type]) => type));

outer('in a first call neither learns an address of the other', async () => {
  await alice.call('bob');
  await bob.answer();
  await until(() => alice.page.evaluate(() => window.watch.pcs.at(-1)?.signalingState === 'stable'), 'the answer', 60000);
  await until(() => bob.page.evaluate(() => window.watch.pcs.at(-1).signalingState === 'stable'), 'the answer at Bob', 60000);
  await until(() => alice.page.evaluate(() => window.watch.pcs.at(-1).iceGatheringState === 'complete'), 'all that Alice has', 60000);
  assert.deepEqual([await policy(alice), await policy(bob)], ['relay', 'relay']);
  for (const person of [alice, bob]) assert.deepEqual((await candidates(person)).filter((type) => type !== 'relay'), [], `addresses of ${person.username}`);
  await alice.click('call-hangup');
  await Promise.all([alice.ended(), bob.ended()]);
  await Promise.all([alice.done(), bob.done()]);
  /* the keys were agreed, so the two know each other by now */
  await connect(alice, bob);
  assert.deepEqual([await policy(alice), await policy(bob)], ['all', 'all']);
  assert.ok((await candidates(bob)).includes('host'));
  await finish();
});

outer('a device plugged in and out in the middle of a call', async () => {
  await connect(alice, bob);
  await alice.click('call-devices');
  await alice.sees('devices-panel');
  await alice.page.evaluate(() => window.plug('audioinput', 'Sky headset'));
  await toast(alice, '“Sky headset” was plugged in').waitFor();
  const listed = () => alice.get('select-microphone').locator('option').allTextContents();
  assert.ok((await listed()).includes('Sky headset'));
  await alice.page.evaluate(() => window.unplug());
  await until(async () => !(await listed()).includes('Sky headset'), 'the headset to go from the list', 60000);
  /* the microphone in use goes away: another takes its place, and Bob still hears */
  const lost = await alice.page.evaluate(() => {
    const { track } = window.watch.pcs.at(-1).getSenders()[0];
    track.stop();
    track.dispatchEvent(new Event('ended'));
    return track.id;
  });
  await toast(alice, 'is gone. Using').waitFor();
  assert.notEqual(await alice.page.evaluate(() => window.watch.pcs.at(-1).getSenders()[0].track.id), lost);
  await bob.hears();
  await finish();
});

outer('another speaker', async () => {
  await connect(alice, bob);
  await alice.click('call-devices');
  const speaker = alice.get('select-speaker');
  const values = await speaker.locator('option').evaluateAll((list) => list.map((option) => option.value).filter(Boolean));
  assert.ok(values.length > 0, 'there is one to choose');
  await speaker.selectOption(values.at(-1));
  await until(() => alice.get('remote-audio').evaluate((element, wanted) => element.sinkId === wanted, values.at(-1)), 'the sound to go there', 60000);
  await alice.hears();
  await finish();
});

outer('a call rings while the page is out of sight: a notification, which goes with the ringing', async () => {
  await bob.page.evaluate(() => { window.away = true; });
  await alice.call('bob');
  await bob.sees('incoming-call');
  const notes = () => bob.page.evaluate(() => window.notes.map(({ title, open, options }) => ({ title, open, body: options.body })));
  assert.deepEqual(await notes(), [{ title: 'alice is calling', open: true, body: 'Video call' }]);
  await alice.click('call-hangup');
  await bob.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });
  assert.equal((await notes())[0].open, false);
  await alice.done();
  await bob.page.evaluate(() => { window.away = false; });
});

outer('full screen, and the picture in a window of its own', async () => {
  await connect(alice, bob);
  await alice.watches();
  const full = () => alice.page.evaluate(() => Boolean(document.fullscreenElement));
  await alice.click('call-full');
  await until(full, 'full screen', 60000);
  await alice.click('call-full');
  await until(async () => !await full(), 'the window again', 60000);
  if (await alice.get('call-pop-out').count()) {
    await alice.click('call-pop-out');
    const popped = () => alice.page.evaluate(() => document.pictureInPictureElement?.dataset.testid ?? '');
    await until(async () => await popped() === 'remote-video', 'the picture outside', 60000);
    await alice.watches();
    await alice.click('call-pop-out');
    await until(async () => await popped() === '', 'the picture inside', 60000);
  }
  await finish();
});
