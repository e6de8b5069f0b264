// SPDX-License-Identifier: Apache-2.0
// Holds messages against docs/openrpc.json: what the server says must be what it documents.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { top } from './server.mjs';

const text = readFileSync(path.join(top, 'docs/openrpc.json'), 'utf8');
export const document = JSON.parse(text);

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(document, 'openrpc');

/** Rewrites local references so that a fragment of the document can be compiled on its own. */
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"openrpc#/'));
}

const compiled = new Map();
function check(key, schema, value, what) {
  if (!compiled.has(key)) compiled.set(key, ajv.compile(absolute(schema)));
  const validate = compiled.get(key);
  if (!validate(value)) throw new Error(`${what} breaks openrpc.json: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value).slice(0, 500)}`);
}

const methods = new Map(document.methods.map((method) => [method.name, method]));
const notifications = new Map((document['x-notifications'] ?? []).map((entry) => [entry.name, entry]));

export function checkResult(name, result) {
  const method = methods.get(name);
  if (!method) throw new Error(`${name} is not in openrpc.json`);
  check(`result ${name}`, method.result.schema, result, `the result of ${name}`);
}

export function checkNotification(name, params) {
  const entry = notifications.get(name);
  if (!entry) throw new Error(`the notification ${name} is not in openrpc.json`);
  check(`notification ${name}`, entry.schema ?? { type: 'object' }, params, `the notification ${name}`);
}

const known = new Set([-32700, -32600, -32601, -32602, -32603, -32001, -32002, -32003, -32004, -32005, -32006, -32007]);
export function checkError(error) {
  if (!known.has(error?.code) || typeof error.message !== 'string' || (error.data && typeof error.data.reason !== 'string'))
    throw new Error(`not a documented error: ${JSON.stringify(error)}`);
}
