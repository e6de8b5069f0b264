// SPDX-License-Identifier: Apache-2.0
/** The page's address after '#': /chats/12, /calls, /people, /person/42, /settings/devices; /@name stands for the first place's. Event 'change'. */

/** @typedef {{name: string, rest: string[]}} Route */

/** parseRoute: @param {string} hash @param {string[]} names the routes that there are; the first is the default @returns {Route} */
export function parseRoute(hash, names) {
  const [name, ...rest] = hash.replace(/^#?\/?/, '').split('/').filter(Boolean).map(decode);
  if (name?.startsWith('@')) return { name: names[0], rest: [name] };
  return names.includes(name) ? { name, rest } : { name: names[0], rest: [] };
}

/** routeHash: @param {string} name @param {...string} rest @returns {string} */
export function routeHash(name, ...rest) {
  return `#/${[name, ...rest].map(encodeURIComponent).join('/')}`;
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export class Router extends EventTarget {
  #names;

  /** @param {string[]} names */
  constructor(names) {
    super();
    this.#names = names;
    addEventListener('hashchange', () => this.dispatchEvent(new CustomEvent('change')));
  }

  get route() {
    return parseRoute(location.hash, this.#names);
  }

  /** @param {string} name @param {...string} rest */
  go(name, ...rest) {
    const hash = routeHash(name, ...rest);
    if (location.hash === hash) return;
    location.hash = hash;
  }

  /** replace: without an entry in the browser's history. @param {string} name @param {...string} rest */
  replace(name, ...rest) {
    history.replaceState(null, '', routeHash(name, ...rest));
    this.dispatchEvent(new CustomEvent('change'));
  }
}
