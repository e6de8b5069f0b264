// SPDX-License-Identifier: Apache-2.0
/**
 * What the engine needs of the connection; src/rpc.js has it.
 * @typedef {object} RpcLike
 * @property {(method: string, params?: object, options?: {timeoutMs?: number, resend?: boolean}) => Promise<any>} call
 * @property {(method: string, handler: (params: any) => void) => () => void} on notifications; gives back what takes it off
 * @property {(timeoutMs?: number) => void} [probe] looks whether the connection still stands
 */
export {};
