// SPDX-License-Identifier: Apache-2.0
/** A person in front of the web client: presses what a person presses, sees what a person sees. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { CHROMIUM_ARGS, launchFirefox } from './browsers.mjs';
import { pictureFile } from './picture.mjs';
import { until } from './server.mjs';

const WATCH = fileURLToPath(new URL('page/watch.js', import.meta.url));
const LONG = 60000;

export const password = 'four plain words here';

/** One browser process of its own: the devices of two people share nothing. */
export class Person {
  /** how many of the summaries that the page has shown belong to calls before this one */ #before = 0;

  /**
   * @param {string} url of the server
   * @param {string} username
   * @param {{args?: string[], scripts?: (Function | string | {path: string})[], executablePath?: string, home?: string}} [options]
   *   scripts: run in the page before its own; home: of a browser that knows whom to trust (lib/authority.mjs), and takes no
   *   other certificate
   */
  static async open(url, username, { args = [], scripts = [], executablePath = '/usr/bin/chromium', home } = {}) {
    const person = new Person();
    person.username = username;
    person.url = url;
    person.browser = await chromium.launch({ executablePath, headless: true, env: home ? { ...process.env, HOME: home } : process.env, args: [...CHROMIUM_ARGS, '--auto-select-desktop-capture-source=Entire', `--use-file-for-fake-video-capture=${pictureFile()}`, ...args] });
    person.context = await person.browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1200, height: 780 }, ignoreHTTPSErrors: !home });
    for (const script of [{ path: WATCH }, ...scripts]) await person.context.addInitScript(script);
    person.page = await person.context.newPage();
    person.page.on('domcontentloaded', () => { person.forget(); });
    person.errors = [];
    /* what went over the page's WebSockets, as text */
    person.wire = { sockets: 0, sent: [], received: [] };
    person.page.on('websocket', (socket) => {
      person.wire.sockets++;
      for (const way of ['sent', 'received']) socket.on(`frame${way}`, ({ payload }) => person.wire[way].push(String(payload)));
    });
    person.page.on('pageerror', (error) => person.errors.push(String(error)));
    person.page.on('console', (message) => { if (/Content Security Policy|TrustedHTML|integrity/i.test(message.text())) person.errors.push(message.text()); });
    try {
      await person.page.goto(url);
    } catch (error) {
      await person.close();
      throw error;
    }
    return person;
  }

  fill(testid, text) { return this.get(testid).fill(text); }
  get(testid) { return this.page.locator(`[data-testid="${testid}"]`); }
  press(selector) { return this.page.locator(selector).first().click({ timeout: LONG }); }
  click(testid) { return this.get(testid).first().click({ timeout: LONG }); }
  sees(testid, timeout = LONG) { return this.get(testid).first().waitFor({ state: 'visible', timeout }); }

  async register() {
    await this.click('tab-register');
    await this.fill('username', this.username);
    await this.fill('password', password);
    await this.click('submit');
    await this.sees('shell');
    return this;
  }

  async logIn() {
    await this.click('tab-login');
    await this.fill('username', this.username);
    await this.fill('password', password);
    await this.click('submit');
    await this.sees('shell');
    return this;
  }

  /** Finds somebody and calls: through the preview, as a new account does. */
  async call(username, { video = true } = {}) {
    await this.click('nav-people');
    await this.fill('search', username);
    await this.press(`[data-testid="person-row"][data-username="${username}" i] [data-testid="${video ? 'row-video' : 'row-call'}"]`);
    await this.sees('preflight-call');
    await this.begins();
    await this.click('preflight-call');
    /* a call that is refused at once has its summary before anybody could look */
    await until(() => this.page.evaluate(() => Boolean(document.querySelector('[data-testid="call-view"], [data-testid="call-summary"]'))), 'the view of the call', LONG);
  }

  /** The page is a new one. */
  forget() { this.#before = 0; }

  /** What the page shows from now on belongs to the next call. */
  async begins() {
    this.#before = await this.page.evaluate(() => { window.watch.begin(); return window.watch.summaries.length; });
  }

  async answer() {
    await this.sees('incoming-call');
    await this.begins();
    await this.click('incoming-accept');
    await this.sees('call-view');
  }

  /** The state of the call view: {state, e2ee}. */
  async view() {
    const view = await this.page.evaluate(() => ({ ...document.querySelector('[data-testid="call-view"]')?.dataset }));
    if (!view.state) throw new Error(`${this.username} has no call on the screen`);
    return view;
  }

  async active(timeout = 90000) {
    const reached = await until(async () => (await this.#end()) ?? ((await this.view()).state === 'active' && 'active'),
      `${this.username}: an active call`, timeout);
    if (reached !== 'active') throw new Error(`${this.username}: the call ended: ${JSON.stringify(reached)}`);
  }

  /** The summary of this call, once there is one: {reason, level}. It stays on the screen for a few seconds only. */
  #end() {
    return this.page.evaluate((before) => window.watch.summaries[before], this.#before);
  }

  /** Waits for the end: the summary's reason. A call that was declined or missed on the callee's side leaves no summary. */
  async ended(timeout = LONG) {
    return (await until(() => this.#end(), `${this.username}: the end of the call`, timeout)).reason;
  }

  /** Closes the summary, if it is still there. */
  done() {
    return this.page.evaluate(() => document.querySelector('[data-testid="summary-done"]')?.click());
  }

  /** What the page has shown of this call, and what went through its connections: see page/watch.js. */
  seen() {
    return this.page.evaluate(() => {
      const { states, levels, toasts } = window.watch;
      return { states, levels, toasts, media: window.watch.media() };
    });
  }

  async emoji() {
    const read = () => [...document.querySelectorAll('[data-testid="security-panel"] [data-testid="sas-emoji"]')].map((element) => element.dataset.name);
    if (!(await this.page.evaluate(() => Boolean(document.querySelector('[data-testid="security-panel"]'))))) await this.click('security');
    return until(async () => { const names = await this.page.evaluate(read); return names.length && names; }, 'the emoji', LONG);
  }

  /** Proof that the peer's picture moves here: five more frames are presented, wherever the element is by then. */
  watches(testid = 'remote-video') {
    return this.page.evaluate(async (id) => {
      let frames = 0;
      const end = performance.now() + 60000;
      while (frames < 5) {
        if (performance.now() > end) throw new Error(`${id} does not move`);
        const video = /** @type {HTMLVideoElement} */ (document.querySelector(`[data-testid="${id}"]`));
        const seen = await new Promise((resolve) => {
          video?.requestVideoFrameCallback(() => resolve(1));
          setTimeout(() => resolve(0), 1000);
        });
        frames += seen;
      }
    }, testid);
  }

  /** Waits until the peer's sound is loud enough to be the fake microphone's beep. */
  hears() {
    return this.page.evaluate(async () => {
      const el = document.querySelector('[data-testid="remote-audio"]');
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(el.srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      for (let i = 0; i < 1200; i++) {
        analyser.getFloatTimeDomainData(samples);
        if (samples.some((value) => Math.abs(value) > 0.05)) { await context.close(); return true; }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await context.close();
      throw new Error('silence');
    });
  }

  close() { return this.browser.close(); }
}

/** The same in Firefox ESR, over WebDriver BiDi. */
export class FirefoxPerson extends Person {
  /** @param {string} url of the server @param {string} username @param {{scripts?: {path: string}[], prefs?: object}} [options] scripts: as for Chromium */
  static async open(url, username, { scripts = [], prefs = {} } = {}) {
    const person = new FirefoxPerson();
    Object.assign(person, { username, url, errors: [] });
    person.browser = await launchFirefox(prefs);
    person.page = await person.browser.newPage();
    for (const { path } of [{ path: WATCH }, ...scripts]) await person.page.evaluateOnNewDocument(await readFile(path, 'utf8'));
    person.page.on('pageerror', (error) => person.errors.push(String(error)));
    person.page.on('domcontentloaded', () => { person.forget(); });
    await person.page.goto(url);
    return person;
  }

  press(selector) {
    /* what a person would see: there, shown, and not disabled */
    const click = (where) => {
      const element = document.querySelector(where);
      if (!element || element.disabled || !element.checkVisibility() || element.closest('[inert]')) return false;
      element.click();
      return true;
    };
    return until(() => this.page.evaluate(click, selector), `to press ${selector}`, LONG);
  }

  click(testid) { return this.press(`[data-testid="${testid}"]`); }

  sees(testid, timeout = LONG) {
    const shown = (where) => Boolean(document.querySelector(where)?.checkVisibility());
    return until(() => this.page.evaluate(shown, `[data-testid="${testid}"]`), `to see ${testid}`, timeout);
  }

  async fill(testid, text) {
    await this.sees(testid);
    await this.page.evaluate((where, value) => {
      const field = document.querySelector(where);
      field.value = value;
      for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
    }, `[data-testid="${testid}"]`, text);
  }

  /** Without a sound card Firefox plays nothing to an AudioContext: half a second of sound more has been decoded, and it is loud. */
  hears() {
    const sound = () => this.page.evaluate(async () => {
      const all = { samples: 0, energy: 0 };
      for (const entry of (await window.watch.pcs.at(-1).getStats()).values()) {
        if (entry.type !== 'inbound-rtp' || entry.kind !== 'audio') continue;
        all.samples += (entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0);
        all.energy += entry.totalAudioEnergy ?? 0;
      }
      return all;
    });
    let first;
    return until(async () => {
      const now = await sound();
      first ??= now;
      return now.samples >= first.samples + 24000 && now.energy > first.energy;
    }, `${this.username}: sound`, LONG);
  }
}
