// SPDX-License-Identifier: Apache-2.0
/**
 * Takes pictures of every view: wide and narrow, dark and light. Usage: node shots.mjs OUT [NAME...]
 * Fails when the page logs an error (the policy's refusals are among them).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { SCENES } from './scenes.mjs';
import { serve } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [out, ...only] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const dist = mkdtempSync(join(tmpdir(), 'aldis-stage-'));
execFileSync('node', [join(here, '../../build.mjs'), '--out', dist, '--entry', join(here, 'main.js')], { stdio: 'inherit' });
const server = await serve(dist);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', '--autoplay-policy=no-user-gesture-required'] });
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 780 } };
let bad = 0;

for (const [name, scene] of Object.entries(SCENES)) {
  if (only.length && !only.some((one) => name.startsWith(one))) continue;
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      if (scene.night && colorScheme === 'light') continue;
      const context = await browser.newContext({ viewport, colorScheme, permissions: ['camera', 'microphone', 'notifications'], hasTouch: size === 'narrow' });
      const page = await context.newPage();
      page.setDefaultTimeout(8000);
      page.on('console', (message) => { if (message.type() === 'error' && !/WebSocket|ERR_/.test(message.text())) { bad++; console.error(`${name}: ${message.text()}`); } });
      page.on('pageerror', (error) => { bad++; console.error(`${name}: ${error.stack}`); });
      try {
        if (scene.signedIn !== false) await context.addInitScript(() => localStorage.setItem('aldis.session', JSON.stringify({ token: 'stage', user: { id: '100', username: 'ines', displayName: 'Inês Duarte' }, device: { id: 'd1', name: 'Chromium on Linux' } })));
        await page.goto(server.url + (scene.hash ?? ''));
        await page.waitForSelector(scene.signedIn === false ? '[data-testid=welcome], [data-testid=guest-page]' : '[data-testid=shell]');
        if (process.env.FONT) await page.evaluate((font) => document.documentElement.style.setProperty('--font', font), process.env.FONT);
        await scene.act?.(page, server);
        await page.waitForTimeout(scene.wait ?? 500);
        await page.screenshot({ path: join(out, `${name}-${size}-${colorScheme}.png`) });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (overflow) { bad++; console.error(`${name} ${size}: wider than the window`); }
      } catch (error) {
        bad++;
        console.error(`${name} ${size} ${colorScheme}: ${error}`);
        await page.screenshot({ path: join(out, `${name}-${size}-${colorScheme}-FAILED.png`) });
      }
      server.heal();
      await context.close();
    }
  }
  console.log(name);
}
await browser.close();
server.close();
process.exit(bad ? 1 : 0);
