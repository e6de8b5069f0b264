// SPDX-License-Identifier: Apache-2.0
/** What a media worker has and TypeScript's webworker library does not know yet. */
interface DedicatedWorkerGlobalScope {
  onrtctransform: ((event: RTCTransformEvent) => void) | null;
}
