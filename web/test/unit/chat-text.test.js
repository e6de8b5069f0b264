// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, jumbo, parse, pieces, safeUrl, unparse, withAddresses } from '../../src/chat/text.js';
import { partOf } from '../../src/ui/chat/quote-part.js';
import { callLine, chatTitle, lasting, plain, preview, serviceLine, typingLine } from '../../src/chat/words.js';
import { may, mayTouch } from '../../src/chat/rights.js';

const people = [{ id: '7', username: 'Ann_9', displayName: 'Ann' }];
/** The marks of a text as "type:words". @param {string} written */
const marks = (written) => {
  const { text, entities } = parse(written, people);
  return [text, ...entities.map(({ type, offset, length }) => `${type}:${text.slice(offset, offset + length)}`)];
};

test('what is written becomes entities in UTF-16 units', () => {
  assert.deepEqual(marks('**bold** and __it__, ~~no~~'), ['bold and it, no', 'bold:bold', 'italic:it', 'strike:no']);
  assert.deepEqual(marks('😂 **😀 x**'), ['😂 😀 x', 'bold:😀 x']);
  assert.deepEqual(marks('**a __b__ c**'), ['a b c', 'bold:a b c', 'italic:b']);
  assert.deepEqual(marks('||who did it||'), ['who did it', 'spoiler:who did it']);
  assert.deepEqual(marks('run `x ** y ** z` now'), ['run x ** y ** z now', 'code:x ** y ** z']);
  assert.deepEqual(parse('```js\nlet a = `b`;\n```').entities, [{ type: 'pre', offset: 0, length: 12, language: 'js' }]);
  assert.deepEqual(marks('[here](https://a.example/x_(y)) you go'), ['here you go', 'link:here']);
  assert.deepEqual(parse('ask @ann_9!', people).entities, [{ type: 'mention', offset: 4, length: 6, userId: '7' }]);
});

test('what is no mark stays as it was written', () => {
  for (const text of ['2 ** 3 ** 4', 'snake__case', '**', '****', '** a**', '`', '``', '```\n```', 'a||b', '@nobody_here', 'mail@ann_9x', 'x@ann_9', '[x](javascript:alert(1))', '[x](data:text/html,hi)', '[](https://a.example)', '__ __']) {
    assert.deepEqual(parse(text, people), { text, entities: [] }, text);
  }
});

test('white space around it goes, and entities never lie outside of the text', () => {
  for (const written of ['  **a**  ', '**a** \n ', '`a `', '```\n\n a \n\n```']) {
    const { text, entities } = parse(written);
    assert.equal(text, text.trimEnd());
    for (const { offset, length } of entities) assert.ok(length > 0 && offset + length <= text.length, written);
  }
});

test('edited: written as it was', () => {
  for (const written of ['**bold** and __it__', '**a __b__ c**', 'see [here](https://a.example/) and `code`', '||x||', 'plain', '```js\nlet x\n```']) {
    const { text, entities } = parse(written);
    assert.equal(unparse(text, entities), written);
  }
});

test('pieces: a tree, whatever the entities are like', () => {
  const e = (/** @type {string} */ type, /** @type {number} */ offset, /** @type {number} */ length) => ({ type, offset, length });
  const flat = (/** @type {any} */ piece) => typeof piece === 'string' ? piece : `<${piece.entity.type[0]}>${piece.children.map(flat).join('')}</>`;
  const draw = (/** @type {string} */ text, /** @type {any[]} */ entities) => pieces(text, entities).map(flat).join('');
  assert.equal(draw('abcdef', [e('bold', 1, 3), e('italic', 2, 1)]), 'a<b>b<i>c</>d</>ef');
  assert.equal(draw('abcdef', [e('bold', 0, 4), e('italic', 2, 4)]), '<b>ab<i>cd</></><i>ef</>', 'of two that overlap the second is cut');
  assert.equal(draw('abc', [e('bold', 0, 3), e('italic', 0, 3)]), '<b><i>abc</></>');
  assert.equal(draw('abc', [e('bold', 5, 3), e('italic', -1, 2), e('code', 1, 0), e('code', 2, 99)]), 'ab<c>c</>', 'out of range');
});

test('addresses in running text, without what closes the sentence', () => {
  const found = (/** @type {string} */ text) => withAddresses(text, []).map(({ offset, length }) => text.slice(offset, offset + length));
  assert.deepEqual(found('see https://a.example/x?y=1, or (www.b.example/q).'), ['https://a.example/x?y=1', 'www.b.example/q']);
  assert.deepEqual(found('https://a.example/x_(y) and ann@b.example!'), ['https://a.example/x_(y)', 'ann@b.example']);
  assert.deepEqual(found('javascript:alert(1) file:///x 3.14 a.b'), []);
  const text = 'x https://a.example y';
  assert.deepEqual(withAddresses(text, [{ type: 'code', offset: 0, length: text.length }]).length, 1, 'code stays code');
});

test('only http, https, mailto and tel are followed', () => {
  for (const bad of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'data:text/html,x', 'blob:https://a/b', 'file:///etc', 'vbscript:x', '//a.example', 'a.example', 'https://', 'java\nscript:alert(1)']) assert.equal(safeUrl(bad), '', bad);
  assert.equal(safeUrl('https://a.example/ü'), 'https://a.example/%C3%BC');
  assert.equal(addressOf({ type: 'link', offset: 0, length: 1, url: 'javascript:1' }, 'x'), '');
  assert.equal(addressOf({ type: 'url', offset: 0, length: 1 }, 'www.b.example'), 'https://www.b.example/');
  assert.equal(addressOf({ type: 'phone', offset: 0, length: 1 }, '+351 21 (0)'), 'tel:+351210');
});

test('one to three emoji are large', () => {
  for (const text of ['😂', '❤️', '👩‍🚀👍🏽', '🇵🇹', '🎉 🎉 🎉']) assert.ok(jumbo(text), text);
  for (const text of ['1', '12', '#', '😂😂😂😂', '😂 ha', '', '©']) assert.ok(!jumbo(text), text);
});

test('service messages in words', () => {
  const name = (/** @type {string} */ id) => ({ 2: 'Bob', 3: 'Eve', 4: 'Dan' }[id] ?? '?');
  const line = (/** @type {string} */ from, /** @type {any} */ data) => serviceLine({ id: '1', chatId: '1', from, at: 0, kind: 'service', text: '', entities: [], data }, name, '1');
  assert.equal(line('1', { created: { title: 'Crew' } }), 'You made the group “Crew”');
  assert.equal(line('2', { added: { userIds: ['1', '3', '4'] } }), 'Bob added you, Eve and Dan');
  assert.equal(line('2', { removed: { userIds: ['3'] } }), 'Bob removed Eve');
  assert.equal(line('3', { left: {} }), 'Eve left');
  assert.equal(line('2', { room: { roomId: '1', title: 'x' } }), 'Bob started a voice chat');
  assert.equal(line('2', { ttl: { ms: 86400e3 } }), 'Bob set messages to go away after 1 day');
  assert.equal(line('1', { ttl: { ms: 0 } }), 'You turned the timer off: messages stay');
  assert.equal(line('2', { retention: { ms: 30 * 86400e3 } }), 'Bob set messages to be kept for 30 days');
  assert.equal(line('1', { retention: { ms: 0 } }), 'You set messages to be kept for ever');
  assert.deepEqual([1000, 90e3, 3600e3, 14 * 86400e3, 30 * 86400e3, 365 * 86400e3].map(lasting), ['1 second', '2 min', '1 hour', '2 weeks', '30 days', '1 year']);
  assert.ok(line('2', { somethingNew: {} }).length > 0);
  const call = (/** @type {boolean} */ mine, /** @type {string} */ reason, durationMs = 0, video = false) => callLine({ reason, durationMs, video }, mine);
  assert.deepEqual(call(false, 'missed'), { text: 'Missed call', missed: true });
  assert.deepEqual(call(false, 'cancelled', 0, true), { text: 'Missed video call', missed: true });
  assert.deepEqual(call(true, 'missed'), { text: 'Call, no answer', missed: false });
  assert.deepEqual(call(true, 'hangup', 180000), { text: 'Call, 3 min', missed: false });
});

test('a part of a message: at the place where it was seen, and only what stands there', () => {
  const text = 'ring, ring and ring 😀 again';
  assert.deepEqual(partOf(text, ' ring ', 7), { text: 'ring', offset: 6 });
  assert.deepEqual(partOf(text, 'ring', 14), { text: 'ring', offset: 15 });
  assert.deepEqual(partOf(text, 'again', 0), { text: 'again', offset: 23 });
  for (const words of ['', '  ', 'Ring', 'ring 10:15']) assert.equal(partOf(text, words, 0), null, words);
  assert.equal(partOf('x'.repeat(2000), 'x'.repeat(1025), 0), null);
});

test('previews keep spoilers, and say who', () => {
  const message = /** @type {any} */ ({ id: '1', chatId: '1', from: '2', at: 0, kind: 'text', text: 'the\nkiller  is Bob', entities: [{ type: 'spoiler', offset: 15, length: 3 }] });
  assert.equal(plain(message), 'the killer is ▒▒▒');
  assert.deepEqual(preview(message, /** @type {any} */ ({ kind: 'group' }), () => 'Eve Adams', '1').who, 'Eve');
  assert.deepEqual(preview(message, /** @type {any} */ ({ kind: 'private' }), () => 'Eve', '2').who, 'You');
  assert.equal(chatTitle(/** @type {any} */ ({ kind: 'saved', title: '' })), 'Saved messages');
  assert.equal(typingLine(['Ann Lee', 'Bob'], false), 'Ann and Bob are typing …');
  assert.equal(typingLine(['a', 'b', 'c'], false), '3 people are typing …');
  assert.equal(typingLine([], true), '');
});

test('what is offered follows role, rights and permissions', () => {
  const group = (/** @type {string} */ role, /** @type {string[]} */ rights = [], permissions = ['send']) => /** @type {any} */ ({ kind: 'group', role, rights, permissions });
  assert.deepEqual([may(group('member'), 'send'), may(group('member'), 'info'), may(group('member', [], []), 'send')], [true, false, false]);
  assert.deepEqual([may(group('restricted'), 'send'), may(group('restricted', ['send']), 'send')], [false, true]);
  assert.deepEqual([may(group('admin', [], []), 'send'), may(group('admin', ['ban']), 'ban'), may(group('admin'), 'ban')], [true, true, false]);
  assert.deepEqual([may(group('owner', [], []), 'promote'), may(group('banned'), 'send')], [true, false]);
  const member = (/** @type {string} */ role) => /** @type {any} */ ({ role });
  assert.deepEqual([mayTouch(group('admin', ['ban']), member('member'), 'ban'), mayTouch(group('admin', ['ban']), member('admin'), 'ban'), mayTouch(group('owner'), member('admin'), 'ban'), mayTouch(group('owner'), member('owner'), 'ban')], [true, false, true, false]);
});
