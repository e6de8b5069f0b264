// SPDX-License-Identifier: Apache-2.0
// A way into a network namespace, whose files are those of everybody: door.mjs SOCKET HOST PORT forwards what connects to SOCKET.
import { connect, createServer } from 'node:net';

const [path, host, port] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(port), host);
  for (const [one, other] of [[near, far], [far, near]]) one.on('error', () => {}).on('close', () => other.destroy()).pipe(other);
}).listen(path, () => console.log('open'));
