// SPDX-License-Identifier: Apache-2.0
/** Offers as clients of the SFU make them, and what becomes of the answers. Runs in a page. */
import { tone } from './tone.js';

const rids = [['q', 4], ['h', 2], ['f', 1]];

/* no camera: a drawn picture and a tone are tracks like any other */
const picture = () => {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  canvas.getContext('2d').fillRect(0, 0, 9, 9);
  return canvas.captureStream(10).getVideoTracks()[0];
};

const prefer = (transceiver, codec) => {
  const { codecs } = RTCRtpReceiver.getCapabilities('video');
  const rank = ({ mimeType }) => (mimeType === `video/${codec}` ? 0 : 1);
  transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
};

const simulcast = { direction: 'sendonly', sendEncodings: rids.map(([rid, scaleResolutionDownBy]) => ({ rid, scaleResolutionDownBy })) };

const kinds = {
  publish: (pc, { codec }) => {
    pc.addTransceiver(tone(), { direction: 'sendonly' });
    const camera = pc.addTransceiver(picture(), simulcast);
    if (codec) prefer(camera, codec);
  },
  screen: (pc) => {
    kinds.publish(pc, {});
    pc.addTransceiver(picture(), { direction: 'sendonly' });
    pc.addTransceiver(tone(), { direction: 'sendonly' });
  },
  subscribe: (pc, { audio, video }) => {
    for (let i = 0; i < audio; i++) pc.addTransceiver('audio', { direction: 'recvonly' });
    for (let i = 0; i < video; i++) pc.addTransceiver('video', { direction: 'recvonly' });
  },
  data: (pc) => {
    pc.createDataChannel('chat');
    kinds.publish(pc, {});
  },
};

window.offers = {
  /** a connection and its offer @returns {Promise<string>} */
  async make(kind, options = {}) {
    window.pc?.close();
    window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    kinds[kind](window.pc, options);
    await window.pc.setLocalDescription();
    return window.pc.localDescription.sdp;
  },
  /** takes the answer; what the browser made of it */
  async take(sdp) {
    await window.pc.setRemoteDescription({ type: 'answer', sdp });
    return window.pc.getTransceivers().map((transceiver) => {
      const { mid, currentDirection, sender, receiver } = transceiver;
      const { codecs, encodings, headerExtensions } = sender.getParameters();
      return {
        mid, direction: currentDirection, kind: receiver.track.kind, codecs: codecs.map((c) => `${c.payloadType} ${c.mimeType}`),
        rids: (encodings ?? []).map((e) => e.rid), extensions: headerExtensions.map((e) => `${e.id} ${e.uri}`),
        stream: window.streams?.get(mid),
      };
    });
  },
  /** which section belongs to which stream, by the answer's msid */
  watchStreams() {
    window.streams = new Map();
    window.pc.ontrack = ({ transceiver, streams }) => window.streams.set(transceiver.mid, streams[0]?.id);
  },
  /** a later offer on the same connection: more slots, tracks that end, a new ICE session @returns {Promise<string>} */
  async again({ add, stop, restart } = {}) {
    if (add) kinds[add.kind](window.pc, add);
    if (stop !== undefined) window.pc.getTransceivers().find((t) => t.mid === stop).stop();
    await window.pc.setLocalDescription(await window.pc.createOffer({ iceRestart: restart }));
    return window.pc.localDescription.sdp;
  },
};
window.ready = true;
