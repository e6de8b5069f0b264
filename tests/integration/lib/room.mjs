// SPDX-License-Identifier: Apache-2.0
/** What people do and see in a room of the web client. */
import { until } from './server.mjs';

const LONG = 90000;

/** makeRoom: by the interface. @returns {Promise<string>} its link */
export async function makeRoom(person, title, { lobby = false } = {}) {
  await person.click('nav-rooms');
  await person.click('new-room');
  await person.fill('roomTitle', title);
  if (lobby) await person.page.locator('label.toggle', { has: person.get('room-lobby') }).click();
  await person.click('room-make');
  await person.sees('room-link');
  return person.get('room-link').first().inputValue();
}

/** enter: through the preview, until the room stands on the page. */
export async function enter(person, press = () => person.click('room-enter')) {
  await press();
  await person.sees('room-join');
  await until(() => person.page.evaluate(() => document.querySelector('[data-testid="room-join"]')?.disabled === false), 'the devices', LONG);
  await person.click('room-join');
  await inside(person);
}

/** open: the address of a room, by somebody with an account or by a guest. */
export async function openLink(person, link, guest = '') {
  if (!guest) return enter(person, () => person.page.evaluate((hash) => { location.hash = hash; }, new URL(link).hash));
  await person.page.goto(link);
  await person.sees('guest-page');
  await person.fill('guestName', guest);
  await until(() => person.page.evaluate(() => document.querySelector('[data-testid="preview"]')?.dataset.camera === 'on'), 'the camera', LONG);
  await person.click('guest-join');
}

/** inside: until this person is in, and sound and picture are connected. */
export async function inside(person) {
  await person.sees('room-view', LONG);
  await until(() => person.page.evaluate(() => {
    const { state, media } = document.querySelector('[data-testid="room-view"]')?.dataset ?? {};
    return state === 'joined' && media === 'connected';
  }), `${person.username}: connected in the room`, LONG);
}

/** tiles: what stands on the page: [{name, source, self, fresh, key}]. */
export const tiles = (person) => person.page.evaluate(() => [...document.querySelectorAll('[data-testid="room-tile"]')].map((tile) => ({
  name: tile.querySelector('.tile-words').textContent, source: tile.dataset.source, self: tile.dataset.self === 'true', fresh: tile.dataset.fresh === 'true', key: tile.dataset.key, speaking: tile.dataset.speaking === 'true',
  main: tile.classList.contains('main') })));

/** sees: proof that the picture of somebody moves in their tile: five more frames. */
export function watches(person, name) {
  return person.page.evaluate(async ([who, ms]) => {
    const end = performance.now() + ms;
    for (let frames = 0; frames < 5;) {
      if (performance.now() > end) throw new Error(`the picture of ${who} does not move`);
      const of = [...document.querySelectorAll('[data-testid="room-tile"]')].filter((one) => one.querySelector('.tile-words').textContent === who);
      const video = of.map((tile) => tile.querySelector('video[data-fresh="true"]')).find(Boolean); // some have the same name, and no camera
      frames += await new Promise((resolve) => {
        video?.requestVideoFrameCallback(() => resolve(1));
        setTimeout(() => resolve(0), 1000);
      });
    }
  }, [name, LONG]);
}

/** hears: until so many of the sounds that come are loud, by what the browser decoded. */
export const hears = (person, voices) => until(() => person.page.evaluate(async (wanted) => {
  let loud = 0;
  for (const pc of window.watch.pcs) {
    if (pc.connectionState === 'closed') continue;
    for (const entry of (await pc.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio' && (entry.totalAudioEnergy ?? 0) > 0.001 && (entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0) > 24000) loud++;
    }
  }
  return loud >= wanted;
}, voices), `${person.username} to hear ${voices}`, LONG);

/** width: of the picture of somebody, as it is decoded. */
export const width = (person, name) => person.page.evaluate((who) => {
  const tile = [...document.querySelectorAll('[data-testid="room-tile"]')].find((one) => one.querySelector('.tile-words').textContent === who);
  return tile?.querySelector('video[data-fresh="true"]')?.videoWidth ?? 0;
}, name);

/** figures: what the overlay says of somebody's picture. */
export const figures = (person, name) => person.page.evaluate((who) => {
  const tile = [...document.querySelectorAll('[data-testid="room-tile"]')].find((one) => one.querySelector('.tile-words').textContent === who);
  return tile?.querySelector('[data-testid="tile-figures"]:not([hidden])')?.dataset.text.replaceAll('\n', '; ') ?? '';
}, name);

/** sent: how often a method was called by the page. */
export const sent = (person, method) => person.wire.sent.filter((text) => JSON.parse(text).method === method).length;
