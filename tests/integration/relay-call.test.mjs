// SPDX-License-Identifier: Apache-2.0
// Two people behind routers that let neither reach the other: the web client's call goes through the relay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person } from './lib/app.mjs';
import { Network } from './lib/network.mjs';
import { Server, until } from './lib/server.mjs';

let network, server, sites;

before(async () => {
  network = await Network.make();
  const { address } = network;
  server = await Server.start({
    relay: { listen_udp: `${address}:3478`, listen_tcp: `${address}:3478`, listen_tls: `${address}:5349` },
    messaging: { registration_rate_address: 1000 },
  }, { host: address, command: network.command });
  sites = [await network.site('a', '10.77.0.11', 1), await network.site('b', '10.77.0.12', 2)];
}, { timeout: 60000 });
after(async () => {
  await server?.remove();
  await network?.remove();
});

/* runs in the page: relayed candidates alone, by one way to the relay */
const only = (way) => `{
  const narrow = (config) => ({ ...config, iceTransportPolicy: 'relay', iceServers: (config.iceServers ?? []).map((server) => (
    { ...server, urls: [server.urls].flat().filter((url) => ${way}.test(url)) })).filter((server) => server.urls.length) });
  const Native = RTCPeerConnection;
  const set = Native.prototype.setConfiguration;
  Native.prototype.setConfiguration = function (config) { return set.call(this, narrow(config)); };
  window.RTCPeerConnection = class extends Native { constructor(config) { super(narrow(config)); } };
}`;
const ways = { UDP: '/^turn:.*udp/', TCP: '/^turn:.*tcp/', TLS: '/^turns:/' };

for (const [name, way] of Object.entries(ways))
  test(`relay: a call of two sites over ${name}`, { timeout: 240000 }, async () => {
    const url = `https://${network.address}:${server.tlsPort}`;
    const people = [];
    try {
      for (const [i, site] of sites.entries())
        people.push(await (await Person.open(url, `${name.toLowerCase()}_${i}`,
          { executablePath: site.chromium, scripts: [only(way)], args: ['--ignore-certificate-errors'] })).register());
      const [alice, bob] = people;
      await alice.call(bob.username);
      await bob.answer();
      await Promise.all([alice.active(), bob.active()]);
      await Promise.all([alice.watches(), bob.watches(), alice.hears(), bob.hears()]);
      for (const person of people) {
        const pair = await until(() => person.page.evaluate(async () => {
          const stats = await window.watch.pcs.at(-1).getStats();
          const transport = [...stats.values()].find((entry) => entry.type === 'transport');
          const chosen = stats.get(transport?.selectedCandidatePairId);
          const [local, remote] = [stats.get(chosen?.localCandidateId), stats.get(chosen?.remoteCandidateId)];
          return local && [local.candidateType, remote.candidateType, local.relayProtocol];
        }), 'the chosen pair');
        assert.deepEqual(pair, ['relay', 'relay', name.toLowerCase()]);
      }
      for (const person of people) {
        await person.click('quality');
        await person.get('stat-route').filter({ hasText: 'Relayed' }).waitFor({ timeout: 30000 });
      }
      await alice.click('call-hangup');
      assert.deepEqual(await Promise.all([alice.ended(), bob.ended()]), ['hangup', 'hangup']);
    } finally {
      await Promise.all(people.map((person) => person.close()));
    }
  });
