// SPDX-License-Identifier: Apache-2.0
// One room of different clients: the web client in two Chromium and in Firefox ESR, and simulated browsers (aldis-load). Everybody
// sees and hears everybody for as long as it lasts, while others come, go and are killed. ALDIS_ROOM_SECONDS: how long all are
// watched; 120 by hand. Firefox pairs no other address with 127.0.0.1: the test runs itself again in a network of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FirefoxPerson, Person } from './lib/app.mjs';
import { Network } from './lib/network.mjs';
import { pictureFile } from './lib/picture.mjs';
import { enter, makeRoom, openLink, tiles, watches, width } from './lib/room.mjs';
import { build, delay, freePort, Server, until } from './lib/server.mjs';

const SECONDS = Number(process.env.ALDIS_ROOM_SECONDS ?? 8);
const LONG = 90000;
const FREEZE = 20000; // ms: on a machine that does other things too pictures are paused for seconds; figures are printed
const SECRET = 'a secret of a test, of thirty-two bytes or more';
const ADDRESS = '10.77.0.2';
const within = process.env.ALDIS_ROOM_WITHIN === '1';
const MOTION = { path: fileURLToPath(new URL('lib/page/motion.js', import.meta.url)) };
const run = promisify(execFile);
const loads = new Set();
let folder, network, server, people, alice, bob, fiona, link;

/** Ten seconds of a small picture, and of a sound. */
async function clips() {
  const ffmpeg = (...args) => run('ffmpeg', ['-loglevel', 'error', '-y', '-f', 'lavfi', ...args]);
  await ffmpeg('-i', 'testsrc2=size=320x180:rate=30', '-t', '10', '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '120k', '-g', '60', path.join(folder, 'video.ivf'));
  await ffmpeg('-i', 'anoisesrc=color=pink:sample_rate=48000:amplitude=0.1', '-t', '10', '-ac', '1', '-c:a', 'libopus', '-b:a', '32k', '-frame_duration', '20', path.join(folder, 'audio.ogg'));
}

async function begin() {
  folder = await mkdtemp(path.join(tmpdir(), 'aldis-clips-'));
  await clips();
  const port = await freePort(ADDRESS);
  server = await Server.start({ signaling: { jwt_secret: SECRET }, messaging: { registration_rate_address: 1000 }, relay: { listen_udp: `${ADDRESS}:${port}`, listen_tcp: `${ADDRESS}:${port}` } });
  const large = [`--use-file-for-fake-video-capture=${pictureFile({ width: 1280, height: 720, rate: 10 })}`];
  alice = await Person.open(server.url, 'alice', { args: large, scripts: [MOTION] });
  bob = await Person.open(server.url, 'bob', { scripts: [MOTION] });
  fiona = await FirefoxPerson.open(server.url, 'fiona', { scripts: [MOTION], prefs: { 'media.navigator.video.default_fps': 10 } });
  people = [alice, bob, fiona];
  for (const person of people) await person.register();
}

async function finish() {
  for (const child of loads) child.kill();
  await Promise.all([alice, bob, fiona].map((person) => person?.close()));
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
}

/** This file once more, in a namespace with an address and a way out of it. */
async function again() {
  network = await Network.make();
  const { namespace } = await network.person('room', ADDRESS);
  const env = { ...process.env, ALDIS_ROOM_WITHIN: '1' };
  delete env.NODE_TEST_CONTEXT; // it says for itself how it went
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, fileURLToPath(import.meta.url)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  const [code] = await once(child, 'exit');
  console.log(said.replace(/^(?!# )/gm, '# '));
  assert.equal(code, 0, said);
}

/** simulated: browsers of aldis-load in the room; what they say is collected. */
function simulated(names, publishers, subscribers, seconds) {
  const child = spawn(path.join(build, 'server/aldis-load'), ['rooms', '--url', `127.0.0.1:${server.port}`, '--jwt-secret', SECRET, '--room', new URL(link).hash.split('/').at(-1), '--names', names,
    '-p', publishers, '-s', subscribers, '-t', seconds, '--video', path.join(folder, 'video.ivf'), '--audio', path.join(folder, 'audio.ogg')].map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
  loads.add(child.once('exit', () => loads.delete(child)));
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { child.output += data; });
  return child;
}

/** explained: what the server says of the room, for somebody who reads why a test failed. */
async function explained() {
  const ctl = (...args) => run(path.join(build, 'server/aldisctl'), ['--config', path.join(server.folder, 'aldis.conf'), 'rooms', ...args]);
  const { stdout: list } = await ctl('list');
  const { stdout } = await ctl('explain', list.match(/^\d{6,}/m)[0]);
  const shown = await Promise.all(people.map(async (person) => `${person.username}: ${JSON.stringify((await tiles(person)).map(({ name, fresh, speaking }) => ({ name, fresh, speaking })))}`));
  return [stdout, ...shown].join('\n');
}

let failed = '';
/** One after the other; what follows a part that failed has nothing to begin with. */
const part = (name, fn) => test(`mixed: ${name}`, { timeout: 300000 + 2000 * SECONDS }, async () => {
  assert.equal(failed, '', 'a part before this one failed');
  const since = Date.now();
  try {
    await fn();
  } catch (error) {
    failed = name;
    console.log((await explained().catch(String)).replace(/^/gm, '# '));
    throw error;
  }
  console.log(`# ${name}: ${Date.now() - since} ms`);
});
const each = (fn) => Promise.all(people.map(fn));
const others = (person) => people.filter((other) => other !== person).map(({ username }) => username);
/* who says what is not shown, when something is not */
const shows = (person, name) => watches(person, name).catch((error) => { throw new Error(`${person.username}: ${error.message}`); });
const mid = (person, name) => person.page.evaluate((who) => [...document.querySelectorAll('[data-testid="room-tile"]')].find((tile) => tile.querySelector('.tile-words').textContent === who)?.querySelector('video[data-fresh="true"]')?.dataset.mid, name);
const named = async (person, name) => (await tiles(person)).find((tile) => tile.name === name);
const speaks = (person, name, speaking = true) => until(async () => (await named(person, name)).speaking === speaking, `${person.username} to see that ${name} ${speaking ? 'speaks' : 'is quiet'}`, LONG);
const pin = (person, name) => person.page.evaluate((who) => [...document.querySelectorAll('[data-testid="room-tile"]')].find((tile) => tile.querySelector('.tile-words').textContent === who).querySelector('[data-testid="tile-pin"]').click(), name);

/** mute: alice, who is the host, takes somebody's microphone away. */
async function mute(name) {
  await alice.click('call-people');
  const line = alice.page.locator('[data-testid="room-person"]', { hasText: name });
  await line.locator('[data-testid="person-menu"]').click();
  await line.locator('[data-testid="person-mute"]').click();
  await until(async () => (await line.getAttribute('data-muted')) === 'true', `${name} to be muted`, LONG);
  await alice.click('panel-close');
}

/** voices: how much of each sound that comes was real, in seconds, and how loud all of it, by section. */
const voices = (person) => person.page.evaluate(async () => {
  const list = [];
  for (const pc of window.watch.pcs) {
    if (pc.connectionState === 'closed') continue;
    for (const entry of (await pc.getStats()).values())
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') list.push([entry.mid, ((entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0)) / 48000, entry.totalAudioEnergy ?? 0]);
  }
  return list;
});

async function meet() {
  link = await makeRoom(alice, 'Harbour');
  await enter(alice);
  await openLink(bob, link);
  await openLink(fiona, link);
  simulated('sim', 1, 0, 3600);
  await each((person) => Promise.all([...others(person), 'sim-p0'].map((name) => shows(person, name))));
}

/* the simulated microphone is always loud: without it one speaks at a time */
async function speak() {
  await mute('sim-p0');
  await fiona.click('call-mic');
  await bob.click('call-mic');
  await Promise.all([speaks(fiona, 'alice'), speaks(bob, 'alice')]);
  await alice.click('call-mic');
  await bob.click('call-mic');
  await Promise.all([speaks(fiona, 'bob'), speaks(alice, 'bob'), speaks(fiona, 'alice', false)]);
  await fiona.click('call-mic');
  await bob.click('call-mic');
  await Promise.all([speaks(alice, 'fiona'), speaks(bob, 'fiona'), speaks(alice, 'bob', false)]);
  await alice.click('call-mic');
  await bob.click('call-mic');
  await each((person) => Promise.all([...others(person), 'sim-p0'].map((name) => shows(person, name))));
}

/** What everybody sees and hears in so many seconds, while simulated browsers come, look and go. */
async function last() {
  const loud = simulated('loud', 1, 0, 3600);
  await each((person) => shows(person, 'loud-p0'));
  const figures = () => each(async (person) => [await person.page.evaluate(() => window.motion.take()), await voices(person)]);
  const passing = simulated('pass', 1, 3, SECONDS);
  const before = await figures();
  const begin = Date.now();
  await delay(1000 * SECONDS);
  const seconds = (Date.now() - begin) / 1000;
  const now = await figures();
  await each((person) => Promise.all([...others(person), 'sim-p0', 'loud-p0'].map((name) => shows(person, name))));
  loud.kill();
  for (const [i, person] of people.entries()) {
    const [{ stall, people: seen }, sounds] = now[i];
    const heard = sounds.map(([where, real, energy]) => { const [, was, less] = before[i][1].find(([at]) => at === where) ?? [where, 0, 0]; return { seconds: Number((real - was).toFixed(1)), loud: energy > less }; }).filter((one) => one.seconds > 0);
    console.log(`# ${person.username}: the page stood still for ${stall} ms; ${JSON.stringify(seen)} ${JSON.stringify(heard)}`);
    for (const name of [...others(person), 'sim-p0', 'loud-p0']) {
      const { frames, gap } = seen[name];
      assert.ok(gap <= FREEZE + stall, `${person.username} sees ${name}: ${frames} pictures in ${seconds} s, none for ${gap} ms`);
    }
    /* the three loudest of five: at least two of them are others */
    assert.ok(heard.filter((one) => one.loud && one.seconds > seconds / 4).length >= 2, `${person.username} hears ${JSON.stringify(heard)}`);
  }
  const [code] = passing.exitCode === null ? await once(passing, 'exit') : [passing.exitCode];
  console.log(`# ${passing.output.trim().split('\n').at(-1)}`);
  assert.equal(code, 0, passing.output);
  const told = Object.fromEntries([...passing.output.matchAll(/(\w+)=([\d.-]+)/g)].map(([, name, value]) => [name, Number(value)]));
  assert.deepEqual([told.nothing, told.not_genuine], [0, 0]);
  assert.ok(told.frames > SECONDS, passing.output);
}

/* points 39 and 40: the size follows the tile, in both browsers */
async function follow() {
  for (const person of [bob, fiona]) {
    const small = await until(() => width(person, 'alice'), `${person.username}: a picture`, LONG);
    await pin(person, 'alice');
    const grown = await until(async () => { const is = await width(person, 'alice'); return is > small && is; }, `${person.username}: a larger size than ${small} in a large tile`, LONG);
    await shows(person, 'alice');
    await pin(person, 'alice');
    await until(async () => { const is = await width(person, 'alice'); return is > 0 && is < grown; }, `${person.username}: a smaller size than ${grown} in a small tile`, LONG);
    await shows(person, 'alice');
    console.log(`# ${person.username}: ${small}, pinned ${grown}, unpinned ${await width(person, 'alice')}`);
  }
}

/* point 13: who is gone leaves the slot to the next */
async function die() {
  for (const name of ['loud-p0', 'pass-p0']) await each((person) => until(async () => !(await named(person, name))?.fresh, `${person.username}: the picture of ${name} to go`, LONG));
  const doomed = simulated('doomed', 1, 0, 3600);
  await each((person) => shows(person, 'doomed-p0'));
  const slots = await each((person) => mid(person, 'doomed-p0'));
  assert.ok(slots.every(Boolean), String(slots));
  const killed = Date.now();
  doomed.kill('SIGKILL');
  const gone = await each((person) => until(async () => !(await named(person, 'doomed-p0'))?.fresh, `${person.username}: the picture of who was killed to go`, LONG).then(() => Date.now() - killed));
  simulated('heir', 1, 0, 3600);
  await each((person) => shows(person, 'heir-p0'));
  console.log(`# gone after ${gone} ms`);
  assert.deepEqual(await each((person) => mid(person, 'heir-p0')), slots);
}

/* point 42: nobody has asked for slots twice; who was killed could come back for half a minute */
async function count() {
  await each((person) => until(async () => !(await named(person, 'doomed-p0')), `${person.username}: the tile of who was killed to go`, LONG));
  for (const person of people) {
    const asked = await person.page.evaluate(() => window.motion.asked);
    assert.equal(asked['room.subscribe'], 1, `${person.username}: ${JSON.stringify(asked)}`);
    assert.deepEqual(person.errors, [], person.username);
  }
}

if (within) {
  before(begin, { timeout: 240000 });
  after(finish, { timeout: 60000 });
  part('two Chromium, a Firefox and a simulated browser see each other', meet);
  part('who is audible is who speaks', speak);
  part('all are seen and heard for as long as it lasts', last);
  part('who is killed gives the slot to the next', die);
  part('the size follows the tile', follow);
  part('one exchange for the slots of each', count);
} else {
  after(() => network?.remove());
  test('mixed: a room of Chromium, Firefox and simulated browsers', { timeout: 1500000 + 3000 * SECONDS }, again);
}
