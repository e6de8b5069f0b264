// SPDX-License-Identifier: Apache-2.0
// A client in a process of its own that makes one good call after the other: fork(steady, [WSURL, USERNAME, LOCAL-ADDRESS]).
// Asked by a message, it says how many were answered since it was last asked. A call that fails ends it.
import { Client } from './client.mjs';

const [url, username, localAddress] = process.argv.slice(2);
const client = await (await Client.open(url, { localAddress })).register(username);
let calls = 0;
process.on('message', () => { process.send({ calls }); calls = 0; });
process.send({ ready: true });
for (;;) {
  const { user } = await client.call('user.find', { username });
  if (user.id !== client.user.id) throw new Error('the answer is of somebody else');
  calls++;
}
