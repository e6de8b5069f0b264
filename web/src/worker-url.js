// SPDX-License-Identifier: Apache-2.0
/**
 * The address of the media worker. Worker constructors take a TrustedScriptURL under the server's Content-Security-Policy
 * (`require-trusted-types-for 'script'; trusted-types aldis`); this module owns the one policy.
 */

/* set by build.mjs to the content-hashed name; undefined when modules run unbundled under node --test */
/** @type {string | undefined} */
const built = typeof __MEDIA_WORKER__ === 'undefined' ? undefined : __MEDIA_WORKER__;

/** @type {{createScriptURL (url: string): any} | null} */
let policy = null;

/**
 * mediaWorkerUrl: what to hand to `new Worker()`. The policy refuses every address but the one of this build.
 * @returns {string} (a TrustedScriptURL where the browser has Trusted Types)
 */
export function mediaWorkerUrl() {
  if (!built) throw new Error('this build has no media worker');
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return built;
  policy ??= factory.createPolicy('aldis', {
    createScriptURL(/** @type {string} */ url) {
      if (url !== built) throw new TypeError(`not the media worker: ${url}`);
      return url;
    },
  });
  return /** @type {any} */ (policy).createScriptURL(built);
}
