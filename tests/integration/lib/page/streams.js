// SPDX-License-Identifier: Apache-2.0
/** A small WHIP and WHEP client on fetch() alone: what the RFC asks of one. Runs in a page. */
import { tone } from './tone.js';

const rids = [['q', 4], ['h', 2], ['f', 1]];

const picture = () => {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext('2d');
  let n = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${n++ % 360} 80% 50%)`;
    context.fillRect(n % 600, n % 300, 60, 60);
  }, 66);
  return canvas.captureStream(15).getVideoTracks()[0];
};

const headers = (key, more) => ({ ...(key ? { Authorization: `Bearer ${key}` } : {}), ...more });

async function open(url, key, pc) {
  await pc.setLocalDescription();
  const response = await fetch(url, { method: 'POST', body: pc.localDescription.sdp, headers: headers(key, { 'Content-Type': 'application/sdp' }) });
  if (response.status !== 201) return { status: response.status, retryAfter: response.headers.get('Retry-After') };
  const answer = await response.text();
  await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  const session = { pc, key, answer, url: new URL(response.headers.get('Location'), url).href, etag: response.headers.get('ETag') };
  session.number = (window.sessions ??= []).push(session) - 1;
  return { status: 201, number: session.number, url: session.url, etag: session.etag };
}

const credential = (sdp, name) => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(sdp)[1];

window.streams = {
  publish(url, key, simulcast) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    pc.addTransceiver(tone(), { direction: 'sendonly' });
    const sendEncodings = simulcast ? rids.map(([rid, scaleResolutionDownBy]) => ({ rid, scaleResolutionDownBy })) : undefined;
    pc.addTransceiver(picture(), { direction: 'sendonly', sendEncodings });
    return open(url, key, pc);
  },
  play(url, key) {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    for (const kind of ['audio', 'video']) pc.addTransceiver(kind, { direction: 'recvonly' });
    pc.ontrack = ({ track }) => {
      const element = document.createElement(track.kind);
      element.srcObject = new MediaStream([track]);
      element.muted = true;
      element.play();
      document.body.append(element);
    };
    return open(url, key, pc);
  },
  /** what has come, or gone */
  async counts(number) {
    const counts = { frames: 0, samples: 0, sent: 0, state: window.sessions[number].pc.connectionState };
    for (const report of (await window.sessions[number].pc.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video') counts.frames += report.framesDecoded ?? 0;
      if (report.type === 'inbound-rtp' && report.kind === 'audio') counts.samples += report.packetsReceived ?? 0;
      if (report.type === 'outbound-rtp') counts.sent += report.packetsSent ?? 0;
    }
    return counts;
  },
  /** ICE anew, by PATCH with If-Match "*" (RFC 9725 §4.3.3) */
  async restart(number) {
    const session = window.sessions[number];
    const { pc, key, url } = session;
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
    const offer = pc.localDescription.sdp;
    const body = `a=ice-ufrag:${credential(offer, 'ice-ufrag')}\r\na=ice-pwd:${credential(offer, 'ice-pwd')}\r\n`;
    const response = await fetch(url, { method: 'PATCH', body, headers: headers(key, { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' }) });
    const fragment = await response.text();
    const sdp = session.answer.replace(/a=ice-ufrag:\S+/g, `a=ice-ufrag:${credential(fragment, 'ice-ufrag')}`)
      .replace(/a=ice-pwd:\S+/g, `a=ice-pwd:${credential(fragment, 'ice-pwd')}`);
    await pc.setRemoteDescription({ type: 'answer', sdp });
    return { status: response.status, etag: response.headers.get('ETag') };
  },
  async end(number) {
    const { pc, key, url } = window.sessions[number];
    const { status } = await fetch(url, { method: 'DELETE', headers: headers(key) });
    pc.close();
    return status;
  },
};
window.ready = true;
