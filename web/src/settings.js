// SPDX-License-Identifier: Apache-2.0
/** What the user chose on this browser; kept in localStorage, shared by the tabs. Event 'change' (detail: {name}). */

const KEY = 'aldis.settings';
const DEFAULTS = {
  /** @type {'auto' | 'dark' | 'light'} */ theme: 'auto',
  /** @type {'lamp' | 'bell' | 'pulse' | 'off'} */ ringTone: 'lamp',
  ringVolume: 0.6,
  /* device ids; '' is the system's default */
  microphone: '',
  camera: '',
  speaker: '',
  cleanSound: true,
  mirrorSelf: true,
  previewBeforeCall: true,
  /* from whom: people whose key is new, everybody, nobody */
  /** @type {'strangers' | 'all' | 'none'} */ hideAddress: 'strangers',
  /* shortcuts of one letter; off for those who dictate or slip (WCAG 2.1.4) */
  letterKeys: true,
  /* Web Push: whether this browser rings while the page is closed, and shows what messages say */
  ringClosed: false,
  pushPreview: false,
  /* where the self view was put: a corner */
  /** @type {'tl' | 'tr' | 'bl' | 'br'} */ selfView: 'br',
};

/** @typedef {typeof DEFAULTS} SettingsValues */

export class Settings extends EventTarget {
  /** @type {SettingsValues} */ #values;
  #storage;

  /** @param {Storage | null} storage null: nothing is kept */
  constructor(storage) {
    super();
    this.#storage = storage;
    this.#values = { ...DEFAULTS, ...read(storage) };
    globalThis.addEventListener?.('storage', (event) => {
      if (event.key === KEY) this.#reload();
    });
  }

  /** @template {keyof SettingsValues} K @param {K} name @returns {SettingsValues[K]} */
  get(name) {
    return this.#values[name];
  }

  /** @template {keyof SettingsValues} K @param {K} name @param {SettingsValues[K]} value */
  set(name, value) {
    if (this.#values[name] === value) return;
    this.#values[name] = value;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      /* full or forbidden: the choice holds for this page */
    }
    this.dispatchEvent(new CustomEvent('change', { detail: { name } }));
  }

  #reload() {
    const before = this.#values;
    this.#values = { ...DEFAULTS, ...read(this.#storage) };
    for (const name of Object.keys(DEFAULTS)) {
      const key = /** @type {keyof SettingsValues} */ (name);
      if (before[key] !== this.#values[key]) this.dispatchEvent(new CustomEvent('change', { detail: { name } }));
    }
  }
}

/**
 * read: what is stored, as far as it has the type of its default.
 * @param {Storage | null} storage
 * @returns {Partial<SettingsValues>}
 */
function read(storage) {
  try {
    const stored = JSON.parse(storage?.getItem(KEY) ?? '{}');
    return Object.fromEntries(Object.entries(DEFAULTS)
      .filter(([name, value]) => typeof stored[name] === typeof value).map(([name]) => [name, stored[name]]));
  } catch {
    return {};
  }
}
