// SPDX-License-Identifier: Apache-2.0
/** The client with the scripted engine; bundled by shots.mjs in the place of src/main.js. */
import './connection.js';
import { App } from '../../src/app.js';
import { RpcClient } from '../../src/rpc.js';
import { StageEngine } from './engine.js';

const engine = new StageEngine();
const app = new App({
  rpc: new RpcClient(`ws://${location.host}/rpc`),
  identityKey: async () => 'AAAA',
  makeEngine: async () => engine,
  trustOf: async (id) => ({ level: id === '102' ? 'verified' : id === '106' ? 'changed' : 'seen' }),
  storage: localStorage,
});
/** @type {any} */ (window).stage = { app, engine, session: null };
void app.start(/** @type {HTMLElement} */ (document.getElementById('app')));
