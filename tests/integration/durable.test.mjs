// SPDX-License-Identifier: Apache-2.0
// What was acknowledged is there after kill -9 of the server, and of the server of the database, in the middle of writes, and
// after a disk was full.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Postgres } from './lib/postgres.mjs';
import { Server, until } from './lib/server.mjs';
import { Talker, Writer, Writers } from './lib/writers.mjs';

const limits = { registration_rate_address: 1000, message_rate: 0 };
const kinds = [Writer, Talker, Writer, Talker];
let postgres;
before(async () => { postgres = await Postgres.start(); });
after(() => postgres.remove());

for (const engine of ['sqlite', 'postgresql'])
  test(`kill -9 of aldisd in the middle of writes: ${engine}`, async () => {
    const database = engine === 'sqlite' ? 'sqlite:aldis.db' : await postgres.createDatabase('killed');
    const server = await Server.start({ messaging: { ...limits, database } });
    try {
      const writers = await Writers.open(server.wsUrl, 'writer', kinds);
      for (let round = 0; round < 4; round++) {
        writers.start();
        await writers.progress(10 + 7 * round);
        await server.kill();
        await writers.stop();
        await server.launch();
        await writers.check(server.wsUrl);
        await writers.attach();
      }
    } finally {
      await server.remove();
    }
  });

test('kill -9 of PostgreSQL in the middle of writes: told, nothing lost, and it goes on by itself', async () => {
  const server = await Server.start({ messaging: { ...limits, database: await postgres.createDatabase('away') } });
  try {
    const writers = await Writers.open(server.wsUrl, 'writer', kinds);
    for (let round = 0; round < 3; round++) {
      writers.start();
      await writers.progress(10 + 5 * round);
      await postgres.kill();
      const refused = writers.all.map((writer) => writer.refused.length);
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      await assert.rejects(writers.all[0].client.call('call.history', { limit: 1 }), (error) => error.code === -32007 && error.reason === 'storage');
      await postgres.launch();
      await writers.progress(10); // by itself
      await writers.stop();
      for (const [i, writer] of writers.all.entries()) assert.ok(writer.refused.slice(refused[i]).every((reason) => reason === 'storage'), writer.refused.join());
      assert.ok(writers.all.some((writer, i) => writer.refused.length > refused[i]), 'somebody was told');
    }
    await server.kill(); // nothing in its memory counts
    await server.launch();
    await writers.check(server.wsUrl);
  } finally {
    await server.remove();
  }
});

/** Writes until there is no room left. */
async function fill(file) {
  const handle = await open(file, 'w');
  for (const bytes of [1 << 20, 1 << 12, 1]) // what is left by one size is taken by the next
    try {
      for (;;) await handle.write(Buffer.alloc(bytes));
    } catch (error) {
      assert.equal(error.code, 'ENOSPC');
    }
  await handle.close();
}

test('a disk that is full: told, nothing lost, and it goes on when there is room', async () => {
  const run = promisify(execFile);
  const disk = await mkdtemp(path.join(tmpdir(), 'aldis-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  try {
    const server = await Server.start({ server: { data_dir: path.join(disk, 'var') }, messaging: limits });
    try {
      const writers = await Writers.open(server.wsUrl, 'writer', kinds);
      for (let round = 0; round < 2; round++) {
        writers.start();
        await writers.progress(10);
        await fill(path.join(disk, 'filler'));
        await until(() => writers.all.every((writer) => writer.refused.at(-1) === 'storage'), 'everybody to be told', 60000);
        for (const writer of writers.all) assert.ok(await writer.find() >= 10); // reading goes on
        await rm(path.join(disk, 'filler'));
        await writers.progress(10);
        await writers.stop();
        assert.ok(writers.all.every((writer) => writer.refused.every((reason) => reason === 'storage')));
      }
      await server.kill();
      await server.launch();
      await writers.check(server.wsUrl);
    } finally {
      await server.remove();
    }
  } finally {
    await run('umount', [disk]);
    await rm(disk, { recursive: true });
  }
});
