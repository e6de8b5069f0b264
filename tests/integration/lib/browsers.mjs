// SPDX-License-Identifier: Apache-2.0
/** Debian's Chromium and Firefox, without a screen, with made-up cameras, under one small interface. */
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

export const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-default-apps', '--disable-sync',
  '--no-first-run', '--disable-dev-shm-usage', '--disable-gpu', '--mute-audio', '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  /* host candidates as addresses: there is nobody in the test's network to answer for .local names */
  '--disable-features=WebRtcHideLocalIpsWithMdns,MediaRouter,OptimizationHints',
  '--allow-loopback-in-peer-connection', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {(url: string) => Promise<Tab>} open a tab on @url, once its scripts have run
 * @property {() => Promise<void>} close
 */
/** @typedef {{evaluate: (fn: Function | string, arg?: any) => Promise<any>, reload: () => Promise<void>, close: () => Promise<void>, page: any}} Tab */

/** @returns {Promise<Tab>} */
async function openTab(page, url, close) {
  page.on('pageerror', (error) => console.error(`# page: ${error}`));
  if (process.env.PAGE_LOG) page.on('console', (message) => console.error(`# console: ${message.text()}`));
  await page.goto(url);
  await page.waitForFunction(() => window.ready);
  return {
    page,
    close,
    evaluate: (fn, arg) => page.evaluate(fn, arg),
    reload: async () => { await page.reload(); await page.waitForFunction(() => window.ready); },
  };
}

/** @param {string[]} [args] more flags @param {string} [executablePath] @returns {Promise<Browser>} */
export async function openChromium(args = [], executablePath = '/usr/bin/chromium') {
  const browser = await chromium.launch({ executablePath, headless: true, args: [...CHROMIUM_ARGS, ...args] });
  return {
    name: 'chromium',
    open: async (url) => {
      const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
      return openTab(await context.newPage(), url, () => context.close());
    },
    close: () => browser.close(),
  };
}

/** @param {Record<string, any>} [prefs] more of them */
export const launchFirefox = (prefs = {}) => puppeteer.launch({
  browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true,
  extraPrefsFirefox: {
    'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true, 'media.autoplay.default': 0,
    'media.autoplay.blocking_policy': 0, 'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false, 'media.gmp-manager.updateEnabled': false,
    'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
    'app.update.disabledForTesting': true, 'services.settings.server': 'http://127.0.0.1:9/', ...prefs,
  },
});

/** @returns {Promise<Browser>} */
export async function openFirefox() {
  const browser = await launchFirefox();
  return {
    name: 'firefox',
    open: async (url) => {
      const page = await browser.newPage();
      return openTab(page, url, () => page.close());
    },
    close: () => browser.close(),
  };
}
