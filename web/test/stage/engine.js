// SPDX-License-Identifier: Apache-2.0
/** A scripted engine: calls that go nowhere, for looking at their views. Driven by window.stage. */

const EMOJI = [{ char: '🦊', name: 'fox' }, { char: '⛵', name: 'sailing boat' }, { char: '🌙', name: 'moon' }, { char: '🎸', name: 'guitar' }];

/** A moving picture. @param {string} label @param {number} hue */
function picture(label, hue) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1280, 720];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const draw = () => {
    const t = performance.now() / 1000;
    const sky = context.createLinearGradient(0, 0, 1280, 720);
    sky.addColorStop(0, `hsl(${hue} 45% 62%)`);
    sky.addColorStop(1, `hsl(${hue + 40} 50% 32%)`);
    context.fillStyle = sky;
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = `hsl(${hue + 20} 30% 22%)`;
    context.beginPath();
    context.arc(640 + Math.sin(t) * 12, 330, 130, 0, 7);
    context.ellipse(640 + Math.sin(t) * 12, 730, 300, 260, 0, 0, 7);
    context.fill();
    context.fillStyle = 'rgb(255 255 255 / .85)';
    context.font = '600 40px sans-serif';
    context.fillText(label, 40, 80);
  };
  draw();
  setInterval(draw, 100);
  return canvas.captureStream(10);
}

/** A voice-like tone. */
function voice() {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const tone = new OscillatorNode(context, { frequency: 180 });
  const gain = new GainNode(context, { gain: 0.2 });
  tone.connect(gain).connect(out);
  tone.start();
  setInterval(() => gain.gain.setTargetAtTime(Math.random() * 0.3, context.currentTime, 0.05), 140);
  return out.stream.getAudioTracks()[0];
}

export class StageSession extends EventTarget {
  id = Math.random().toString(36).slice(2);
  /** @type {import('../../src/types.js').CallState} */ state = 'ringing';
  endReason = '';
  ringingDevices = 0;
  peerDevice = null;
  /** @type {import('../../src/types.js').CallSecurity} */ security = { level: 'pending' };
  /** @type {MediaStream | null} */ remoteStream = null;
  /** @type {MediaStream | null} */ remoteScreenStream = null;
  peerState = { muted: false, camera: false, screen: false };
  quality = { rttMs: 34, lossPercent: 0.1 };
  frames = 0;

  /** @param {import('../../src/types.js').User} peer @param {boolean} outgoing @param {boolean} video */
  constructor(peer, outgoing, video) {
    super();
    this.peer = peer;
    this.outgoing = outgoing;
    this.video = video;
  }

  /** change: sets members and says so. @param {Partial<StageSession>} members @param {...string} events */
  change(members, ...events) {
    Object.assign(this, members);
    for (const type of events) this.dispatchEvent(new CustomEvent(type, { detail: {} }));
  }

  connect() {
    this.change({ state: 'connecting' }, 'state');
  }

  /** active: @param {{level?: import('../../src/types.js').CallSecurity['level'], video?: boolean}} [options] */
  active({ level = 'unverified', video = this.video } = {}) {
    this.secure(level);
    const remote = new MediaStream([voice(), ...(video ? picture(this.peer.displayName, 205).getVideoTracks() : [])]);
    this.change({ remoteStream: remote, state: 'active', peerState: { muted: false, camera: video, screen: false } }, 'tracks', 'peer', 'state');
  }

  /** @param {import('../../src/types.js').CallSecurity['level']} level @param {string} [reason] */
  secure(level, reason) {
    this.change({ security: { level, emoji: EMOJI, digits: '48213 90571 66340 12887 50419 73302', suite: 2, reason } }, 'security');
  }

  screen() {
    this.change({ remoteScreenStream: picture('Quarterly plan', 40), peerState: { muted: false, camera: true, screen: true } }, 'tracks', 'peer');
  }

  /** @param {string} reason */
  end(reason) {
    this.change({ state: 'ended', endReason: reason }, 'state', 'ended');
  }

  async accept() {
    this.connect();
    setTimeout(() => this.state === 'connecting' && this.active(), 900);
  }
  async decline() { this.end('declined'); }
  async hangup(reason = 'hangup') { this.end(this.state === 'ringing' ? 'cancelled' : reason); }
  async markVerified() { this.secure('verified'); }
  async acceptChangedKey() { this.secure('unverified'); }
  async acceptName() {}
  setMuted() {}
  async setCamera() {}
  async shareScreen() {}
  async replaceMicrophone() {}
  async stats() {
    this.frames += 110;
    return { ...this.quality, rttMs: this.quality.rttMs + Math.random() * 8, lossPercent: this.quality.lossPercent + Math.random() * 0.2, bitrateKbps: { audioIn: 31, audioOut: 32, ...(this.video ? { videoIn: 1720, videoOut: 1490 } : {}) }, codecAudio: 'Opus 48 kHz stereo',
      ...(this.video ? { codecVideo: 'VP8', resolution: '1280×720', fps: 30 } : {}), route: /** @type {const} */ ('direct'), transport: 'udp', e2ee: { encrypted: this.frames * 3, decrypted: this.frames * 3 - 4, failed: 0 } };
  }
}

export class StageEngine extends EventTarget {
  /** @param {import('../../src/types.js').User} peer @param {{video: boolean}} options */
  async invite(peer, { video }) {
    const session = new StageSession(peer, true, video);
    /** @type {any} */ (window).stage.session = session;
    return session;
  }
  close() {}

  resume() {}
  /** @param {import('../../src/types.js').User} peer @param {boolean} video */
  ring(peer, video) {
    const session = new StageSession(peer, false, video);
    /** @type {any} */ (window).stage.session = session;
    this.dispatchEvent(new CustomEvent('incoming', { detail: { session } }));
  }
}
