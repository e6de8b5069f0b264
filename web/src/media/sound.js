// SPDX-License-Identifier: Apache-2.0
/** The page's one AudioContext. Browsers let it run only after the first click or key. */

/** @type {AudioContext | null} */
let context = null;

/** audioContext: Returns: null where there is none. */
export function audioContext() {
  if (!context && typeof AudioContext !== 'undefined') context = new AudioContext({ latencyHint: 'interactive' });
  if (context?.state === 'suspended') void context.resume().catch(() => {});
  return context;
}
