// SPDX-License-Identifier: Apache-2.0
/**
 * Runs in a page of the web client before anything of it does, and remembers what the call views showed, what the connections
 * decoded and sent, and what the media workers were given. It changes nothing of what the client does.
 */
(() => {
  const watch = {
    /** RTCPeerConnections, media workers and the secrets that they got, the latest last */ pcs: [], workers: [], secrets: [],
    /** ends of calls: {call, reason, level} */ summaries: [],
    /** what a person saw since begin() */ states: [], levels: [], toasts: [],
    /** at most, per connection */ figures: new Map(),
    begin() {
      Object.assign(watch, { states: [], levels: [], toasts: [], pcs: [], workers: [], secrets: [], figures: new Map() });
    },
    /** media: what was decoded and sent since begin(), whatever the state of the connections by now */
    media() {
      const all = { pictures: 0, samples: 0, sent: 0, received: 0 };
      for (const own of watch.figures.values()) for (const name of Object.keys(all)) all[name] += own[name];
      return all;
    },
    /** counters: of the worker of the last call, by "slot/side" */
    counters(worker = watch.workers.at(-1)) {
      return new Promise((resolve) => {
        const ask = `watch-${Math.random()}`;
        const hear = ({ data }) => {
          if (data.ask !== ask) return;
          worker.removeEventListener('message', hear);
          resolve(data.tracks);
        };
        worker.addEventListener('message', hear);
        worker.postMessage({ type: 'stats', ask });
      });
    },
  };
  window.watch = watch;

  const add = (list, value) => value && list.at(-1) !== value && list.push(value);
  new MutationObserver((records) => {
    const view = document.querySelector('[data-testid="call-view"]');
    if (view) {
      add(watch.states, view.dataset.state);
      add(watch.levels, view.dataset.e2ee);
    }
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (!(node instanceof HTMLElement)) continue;
        if (node.classList.contains('toast')) watch.toasts.push(node.querySelector('.toast-text')?.textContent ?? '');
        if (node.dataset.testid !== 'call-summary') continue;
        watch.summaries.push({ reason: node.dataset.reason, level: node.dataset.e2ee });
        add(watch.levels, node.dataset.e2ee);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state', 'data-e2ee'] });

  const measure = async (pc) => {
    const own = { pictures: 0, samples: 0, sent: 0, received: 0 };
    for (const entry of (await pc.getStats()).values()) {
      if (entry.type === 'outbound-rtp') own.sent += entry.packetsSent ?? 0;
      if (entry.type !== 'inbound-rtp') continue;
      own.received += entry.packetsReceived ?? 0;
      if (entry.kind === 'video') own.pictures += entry.framesDecoded ?? 0;
      else own.samples += Math.max(0, (entry.totalSamplesReceived ?? 0) - (entry.concealedSamples ?? 0));
    }
    const known = watch.figures.get(pc);
    if (known) for (const name of Object.keys(own)) known[name] = Math.max(known[name], own[name]);
  };
  setInterval(() => { for (const pc of watch.pcs) measure(pc).catch(() => {}); }, 100);

  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      watch.pcs.push(this);
      watch.figures.set(this, { pictures: 0, samples: 0, sent: 0, received: 0 });
      const close = this.close.bind(this);
      this.close = () => { measure(this).catch(() => {}); close(); };
    }
  };
  window.Worker = class extends window.Worker {
    constructor(url, options) {
      super(url, options);
      if (options?.name === 'aldis-media') watch.workers.push(this);
    }

    postMessage(message, ...rest) {
      if (message?.type === 'secrets') watch.secrets.push(message.secrets);
      super.postMessage(message, ...rest);
    }
  };
})();
