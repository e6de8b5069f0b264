// SPDX-License-Identifier: Apache-2.0
/**
 * Scrolls a chat of 100,000 messages from its end to its beginning and back: how many nodes the page holds, how long frames take, and
 * whether every message was there, in order. Usage: node scroll.mjs [STEP]   (CSS pixels a frame, 2000)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const step = Number(process.argv[2] ?? 2000);
const dist = mkdtempSync(join(tmpdir(), 'aldis-scroll-'));
execFileSync('node', [join(here, '../../build.mjs'), '--out', dist, '--entry', join(here, 'main.js')], { stdio: 'ignore' });
const server = await serve(dist);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
let bad = false;

/**
 * In the page: scrolls until nothing follows.
 * @param {{by: number, last: number}} way
 */
async function walk({ by, last }) {
  const list = /** @type {HTMLElement} */ (document.querySelector('[data-testid=history]'));
  const seen = new Set();
  /** @type {number[]} */ const frames = [];
  let [nodes, holes, then] = [0, 0, performance.now()];
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let still = 0, step = 0; still < 120; step = by) {
    list.scrollTop += step; /* the first time it is looked at as it is */
    await frame();
    const now = performance.now();
    frames.push(now - then);
    then = now;
    const rows = [...list.querySelectorAll('[data-id]')].map((row) => Number(/** @type {HTMLElement} */ (row).dataset.id));
    rows.forEach((id, i) => { if (i && id !== rows[i - 1] + 1) holes++; seen.add(id); });
    nodes = Math.max(nodes, list.querySelectorAll('*').length);
    still = seen.has(last) ? still + 60 : still;
    if (frames.length > 200000) break;
  }
  frames.sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => Math.round(frames[Math.floor(frames.length * part)] * 10) / 10;
  /** @type {string[]} */ const missing = [];
  for (let id = 1, from = 0; id <= 100001; id++) {
    if (id <= 100000 && !seen.has(id)) from ||= id;
    else if (from) {
      missing.push(`${from}-${id - 1}`);
      from = 0;
    }
  }
  return { seen: seen.size, missing: missing.slice(0, 20), holes, nodes, frames: frames.length, p50: at(0.5), p99: at(0.99), most: at(0.9999) };
}

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => localStorage.setItem('aldis.session', JSON.stringify({ token: 'stage', user: { id: '100', username: 'ines', displayName: 'Inês Duarte' }, device: { id: 'd1', name: 'Chromium on Linux' } })));
  const page = await context.newPage();
  await page.goto(`${server.url}#/chats/599`);
  await page.waitForSelector('[data-testid=message]');
  for (const [name, way] of /** @type {[string, {by: number, last: number}][]} */ ([['to the oldest', { by: -step, last: 1 }], ['to the newest', { by: step, last: 100000 }]])) {
    const result = await page.evaluate(walk, way);
    console.log(name, JSON.stringify(result));
    bad ||= result.seen !== 100000 || result.holes > 0 || result.nodes > 2000;
  }
} finally {
  await browser.close();
  server.close();
  rmSync(dist, { recursive: true });
}
process.exit(bad ? 1 : 0);
