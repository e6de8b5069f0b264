// SPDX-License-Identifier: Apache-2.0
/**
 * Publishers and subscribers of a room whose test speaks to the server itself: this page makes offers, takes answers, draws and
 * counts. Sealed: frames pass the client's own media worker under a fixed key, as in a call.
 */
import { MediaClient } from '/web/src/call/media-client.js';
import { hkdfKey } from '/web/src/crypto/kdf.js';
import { direct, flash, offsets, show } from './lips.js';

const WORKER = '/web/src/crypto/media-worker.js';
const CAMERA = 1; /* the context of its frames */

/** Gaps: the longest time between two that follow each other, in ms. */
class Gaps {
  longest = 0;
  #last;
  #unit;

  /** @param {number} [unit] what a millisecond has of what at() is given */
  constructor(unit = 1) { this.#unit = unit; }

  /** at: @param {number} time in the order of presentation; steps back are another source */
  at(time) {
    if (this.#last !== undefined) this.longest = Math.max(this.longest, ((time - this.#last) | 0) / this.#unit);
    this.#last = time;
  }

  /** take: what there was since the last time */
  take() {
    const { longest } = this;
    this.longest = 0;
    return longest;
  }
}

/** how long this page got no time at all */
const stalls = new Gaps();
setInterval(() => stalls.at(performance.now()), 20);

/** watch: the gaps between the pictures of a track: by their RTP timestamps (a slow machine decodes late, and no less), and by the clock. */
function watch(track) {
  const gaps = { media: new Gaps(90), clock: new Gaps() };
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 60 }).readable.getReader();
  void (async () => {
    for (let next; !(next = await reader.read()).done; next.value.close()) {
      gaps.media.at(next.value.metadata().rtpTimestamp);
      gaps.clock.at(performance.now());
    }
  })();
  return gaps;
}

/** picture: a canvas in which something moves at every frame. @param {number} busy how many pieces more, that no two frames have in common */
function picture(width, height, fps, busy = 0) {
  const drawn = window.media.drawn = new Gaps();
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  let step = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${(3 * step) % 360} 60% 40%)`;
    context.fillRect(0, 0, width, height);
    context.fillStyle = 'white';
    for (let i = 0; i < 5; i++) context.fillRect((7 * step + (i * width) / 5) % width, (i * height) / 5, width / 10, height / 8);
    for (let i = 0; i < busy; i++) {
      context.fillStyle = `hsl(${360 * Math.random()} 70% 50%)`;
      context.fillRect(Math.random() * width, Math.random() * height, width / 40, height / 40);
    }
    step++;
    drawn.at(performance.now());
  }, 1000 / fps);
  return canvas.captureStream(fps).getVideoTracks()[0];
}

/** worker: that seals what is sent and opens what comes, with the keys of a call between the two. */
async function worker(side) {
  const [there, back] = await Promise.all([1, 2].map((byte) => hkdfKey(new Uint8Array(32).fill(byte))));
  const client = new MediaClient(WORKER);
  client.giveSecrets(side === 'send' ? { suite: 5, sendKey: there, receiveKey: back, ownLeaf: 0, peerLeaf: 1, generation: 0 }
    : { suite: 5, sendKey: back, receiveKey: there, ownLeaf: 1, peerLeaf: 0, generation: 0 });
  return client;
}

function prefer(transceiver, codec, kind) {
  const { codecs } = RTCRtpReceiver.getCapabilities(kind);
  const [type, ...parameters] = codec.split(';');
  const fits = ({ mimeType, sdpFmtpLine }) => mimeType.toLowerCase() === `${kind}/${type}`.toLowerCase() && parameters.every((one) => sdpFmtpLine?.includes(one));
  transceiver.setCodecPreferences([...codecs].sort((a, b) => fits(b) - fits(a)));
}

/** describe: asks for the dependency descriptor, which Chromium receives only when it is asked to. */
function describe(transceiver) {
  const extensions = transceiver.getHeaderExtensionsToNegotiate();
  for (const extension of extensions) if (extension.uri.includes('dependency-descriptor')) extension.direction = 'recvonly';
  transceiver.setHeaderExtensionsToNegotiate(extensions);
}

async function offer() {
  const { pc } = window.media;
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}

window.media = {
  /** @param {{codec: string, encodings: object[], width: number, height: number, fps: number, busy?: number, sealed?: boolean}} options @returns {Promise<string>} the offer */
  async publish({ codec, encodings, width, height, fps, sealed, busy }) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const track = picture(width, height, fps, busy);
    const transceiver = pc.addTransceiver(sealed ? 'video' : track, { direction: 'sendonly', sendEncodings: encodings });
    prefer(transceiver, codec, 'video');
    Object.assign(window.media, { pc, sender: transceiver.sender });
    if (sealed) {
      window.media.worker = await worker('send');
      transceiver.sender.transform = window.media.worker.transform({ id: 'out', side: 'send', context: CAMERA, kind: 1 });
      await window.media.worker.attached('out');
      await transceiver.sender.replaceTrack(track);
    }
    /* a machine without time for all pictures makes fewer, not smaller ones */
    await transceiver.sender.setParameters({ ...transceiver.sender.getParameters(), degradationPreference: 'maintain-resolution' });
    return offer();
  },

  /** publishTalk: a flash and a beep, as camera and microphone */
  async publishTalk() {
    const pc = window.media.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = window.media.stream ??= new MediaStream(flash());
    for (const track of [...stream.getVideoTracks(), ...stream.getAudioTracks()]) pc.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
    return offer();
  },

  direct: { offer: () => direct.offer(window.media.stream), answer: direct.answer, take: direct.take },

  /** offsets: between what is seen and heard in two sections, and of what came without a server at the same time */
  async offsets(video, audio, count) {
    const of = (mid) => window.media.pc.getTransceivers().find((transceiver) => transceiver.mid === mid).receiver.track;
    const element = [...document.querySelectorAll('video')].find(({ srcObject }) => srcObject.getVideoTracks()[0] === of(video));
    const [room, without] = await Promise.all([offsets(element, of(audio), count), offsets(direct.video, direct.tracks.audio, count)]);
    return { room, without };
  },

  /** @param {{video: number, audio?: number, sealed?: boolean, plain?: boolean}} options plain: as Chromium offers by itself @returns {Promise<string>} the offer */
  async subscribe({ video, audio = 0, sealed, plain }) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    Object.assign(window.media, { pc, shown: new Map() });
    if (sealed) window.media.worker = await worker('receive');
    pc.ontrack = ({ track, transceiver }) => {
      show(track);
      if (track.kind === 'video') window.media.shown.set(transceiver.mid, watch(track));
    };
    for (let i = 0; i < audio; i++) pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let i = 0; i < video; i++) {
      const transceiver = pc.addTransceiver('video', { direction: 'recvonly' });
      if (!plain) describe(transceiver);
      if (sealed) transceiver.receiver.transform = window.media.worker.transform({ id: String(i), side: 'receive', context: CAMERA, kind: 1 });
    }
    return offer();
  },

  take: (sdp) => window.media.pc.setRemoteDescription({ type: 'answer', sdp }),

  /** layers: sends these encodings alone, as the server asks. @param {string[]} active rids */
  async layers(active) {
    const parameters = window.media.sender.getParameters();
    for (const encoding of parameters.encodings) encoding.active = !encoding.rid || active.includes(encoding.rid);
    await window.media.sender.setParameters(parameters);
  },

  /** what has come in a section, or all that has gone: the browser's own counts */
  async stats(type, mid) {
    const report = await window.media.pc.getStats();
    const found = [...report.values()].filter((entry) => entry.type === type && entry.kind === 'video' && (mid === undefined || entry.mid === mid));
    return found.map((entry) => ({ ...entry, mimeType: report.get(entry.codecId)?.mimeType, fmtp: report.get(entry.codecId)?.sdpFmtpLine }));
  },

  /** gaps: the longest between two pictures since the last time, in ms: of those shown in a section, or drawn here */
  gaps(mid) {
    const { media, clock } = window.media.shown?.get(mid) ?? { clock: window.media.drawn };
    return { media: media?.take(), clock: clock.take(), stall: stalls.take() };
  },

  /** what the media worker has sealed, opened and refused */
  sealed: () => window.media.worker.stats(),
};
window.ready = true;
