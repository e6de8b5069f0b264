// SPDX-License-Identifier: Apache-2.0
/**
 * The microphones, cameras and speakers that there are. Events: 'change' (detail: {added, removed}, device infos), after
 * something was plugged in or out, or names became known by a permission.
 */

/** @typedef {'audioinput' | 'videoinput' | 'audiooutput'} Kind */

export class Devices extends EventTarget {
  /** @type {MediaDeviceInfo[]} */ list = [];
  #media;

  /** @param {MediaDevices | undefined} media undefined outside secure contexts */
  constructor(media = globalThis.navigator?.mediaDevices) {
    super();
    this.#media = media;
    media?.addEventListener('devicechange', () => void this.refresh());
  }

  /** refresh: looks again; names are there only after a permission was given. */
  async refresh() {
    const before = this.list;
    const now = (await this.#media?.enumerateDevices().catch(() => [])) ?? [];
    this.list = now.filter((device) => device.deviceId !== 'communications');
    const added = this.list.filter((device) => device.label && isReal(device) && !before.some((old) => same(old, device)));
    const removed = before.filter((device) => device.label && isReal(device) && !this.list.some((one) => same(one, device)));
    const news = before.some((device) => device.label) ? { added, removed } : { added: [], removed: [] };
    if (JSON.stringify(before) !== JSON.stringify(this.list)) this.dispatchEvent(new CustomEvent('change', { detail: news }));
  }

  /** of: the devices of a kind that can be chosen. @param {Kind} kind */
  of(kind) {
    return this.list.filter((device) => device.kind === kind && device.deviceId && isReal(device));
  }

  /** @param {Kind} kind */
  has(kind) {
    return this.list.some((device) => device.kind === kind);
  }

  /** label: a device's name without the vendor numbers that browsers add. @param {MediaDeviceInfo} device @param {number} index */
  static label(device, index) {
    const name = device.label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)$/i, '');
    if (name) return name;
    return `${{ audioinput: 'Microphone', videoinput: 'Camera', audiooutput: 'Speaker' }[device.kind]} ${index + 1}`;
  }

  /** whether the browser lets a page choose the speaker */
  static get canChooseSpeaker() {
    return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
  }
}

/** The system's default appears beside the device that it stands for. @param {MediaDeviceInfo} device */
const isReal = (device) => device.deviceId !== 'default';

/** @param {MediaDeviceInfo} a @param {MediaDeviceInfo} b */
const same = (a, b) => a.kind === b.kind && a.deviceId === b.deviceId && Boolean(a.label) === Boolean(b.label);
