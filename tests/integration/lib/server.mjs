// SPDX-License-Identifier: Apache-2.0
// Starts aldisd from the build folder under test, with a data folder and ports of its own; when ALDIS_TEST_POSTGRES names a
// PostgreSQL server (tests/lib/with-postgres), with a schema of its own there instead of a file of SQLite.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const build = path.resolve(top, process.env.ALDIS_BUILD ?? 'build-release');

/** A port that was free a moment ago. */
export async function freePort(host = '127.0.0.1') {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once('error', reject).listen(0, host, resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `probe` gives a truthy value; its last error is the cause when it never does. */
export async function until(probe, what, timeoutMs = 20000) {
  const end = Date.now() + timeoutMs;
  let cause;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > end) throw new Error(`timeout: ${what}`, { cause });
    await delay(50);
  }
}

const run = promisify(execFile);
let schemas = 0;

/** SQL on the PostgreSQL server at `url`; gives its output. */
export const psql = async (url, sql) => (await run('psql', ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', url, '-c', sql])).stdout.trim();

export class Server {
  /** @param {Record<string, Record<string, string | number>>} settings sections of aldis.conf over the test's defaults */
  static async start(settings = {}, { host = '127.0.0.1', command = [] } = {}) {
    const server = new Server();
    server.host = host;
    server.command = command; // what to run aldisd under: ['ip', 'netns', 'exec', NAME]
    server.folder = await mkdtemp(path.join(tmpdir(), 'aldis-test-'));
    server.port = await freePort();
    server.tlsPort = await freePort();
    server.metricsPort = await freePort();
    server.settings = {
      server: {
        data_dir: path.join(server.folder, 'var'), log_level: 'debug', metrics_listen: `127.0.0.1:${server.metricsPort}`,
        udp_offload: process.env.ALDIS_UDP_OFFLOAD ?? 'auto', ...settings.server,
      },
      signaling: { listen: `${host}:${server.port}`, tls_listen: `${host}:${server.tlsPort}`, web_root: path.join(top, 'web/dist'), ...settings.signaling },
      messaging: { ...(await server.makeSchema()), ...settings.messaging },
      push: { ...settings.push },
      sfu: { ...settings.sfu },
      streaming: { ...settings.streaming },
      relay: { listen_udp: '', listen_tcp: '', listen_tls: '', ...settings.relay },
    };
    await server.launch();
    return server;
  }

  get url() { return `http://${this.host}:${this.port}`; }
  get wsUrl() { return `ws://${this.host}:${this.port}/rpc`; }
  get log() { return this.output.join(''); }

  async makeSchema() {
    this.postgres = process.env.ALDIS_TEST_POSTGRES;
    if (!this.postgres) return {};
    this.schema = `i${process.pid}_${++schemas}`;
    await psql(this.postgres, `CREATE SCHEMA ${this.schema}`);
    return { database: `${this.postgres}&options=-csearch_path%3D${this.schema}` };
  }

  /** Writes the settings as they are now to the configuration file. */
  async configure() {
    const file = path.join(this.folder, 'aldis.conf');
    const text = Object.entries(this.settings)
      .map(([section, keys]) => `[${section}]\n${Object.entries(keys).map(([k, v]) => `${k} = ${v}\n`).join('')}`)
      .join('\n');
    await writeFile(file, text);
    return file;
  }

  /** Starts the process on the folder as it is: also used after stop() and kill(). */
  async launch() {
    const file = await this.configure();
    const [program, ...args] = [...this.command, path.join(build, 'server/aldisd'), '--config', file];
    this.output = [];
    this.process = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (data) => this.output.push(String(data)));
    this.exited = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve({ code, signal })));
    await until(() => this.process.exitCode !== null || this.log.includes('Aldis is ready'), 'aldisd to be ready', 30000);
    if (this.process.exitCode !== null) throw new Error(`aldisd ended: ${this.log}`);
  }

  /** Drains; gives the exit code. */
  async stop() {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  async kill() {
    this.process.kill('SIGKILL');
    return this.exited;
  }

  async remove() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const guard = setTimeout(() => this.process.kill('SIGKILL'), 15000);
      await this.stop();
      clearTimeout(guard);
    }
    await rm(this.folder, { recursive: true, force: true });
    if (this.schema) await psql(this.postgres, `SET client_min_messages = warning; DROP SCHEMA ${this.schema} CASCADE`);
  }

  async metrics() {
    return (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
  }
}
