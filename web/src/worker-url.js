// SPDX-License-Identifier: Apache-2.0
/**
 * The addresses of the workers. What starts them takes a TrustedScriptURL under the server's Content-Security-Policy
 * (`require-trusted-types-for 'script'; trusted-types aldis`); this module owns the one policy.
 */

/* set by build.mjs to the content-hashed name; undefined when modules run unbundled under node --test */
/** @type {string | undefined} */
const built = typeof __MEDIA_WORKER__ === 'undefined' ? undefined : __MEDIA_WORKER__;

/* a service worker keeps its address from build to build: browsers look for a newer one there */
const PUSH_WORKER = '/sw.js';

/** @type {{createScriptURL (url: string): any} | null} */
let policy = null;

/**
 * trust: what to hand to whatever starts a worker. The policy refuses every address but those of this build.
 * @param {string} url
 * @returns {string} (a TrustedScriptURL where the browser has Trusted Types)
 */
function trust(url) {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return url;
  policy ??= factory.createPolicy('aldis', {
    createScriptURL(/** @type {string} */ wanted) {
      if (wanted !== built && wanted !== PUSH_WORKER) throw new TypeError(`no worker of ours: ${wanted}`);
      return wanted;
    },
  });
  return /** @type {any} */ (policy).createScriptURL(url);
}

/** mediaWorkerUrl: for `new Worker()`. */
export function mediaWorkerUrl() {
  if (!built) throw new Error('this build has no media worker');
  return trust(built);
}

/** pushWorkerUrl: for `navigator.serviceWorker.register()`. */
export const pushWorkerUrl = () => trust(PUSH_WORKER);
