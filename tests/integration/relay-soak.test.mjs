// SPDX-License-Identifier: Apache-2.0
// The short form of tests/relay/soak: half a minute of clients that come and go, and nothing left of them. `scripts/soak relay`
// runs the long ones.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { build, top } from './lib/server.mjs';

test('relay: a soak of half a minute', { timeout: 180000 }, async () => {
  const { code, text } = await new Promise((resolve) => {
    execFile('/usr/bin/python3', [path.join(top, 'tests/relay/soak/run'), build, '--seconds', '30'], (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, text: stdout + stderr }));
  });
  assert.equal(code, 0, text);
  assert.match(text, /soak: \d+ clients served, \d+ packets, 0 failures/);
});
