// SPDX-License-Identifier: Apache-2.0
/** A call that becomes a room: it goes on until the room has taken its place. */

/** How long after the other side is inside its sound is waited for: the connections may never come about. */
const PATIENCE_MS = 10000;

/**
 * handOver: when the call may end.
 * @param {import('./session.js').RoomSession} session this side is inside
 * @param {{on: (method: string, handler: (params: any) => void) => () => void}} rpc
 * @param {string} peerId user at the other end of the call
 * @returns {Promise<'flows' | 'late' | 'alone' | 'left'>} flows: each side is connected, and the other's track stands in a slot;
 *   late: it is inside, and nothing flows; alone: it does not come, or has not answered; left: this side has left the room,
 *   and the call is all there is
 */
export function handOver(session, rpc, peerId) {
  return new Promise((resolve) => {
    const over = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
    const done = (/** @type {'flows' | 'late' | 'alone' | 'left'} */ how) => {
      over.abort();
      off();
      clearTimeout(timer);
      resolve(how);
    };
    const off = rpc.on('room.declined', ({ roomId, userId }) => {
      if (roomId === session.id && userId === peerId) done('alone');
    });
    const look = () => {
      if (over.signal.aborted) return;
      if (session.state === 'ended') return done('left');
      const peer = session.roster.others.find(({ userId }) => userId === peerId);
      if (!peer) return;
      timer ??= setTimeout(() => done('late'), PATIENCE_MS);
      if (session.media.state === 'connected' && peer.tracks.some(({ id }) => session.slots.showing(id))) done('flows');
    };
    for (const type of ['state', 'ended', 'roster', 'media', 'slots']) session.addEventListener(type, look, { signal: over.signal });
    look();
  });
}
