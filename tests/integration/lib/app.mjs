// SPDX-License-Identifier: Apache-2.0
/** A person in front of the web client: presses what a person presses, sees what a person sees. */
import { chromium } from 'playwright-core';
import { CHROMIUM_ARGS } from './browsers.mjs';
import { until } from './server.mjs';

export const password = 'four plain words here';

/** One browser process of its own: the devices of two people share nothing. */
export class Person {
  /** @param {string} url of the server @param {string} username @param {{args?: string[], userDataDir?: string}} [options] */
  static async open(url, username, { args = [] } = {}) {
    const person = new Person();
    person.username = username;
    person.url = url;
    person.browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: [...CHROMIUM_ARGS, '--auto-select-desktop-capture-source=Entire', '--use-fake-ui-for-media-stream', ...args] });
    person.context = await person.browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1200, height: 780 }, ignoreHTTPSErrors: true });
    person.page = await person.context.newPage();
    person.errors = [];
    person.page.on('pageerror', (error) => person.errors.push(String(error)));
    person.page.on('console', (message) => { if (/Content Security Policy|TrustedHTML|integrity/i.test(message.text())) person.errors.push(message.text()); });
    await person.page.goto(url);
    return person;
  }

  get(testid) { return this.page.locator(`[data-testid="${testid}"]`); }
  click(testid) { return this.get(testid).first().click({ timeout: 20000 }); }
  sees(testid, timeout = 30000) { return this.get(testid).first().waitFor({ state: 'visible', timeout }); }

  async register() {
    await this.click('tab-register');
    await this.get('username').fill(this.username);
    await this.get('password').fill(password);
    await this.click('submit');
    await this.sees('shell');
    return this;
  }

  async logIn() {
    await this.click('tab-login');
    await this.get('username').fill(this.username);
    await this.get('password').fill(password);
    await this.click('submit');
    await this.sees('shell');
    return this;
  }

  /** Finds somebody and calls: through the preview, as a new account does. */
  async call(username, { video = true } = {}) {
    await this.click('nav-people');
    await this.get('search').fill(username);
    await this.page.locator(`[data-testid="person-row"][data-username="${username}" i]`).first().waitFor({ timeout: 20000 });
    await this.page.locator(`[data-testid="person-row"][data-username="${username}" i] [data-testid="${video ? 'row-video' : 'row-call'}"]`).first().click();
    await this.click('preflight-call');
    /* a call that is refused at once has its summary before anybody could look */
    await this.page.locator('[data-testid="call-view"], [data-testid="call-summary"]').first().waitFor({ timeout: 30000 });
  }

  async answer() {
    await this.sees('incoming-call');
    await this.click('incoming-accept');
    await this.sees('call-view');
  }

  /** The state of the call view: {state, e2ee}. */
  async view() {
    return this.get('call-view').first().evaluate((el) => ({ state: el.dataset.state, e2ee: el.dataset.e2ee, call: el.dataset.call }), null, { timeout: 5000 });
  }

  active(timeout = 60000) {
    return until(async () => (await this.view()).state === 'active', `${this.username}: an active call`, timeout);
  }

  /** Waits for the end: the summary's reason. A call that was declined or missed on the callee's side leaves no summary. */
  async ended(timeout = 60000) {
    await this.sees('call-summary', timeout);
    return this.get('call-summary').getAttribute('data-reason');
  }

  async emoji() {
    if (!(await this.get('security-panel').count())) await this.click('security');
    await this.sees('security-panel');
    return this.page.locator('[data-testid="security-panel"] [data-testid="sas-emoji"]').evaluateAll((list) => list.map((el) => el.dataset.name));
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
    return this.get('remote-audio').first().evaluate(async (el) => {
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(el.srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      for (let i = 0; i < 400; i++) {
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
