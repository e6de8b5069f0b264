// SPDX-License-Identifier: Apache-2.0
/**
 * The media of a call: one RTCPeerConnection with four fixed transceivers, each with its transforms.
 *
 * Fail closed. encodedInsertableStreams makes Chromium send and play nothing on a transceiver without a transform (without
 * it, a transform that is set one task late is silently never used). Firefox has no such switch: there a sender gets its
 * track only after the worker has said that its transform runs with keys, which is what we do everywhere.
 *
 * Events: 'state' (connectionState or iceConnectionState changed), 'candidate' (detail), 'negotiate', 'route', 'died'.
 */
import { CONTEXT, KIND } from '../crypto/frame.js';
import { CryptoError } from '../crypto/errors.js';
import { MediaClient } from './media-client.js';
import { fingerprintOf, fingerprintOfCertificate, prepare, tidy } from './sdp.js';

/** @typedef {import('../crypto/media-keys.js').MediaSecrets} MediaSecrets */
/** @typedef {import('./sdp.js').Description} Description */
/** @typedef {'audio' | 'camera' | 'screen' | 'screenAudio'} Slot */

/** In the order of the m-lines. @type {{slot: Slot, kind: 'audio' | 'video'}[]} */
export const SLOTS = [
  { slot: 'audio', kind: 'audio' },
  { slot: 'camera', kind: 'video' },
  { slot: 'screen', kind: 'video' },
  { slot: 'screenAudio', kind: 'audio' },
];

const MAX_RESTARTS = 3;
const CERTIFICATE_MS = 5000;

export class CallMedia extends EventTarget {
  /** @type {Map<Slot, RTCRtpTransceiver>} */ #transceivers = new Map();
  /** @type {Map<Slot, MediaStreamTrack | null>} what this side wants to send */ #wanted = new Map();
  /** @type {MediaSecrets | null} */ #secrets = null;
  /** @type {MediaClient} */ #client;
  /** of the peer's certificate, as its sealed description has it @type {string} */ fingerprint = '';
  #workerUrl;
  #codecs;
  #closed = false;
  #open = false;

  /**
   * open: makes the connection with a certificate of its own.
   * @param {{workerUrl: string, iceServers: RTCIceServer[], relayOnly: boolean, codecs?: Partial<Record<'audio' | 'video', string[]>>}} options
   */
  static async open(options) {
    const certificate = await RTCPeerConnection.generateCertificate(/** @type {any} */ ({ name: 'ECDSA', namedCurve: 'P-256' }));
    return new CallMedia(options, certificate);
  }

  /** @param {Parameters<typeof CallMedia.open>[0]} options @param {RTCCertificate} certificate */
  constructor({ workerUrl, iceServers, relayOnly, codecs }, certificate) {
    super();
    this.#workerUrl = workerUrl;
    this.#codecs = codecs ?? {};
    this.#client = this.#makeClient();
    this.pc = new RTCPeerConnection(/** @type {any} */ ({
      encodedInsertableStreams: true, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require',
      iceTransportPolicy: relayOnly ? 'relay' : 'all', iceServers, certificates: [certificate],
    }));
    const tell = (/** @type {string} */ name, /** @type {any} */ detail = undefined) =>
      this.dispatchEvent(new CustomEvent(name, { detail }));
    this.pc.onconnectionstatechange = () => tell('state');
    this.pc.oniceconnectionstatechange = () => tell('state');
    this.pc.onnegotiationneeded = () => tell('negotiate');
    this.pc.onicecandidate = ({ candidate }) => candidate && tell('candidate', candidate.toJSON());
    this.pc.ontrack = ({ transceiver }) => this.#adopt(transceiver);
  }

  #makeClient() {
    const client = new MediaClient(this.#workerUrl);
    client.addEventListener('died', () => client === this.#client && this.dispatchEvent(new CustomEvent('died')));
    return client;
  }

  /** addSlots: for the side that offers. Transforms are set in the task that makes each transceiver. */
  addSlots() {
    for (const { slot, kind } of SLOTS) {
      const transceiver = this.pc.addTransceiver(kind, { direction: 'sendrecv' });
      this.#transform(slot, kind, transceiver);
      prepare(transceiver, kind, this.#codecs[kind]);
    }
  }

  /**
   * For the side that answers; runs in the task of ontrack, in the order of the m-lines.
   * @param {RTCRtpTransceiver} transceiver
   */
  #adopt(transceiver) {
    if ([...this.#transceivers.values()].includes(transceiver)) return;
    const place = this.pc.getTransceivers().indexOf(transceiver);
    const expected = SLOTS[place];
    if (!expected || expected.kind !== transceiver.receiver.track.kind) {
      transceiver.stop();
      return;
    }
    this.#transform(expected.slot, expected.kind, transceiver);
    transceiver.direction = 'sendrecv';
    prepare(transceiver, expected.kind, this.#codecs[expected.kind]);
  }

  /** @param {Slot} slot @param {'audio' | 'video'} kind @param {RTCRtpTransceiver} transceiver */
  #transform(slot, kind, transceiver) {
    const options = { context: CONTEXT[slot], kind: KIND[kind] };
    transceiver.sender.transform = this.#client.transform({ id: `${slot}/send`, side: 'send', ...options });
    transceiver.receiver.transform = this.#client.transform({ id: `${slot}/receive`, side: 'receive', ...options });
    this.#transceivers.set(slot, transceiver);
  }

  /** giveSecrets: the keys of the call, to the worker and to nobody else. @param {MediaSecrets} secrets */
  giveSecrets(secrets) {
    this.#secrets = secrets;
    this.#client.giveSecrets(secrets);
  }

  /**
   * restartWorker: after it died: a new one, with the next generation of keys. One that dies again and again is no worker.
   * No sender has a track until its new transform runs with keys: it begins as a new call does.
   */
  async restartWorker() {
    if (this.#closed || !this.#secrets) return;
    if (this.#secrets.generation >= MAX_RESTARTS) throw new CryptoError('exhausted', 'workers');
    const secrets = { ...this.#secrets, generation: this.#secrets.generation + 1 };
    const before = this.#client;
    const client = this.#makeClient();
    this.#secrets = secrets;
    this.#client = client; /* from here on #apply() waits for it */
    await Promise.all([...this.#transceivers.values()].map(({ sender }) => sender.replaceTrack(null)));
    before.close();
    if (this.#closed || client !== this.#client) return; /* it died as well: another restart goes on */
    client.giveSecrets(secrets);
    for (const { slot, kind } of SLOTS) {
      const transceiver = this.#transceivers.get(slot);
      if (transceiver) this.#transform(slot, kind, transceiver);
    }
    this.learnCodecs();
    if (this.#open) await Promise.all([...this.#wanted.keys()].map((slot) => this.#apply(slot)));
  }

  /** setLocal: makes and sets the local description. @returns {Promise<Description>} */
  async setLocal() {
    await this.pc.setLocalDescription();
    const { type, sdp } = /** @type {RTCSessionDescription} */ (this.pc.localDescription);
    return { type: /** @type {'offer' | 'answer'} */ (type), sdp: tidy(sdp) };
  }

  /**
   * setRemote: the peer's description, out of a sealed message. The first one fixes its fingerprint.
   * @param {Description} description
   */
  async setRemote(description) {
    const print = fingerprintOf(description.sdp);
    if (this.fingerprint && print !== this.fingerprint) throw new CryptoError('fingerprint', 'changed in mid-call');
    this.fingerprint = print;
    await this.pc.setRemoteDescription(description);
    if (this.#transceivers.size !== SLOTS.length) throw new CryptoError('malformed', 'not the four tracks of a call');
    if (this.pc.signalingState === 'stable') this.learnCodecs();
  }

  /** learnCodecs: tells the worker the negotiated payload types; after each completed negotiation. */
  learnCodecs() {
    for (const [slot, { sender, receiver }] of this.#transceivers) {
      for (const [side, end] of /** @type {const} */ ([['send', sender], ['receive', receiver]])) {
        const codecs = end.getParameters().codecs ?? [];
        const types = Object.fromEntries(codecs.map(({ payloadType, mimeType }) => [payloadType, mimeType]));
        this.#client.payloadTypes(`${slot}/${side}`, types);
      }
    }
  }

  /** verifyFingerprint: once connected: the certificate that came over DTLS is the one of the sealed description. */
  async verifyFingerprint() {
    const transport = this.#transceivers.get('audio')?.sender.transport;
    /* the transport learns of its certificates a little after the connection says that it is connected */
    for (const end = Date.now() + CERTIFICATE_MS; !this.#closed && Date.now() < end;) {
      const [der] = transport?.getRemoteCertificates() ?? [];
      if (der && (await fingerprintOfCertificate(der)) === this.fingerprint) return;
      if (der) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new CryptoError('fingerprint');
  }

  /** letSend: from now on tracks may leave: the key agreement is complete. */
  async letSend() {
    this.#open = true;
    await Promise.all([...this.#wanted.keys()].map((slot) => this.#apply(slot)));
  }

  /**
   * send: what a slot sends from now on.
   * @param {Slot} slot
   * @param {MediaStreamTrack | null} track null: nothing
   */
  async send(slot, track) {
    this.#wanted.set(slot, track);
    if (this.#open) await this.#apply(slot);
  }

  /** @param {Slot} slot */
  async #apply(slot) {
    const client = this.#client;
    await client.attached(`${slot}/send`);
    if (client !== this.#client) return; /* it died meanwhile: what comes in its place sees to it */
    const sender = this.#transceivers.get(slot)?.sender;
    /* the latest wish, whatever it was when we began to wait */
    if (sender && !this.#closed && this.#open) await sender.replaceTrack(this.#wanted.get(slot) ?? null);
  }

  /** @param {Slot} slot */
  sending(slot) {
    return this.#wanted.get(slot) ?? null;
  }

  /** receiverTrack: @param {Slot} slot */
  receiverTrack(slot) {
    return this.#transceivers.get(slot)?.receiver.track ?? null;
  }

  /** counters: of the worker, by "slot/send" and "slot/receive". */
  counters() {
    return this.#client.stats();
  }

  /** hush: nothing more is sent or played from now on; the connection stays until close(), for its figures. */
  hush() {
    this.#open = false;
    this.#wanted.clear();
    for (const { sender, receiver } of this.#transceivers.values()) {
      sender.replaceTrack(null).catch(() => {}); /* closed meanwhile: that is as quiet */
      receiver.track.stop();
    }
  }

  /** close: media stops at once, in both directions. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#open = false;
    this.pc.close();
    this.#client.close();
  }

  get closed() {
    return this.#closed;
  }
}
