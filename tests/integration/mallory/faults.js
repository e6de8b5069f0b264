// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in the media worker before anything of it does, in the place of a relay that forwards frames: what arrives can be
 * damaged, exchanged or played again before the client's own code sees it, and what leaves is written down.
 *
 * On the BroadcastChannel 'mallory': from the page {fault: name or ''} and {die: true}; to the page {sent: {id, header}}.
 */
(() => {
  const channel = new BroadcastChannel('mallory');
  /** the last sealed frame by "slot/side", and the one that was kept for later */ const last = new Map();
  const kept = new Map();
  let fault = '';
  channel.onmessage = ({ data }) => {
    if (data.die) setTimeout(() => { throw new Error('killed'); });
    if (data.fault === undefined) return;
    fault = data.fault;
    kept.clear();
  };

  const change = (bytes, at, by = 1) => {
    const copy = bytes.slice();
    copy[at < 0 ? copy.length + at : at] ^= by;
    return copy;
  };
  const other = { audio: 'camera', camera: 'audio', screen: 'camera', screenAudio: 'audio' };
  const FAULTS = {
    'a bit of the ciphertext': (bytes) => change(bytes, -25),
    'the counter': (bytes) => change(bytes, -4, 0x20),
    'the key id': (bytes) => change(bytes, -3 - bytes[bytes.length - 3] + 1, 0x10),
    'the clear bytes': (bytes) => (bytes[bytes.length - 2] ? change(bytes, 0, 0x02) : change(bytes, -2)),
    'a trailer cut off': (bytes) => bytes.slice(0, -3 - bytes[bytes.length - 3]),
    'no seal at all': (bytes) => new Uint8Array(Math.max(8, bytes.length - 24)),
    'a frame of another track': (_, slot) => last.get(`${other[slot]}/receive`),
    'our own frames': (_, slot) => last.get(`${slot}/send`),
    'an old frame again': (bytes, slot) => kept.get(slot) ?? (kept.set(slot, bytes), bytes),
  };

  const own = (name) => Object.getOwnPropertyDescriptor(RTCRtpScriptTransformer.prototype, name).get;
  const [readable, writable] = [own('readable'), own('writable')];
  const received = (id) => new TransformStream({
    transform(frame, controller) {
      const bytes = new Uint8Array(frame.data).slice();
      const instead = fault ? FAULTS[fault](bytes, id.split('/')[0]) : bytes;
      last.set(id, bytes);
      if (!instead) return;
      frame.data = instead.slice().buffer;
      controller.enqueue(frame);
    },
  });
  const sent = (id) => new TransformStream({
    transform(frame, controller) {
      const bytes = new Uint8Array(frame.data).slice();
      last.set(id, bytes);
      const header = bytes.slice(-3 - bytes[bytes.length - 3], -3);
      channel.postMessage({ sent: { id, header: Array.from(header), sealed: bytes[bytes.length - 1] === 0xe2 } });
      controller.enqueue(frame);
    },
  });
  Object.defineProperty(RTCRtpScriptTransformer.prototype, 'readable', {
    get() {
      const stream = readable.call(this);
      return this.options.side === 'receive' ? stream.pipeThrough(received(this.options.id)) : stream;
    },
  });
  Object.defineProperty(RTCRtpScriptTransformer.prototype, 'writable', {
    get() {
      if (this.options.side !== 'send') return writable.call(this);
      const stream = sent(this.options.id);
      stream.readable.pipeTo(writable.call(this)).catch(() => {});
      return stream.writable;
    },
  });
})();
