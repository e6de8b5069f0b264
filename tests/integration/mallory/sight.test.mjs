// SPDX-License-Identifier: Apache-2.0
// Rows 13, 18 and 19: what the server gets to see, what it can talk a client into, and what a foreign script could take.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect, finish, over, refused, row, stage } from './stage.mjs';

const on = stage(['alice', 'bob']);

/** Params of the methods of a call: a change here is a change of what the server learns, and of docs/e2ee.md. */
const GOLDEN = {
  'call.invite': ['blob', 'callId', 'to', 'video'], 'call.turn': ['callId'], 'call.ring': ['callId'], 'call.accept': ['blob', 'callId'],
  'call.confirm': ['blob', 'callId'], 'call.reveal': ['blob', 'callId'], 'call.seal': ['blob', 'callId'], 'call.connected': ['callId'],
  'call.hangup': ['callId', 'reason', 'stats'],
};
const FIGURES = ['codecVideo', 'lossPercent', 'route', 'rttMs'];

row(13, 'a server that says that calls are not encrypted here', async () => {
  const { mallory, alice, bob } = on;
  const lie = { e2ee: false, encrypted: false, policy: { e2ee: 'off' }, suites: [], features: [] };
  mallory.attack = {
    answer: (line, message) => (message.result && !Array.isArray(message.result) ? [{ ...message, result: { ...message.result, ...lie } }] : undefined),
    note: (line, message) => (message.method.startsWith('call.') ? [{ ...message, params: { ...message.params, ...lie } }] : undefined),
  };
  await connect(alice, bob);
  await Promise.all([alice.watches(), bob.watches(), alice.hears(), bob.hears()]);
  assert.deepEqual(await alice.emoji(), await bob.emoji());
  for (const person of [alice, bob]) {
    const counters = await person.page.evaluate(() => window.watch.counters());
    for (const slot of ['audio', 'camera']) {
      assert.ok(counters[`${slot}/send`].encrypted > 5 && counters[`${slot}/receive`].decrypted > 5, JSON.stringify(counters));
      assert.equal(counters[`${slot}/receive`].framesWithoutTrailer, 0);
    }
  }
  await finish(alice, bob);
});

row(13, 'a browser that cannot encrypt calls makes none and takes none', async () => {
  const { alice } = on;
  const dave = await on.open('dave', { scripts: [() => { delete window.RTCRtpScriptTransform; }] });
  try {
    await dave.click('nav-people');
    await dave.get('search').fill('alice');
    await dave.page.locator('[data-testid="person-row"][data-username="alice" i] [data-testid="row-video"]').first().click({ timeout: 60000 });
    await dave.click('preflight-call');
    await dave.page.locator('.toast', { hasText: 'cannot encrypt' }).first().waitFor({ timeout: 60000 });
    await alice.call('dave');
    await refused(dave, 'one of the two browsers cannot encrypt calls');
    assert.equal(await dave.page.evaluate(() => window.watch.pcs.length), 0, 'no connection was made');
    await alice.click('call-hangup');
    assert.deepEqual(await over(alice), ['cancelled']);
  } finally {
    await dave.close();
  }
});

row(14, 'every message held back, so that transforms are attached late: no frame in clear', async () => {
  const { mallory, alice, bob } = on;
  const slow = { 'call.accepted': 1500, 'call.confirmed': 1500, 'call.revealed': 1500, 'call.sealed': 300 };
  mallory.attack.note = (line, { method }) => new Promise((resolve) => setTimeout(resolve, slow[method] ?? 0, undefined));
  await connect(alice, bob);
  await Promise.all([alice.watches(), bob.watches(), alice.hears(), bob.hears()]);
  await alice.click('call-camera');
  await alice.click('call-camera');
  await alice.click('call-screen');
  await bob.get('remote-screen').first().waitFor({ state: 'visible', timeout: 60000 });
  await bob.watches('remote-screen');
  await bob.watches();
  for (const person of [alice, bob]) {
    for (const [slot, { framesWithoutTrailer, dropped }] of Object.entries(await person.page.evaluate(() => window.watch.counters()))) {
      assert.equal(framesWithoutTrailer, 0, slot);
      assert.deepEqual(Object.keys(dropped).filter((reason) => reason !== 'duplicate'), [], `${slot}: ${JSON.stringify(dropped)}`);
    }
  }
  await finish(alice, bob);
});

row(18, 'all that the server sees of a call', async () => {
  const { mallory, alice, bob } = on;
  await connect(alice, bob);
  await alice.click('call-camera');
  await alice.emoji();
  await alice.click('sas-match');
  const secrets = (await Promise.all([alice, bob].map((person) => person.page.evaluate(() => {
    const { sdp } = window.watch.pcs.at(-1).localDescription;
    return [/a=ice-pwd:(\S+)/.exec(sdp)[1], /a=ice-ufrag:(\S+)/.exec(sdp)[1], /a=fingerprint:sha-256 (\S+)/.exec(sdp)[1]];
  })))).flat();
  secrets.push((await alice.get('sas-digits').textContent()).slice(0, 5));
  await finish(alice, bob);
  const asked = mallory.requests.filter(({ method }) => method.startsWith('call.') && method !== 'call.history');
  const fields = {};
  for (const { method, params } of asked) fields[method] = [...new Set([...(fields[method] ?? []), ...Object.keys(params)])].sort();
  for (const [method, names] of Object.entries(fields)) {
    assert.ok(GOLDEN[method], `${method} is not in the list`);
    assert.deepEqual(names.filter((name) => !GOLDEN[method].includes(name)), [], method);
  }
  assert.deepEqual(Object.keys(GOLDEN).filter((method) => !fields[method]), [], 'the list is of this call');
  assert.deepEqual(asked.flatMap(({ params }) => Object.keys(params.stats ?? {})).filter((name) => !FIGURES.includes(name)), []);
  const blobs = asked.map(({ params }) => params.blob).filter(Boolean);
  const plain = [JSON.stringify(mallory.requests), ...blobs.map((blob) => Buffer.from(blob, 'base64url').toString('latin1'))].join('\n');
  assert.deepEqual([...secrets, 'candidate:', 'a=mid', '"mute"', '"camera"', '"sdp"'].filter((word) => plain.includes(word)), []);
  for (const { params } of asked.filter(({ method }) => method === 'call.seal')) {
    assert.equal((Buffer.from(params.blob, 'base64url').length - 24) % 256, 0, 'sizes tell little');
  }
});

row(19, 'a script that does not belong to the client is not run, and reaches nobody', async () => {
  const { alice } = on;
  let asked = 0;
  const foreign = createServer((request, response) => { asked++; response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/javascript' }).end('window.pwned = true'); });
  await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  try {
    const tried = await alice.page.evaluate(async (url) => {
      const outcome = {};
      const attempt = async (name, act) => {
        try { outcome[name] = (await act()) ?? 'done'; } catch (error) { outcome[name] = error.name; }
      };
      const script = (fill) => new Promise((resolve) => {
        const element = document.createElement('script');
        element.onload = () => resolve('ran');
        element.onerror = () => resolve('refused');
        fill(element);
        document.head.append(element);
        setTimeout(resolve, 3000, 'nothing');
      });
      await attempt('inline', () => script((element) => { element.textContent = 'window.pwned = true'; }));
      await attempt('foreign', () => script((element) => { element.src = url; }));
      await attempt('markup', () => { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned = true">'); });
      await attempt('handler', () => { const image = document.createElement('img'); image.setAttribute('onerror', 'window.pwned = true'); image.src = '/nothing'; document.body.append(image); });
      /* a task of its own: what the test's protocol runs itself may use eval() */
      await attempt('eval', () => new Promise((resolve, reject) => setTimeout(() => { try { resolve((0, eval)('window.pwned = true')); } catch (error) { reject(error); } })));
      await attempt('fetch', () => fetch(url).then(() => 'sent'));
      await attempt('worker', () => { new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))); });
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { ...outcome, pwned: window.pwned ?? false };
    }, `http://127.0.0.1:${foreign.address().port}/x.js`);
    assert.equal(tried.pwned, false, JSON.stringify(tried));
    assert.equal(asked, 0, JSON.stringify(tried));
    assert.notEqual(tried.fetch, 'sent');
  } finally {
    foreign.close();
  }
});

row(19, 'no key can be taken out of the browser', async () => {
  const { alice, bob } = on;
  await connect(alice, bob, { video: false });
  const found = await alice.page.evaluate(async () => {
    const keys = [];
    const collect = (value, where) => {
      if (value instanceof CryptoKey) keys.push({ where, key: value });
      else if (value && typeof value === 'object' && !ArrayBuffer.isView(value)) for (const [name, one] of Object.entries(value)) collect(one, `${where}.${name}`);
    };
    const asked = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
    for (const { name } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name));
      for (const store of database.objectStoreNames) collect(await asked(database.transaction(store).objectStore(store).getAll()), `${name}/${store}`);
      database.close();
    }
    collect(window.watch.secrets, 'worker');
    const result = [];
    for (const { where, key } of keys) {
      const formats = await Promise.all(['raw', 'pkcs8', 'jwk'].map((format) => crypto.subtle.exportKey(format, key).then(() => format, () => '')));
      result.push({ where, type: key.type, extractable: key.extractable, out: formats.filter(Boolean) });
    }
    return result;
  });
  assert.ok(found.some(({ where, type }) => type === 'private' && !where.startsWith('worker')), JSON.stringify(found));
  assert.ok(found.filter(({ where }) => where.startsWith('worker')).length >= 2, JSON.stringify(found));
  for (const { where, extractable, out } of found) assert.deepEqual([extractable, out], [false, []], where);
  await finish(alice, bob);
});
