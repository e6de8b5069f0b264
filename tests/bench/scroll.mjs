// SPDX-License-Identifier: Apache-2.0
// scroll.mjs BUILD [--messages N] [--screens N]: a chat of 100,000 messages in Debian's Chromium, scrolled by the wheel towards its
// beginning; then a page with some of the same rows and no list behind them, by the same wheel: what a browser takes for scrolling
// alone. CPU is that of the renderer's main thread; intervals are those between frames, which the machine's other work lengthens.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Person, password } from '../integration/lib/app.mjs';
import { openRow } from '../integration/lib/chat.mjs';
import { Client } from '../integration/lib/client.mjs';
import { Server } from '../integration/lib/server.mjs';

const { values } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options: { messages: { type: 'string', default: '100000' }, screens: { type: 'string', default: '400' } } });
const [MESSAGES, SCREENS] = [Number(values.messages), Number(values.screens)];
const STATIC_ROWS = 600;
const ON_THEIR_WAY = 400;
const WORDS = 'the tide turns at nine and boats that wait behind the bridge go out one by one while somebody counts them from the wall'.split(' ');

const step = (text) => console.log(`==> ${text}`);
const figure = (name, ours, peer, unit) => console.log(`name=${name} ours=${ours.toFixed(2)}${peer === undefined ? '' : ` peer=${peer.toFixed(2)} ratio=${(ours / peer).toFixed(2)}`} unit=${unit}`);

/** Short and long ones, of both, answers among them. */
async function fillChat(people, chatId) {
  let next = 1;
  const one = async () => {
    for (let i = next++; i <= MESSAGES; i = next++) {
      const text = `${i}: ${Array.from({ length: 1 + (i * 7) % (i % 50 === 0 ? 120 : 17) }, (_, k) => WORDS[(i + k) % WORDS.length]).join(' ')}`;
      await people[Math.floor(i / 3) % 2].call('message.send', { chatId, randomId: randomBytes(8).toString('base64url'), text, ...(i % 9 === 0 ? { replyTo: String(i - ON_THEIR_WAY > 0 ? i - ON_THEIR_WAY : 1) } : {}) });
    }
  };
  await Promise.all(Array.from({ length: ON_THEIR_WAY }, one));
}

/** Frames, long tasks and what is in the middle of the list, until it is stopped. */
function watch(selector) {
  const seen = { frames: [], blank: 0, longest: 0, nodes: 0 };
  const list = document.querySelector(selector);
  const observer = new PerformanceObserver((entries) => { for (const { duration } of entries.getEntries()) seen.longest = Math.max(seen.longest, duration); });
  observer.observe({ type: 'longtask' });
  let last = performance.now(), on = true;
  const frame = (now) => {
    if (!on) return;
    seen.frames.push(now - last);
    last = now;
    const { left, top, width, height } = list.getBoundingClientRect();
    const rows = [0.25, 0.5, 0.75].filter((part) => document.elementsFromPoint(left + width / 2, top + height * part).some((el) => el.matches('article, [role="separator"]')));
    if (rows.length === 0) seen.blank++;
    seen.nodes = Math.max(seen.nodes, document.querySelectorAll('*').length);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.stopWatching = () => { on = false; observer.disconnect(); return seen; };
}

async function scroll(page, cdp, selector, screens) {
  const box = await page.locator(selector).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.evaluate(watch, selector);
  const metrics = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const before = await metrics();
  for (let i = 0; i < screens * 4; i++) { // a quarter of a screen each: a fast wheel
    await page.mouse.wheel(0, -box.height / 4);
    await page.waitForTimeout(25);
  }
  const after = await metrics();
  const seen = await page.evaluate(() => window.stopWatching());
  seen.frames.sort((a, b) => a - b);
  return { ...seen, cpu: (after.TaskDuration - before.TaskDuration) * 1e3 / screens, heap: after.JSHeapUsedSize / 2 ** 20, heapBefore: before.JSHeapUsedSize / 2 ** 20,
    p99: seen.frames[Math.floor(seen.frames.length * 0.99)], late: seen.frames.filter((ms) => ms > 50).length / seen.frames.length };
}

const server = await Server.start({ messaging: { message_rate: 0, chat_rate: 0, registration_rate_address: 1000, login_rate_address: 1000 } });
let ann;
try {
  step(`a chat of ${MESSAGES} messages`);
  ann = await (await Person.open(server.url, 'ann')).register();
  const [phone, bob] = [await Client.open(server.wsUrl), await (await Client.open(server.wsUrl)).register('bob')];
  await phone.login('ann', password);
  const chatId = (await phone.call('chat.create', { kind: 'group', title: 'Harbour', members: [bob.user.id] })).chat.id;
  const begun = Date.now();
  await fillChat([phone, bob], chatId);
  console.log(`# ${Math.round(MESSAGES / (Date.now() - begun) * 1000)} messages a second`);
  await Promise.all([phone.close(), bob.close()]);

  const { page } = ann;
  const cdp = await ann.context.newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.reload();
  await openRow(ann, 'Harbour');
  await ann.click('to-newest').catch(() => {});
  await page.waitForTimeout(1500);
  const top = () => page.evaluate(() => Number([...document.querySelectorAll('article[data-id]')][0]?.dataset.id ?? 0));
  const from = await top();
  step(`${SCREENS} screens towards the beginning`);
  const ours = await scroll(page, cdp, '[data-testid="history"]', SCREENS);
  const passed = from - await top();

  step(`the same rows, ${STATIC_ROWS} of them, in a page without the list`);
  await page.evaluate((rows) => {
    const list = document.querySelector('[data-testid="history"]');
    const some = [...list.querySelectorAll('article')];
    const { width, height } = list.getBoundingClientRect();
    const bare = document.createElement('div');
    bare.id = 'static';
    bare.className = list.className;
    bare.style.cssText = `width:${width}px;height:${height}px;overflow-y:scroll;display:block;position:static`;
    const inner = bare.appendChild(document.createElement('div'));
    for (let i = 0; i < rows; i++) {
      const row = some[i % some.length].cloneNode(true);
      row.style.cssText = 'position:static;transform:none;translate:none';
      inner.append(row);
    }
    document.body.replaceChildren(bare);
    bare.scrollTop = bare.scrollHeight;
  }, STATIC_ROWS);
  const high = await page.evaluate(() => document.querySelector('#static').scrollHeight / document.querySelector('#static').clientHeight);
  const bare = await scroll(page, cdp, '#static', Math.floor(high) - 1);

  console.log(`# ${passed} messages passed; ${ours.frames.length} frames, ${bare.frames.length} in the bare page of ${Math.floor(high)} screens`);
  figure('scroll-cpu', ours.cpu, bare.cpu, 'ms_main_thread/screen');
  figure('scroll-frame-p99', ours.p99, bare.p99, 'ms');
  figure('scroll-late', ours.late * 100, Math.max(0.01, bare.late * 100), '%_of_frames_over_50_ms');
  figure('scroll-longest-task', ours.longest, undefined, 'ms');
  figure('scroll-blank', ours.blank / ours.frames.length * 100, undefined, '%_of_frames_without_a_row_in_sight');
  figure('scroll-nodes', ours.nodes, undefined, 'elements_at_most');
  figure('scroll-heap', ours.heap, ours.heapBefore, 'MB_after_and_before');
} finally {
  await ann?.close();
  await server.remove();
}
