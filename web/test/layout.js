// SPDX-License-Identifier: Apache-2.0
/**
 * A page without a browser, of blocks that stand one under the other: as much of the DOM as lists of them need. An element is as high
 * as `height` says, or else as what is in it; the one whose `clientHeight` is set scrolls.
 */

export class Block extends EventTarget {
  /** @type {Block[]} */ children = [];
  /** @type {Block | null} */ parent = null;
  style = { height: '' };
  /** of its own, in CSS pixels @type {number | null} */ height = null;
  clientHeight = 0;
  clientWidth = 600;
  #scrollTop = 0;

  setAttribute() {}

  /** @param {...Block} blocks */
  append(...blocks) {
    for (const block of blocks) this.#insert(block, this.children.length);
  }

  /** @param {Block} block */
  after(block) {
    block.remove();
    if (this.parent) this.parent.#insert(block, this.parent.children.indexOf(this) + 1);
  }

  /** @param {Block} block */
  replaceWith(block) {
    this.after(block);
    this.remove();
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
    this.parent = null;
  }

  contains() {
    return false;
  }

  /** @returns {Block | null} */
  get nextElementSibling() {
    return this.parent?.children[this.parent.children.indexOf(this) + 1] ?? null;
  }

  /** @returns {number} */
  get offsetHeight() {
    return this.height ?? (this.style.height ? parseFloat(this.style.height) : this.children.reduce((sum, one) => sum + one.offsetHeight, 0));
  }

  getBoundingClientRect() {
    return { height: this.offsetHeight };
  }

  /** from the top of what scrolls, as everything begins there @returns {number} */
  get offsetTop() {
    if (!this.parent || this.clientHeight) return 0;
    const before = this.parent.children.slice(0, this.parent.children.indexOf(this));
    return this.parent.offsetTop + before.reduce((sum, one) => sum + one.offsetHeight, 0);
  }

  get scrollHeight() {
    return Math.max(this.clientHeight, this.offsetHeight);
  }

  get scrollTop() {
    return this.#scrollTop;
  }

  /** The event comes with the next frame, as in a browser: scrolled() sends it. */
  set scrollTop(top) {
    this.#scrollTop = Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight));
  }

  scrolled() {
    this.dispatchEvent(new Event('scroll'));
  }

  /** @param {Block} block @param {number} at */
  #insert(block, at) {
    block.remove();
    block.parent = this;
    this.children.splice(at, 0, block);
  }
}

/** layOut: has `document` make blocks. @returns {() => void} takes them away again */
export function layOut() {
  const before = { document: globalThis.document, ResizeObserver: globalThis.ResizeObserver, Node: globalThis.Node };
  Object.assign(globalThis, { document: { createElement: () => new Block(), activeElement: null }, Node: Block, ResizeObserver: class {
    observe() {}
    disconnect() {}
  } });
  return () => void Object.assign(globalThis, before);
}
