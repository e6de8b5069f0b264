// SPDX-License-Identifier: Apache-2.0
/**
 * The calls of the API without a server, for tests of the call engine: one of every rule it needs, no clocks, no limits.
 * Runs in a page (both ends of the call in it) or in Node (each end in a browser of its own).
 *
 * `tamper(note)` may change, delay or drop what is delivered: {to: device id, method, params}; it returns the notes to
 * deliver in its place (or nothing to leave it).
 */

/** The smaller of two call ids, bytewise. */
const bytes = (id) => Array.from(atob(id.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
function smaller(a, b) {
  const [left, right] = [bytes(a), bytes(b)];
  const at = left.findIndex((byte, i) => byte !== right[i]);
  return at >= 0 && left[at] < right[at];
}

export class FakeServer {
  /** @type {Map<string, {user: any, device: any, deliver: (method: string, params: any) => void}>} by device id */
  devices = new Map();
  calls = new Map();
  /** every note that was delivered */
  log = [];
  iceServers = [];
  tamper = null;

  /** connect: a device of a user; deliver hears its notifications. */
  connect(user, device, deliver) {
    this.devices.set(device.id, { user, device, deliver });
  }

  #note(to, method, params) {
    const note = { to, method, params };
    const instead = this.tamper?.(note);
    for (const each of instead ?? [note]) this.send(each);
  }

  /** send: delivers a note as it is. */
  send({ to, method, params }) {
    this.log.push({ to, method, params });
    const device = this.devices.get(to);
    /* a task of its own, as over a network */
    if (device) setTimeout(() => device.deliver(method, params), 0);
  }

  #fail(code, reason, data = {}) {
    throw Object.assign(new Error(reason), { code, reason, data: { reason, ...data } });
  }

  #of(userId) {
    return [...this.devices.values()].filter(({ user }) => user.id === userId);
  }

  #end(call, reason, except) {
    if (call.state === 'ended') return;
    call.state = 'ended';
    const ids = new Set([call.caller, ...(call.callee ? [call.callee] : this.#of(call.to).map(({ device }) => device.id))]);
    for (const id of ids) if (id !== except) this.#note(id, 'call.ended', { callId: call.callId, reason, durationMs: 0 });
  }

  /** call: a method, as device @from. */
  async call(from, method, params) {
    const own = this.devices.get(from);
    const verb = method.slice('call.'.length);
    if (verb === 'invite') return this.#invite(own, params);
    const call = this.calls.get(params.callId);
    if (!call) this.#fail(-32003, 'call');
    if (verb === 'turn') return { iceServers: this.iceServers, expiresAt: Date.now() + 3600e3 };
    if (call.state === 'ended') this.#fail(-32006, 'call_ended');
    const peer = from === call.caller ? call.callee : call.caller;
    const { callId, blob } = params;
    switch (verb) {
      case 'ring': this.#note(call.caller, 'call.ringing', { callId, deviceId: from }); return {};
      case 'accept': return this.#accept(call, own, blob);
      case 'confirm': this.#note(peer, 'call.confirmed', { callId, blob }); return {};
      case 'reveal': this.#note(peer, 'call.revealed', { callId, blob }); return {};
      case 'seal': this.#note(peer, 'call.sealed', { callId, blob }); return {};
      case 'connected':
        call.connected.add(from);
        if (call.connected.size === 2) for (const id of [call.caller, call.callee]) this.#note(id, 'call.active', { callId });
        return { state: 'connecting' };
      case 'decline': this.#end(call, 'declined'); return {};
      case 'cancel': this.#end(call, 'cancelled'); return {};
      case 'hangup': this.#end(call, params.reason === 'failed' ? 'failed' : 'hangup'); return {};
      default: return this.#fail(-32601, 'method');
    }
  }

  #invite(own, { callId, to, video, blob }) {
    const rival = [...this.calls.values()].find((call) => call.state === 'ringing' && call.to === own.user.id
      && this.devices.get(call.caller)?.user.id === to);
    if (rival && smaller(rival.callId, callId)) this.#fail(-32004, 'glare', { callId: rival.callId });
    if (rival) this.#end(rival, 'glare');
    const call = { callId, caller: own.device.id, to, video, state: 'ringing', callee: null, connected: new Set() };
    this.calls.set(callId, call);
    const devices = this.#of(to).map(({ device }) => device.id);
    for (const id of devices) this.#note(id, 'call.incoming', { callId, from: own.user, device: own.device, video, blob });
    return { state: 'ringing', devices };
  }

  #accept(call, own, blob) {
    if (call.callee) this.#fail(-32004, 'answered_elsewhere');
    call.callee = own.device.id;
    call.state = 'connecting';
    this.#note(call.caller, 'call.accepted', { callId: call.callId, device: own.device, blob });
    for (const { device } of this.#of(call.to)) {
      if (device.id !== own.device.id) this.#note(device.id, 'call.ended', { callId: call.callId, reason: 'answered_elsewhere' });
    }
    return { state: 'connecting' };
  }
}
