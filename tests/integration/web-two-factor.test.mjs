// SPDX-License-Identifier: Apache-2.0
// The second factor in the web client: set up by what the page shows, asked for when logging in, and turned off.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Person, password } from './lib/app.mjs';
import { Server, until } from './lib/server.mjs';

const LONG = 25000;
let server, ann, again;
before(async () => {
  server = await Server.start({ messaging: { registration_rate_address: 1000, login_rate_address: 1000, login_rate_user: 1000 } });
  ann = await (await Person.open(server.url, 'ann')).register();
}, { timeout: 120000 });
after(async () => {
  await Promise.all([ann?.close(), again?.close()]);
  await server?.remove();
}, { timeout: 60000 });

/** What an app shows `offset` steps from now (RFC 6238). */
function totp(secret, offset = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + offset));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

/** The text of the QR code that is on the screen, read as a phone reads it: from its picture. */
async function scan(person) {
  const { default: decodeQR } = await import('../../web/node_modules/qr/decode.js');
  const picture = await person.page.evaluate(async () => {
    const source = document.querySelector('.qr-code');
    const copy = source.cloneNode(true);
    copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    copy.setAttribute('width', '480');
    copy.setAttribute('height', '480');
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' }));
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 480 });
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, 480, 480).data];
  });
  return decodeQR({ width: 480, height: 480, data: Uint8ClampedArray.from(picture) });
}

const said = (person) => person.page.evaluate(() => [...document.querySelectorAll('.field.wrong .field-note, [data-testid="form-error"]')].map((el) => el.textContent).join(''));

test('web-two-factor: set up, asked for at the next login, by a code and by a recovery code, and turned off', { timeout: 120000 }, async () => {
  await ann.click('nav-settings');
  await ann.click('settings-two-step');
  await ann.fill('totpPassword', 'not my password');
  await ann.click('totp-begin');
  await until(async () => (await said(ann)).includes('not your password'), 'a wrong password to be refused', LONG);
  await ann.fill('totpPassword', password);
  await ann.click('totp-begin');
  await ann.sees('totp-secret');
  const secret = await ann.page.evaluate(() => document.querySelector('[data-testid="totp-secret"]').dataset.secret);
  const uri = new URL(await scan(ann));
  assert.deepEqual([uri.protocol, uri.searchParams.get('secret')], ['otpauth:', secret], 'the picture says what the text says');
  await ann.fill('totpCode', totp(secret, 7));
  await ann.click('totp-enable');
  await until(async () => (await said(ann)).includes('not good'), 'a wrong code to be refused', LONG);
  await ann.fill('totpCode', totp(secret, -1));
  await ann.click('totp-enable');
  await ann.sees('recovery-codes');
  const codes = await ann.page.evaluate(() => [...document.querySelectorAll('[data-testid="recovery-codes"] code')].map((el) => el.textContent));
  assert.equal(new Set(codes).size, 10);
  const [file] = await Promise.all([ann.page.waitForEvent('download'), ann.click('codes-save')]);
  let saved = '';
  for await (const part of await file.createReadStream()) saved += part;
  for (const code of codes) assert.ok(saved.includes(code), code);
  await ann.click('codes-done');
  await ann.sees('totp-on');
  assert.match(await ann.get('codes-left').textContent(), /^10 recovery codes/);
  assert.equal(await ann.get('recovery-codes').count(), 0, 'they are shown once');

  again = await Person.open(server.url, 'ann');
  await again.click('tab-login');
  await again.fill('username', 'ann');
  assert.equal(await again.get('code').isVisible(), false, 'no code is asked for before it is known that there is one');
  await again.fill('password', password);
  await again.click('submit');
  await again.sees('code');
  await again.fill('code', totp(secret));
  await again.click('submit');
  await again.sees('shell');

  await again.click('nav-settings');
  await again.click('log-out');
  await again.click('logout-confirm-yes');
  await again.sees('welcome');
  await again.click('tab-login');
  await again.fill('username', 'ann');
  await again.fill('password', password);
  await again.click('submit');
  await again.sees('code');
  await again.fill('code', codes[3]);
  await again.click('submit');
  await again.sees('shell');

  await again.click('nav-settings');
  await again.click('settings-two-step');
  await again.sees('totp-on');
  assert.match(await again.get('codes-left').textContent(), /^9 recovery codes/);
  await again.fill('totpPassword', password);
  await again.fill('totpCode', codes[3]);
  await again.click('totp-disable');
  await until(async () => (await said(again)).includes('not good'), 'a code that was used to be refused', LONG);
  await again.fill('totpCode', codes[4]);
  await again.click('totp-disable');
  await again.sees('totp-begin');
  assert.deepEqual([ann.errors, again.errors], [[], []]);
});
