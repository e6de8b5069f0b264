// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page of the web client before anything of it does, and notes which pictures of a room move: by the name that stands
 * under them, how many were presented and the longest time without one; how long the page itself stood still; what was asked of
 * the server.
 */
(() => {
  const STEP = 50;
  const seen = new Map();
  const hooked = new WeakSet();
  let before = performance.now(), stall = 0;
  const motion = window.motion = {
    /** how often each method was called @type {Record<string, number>} */ asked: {},
    /** take: since the last time: {stall, people: {NAME: {frames, gap}}}; times in ms */
    take() {
      const now = performance.now();
      const people = Object.fromEntries([...seen].map(([name, one]) => [name, { frames: one.frames, gap: Math.round(Math.max(one.gap, now - one.last)) }]));
      const all = { stall: Math.round(stall), people };
      stall = 0;
      for (const one of seen.values()) Object.assign(one, { frames: 0, gap: 0 });
      return all;
    },
    forget() {
      motion.take();
      seen.clear();
    },
  };
  const note = (video) => {
    const words = video.dataset.fresh === 'true' && video.closest('[data-testid="room-tile"][data-self="false"]')?.querySelector('.tile-words');
    if (!words) return;
    const now = performance.now();
    const one = seen.get(words.textContent) ?? { frames: 0, gap: 0, last: now };
    seen.set(words.textContent, { frames: one.frames + 1, gap: Math.max(one.gap, now - one.last), last: now });
  };
  const hook = (video) => {
    if (hooked.has(video)) return;
    hooked.add(video);
    const next = () => { note(video); video.requestVideoFrameCallback(next); };
    video.requestVideoFrameCallback(next);
  };
  setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - before - STEP);
    before = now;
    document.querySelectorAll('[data-testid="room-tile"] video').forEach(hook);
  }, STEP);
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const { method } = typeof data === 'string' ? JSON.parse(data) : {};
    if (method) motion.asked[method] = (motion.asked[method] ?? 0) + 1;
    send.call(this, data);
  };
})();
