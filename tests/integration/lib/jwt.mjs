// SPDX-License-Identifier: Apache-2.0
// Users of an application that the server trusts: logged in by a token that the test signs, which costs no password hash.
import { createHmac } from 'node:crypto';
import { Client, newIdentityKey } from './client.mjs';

export const jwtSecret = 'a secret of at least thirty-two bytes';
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** @param {object} claims `sub` at least; it ends in five minutes */
export function jwt(claims) {
  const text = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64({ exp: Math.floor(Date.now() / 1000) + 300, ...claims })}`;
  return `${text}.${createHmac('sha256', jwtSecret).update(text).digest('base64url')}`;
}

/** A client whose session has started; `server` was started with `signaling: { jwt_secret: jwtSecret }`. */
export async function enter(server, sub) {
  const client = await Client.open(server.wsUrl);
  client.identityKey = newIdentityKey();
  const device = { name: 'test', platform: 'node', identityKey: client.identityKey };
  client.session = await client.call('session.start', { jwt: jwt({ sub }), device });
  return Object.assign(client, { user: client.session.user, device: client.session.device });
}
