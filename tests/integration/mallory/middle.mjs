// SPDX-License-Identifier: Apache-2.0
/**
 * The man in the middle, whole: a third browser with two call engines and keys of their own. One is Bob for Alice, one is Alice
 * for Bob, and what one hears and sees is what the other sends.
 *
 *   Alice  <-- FakeServer -->  "Bob" | "Alice"  <-- Alice's line to aldisd -->  Bob
 */
import { openChromium } from '../lib/browsers.mjs';
import { FakeServer } from '../lib/page/fake-server.js';
import { Pages } from '../lib/pages.mjs';

export class Middle {
  static async open() {
    const middle = new Middle();
    middle.pages = await Pages.start();
    middle.browser = await openChromium();
    middle.tab = await middle.browser.open(middle.pages.url);
    await middle.tab.page.exposeFunction('malloryCall', (face, method, params) => middle.#call(face, method, params));
    return middle;
  }

  /** between: takes her place between two lines of the proxy. */
  async between(mallory, a, b) {
    this.alice = a;
    this.fake = new FakeServer();
    const keys = await this.tab.evaluate(async (faces) => {
      window.faces = {};
      for (const [name, { user, device }] of Object.entries(faces)) {
        const server = { connect: (_, __, deliver) => { window.faces[name].deliver = deliver; }, call: (_, method, params) => window.malloryCall(name, method, params) };
        window.faces[name] = {};
        window.faces[name].person = await t.person(`${name}-${Math.random()}`, { server, user, deviceId: device.id });
      }
      return Object.fromEntries(Object.entries(window.faces).map(([name, { person }]) => [name, person.identity.encoded]));
    }, { alice: { user: a.user, device: a.device }, bob: { user: b.user, device: b.device } });
    this.fake.connect(a.user, a.device, (method, params) => a.tell(method, params));
    this.fake.connect(b.user, { ...b.device, id: `${b.device.id}`, identityKey: keys.bob }, (method, params) => void this.#deliver('bob', method, params));
    mallory.attack = {
      request: async (line, message) => {
        if (line !== a || !/^call\.(?!history)/.test(message.method)) return undefined;
        try {
          line.reply(message, await this.fake.call(a.device.id, message.method, message.params));
        } catch (error) { /* what crosses the end of the call, as the server answers it */
          if (error.code === undefined) throw error;
          line.refuse(message, error);
        }
        return [];
      },
      note: (line, message) => {
        if (line === a && message.method.startsWith('call.')) {
          void this.#deliver('alice', message.method, message.params);
          return [];
        }
        if (line !== b || message.method !== 'call.incoming') return undefined;
        const { params } = message;
        return [{ ...message, params: { ...params, device: { ...params.device, identityKey: keys.alice } } }];
      },
    };
  }

  #call(face, method, params) {
    return face === 'bob' ? this.fake.call([...this.fake.devices.keys()].at(-1), method, params) : this.alice.ask(method, params);
  }

  #deliver(face, method, params) {
    return this.tab.evaluate(([name, verb, what]) => window.faces[name].deliver(verb, what), [face, method, params]);
  }

  /** reach: "Alice" calls Bob once Alice has called "Bob". */
  reach() {
    return this.tab.evaluate(async () => {
      const { alice, bob } = window.faces;
      window.inward = await t.until('the call of Alice', () => bob.person.incoming[0], 60000);
      window.outward = alice.person.engine.invite(bob.person.user, { video: true, localStream: null });
    });
  }

  /** relay: Bob has answered: she answers Alice with his sound and picture, and sends him those of Alice. */
  relay() {
    return this.tab.evaluate(async () => {
      const { inward, outward } = window;
      const active = (session) => t.until('an active call', () => session.state === 'active', 90000);
      /* Chromium decodes sound for those who listen alone, and sends it on only as a source of this page */
      const context = new AudioContext();
      const voice = (stream) => {
        document.body.append(Object.assign(document.createElement('video'), { srcObject: stream, autoplay: true, muted: true }));
        const out = context.createMediaStreamDestination();
        context.createMediaStreamSource(stream).connect(out);
        return out.stream.getAudioTracks()[0];
      };
      await active(outward);
      void inward.accept({ localStream: new MediaStream([voice(outward.remoteStream), ...outward.remoteStream.getVideoTracks()]) });
      await active(inward);
      await outward.replaceMicrophone(voice(inward.remoteStream));
      await outward.setCamera(new MediaStream(inward.remoteStream.getVideoTracks()));
    });
  }

  /** answer: she answers Alice by herself. */
  answer() {
    return this.tab.evaluate(() => void window.inward.accept({ localStream: t.synthetic() }));
  }

  /** leave: hangs up on both. */
  leave() {
    return this.tab.evaluate(() => Promise.all([window.inward?.hangup(), window.outward?.hangup()]).then(() => true));
  }

  async close() {
    await this.browser.close();
    await this.pages.stop();
  }
}
