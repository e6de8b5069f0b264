// SPDX-License-Identifier: Apache-2.0
/**
 * A small network of its own, in namespaces: one for the servers with a bridge, one for each person, all on 10.77.0.0/24.
 * Names carry the process id; remove() takes everything away again.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...args) => run('ip', args);

/** Without an address that IPv6 gives itself a second later: browsers start what they do anew when the network changes. */
async function up(namespace) {
  await ip('-n', namespace, 'link', 'set', 'eth0', 'addrgenmode', 'none');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
}

export class Network {
  hub = `aldis-${process.pid}-hub`;
  address = '10.77.0.1';
  address6 = 'fd77::1'; // when asked for
  /** @type {string[]} */ #namespaces = [];
  /** @type {import('node:child_process').ChildProcess[]} */ #programs = [];

  static async make({ ipv6 = false } = {}) {
    const network = new Network();
    network.folder = await mkdtemp(path.join(tmpdir(), 'aldis-net-'));
    await network.#namespace(network.hub);
    await ip('-n', network.hub, 'link', 'add', 'br0', 'type', 'bridge');
    await ip('-n', network.hub, 'addr', 'add', `${network.address}/24`, 'dev', 'br0');
    await ip('-n', network.hub, 'link', 'set', 'br0', 'up');
    if (ipv6) await ip('-n', network.hub, 'addr', 'add', `${network.address6}/64`, 'dev', 'br0', 'nodad');
    return network;
  }

  async #namespace(name) {
    await ip('netns', 'add', name);
    this.#namespaces.push(name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  /** What to run a program of the servers under. */
  get command() {
    return ['ip', 'netns', 'exec', this.hub];
  }

  /** start: a program of lib/ among the servers. @returns {Promise<string>} what it says first */
  async start(name, ...args) {
    const [program, ...rest] = this.command;
    const script = fileURLToPath(new URL(name, import.meta.url));
    const child = spawn(program, [...rest, process.execPath, script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#programs.push(child);
    return String((await once(child.stdout, 'data'))[0]).trim();
  }

  /** door: a URL by which this process reaches a WebSocket of the servers. */
  async door(port, where = '/rpc') {
    const socket = path.join(this.folder, `door-${port}`);
    await this.start('door.mjs', socket, this.address, String(port));
    return `ws+unix:${socket}:${where}`;
  }

  /** rules: of nftables in a namespace, in place of those before: {input: 'udp drop'}; none: everything passes. */
  async rules(namespace, chains = {}) {
    const file = path.join(this.folder, `${namespace}.nft`);
    const lines = Object.entries(chains).map(([hook, rule]) => `  chain ${hook} { type filter hook ${hook} priority filter\n    ${rule}\n  }\n`);
    await writeFile(file, `flush ruleset\ntable inet test {\n${lines.join('')}}\n`);
    await run('ip', ['netns', 'exec', namespace, 'nft', '-f', file]);
  }

  /** narrow: what comes to a person (the port of person()) by so many kilobits a second; 0: as fast as it goes. */
  async narrow(port, kbits) {
    await run('ip', ['netns', 'exec', this.hub, 'tc', 'qdisc', 'del', 'dev', port, 'root']).catch(() => {});
    if (kbits) await run('ip', ['netns', 'exec', this.hub, 'tc', 'qdisc', 'add', 'dev', port, 'root', 'tbf', 'rate', `${kbits}kbit`, 'burst', '1600', 'limit', '20000']);
  }

  /** person: a namespace with an address, and a Chromium that starts inside. */
  async person(name, address) {
    const namespace = `aldis-${process.pid}-${name}`;
    const port = `v${process.pid}${name}`.slice(0, 15);
    await this.#namespace(namespace);
    await ip('-n', this.hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('-n', this.hub, 'link', 'set', port, 'master', 'br0', 'up');
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await up(namespace);
    await ip('-n', namespace, 'route', 'add', 'default', 'via', this.address);
    return {
      namespace,
      port, // its end at the bridge
      chromium: await this.#chromium(name, namespace),
      /** move: another address, as on the way from one network to another. */
      move: async (to) => {
        await ip('-n', namespace, 'addr', 'flush', 'dev', 'eth0');
        await ip('-n', namespace, 'addr', 'add', `${to}/24`, 'dev', 'eth0');
        await ip('-n', namespace, 'route', 'replace', 'default', 'via', this.address);
      },
    };
  }

  async #chromium(name, namespace) {
    const chromium = path.join(this.folder, `chromium-${name}`);
    await writeFile(chromium, `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`);
    await chmod(chromium, 0o755);
    return chromium;
  }

  /**
   * site: a person behind a router of their own, with a port of its own for everything that they ask. From there nothing but
   * the servers can be reached. lan: the third number of 192.168.N.0/24
   */
  async site(name, address, lan) {
    const router = await this.person(`${name}r`, address);
    const namespace = `aldis-${process.pid}-${name}`;
    await this.#namespace(namespace);
    await ip('-n', router.namespace, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('-n', router.namespace, 'addr', 'add', `192.168.${lan}.1/24`, 'dev', 'lan');
    await ip('-n', router.namespace, 'link', 'set', 'lan', 'up');
    await ip('-n', namespace, 'addr', 'add', `192.168.${lan}.2/24`, 'dev', 'eth0');
    await up(namespace);
    await ip('-n', namespace, 'route', 'add', 'default', 'via', `192.168.${lan}.1`);
    await run('ip', ['netns', 'exec', router.namespace, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
    const rules = path.join(this.folder, `${name}.nft`);
    await writeFile(rules, `table ip site {
  chain out { type nat hook postrouting priority srcnat; oifname "eth0" masquerade fully-random; }
  chain pass { type filter hook forward priority filter; policy drop;
    ct state established accept
    iifname "lan" ip daddr ${this.address} accept
  }
}\n`);
    await run('ip', ['netns', 'exec', router.namespace, 'nft', '-f', rules]);
    return { namespace, chromium: await this.#chromium(name, namespace) };
  }

  async remove() {
    for (const child of this.#programs) child.kill();
    for (const namespace of this.#namespaces) await ip('netns', 'del', namespace).catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }
}
