// SPDX-License-Identifier: Apache-2.0
/** All that the server keeps of its user, as the lines of a file. */
import { RpcError } from './rpc-error.js';

/* pages that were refused for their rate, one after another, before it is given up */
const PATIENCE = 20;

/**
 * exportLines: JSON lines, page by page; waits where the server says so.
 * @param {{call: (method: string, params: object, options?: object) => Promise<any>}} rpc
 * @param {{onItems?: (n: number) => void, signal?: AbortSignal, wait?: (ms: number) => Promise<void>}} [options] onItems: so many
 * by now
 * @returns {Promise<string[]>} a part a page
 */
export async function exportLines(rpc, { onItems = () => {}, signal, wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) } = {}) {
  const parts = [];
  /** @type {string | undefined} */ let next;
  let n = 0, refused = 0;
  do {
    signal?.throwIfAborted();
    try {
      const page = await rpc.call('account.export', next === undefined ? {} : { next }, { resend: true });
      parts.push(page.items.map((/** @type {object} */ item) => `${JSON.stringify(item)}\n`).join(''));
      next = page.next;
      refused = 0;
      onItems(n += page.items.length);
    } catch (error) {
      if (!(error instanceof RpcError) || !error.retryAfterMs || ++refused > PATIENCE) throw error;
      await wait(error.retryAfterMs);
    }
  } while (refused > 0 || next !== undefined);
  return parts;
}
