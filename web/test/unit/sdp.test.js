// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptionParse, fingerprintOf, fingerprintOfCertificate, tidy } from '../../src/call/sdp.js';

const print = Array.from({ length: 32 }, (_, i) => (i * 7).toString(16).padStart(2, '0').slice(-2).toUpperCase()).join(':');
const plain = print.replaceAll(':', '').toLowerCase();
const sdp = (/** @type {string[]} */ ...lines) => `v=0\r\n${lines.map((line) => `${line}\r\n`).join('')}`;

test('sdp: one fingerprint, however often it is said', () => {
  assert.equal(fingerprintOf(sdp(`a=fingerprint:sha-256 ${print}`)), plain);
  assert.equal(fingerprintOf(sdp(`a=fingerprint:sha-256 ${print}`, 'm=audio 9 X 1', `a=fingerprint:SHA-256 ${print.toLowerCase()}`)), plain);
});

test('sdp: no fingerprint, two, another hash, or none that is one', () => {
  const other = print.replace('00', 'FF');
  for (const lines of [[], [`a=fingerprint:sha-256 ${print}`, `a=fingerprint:sha-256 ${other}`], [`a=fingerprint:sha-1 ${print}`],
    ['a=fingerprint:sha-256 00:11'], [` a=fingerprint:sha-256 ${print}`]]) {
    assert.throws(() => fingerprintOf(sdp(...lines)), { reason: 'fingerprint' }, lines.join());
  }
});

test('sdp: the fingerprint of a certificate is its SHA-256', async () => {
  const der = new TextEncoder().encode('abc').buffer;
  assert.equal(await fingerprintOfCertificate(der), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('sdp: feedback of payload types that are not offered goes, all else stays', () => {
  const before = sdp('a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 109', 'a=rtcp-fb:109 transport-cc', 'a=rtcp-fb:120 nack',
    'm=video 0 UDP/TLS/RTP/SAVPF 120 124', 'a=rtcp-fb:* nack', 'a=rtcp-fb:120 nack pli', 'a=rtcp-fb:99 nack', 'a=rtcp-fb:12 nack', 'a=mid:1');
  const after = sdp('a=group:BUNDLE 0 1', 'm=audio 9 UDP/TLS/RTP/SAVPF 109', 'a=rtcp-fb:109 transport-cc',
    'm=video 0 UDP/TLS/RTP/SAVPF 120 124', 'a=rtcp-fb:* nack', 'a=rtcp-fb:120 nack pli', 'a=mid:1');
  assert.equal(tidy(before), after);
  assert.equal(tidy(after), after);
});

test('sdp: descriptions of another shape are malformed', () => {
  assert.deepEqual(descriptionParse({ type: 'offer', sdp: 'x', more: 1 }, 'offer'), { type: 'offer', sdp: 'x' });
  for (const bad of [null, 5, {}, { type: 'offer' }, { type: 'answer', sdp: 'x' }, { type: 'offer', sdp: 5 }, { type: 'offer', sdp: 'x'.repeat(40001) }]) {
    assert.throws(() => descriptionParse(bad, 'offer'), { reason: 'malformed' });
  }
  for (const type of ['rollback', 'pranswer', undefined]) assert.throws(() => descriptionParse({ type, sdp: 'x' }), { reason: 'malformed' });
});
