// SPDX-License-Identifier: Apache-2.0
/** An error that the server answered with, or that the connection made (codes of our own, below -32100). */
export class RpcError extends Error {
  /**
   * @param {string} method
   * @param {{code: number, message?: string, data?: {reason?: string, retryAfterMs?: number} & Record<string, unknown>}} error
   */
  constructor(method, error) {
    super(error.message || error.data?.reason || `error ${error.code}`);
    this.name = 'RpcError';
    this.method = method;
    this.code = error.code;
    /** a stable word, finer than the code */
    this.reason = error.data?.reason ?? '';
    /** how long the server asks us to wait, 0 if it did not say */
    this.retryAfterMs = error.data?.retryAfterMs ?? 0;
    this.data = error.data ?? {};
  }

  /** @param {string} method */
  static timeout(method) {
    return new RpcError(method, { code: RpcError.TIMEOUT, message: 'no answer in time', data: { reason: 'timeout' } });
  }

  /** @param {string} method */
  static lost(method) {
    return new RpcError(method, { code: RpcError.LOST, message: 'the connection was lost', data: { reason: 'connection_lost' } });
  }

  /** @param {string} method */
  static closed(method) {
    return new RpcError(method, { code: RpcError.CLOSED, message: 'signed out', data: { reason: 'closed' } });
  }
}

RpcError.UNAUTHENTICATED = -32001;
RpcError.FORBIDDEN = -32002;
RpcError.NOT_FOUND = -32003;
RpcError.CONFLICT = -32004;
RpcError.LIMIT = -32005;
RpcError.GONE = -32006;
RpcError.UNAVAILABLE = -32007;
/* ours: the server never sends these */
RpcError.TIMEOUT = -32101;
RpcError.LOST = -32102;
RpcError.CLOSED = -32103;
RpcError.UNTRUE = -32104;
