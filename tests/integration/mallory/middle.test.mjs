// SPDX-License-Identifier: Apache-2.0
// Row 1: somebody in the middle with keys and a browser of her own, through whom sound and picture really go.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { until } from '../lib/server.mjs';
import { Middle } from './middle.mjs';
import { connect, finish, over, row, stage } from './stage.mjs';

const on = stage(['alice', 'bob']);
let middle;
before(async () => { middle = await Middle.open(); }, { timeout: 120000 });
after(() => middle?.close());

const lines = () => Promise.all(['alice', 'bob'].map((name) => on.mallory.line(name)));

row(1, 'somebody in the middle with her own keys: the emoji differ', async () => {
  const { mallory, alice, bob } = on;
  await middle.between(mallory, ...await lines());
  await alice.call('bob');
  await middle.reach();
  await bob.answer();
  await middle.relay();
  await Promise.all([alice.active(), bob.active()]);
  await Promise.all([alice.watches(), bob.watches(), alice.hears(), bob.hears()]);
  const [mine, theirs] = await Promise.all([alice.emoji(), bob.emoji()]);
  assert.deepEqual([mine.length, theirs.length], [4, 4]);
  assert.notDeepEqual(mine, theirs);
  assert.notEqual(await alice.get('sas-digits').textContent(), await bob.get('sas-digits').textContent());
  for (const person of [alice, bob]) assert.ok(!(await person.seen()).levels.includes('verified'));
  for (const person of [alice, bob]) {
    await person.click('sas-differ');
    await person.click('sas-hangup');
    assert.equal(await person.ended(), 'they_differ');
    await person.done();
  }
  await middle.leave();
});

row(1, 'somebody in the middle after the two have compared: the call stops on both sides', async () => {
  const { mallory } = on;
  /* whoever was let in by the last test is forgotten */
  const [alice2, bob2] = await Promise.all(['alice2', 'bob2'].map((name) => on.open(name)));
  try {
    await connect(alice2, bob2);
    await Promise.all([alice2.emoji(), bob2.emoji()]);
    await Promise.all([alice2.click('sas-match'), bob2.click('sas-match')]);
    for (const person of [alice2, bob2]) await until(async () => (await person.view()).e2ee === 'verified', 'the mark of a verified call', 60000);
    await finish(alice2, bob2);
    mallory.peace();
    await middle.between(mallory, await mallory.line('alice2'), await mallory.line('bob2'));
    await alice2.call('bob2');
    await middle.reach();
    /* Bob cannot answer */
    await bob2.sees('incoming-call');
    assert.equal(await bob2.get('incoming-call').getAttribute('data-e2ee'), 'changed');
    assert.equal(await bob2.get('incoming-accept').isVisible(), false);
    assert.match(await bob2.get('security-block').first().textContent(), /security key has changed/);
    /* Alice gets an answer, and nothing of hers leaves */
    await middle.answer();
    await until(async () => (await alice2.view()).e2ee === 'changed', 'the changed key', 60000);
    assert.match(await alice2.page.locator('[data-testid="call-view"] [data-testid="security-block"]').textContent(), /security key has changed/);
    assert.equal(await alice2.page.evaluate(() => window.watch.pcs.length), 0);
    await alice2.page.locator('[data-testid="call-view"] [data-testid="block-end"]').click();
    assert.deepEqual(await over(alice2), ['identity_changed']);
    await bob2.click('block-end');
    await bob2.get('incoming-call').waitFor({ state: 'detached', timeout: 60000 });
    await middle.leave();
    mallory.peace();
    /* the honest one is still known */
    await connect(bob2, alice2, { video: false });
    for (const person of [alice2, bob2]) assert.equal((await person.view()).e2ee, 'verified');
    await finish(bob2, alice2);
  } finally {
    await Promise.all([alice2.close(), bob2.close()]);
  }
});
