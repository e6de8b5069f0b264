// SPDX-License-Identifier: Apache-2.0
// aldisctl backup and restore, on both engines.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chown, copyFile, mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client } from './lib/client.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, build, top, until } from './lib/server.mjs';
import { Writers } from './lib/writers.mjs';

const limits = { registration_rate_address: 1000 };
let folder, postgres;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'aldis-backup-'));
  postgres = await Postgres.start();
});
after(async () => {
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
});

/** aldisctl with the configuration of `server`, which may be stopped. */
async function ctl(server, ...args) {
  const config = await server.configure();
  return new Promise((resolve) => {
    execFile(path.join(build, 'server/aldisctl'), ['--config', config, ...args], { timeout: 60000 }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

async function refuses(server, args, message) {
  const result = await ctl(server, ...args);
  assert.equal(result.code, 1, result.stdout);
  assert.match(result.stderr, message);
}

async function works(server, ...args) {
  const result = await ctl(server, ...args);
  assert.equal(result.code, 0, result.stderr);
}

/** Turns bytes in the middle of a file around. */
async function damage(file) {
  const handle = await open(file, 'r+');
  const at = Math.floor((await handle.stat()).size / 2);
  const bytes = Buffer.alloc(4096);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, at);
  await handle.write(bytes.subarray(0, bytesRead).map((byte) => byte ^ 0x5a), 0, bytesRead, at);
  await handle.close();
}

const engines = {
  sqlite: {
    database: async () => 'sqlite:aldis.db',
    sql: (server, sql) => promisify(execFile)('sqlite3', [path.join(server.folder, 'var/aldis.db'), sql]),
  },
  postgresql: {
    database: (name) => postgres.createDatabase(name),
    sql: (server, sql) => promisify(execFile)('psql', ['-X', '-q', server.settings.messaging.database, '-c', sql]),
  },
};

for (const [engine, { database, sql }] of Object.entries(engines))
  test(`back up while writes go on, restore elsewhere: ${engine}`, async () => {
    const file = (name) => path.join(folder, `${engine}-${name}`);
    const server = await Server.start({ messaging: { ...limits, database: await database('one') } });
    const other = await Server.start({ messaging: { ...limits, database: await database('two') } });
    try {
      const writers = await Writers.open(server.wsUrl, 'writer');
      writers.start();
      await writers.progress(20);
      const acked = writers.acked();
      await works(server, 'backup', file('whole'));
      await writers.progress(5); // it stood in nobody's way
      await refuses(server, ['backup', file('whole')], /exists/);
      await refuses(server, ['restore', '--force', file('whole')], /in use by another server/);
      await writers.progress(5);
      await writers.stop();
      assert.equal((await stat(file('whole'))).mode & 0o777, 0o600);

      await (await (await Client.open(other.wsUrl)).register('somebody')).close();
      await other.stop();
      await refuses(other, ['restore', file('whole')], /--force.*there is a database/);
      await copyFile(file('whole'), file('damaged'));
      await damage(file('damaged'));
      await refuses(other, ['restore', '--force', file('damaged')], /damaged|malformed|nothing was changed/);
      await server.stop();
      await sql(server, "INSERT INTO schema_steps VALUES (1000, 'holograms', 1)");
      await works(server, 'backup', file('newer'));
      await refuses(other, ['restore', '--force', file('newer')], /newer version of Aldis/);
      await refuses(other, ['restore', '--force', path.join(top, 'README.md')], /no backup/);
      await refuses(other, ['restore', '--force', file('none')], /No such file/);

      await other.launch(); // all the refusals left it as it was
      await (await (await Client.open(other.wsUrl)).login('somebody')).close();
      await other.stop();
      await works(other, 'restore', '--force', file('whole'));
      await other.launch();
      await writers.check(other.wsUrl, acked);
      const client = await Client.open(other.wsUrl);
      await assert.rejects(client.login('somebody'), { code: -32001 });
      await client.close();
    } finally {
      await server.remove();
      await other.remove();
    }
  });

test('restore where nothing was yet; a backup goes to its own engine', async () => {
  const blank = await Server.start({ messaging: { ...limits, database: await postgres.createDatabase('three') } });
  try {
    await blank.stop();
    blank.settings.messaging.database = await postgres.createDatabase('blank');
    await refuses(blank, ['backup', path.join(folder, 'nothing')], /there is no database of Aldis there/);
    await refuses(blank, ['restore', path.join(folder, 'sqlite-whole')], /is a backup of SQLite/);
    await works(blank, 'restore', path.join(folder, 'postgresql-whole'));
    await blank.launch();
    await (await (await Client.open(blank.wsUrl)).login('writer_0')).close();
    await blank.stop();
    blank.settings.messaging.database = 'sqlite:new.db';
    await refuses(blank, ['restore', path.join(folder, 'postgresql-whole')], /is a backup of PostgreSQL/);
    await works(blank, 'restore', path.join(folder, 'sqlite-whole'));
    await blank.launch();
    await (await (await Client.open(blank.wsUrl)).login('writer_0')).close();
  } finally {
    await blank.remove();
  }
});

// As docs/operations.md describes it.
test('point-in-time recovery of PostgreSQL', async () => {
  const archive = path.join(folder, 'wal');
  await mkdir(archive);
  if (process.getuid() === 0) await Promise.all([folder, archive].map((name) => chown(name, postgres.options.uid, postgres.options.gid)));
  await postgres.stop();
  postgres.settings = ['archive_mode=on', `archive_command=test ! -f ${archive}/%f && cp %p ${archive}/%f`];
  await postgres.launch();
  const server = await Server.start({ messaging: { ...limits, database: await postgres.createDatabase('past') } });
  try {
    const writers = await Writers.open(server.wsUrl, 'writer');
    writers.start();
    await writers.progress(10);
    const base = path.join(postgres.folder, 'base');
    await postgres.run('pg_basebackup', ['-h', postgres.folder, '-U', 'postgres', '-D', base, '--checkpoint=fast']);
    await writers.progress(10);
    await writers.stop();
    const good = await postgres.psql('SELECT clock_timestamp ()');
    await postgres.psql('DELETE FROM room_members; DELETE FROM rooms', 'past'); // the mistake
    const last = await postgres.psql('SELECT pg_walfile_name (pg_current_wal_lsn ())');
    await postgres.psql('SELECT pg_switch_wal ()');
    await until(async () => (await postgres.psql('SELECT last_archived_wal FROM pg_stat_archiver')) >= last, 'the WAL to be archived');
    await server.stop();
    await postgres.stop();

    postgres.data = base;
    postgres.settings = [`restore_command=cp ${archive}/%f %p`, `recovery_target_time=${good}`, 'recovery_target_action=promote'];
    await writeFile(path.join(base, 'recovery.signal'), '');
    if (process.getuid() === 0) await chown(path.join(base, 'recovery.signal'), postgres.options.uid, postgres.options.gid);
    await postgres.launch();
    await until(async () => (await postgres.psql('SELECT pg_is_in_recovery ()')) === 'f', 'the recovery to end');
    await server.launch();
    await writers.check(server.wsUrl);
  } finally {
    await server.remove();
  }
});
