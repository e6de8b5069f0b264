// SPDX-License-Identifier: Apache-2.0
/** Building and watching DOM without markup strings: the page's policy allows none. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Child | Child[]} Children */

/**
 * set: gives an element its properties. `on...` are listeners, `testid` is data-testid, `aria-*`/`data-*` and unknown
 * names are attributes, true and false switch attributes, null and undefined do nothing.
 * @param {Element} element
 * @param {Record<string, any>} props
 */
export function set(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'testid') element.setAttribute('data-testid', value);
    else if (name === 'class') element.setAttribute('class', value);
    else if (typeof value === 'boolean' && !(name in element && !name.startsWith('aria'))) setFlag(element, name, value);
    else if (name in element && !(element instanceof SVGElement) && !name.includes('-')) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, String(value));
  }
}

/** @param {Element} element @param {string} name @param {boolean} value */
function setFlag(element, name, value) {
  if (name.startsWith('aria-')) element.setAttribute(name, String(value));
  else element.toggleAttribute(name, value);
}

/**
 * h: an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> | null} [props] as in set()
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  if (props) set(element, props);
  element.append(...nodes(children));
  return element;
}

/** @param {Children[]} children @returns {(Node | string)[]} */
function nodes(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * fill: replaces what an element holds.
 * @param {Element} element
 * @param {...Children} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** write: sets text only when it differs, so that live regions and selections are left alone. @param {Node} node @param {string} text */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * svg: an element of the SVG namespace.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...SVGElement} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Scope: what has to end together with a view: listeners, intervals, sub-views. */
export class Scope {
  #abort = new AbortController();
  /** @type {(() => void)[]} */ #ends = [];
  ended = false;

  get signal() {
    return this.#abort.signal;
  }

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => void} fn
   * @param {AddEventListenerOptions} [options]
   */
  listen(target, type, fn, options = {}) {
    target.addEventListener(type, fn, { ...options, signal: this.#abort.signal });
  }

  /** every: now and then every @ms. @param {number} ms @param {() => void} fn */
  every(ms, fn) {
    fn();
    const timer = setInterval(fn, ms);
    this.defer(() => clearInterval(timer));
  }

  /** @param {number} ms @param {() => void} fn */
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    this.defer(() => clearTimeout(timer));
  }

  /** @param {() => void} fn runs at the end, last first; at once when the scope has ended */
  defer(fn) {
    if (this.ended) fn();
    else this.#ends.push(fn);
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    this.#abort.abort();
    for (const fn of this.#ends.reverse()) fn();
  }
}
