// SPDX-License-Identifier: Apache-2.0
// In the web client: a copy of one's data as a file, and the end of the account.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { Client } from './lib/client.mjs';
import { newRandomId } from './lib/messenger.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, bob;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000 } });
  ann = await (await Person.open(server.url, 'ann')).register();
  bob = await (await Client.open(server.wsUrl)).register('bob');
}, { timeout: 120000 });
after(async () => {
  await Promise.all([ann?.close(), bob?.close()]);
  await server?.remove();
}, { timeout: 60000 });

const said = (person) => person.page.evaluate(() => [...document.querySelectorAll('.field.wrong .field-note, [data-testid="form-error"]')].map((el) => el.textContent).join(''));

test('web-account: a copy is saved, and the account ends by the password alone that is right', { timeout: 120000 }, async () => {
  const { user } = await bob.call('user.find', { username: ann.username });
  const { chat } = await bob.call('chat.open', { userId: user.id });
  await bob.call('message.send', { chatId: chat.id, randomId: newRandomId(), text: 'keep this' });
  await ann.click('nav-settings');
  await ann.click('settings-data');
  const [file] = await Promise.all([ann.page.waitForEvent('download'), ann.click('export')]);
  let text = '';
  for await (const part of await file.createReadStream()) text += part;
  const items = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(items[0].user.username, ann.username);
  assert.ok(items.some((item) => item.message?.text === 'keep this'));
  assert.equal(file.suggestedFilename(), `aldis-${ann.username}.jsonl`);
  await ann.fill('totpPassword', 'not my password');
  await ann.click('delete-account');
  await ann.click('delete-confirm-yes');
  await until(async () => (await said(ann)).includes('not your password'), 'a wrong password to be refused', LONG);
  await ann.fill('totpPassword', password);
  await ann.click('delete-account');
  await ann.click('delete-confirm-no');
  assert.equal((await bob.call('user.find', { username: ann.username })).user.id, user.id, 'who says no keeps it');
  await ann.click('delete-account');
  await ann.click('delete-confirm-yes');
  await until(() => bob.call('user.find', { username: ann.username }).then(() => false, (error) => error.reason === 'user'), 'the account to be gone', LONG);
  await until(() => ann.page.evaluate(() => document.querySelector('[data-testid="nav-settings"]') === null), 'nobody to be logged in', LONG);
});
