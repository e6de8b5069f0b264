// SPDX-License-Identifier: Apache-2.0
// Two people behind routers that let neither reach the other: the web client's call goes through the relay. And two who
// could reach each other, and shall not know where.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Person } from './lib/app.mjs';
import { Authority } from './lib/authority.mjs';
import { Network } from './lib/network.mjs';
import { Server, until } from './lib/server.mjs';

const run = promisify(execFile);
const ways = { UDP: '^turn:.*udp', TCP: '^turn:.*tcp', TLS: '^turns:' };
const addresses = { hide_a: '10.77.0.21', hide_b: '10.77.0.22' };

let authority, network, server, url;
/** behind routers @type {Person[]} */ let apart = [];
/** side by side @type {Person[]} */ let near = [];

/* runs in the page: while it is set, relayed candidates alone, by the way to the relay that window.way matches */
const narrow = () => {
  const narrowed = (config) => (window.way ? { ...config, iceTransportPolicy: 'relay', iceServers: (config.iceServers ?? []).map((server) => (
    { ...server, urls: [server.urls].flat().filter((at) => new RegExp(window.way).test(at)) })).filter((server) => server.urls.length) } : config);
  const Native = RTCPeerConnection;
  const set = Native.prototype.setConfiguration;
  Native.prototype.setConfiguration = function (config) { return set.call(this, narrowed(config)); };
  window.RTCPeerConnection = class extends Native { constructor(config) { super(narrowed(config)); } };
};

/* runs in the page: all that the other side has said of where it is, decrypted */
const listen = () => {
  window.learned = [];
  for (const name of ['setRemoteDescription', 'addIceCandidate']) {
    const native = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (news, ...rest) {
      if (news) window.learned.push(news.sdp ?? news.candidate ?? '');
      return native.call(this, news, ...rest);
    };
  }
};

async function open(site, name) {
  const home = await authority.home(name);
  return (await Person.open(url, name, { executablePath: site.chromium, scripts: [narrow, listen], home })).register();
}

before(async () => {
  [authority, network] = await Promise.all([Authority.make(), Network.make()]);
  const { address } = network;
  server = await Server.start({
    signaling: await authority.issue('server', [`IP:${address}`]),
    relay: { listen_udp: `${address}:3478`, listen_tcp: `${address}:3478`, listen_tls: `${address}:5349` },
    messaging: { registration_rate_address: 1000 },
  }, { host: address, command: network.command });
  url = `https://${address}:${server.tlsPort}`;
  for (const [i, name] of ['site_a', 'site_b'].entries())
    apart.push(await open(await network.site(name.at(-1), `10.77.0.1${i + 1}`, i + 1), name));
}, { timeout: 120000 });
after(async () => {
  await Promise.all([...apart, ...near].map((person) => person.close()));
  await server?.remove();
  await network?.remove();
  await authority?.remove();
});

/** The pair of candidates in use, once there is one: [local type, remote type, transport to the relay]. */
const chosen = (person) => until(() => person.page.evaluate(async () => {
  const stats = await window.watch.pcs.at(-1).getStats();
  const transport = [...stats.values()].find((entry) => entry.type === 'transport');
  const pair = stats.get(transport?.selectedCandidatePairId);
  const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
  return local && remote && [local.candidateType, remote.candidateType, local.relayProtocol];
}), 'the chosen pair');

async function connect([from, to]) {
  await from.call(to.username);
  await to.answer();
  await Promise.all([from.active(), to.active()]);
  await Promise.all([from.watches(), to.watches(), from.hears(), to.hears()]);
}

async function finish([from, to]) {
  await from.click('call-hangup');
  assert.deepEqual(await Promise.all([from.ended(), to.ended()]), ['hangup', 'hangup']);
  await Promise.all([from.done(), to.done()]);
}

/* whichever way a loaded machine's browser was first on: it has all three */
const relayed = /^Relayed over (UDP|TCP|TLS)$/;

/** The quality overlay says so. */
async function showsRoute(person, words) {
  if (!(await person.get('stat-route').count())) await person.click('quality');
  let shown;
  await until(async () => words.test(shown = await person.get('stat-route').textContent()), `${words}`, 30000)
    .catch((cause) => { throw new Error(`${person.username} reads "${shown}" and not ${words}`, { cause }); });
}

for (const [name, way] of Object.entries(ways))
  test(`relay: a call of two sites over ${name}`, { timeout: 240000 }, async () => {
    for (const person of apart) await person.page.evaluate((word) => { window.way = word; }, way);
    await connect(apart);
    for (const person of apart) assert.deepEqual(await chosen(person), ['relay', 'relay', name.toLowerCase()]);
    for (const person of apart) await showsRoute(person, new RegExp(`^Relayed over ${name}$`));
    await finish(apart);
  });

test('relay: a browser that does not know the authority goes nowhere', { timeout: 60000 }, async () => {
  const { chromium: executablePath } = await network.person('n', '10.77.0.31');
  await assert.rejects(Person.open(url, 'nobody', { executablePath, home: authority.folder }), /ERR_CERT_AUTHORITY_INVALID/);
});

/** Counts packets that come straight from one of the two to the other. */
async function count(site, own, other) {
  const file = path.join(network.folder, `${own}.nft`);
  await writeFile(file, `table ip watch {\n  counter straight {}\n  chain in { type filter hook input priority filter; ip saddr ${other} ip daddr ${own} counter name straight; }\n}\n`);
  const nft = (...args) => run('ip', ['netns', 'exec', site.namespace, 'nft', ...args]);
  await nft('-f', file);
  return async () => JSON.parse((await nft('-j', 'list', 'counter', 'ip', 'watch', 'straight')).stdout).nftables.find(({ counter }) => counter).counter.packets;
}

test('relay: addresses of strangers stay hidden, and of those who want it from everybody', { timeout: 240000 }, async () => {
  const counts = [];
  for (const [i, [name, address]] of Object.entries(addresses).entries()) {
    const site = await network.person(name.at(-1) + '2', address);
    counts.push(await count(site, address, Object.values(addresses)[1 - i]));
    near.push(await open(site, name));
  }
  const [alice, bob] = near;
  const learned = (person) => person.page.evaluate(() => window.learned.splice(0).join('\n'));
  const types = (text) => [...new Set([...text.matchAll(/candidate:.* typ (\w+)/g)].map(([, type]) => type))].sort();
  const straight = () => Promise.all(counts.map((ask) => ask()));

  await alice.click('nav-settings');
  await alice.click('settings-privacy');
  assert.equal(await alice.get('hide-address').inputValue(), 'strangers', 'as it is by default');
  assert.equal(await alice.get('hide-no-relay').isVisible(), false);

  /* nothing before the callee accepts */
  await alice.call(bob.username);
  await bob.sees('incoming-call');
  assert.deepEqual([await learned(alice), await learned(bob)], ['', '']);
  /* and then what belongs to the relay */
  await bob.answer();
  await Promise.all([alice.active(), bob.active()]);
  await Promise.all([alice.watches(), bob.watches()]);
  for (const person of near) await showsRoute(person, relayed);
  for (const [person, hidden] of [[alice, addresses.hide_b], [bob, addresses.hide_a]]) {
    const text = await learned(person);
    assert.deepEqual(types(text), ['relay']);
    assert.ok(!text.includes(hidden), `what ${person.username} was told`);
  }
  assert.deepEqual(await straight(), [0, 0], 'packets that did not go through the relay');

  /* they have compared */
  await Promise.all([alice.emoji(), bob.emoji()]);
  await Promise.all([alice.click('sas-match'), bob.click('sas-match')]);
  for (const person of near) await showsRoute(person, /^Direct over UDP$/);
  assert.ok((await learned(alice)).includes(addresses.hide_b));
  assert.ok((await learned(bob)).includes(addresses.hide_a));
  assert.ok((await straight()).every((packets) => packets > 0));
  await finish(near);

  /* by choice, whoever it is */
  await alice.click('nav-settings');
  await alice.click('settings-privacy');
  await alice.get('hide-address').selectOption('all');
  await alice.get('hide-about').filter({ hasText: 'All calls go through the relay' }).waitFor();
  await Promise.all([learned(alice), learned(bob)]);
  const [, before] = await straight();
  await connect(near);
  for (const person of near) await showsRoute(person, relayed);
  const text = await learned(bob);
  assert.deepEqual(types(text), ['relay']);
  assert.ok(!text.includes(addresses.hide_a), 'what Bob was told');
  assert.equal((await straight())[1], before, 'packets that Bob got straight from Alice');
  await finish(near);
});

test('relay: without it the same call of two sites fails, and says why', { timeout: 120000 }, async () => {
  Object.assign(server.settings.relay, { listen_udp: '', listen_tcp: '', listen_tls: '' });
  server.settings.signaling.connect_timeout_s = 5;
  await server.stop();
  await server.launch();
  for (const person of apart) await person.page.evaluate(() => { window.way = ''; });
  const [alice, bob] = apart;
  await alice.call(bob.username);
  await bob.answer();
  assert.deepEqual(await Promise.all([alice.ended(), bob.ended()]), ['failed', 'failed']);
  for (const person of apart) {
    assert.equal(await person.get('summary-title').textContent(), 'No path could be found');
    assert.match(await person.get('call-summary').textContent(), /Both of you reached the server, but sound and picture could not get from one to the other/);
  }
});
