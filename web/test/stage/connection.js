// SPDX-License-Identifier: Apache-2.0
/** A stand-in for RTCPeerConnection: what it receives is drawn. Its descriptions are lists of sections that rooms.mjs understands. */

/** @param {number} i */
function drawn(i) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [480, 270];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const hue = (i * 67) % 360;
  const draw = () => {
    const t = performance.now() / 1000 + i;
    const wall = context.createLinearGradient(0, 0, 480, 270);
    wall.addColorStop(0, `hsl(${hue} 30% 58%)`);
    wall.addColorStop(1, `hsl(${hue + 30} 34% 30%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, 480, 270);
    context.fillStyle = `hsl(${hue + 180} 22% 24%)`;
    context.beginPath();
    context.ellipse(240 + Math.sin(t) * 5, 285, 110, 105, 0, 0, 7);
    context.fill();
    context.fillStyle = `hsl(${20 + (i * 13) % 20} 42% ${38 + (i * 17) % 34}%)`;
    context.beginPath();
    context.ellipse(240 + Math.sin(t) * 5, 125, 46, 58, 0, 0, 7);
    context.fill();
    context.fillStyle = `hsl(${25 + (i * 7) % 20} 30% ${12 + (i * 11) % 26}%)`;
    context.beginPath();
    context.ellipse(240 + Math.sin(t) * 5, 92, 50, 36, 0, Math.PI, 0);
    context.fill();
  };
  draw();
  setInterval(draw, 200);
  return canvas.captureStream(5).getVideoTracks()[0];
}

const silence = () => new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];

class FakeConnection extends EventTarget {
  connectionState = 'new';
  signalingState = 'stable';
  /** @type {any} */ localDescription = null;
  /** @type {any[]} */ #sections = [];

  /** @param {MediaStreamTrack | 'audio' | 'video'} what @param {any} init */
  addTransceiver(what, { direction }) {
    const kind = typeof what === 'string' ? what : what.kind;
    const section = { mid: /** @type {string | null} */ (null), kind, direction, known: false, setCodecPreferences() {},
      sender: { track: typeof what === 'string' ? null : what, async replaceTrack(/** @type {any} */ track) { section.sender.track = track; }, getParameters: () => ({ encodings: [] }), async setParameters() {} } };
    this.#sections.push(section);
    return section;
  }
  async createOffer() {
    return {};
  }
  async setLocalDescription() {
    this.#sections.forEach((section, i) => { section.mid = String(i); });
    this.localDescription = { sdp: JSON.stringify(this.#sections.filter(({ direction }) => direction === 'recvonly').map(({ mid, kind }) => ({ mid, kind }))) };
  }
  async setRemoteDescription() {
    for (const section of this.#sections) {
      if (section.known || section.direction !== 'recvonly') continue;
      section.known = true;
      const track = section.kind === 'audio' ? silence() : drawn(Number(section.mid));
      this.dispatchEvent(Object.assign(new Event('track'), { transceiver: section, track }));
    }
    this.connectionState = 'connected';
    this.dispatchEvent(new Event('connectionstatechange'));
  }
  async getStats() {
    return new Map(this.#sections.filter(({ kind, direction }) => kind === 'video' && direction === 'recvonly').map(({ mid }, i) => {
      const seconds = Date.now() / 1000;
      return [mid, { type: 'inbound-rtp', kind: 'video', mid, frameWidth: [320, 640, 1280][i % 3], frameHeight: [180, 360, 720][i % 3], framesPerSecond: 30, bytesReceived: seconds * 22500 * (1 + (i % 3) * 3), packetsReceived: seconds * 60, packetsLost: i === 1 ? seconds : 0 }];
    }));
  }
  close() {
    this.connectionState = 'closed';
  }
}
/** @type {any} */ (window).RTCPeerConnection = FakeConnection;
