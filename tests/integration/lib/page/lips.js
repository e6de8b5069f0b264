// SPDX-License-Identifier: Apache-2.0
/** A flash and a beep at the same moment, every 1.2 s, and how far apart they are where they are seen and heard. */
const EVERY_MS = 1200;
const LENGTH_MS = 250;

/** flash: of the same clock, from one page. @returns {MediaStreamTrack[]} picture and sound */
export function flash() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
  const context = canvas.getContext('2d');
  const sound = new AudioContext();
  const tone = new OscillatorNode(sound, { frequency: 1000 });
  const gain = new GainNode(sound, { gain: 0 });
  const out = sound.createMediaStreamDestination();
  tone.connect(gain).connect(out);
  tone.start();
  let on = false, step = 0;
  setInterval(() => {
    const next = performance.now() % EVERY_MS < LENGTH_MS;
    if (next !== on) gain.gain.value = next ? 0.8 : 0;
    on = next;
    context.fillStyle = on ? 'white' : 'black';
    context.fillRect(0, 0, 320, 180);
    context.fillStyle = 'grey';
    context.fillRect(step++ % 300, 170, 10, 10);
  }, 20);
  return [...canvas.captureStream(50).getVideoTracks(), ...out.stream.getAudioTracks()];
}

const LISTENER = `registerProcessor('listener', class extends AudioWorkletProcessor {
  #loud = 0;
  process([[samples]]) {
    const loud = samples?.some((value) => Math.abs(value) > 0.1);
    /* a sine is quiet twice a period: silence is what lasts */
    if (loud && currentTime - this.#loud > 0.2) this.port.postMessage(currentTime);
    if (loud) this.#loud = currentTime;
    return true;
  }
});`;

/** beeps: when each is heard. @param {MediaStreamTrack} track @param {(at: number) => void} heard by performance.now() */
async function beeps(track, heard) {
  const context = new AudioContext({ latencyHint: 'interactive' });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([LISTENER], { type: 'text/javascript' })));
  const listener = new AudioWorkletNode(context, 'listener');
  context.createMediaStreamSource(new MediaStream([track])).connect(listener).connect(context.destination);
  listener.port.onmessage = ({ data: time }) => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    heard(performanceTime + (time - contextTime) * 1000);
  };
  return () => context.close();
}

/** flashes: when each is seen. @param {HTMLVideoElement} element @param {(at: number) => void} seen by performance.now() */
function flashes(element, seen) {
  const context = Object.assign(document.createElement('canvas'), { width: 4, height: 4 }).getContext('2d', { willReadFrequently: true });
  let bright = true, over = false;
  const next = (now, { expectedDisplayTime }) => {
    if (over) return;
    context.drawImage(element, 0, 0, 4, 4);
    const is = context.getImageData(1, 1, 1, 1).data[0] > 128;
    if (is && !bright) seen(expectedDisplayTime);
    bright = is;
    element.requestVideoFrameCallback(next);
  };
  element.requestVideoFrameCallback(next);
  return () => { over = true; };
}

/** show: an element that plays a track. */
export function show(track) {
  const element = Object.assign(document.createElement(track.kind), { srcObject: new MediaStream([track]), muted: true, autoplay: true });
  document.body.append(element);
  return element;
}

const gathered = (pc) => new Promise((resolve) => {
  const look = () => pc.iceGatheringState === 'complete' && resolve(pc.localDescription.sdp);
  pc.addEventListener('icegatheringstatechange', look);
  look();
});

/** The same picture and sound from page to page, without a server: what a loaded machine does to them, it does to these, too. */
export const direct = {
  /** @param {MediaStream} stream @returns {Promise<string>} */
  async offer(stream) {
    direct.pc = new RTCPeerConnection();
    for (const track of stream.getTracks()) direct.pc.addTrack(track, stream);
    await direct.pc.setLocalDescription();
    return gathered(direct.pc);
  },
  async answer(sdp) {
    direct.pc = new RTCPeerConnection();
    direct.tracks = {};
    direct.pc.ontrack = ({ track }) => { direct.tracks[track.kind] = track; direct[track.kind] = show(track); };
    await direct.pc.setRemoteDescription({ type: 'offer', sdp });
    await direct.pc.setLocalDescription();
    return gathered(direct.pc);
  },
  take: (sdp) => direct.pc.setRemoteDescription({ type: 'answer', sdp }),
};

/** offsets: how much later than it is seen each of @count is heard, in ms. */
export async function offsets(video, audio, count) {
  const seen = [], heard = [];
  const ends = [flashes(video, (at) => seen.push(at)), await beeps(audio, (at) => heard.push(at))];
  const all = () => seen.map((at) => heard.map((time) => time - at).find((offset) => Math.abs(offset) < EVERY_MS / 2)).filter((offset) => offset !== undefined);
  for (const end = performance.now() + 60000; all().length < count && performance.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const end of ends) await end();
  return { offsets: all(), seen: seen.length, heard: heard.length };
}
