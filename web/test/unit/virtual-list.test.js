// SPDX-License-Identifier: Apache-2.0
/** The virtual list in a page of blocks: which rows there are, and that what is looked at stays where it is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { VirtualList } from '../../src/ui/chat/virtual-list.js';
import { Block, layOut } from '../layout.js';

const WINDOW = 500;
/* What rows really are, and what is thought of them before they are drawn. */
const HIGH = [40, 64, 120, 52, 300];
const THOUGHT = 60;

let takeAway = () => {};
before(() => { takeAway = layOut(); });
after(() => takeAway());

/** @param {number} from @param {number} to both included */
const items = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => ({ key: `m${from + i}`, version: '' }));

function make() {
  const list = new VirtualList({ estimate: () => THOUGHT, render: ({ key }) => /** @type {any} */ (Object.assign(new Block(), { height: HIGH[Number(key.slice(1)) % HIGH.length] })) });
  const el = /** @type {any} */ (list.el);
  el.clientHeight = WINDOW;
  /** where the rows stand in the window @returns {Map<string, number>} */
  const seen = () => {
    const rows = new Map();
    for (const { key } of list.items) {
      const row = /** @type {any} */ (list.row(key));
      const top = row && row.offsetTop - el.scrollTop;
      if (row && top < WINDOW && top + row.offsetHeight > 0) rows.set(key, top);
    }
    return rows;
  };
  return { list, el, seen };
}

/** The first row whose upper edge is in sight. @param {Map<string, number>} seen */
const firstOf = (seen) => /** @type {[string, number]} */ ([...seen].find(([, top]) => top >= 0));

test('virtual list: of many rows the page holds those in sight and some more, and stays at its end', () => {
  const { list, el, seen } = make();
  list.set(items(1, 5000));
  assert.ok(list.atEnd);
  assert.ok(seen().has('m5000'));
  assert.ok(el.children[0].children.length < 80, `${el.children[0].children.length} rows`);
  list.set(items(1, 5001));
  assert.ok(seen().has('m5001'), 'what is new is in sight for who is at the end');
});

test('virtual list: what is looked at stays when a page comes above it', () => {
  const { list, el, seen } = make();
  list.set(items(1000, 1200), { follow: false });
  list.scrollTo('m1050');
  el.scrolled();
  const [key, top] = firstOf(seen());
  list.set(items(940, 1200), { follow: false });
  assert.equal(seen().get(key), top);
});

test('virtual list: what is looked at stays when a page lands after a scroll that the list was not told of yet', () => {
  const { list, el, seen } = make();
  list.set(items(1000, 1400), { follow: false });
  list.scrollTo('m1390');
  /* so far that no row of before is in sight any more; the event is still to come */
  el.scrollTop -= 9000;
  assert.equal(seen().size, 0, 'nothing of what was drawn is in sight');
  const told = el.scrollTop;
  list.set(items(940, 1400), { follow: false });
  assert.ok(seen().size > 0, 'there are rows in sight');
  const [key, top] = firstOf(seen());
  const id = Number(key.slice(1));
  /* 9000 px above what is drawn are 150 rows that are thought to be 60 px high; the 60 that came stand above them */
  assert.ok(Math.abs(id - 1240) < 20, `shows ${key}`);
  el.scrolled();
  assert.equal(seen().get(key), top, 'and it stays when the event comes');
  assert.ok(el.scrollTop > told, 'what came above has its place');
});

test('virtual list: a row that turns out higher above the window moves nothing in it', () => {
  const { list, el, seen } = make();
  list.set(items(1, 400), { follow: false });
  list.scrollTo('m200');
  el.scrollTop -= 350;
  const [key, top] = firstOf(seen());
  el.scrolled();
  assert.equal(seen().get(key), top);
});
