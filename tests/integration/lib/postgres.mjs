// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL server of the test's own, with its data in a temporary folder and durable as in production, so that it can be
// killed. Tests that just need a database use ALDIS_TEST_POSTGRES (see server.mjs).
import { execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { psql, until } from './server.mjs';

const run = promisify(execFile);

/** Of the newest version that is installed. */
async function findPrograms() {
  const versions = await readdir('/usr/lib/postgresql');
  return `/usr/lib/postgresql/${versions.sort((a, b) => a - b).at(-1)}/bin`;
}

export class Postgres {
  /** @param {string[]} settings of the server: ['archive_mode=on', …] */
  static async start(settings = []) {
    const self = new Postgres();
    self.bin = await findPrograms();
    self.folder = await mkdtemp(path.join(tmpdir(), 'aldis-postgres-'));
    self.data = path.join(self.folder, 'data');
    self.settings = settings;
    self.options = { cwd: self.folder };
    if (process.getuid() === 0) { // it refuses to run as root
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)));
      Object.assign(self.options, { uid, gid });
      await chown(self.folder, uid, gid);
    }
    await self.run('initdb', ['-D', self.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--wal-segsize=1', '--no-instructions']);
    await self.launch();
    return self;
  }

  /** One of PostgreSQL's programs, as the user that owns the data. */
  run(program, args) { return run(path.join(this.bin, program), args, this.options); }

  url(database) { return `postgresql://postgres@/${database}?host=${this.folder}`; }
  psql(sql, database = 'postgres') { return psql(this.url(database), sql); }

  async createDatabase(name) {
    await this.psql(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** Starts it on the data as they are. After kill() the first tries may fail: its children hold the memory a moment longer. */
  async launch() {
    await until(async () => {
      const args = ['-D', this.data, '-k', this.folder, '-c', 'listen_addresses=', '-c', 'shared_buffers=16MB', ...this.settings.flatMap((s) => ['-c', s])];
      this.output = '';
      this.process = spawn(path.join(this.bin, 'postgres'), args, { ...this.options, stdio: ['ignore', 'ignore', 'pipe'] });
      this.process.stderr.on('data', (data) => { this.output += data; });
      this.exited = new Promise((resolve) => this.process.once('exit', resolve));
      const ready = until(() => this.process.exitCode !== null || this.psql('SELECT 1'), 'PostgreSQL to be ready', 30000);
      await Promise.race([this.exited, ready]);
      if (this.process.exitCode !== null) throw new Error(`postgres ended: ${this.output}`);
      return true;
    }, 'PostgreSQL to start', 60000);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** Stops it at once, as a server that is switched off in an orderly way. */
  async stop() {
    this.process.kill('SIGINT');
    await this.exited;
  }

  async remove() {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGQUIT');
      await this.exited;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
