// SPDX-License-Identifier: Apache-2.0
// Random operations from many devices, with connections cut, requests repeated and the server killed at random points; a
// small model says what each device must hold at the end: nothing acknowledged is missing, nothing is there twice, and the
// order of a chat is the same on all devices. ALDIS_MODEL_SECONDS: how long; ALDIS_MODEL_SEED: a run again;
// ALDIS_MODEL_RATE: how much, for long runs: every message is compared in the end, on every device.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './lib/client.mjs';
import { Messenger } from './lib/messenger.mjs';
import { Server, delay, until } from './lib/server.mjs';

const seconds = Number(process.env.ALDIS_MODEL_SECONDS ?? 30);
const seed = Number(process.env.ALDIS_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const USERS = 4, DEVICES = 2;
const RATE = Number(process.env.ALDIS_MODEL_RATE ?? 400); // operations a second at most: what there is in the end is read and compared by every device

/** mulberry32 */
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const next = generator(seed);
const below = (n) => Math.floor(next() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => next() < p;

let server;
before(async () => {
  server = await Server.start({
    server: { log_level: 'warning' },
    messaging: { registration_rate_address: 1000, login_rate_address: 1000, message_rate: 0, chat_rate: 0 },
  });
});
after(() => server.remove());

/** What was asked for. Of an operation that was acknowledged the effect is known; one that was not may have happened. */
class Model {
  sent = new Map();    // "chat/sender/randomId" -> {chatId, text, id?: once acknowledged}
  edits = new Map();   // "chat/id" -> texts asked for, and whether one of them was acknowledged last
  deleted = new Map(); // "chat/id" -> 'asked' | 'acknowledged'
  hidden = new Map();  // "user/chat/id" -> the same
  reacted = new Map(); // "user/chat/id" -> Set of what was asked for
  voted = new Map();   // "user/chat/id" -> Set of options as JSON
  closed = new Map();  // "chat/id" of a poll -> 'asked' | 'acknowledged'
  forwards = [];       // {chatId, texts, ids?: once acknowledged}
  drafts = new Map();  // "user/chat" -> Set of texts
}
const model = new Model();
let counter = 0, repeats = 0, kills = 0, cuts = 0, acknowledged = 0;

/** The answer, or an error when the connection is lost before. */
const orClosed = (client, answer) => Promise.race([answer, client.closed.then(() => { throw new Error('closed'); })]);

class Device {
  constructor(client, index, userIndex) {
    Object.assign(this, { client, index, userIndex, up: true, messenger: new Messenger(client) });
  }

  get userId() { return this.client.user.id; }

  /** Back with whatever the session still has, then what is missing. */
  async comeBack() {
    for (;;)
      try {
        await this.client.connect();
        this.messenger.attach(this.client);
        this.client.closed.then(() => { this.up = false; });
        await orClosed(this.client, this.client.start());
        this.up = true;
        if (chance(0.7)) await this.messenger.catchUp(1 + below(50));
        return;
      } catch { await delay(20); }
  }

  /** Asks once; null when the answer never came. */
  async ask(method, params) {
    const { client } = this;
    try {
      return await orClosed(client, client.call(method, params));
    } catch (error) {
      if (error.reason === undefined || ['closing', 'shutting_down', 'unauthenticated'].includes(error.reason)) return null;
      throw error;
    }
  }
}

const newRandomId = () => Buffer.from(`${++counter}`.padStart(8, '0')).toString('base64url');

/** Asks again when no answer came, sometimes a second time at once; some are given up. @param {(answer: any) => void} take */
async function insist(device, method, params, take, refused = () => {}) {
  for (let tries = 0; tries < 3; tries++) {
    if (!device.up) await device.comeBack();
    const copies = chance(0.1) ? 2 : 1;
    const answers = await Promise.all(Array.from({ length: copies }, () => device.ask(method, params).catch((error) => {
      if (error.reason === 'send_at') refused(); // it is too late for a first try
      else if (!['message_deleted', 'message'].includes(error.reason)) throw error;
      return 'gone';
    })));
    repeats += copies - 1 + (tries > 0);
    const real = answers.filter((answer) => answer !== null && answer !== 'gone');
    acknowledged += real.length;
    for (const answer of real) take(answer);
    if (answers.some((answer) => answer !== null) || chance(0.3)) return;
  }
}

/** @param {object} [more] a poll; a time */
async function send(device, chatId, more = {}) {
  const randomId = newRandomId();
  const text = `${more.sendAt ? 'later' : 'message'} ${counter} of device ${device.index}`;
  const entry = { chatId, text, from: device.userId, poll: Boolean(more.poll), later: Boolean(more.sendAt) };
  const params = { chatId, randomId, ...more, ...(more.poll ? { poll: { ...more.poll, question: text } } : { text }) };
  model.sent.set(randomId, entry);
  await insist(device, 'message.send', params, ({ message, scheduled }) => {
    entry.acknowledged = true;
    if (scheduled) return;
    assert.ok(entry.id === undefined || entry.id === message.id, 'one place for all tries');
    entry.id = message.id;
  }, () => { entry.refused = true; });
}

const known = (device, chatId, mine) => [...device.messenger.chat(chatId).messages.values()]
  .filter((m) => m.kind === 'text' && (!mine || m.from === device.userId));

/** What is sent later is left alone: its id is not known when it is acknowledged. */
const meddled = (device, chatId, mine) => known(device, chatId, mine).filter((m) => !m.text.startsWith('later'));

const gone = (error) => { if (!['message', 'not_author'].includes(error.reason)) throw error; return 'gone'; };

async function edit(device, chatId) {
  const messages = meddled(device, chatId, true).filter((m) => !m.poll && !m.forwardedFrom);
  if (messages.length === 0 || !device.up) return;
  const { id } = pick(messages);
  const text = `edit ${++counter}`;
  const key = `${chatId}/${id}`;
  if (!model.edits.has(key)) model.edits.set(key, []);
  model.edits.get(key).push(text);
  if (await device.ask('message.edit', { chatId, messageId: id, text }).catch(gone)) acknowledged++;
}

async function remove(device, chatId) {
  const forAll = chance(0.5);
  const messages = meddled(device, chatId, forAll);
  if (messages.length === 0 || !device.up) return;
  const { id } = pick(messages);
  const [map, key] = forAll ? [model.deleted, `${chatId}/${id}`] : [model.hidden, `${device.userId}/${chatId}/${id}`];
  if (!map.has(key)) map.set(key, 'asked');
  if (await device.ask('message.delete', { chatId, ids: [id], forAll })) map.set(key, 'acknowledged');
}

const EMOJI = ['\u{1f44d}', '\u2764\ufe0f', '\u{1f525}', null];

async function react(device, chatId) {
  const messages = known(device, chatId);
  if (messages.length === 0 || !device.up) return;
  const { id } = pick(messages.slice(-8)); // few, so that many meet
  const emoji = pick(EMOJI);
  const key = `${device.userId}/${chatId}/${id}`;
  if (!model.reacted.has(key)) model.reacted.set(key, new Set([null]));
  model.reacted.get(key).add(emoji);
  if (await device.ask('message.react', { chatId, messageId: id, emoji }).catch(gone)) acknowledged++;
}

async function pin(device, chatId) {
  const messages = known(device, chatId);
  if (messages.length === 0 || !device.up) return;
  const { id } = pick(messages.slice(-8));
  const full = (error) => { if (error.reason !== 'too_many_pins') gone(error); return 'full'; };
  if (await device.ask('message.pin', { chatId, messageId: id, pinned: chance(0.6), silent: chance(0.5) }).catch(full)) acknowledged++;
}

const OPTIONS = ['one', 'two', 'three'];

const poll = (device, chatId) =>
  send(device, chatId, { poll: { options: OPTIONS, anonymous: false, multiple: chance(0.5) } });

/** Votes, takes the vote back, or ends the poll. */
async function vote(device, chatId) {
  const messages = known(device, chatId).filter((m) => m.poll);
  if (messages.length === 0) return poll(device, chatId);
  if (!device.up) return undefined;
  const { id, from, poll: { multiple } } = pick(messages.slice(-4));
  const over = (error) => { if (error.reason !== 'poll_closed') gone(error); return 'gone'; };
  if (from === device.userId && chance(0.05)) {
    const key = `${chatId}/${id}`;
    if (!model.closed.has(key)) model.closed.set(key, 'asked');
    const answer = await device.ask('poll.close', { chatId, messageId: id }).catch(over);
    if (answer && answer !== 'gone') model.closed.set(key, 'acknowledged');
    return undefined;
  }
  const options = OPTIONS.map((_, i) => i).filter(() => chance(0.4)).slice(0, multiple ? 3 : 1);
  const key = `${device.userId}/${chatId}/${id}`;
  if (!model.voted.has(key)) model.voted.set(key, new Set());
  model.voted.get(key).add(JSON.stringify(options));
  if (await device.ask('poll.vote', { chatId, messageId: id, options }).catch(over)) acknowledged++;
  return undefined;
}

async function forward(device, chatId, toChatId) {
  const messages = known(device, chatId).filter((m) => !m.poll).slice(-20);
  if (messages.length === 0) return;
  const chosen = messages.filter(() => chance(0.1)).slice(0, 3);
  if (chosen.length === 0) chosen.push(pick(messages));
  const entry = { chatId: toChatId, count: chosen.length };
  model.forwards.push(entry);
  const params = { chatId, toChatId, ids: chosen.map((m) => m.id), randomIds: chosen.map(newRandomId) };
  await insist(device, 'message.forward', params, ({ messages: made }) => {
    const ids = made.map((m) => m.id);
    assert.deepEqual(entry.ids ?? ids, ids, 'one place for all tries');
    Object.assign(entry, { ids, texts: made.map((m) => m.text) });
  });
}

async function draft(device, chatId) {
  const text = chance(0.2) ? null : `draft ${++counter}`;
  const key = `${device.userId}/${chatId}`;
  if (!model.drafts.has(key)) model.drafts.set(key, new Set());
  model.drafts.get(key).add(text);
  if (await device.ask('chat.setDraft', { chatId, text })) acknowledged++;
}

async function read(device, chatId) {
  const messages = known(device, chatId);
  if (messages.length === 0 || !device.up) return;
  await device.ask(chance(0.5) ? 'message.read' : 'message.delivered', { chatId, upToId: pick(messages).id });
}

/** One of: send, now or later, edit, delete, forward, react, vote, pin, draft, mark, lose the connection, ask for what is missing. */
async function step(device, chats) {
  const mine = chats.filter((c) => c.users.includes(device.userIndex));
  const { id } = pick(mine);
  const dice = next();
  if (!device.up) await device.comeBack();
  else if (dice < 0.34) await send(device, id);
  else if (dice < 0.36) await send(device, id, { sendAt: Date.now() + 200 + below(4000) });
  else if (dice < 0.44) await edit(device, id);
  else if (dice < 0.51) await remove(device, id);
  else if (dice < 0.55) await forward(device, id, pick(mine).id);
  else if (dice < 0.67) await react(device, id);
  else if (dice < 0.76) await vote(device, id);
  else if (dice < 0.79) await pin(device, id);
  else if (dice < 0.82) await draft(device, id);
  else if (dice < 0.92) await read(device, id);
  else if (dice < 0.97) { cuts++; device.up = false; await device.client.cut(); }
  else await device.messenger.catchUp(1 + below(20)).catch(() => {});
}

async function killer(end) {
  while (Date.now() < end) {
    await delay(500 + below(3000));
    kills++;
    await server.kill();
    await server.launch();
  }
}

async function populate() {
  const devices = [];
  for (let user = 0; user < USERS; user++)
    for (let n = 0; n < DEVICES; n++) {
      const client = await Client.open(server.wsUrl);
      await (n === 0 ? client.register(`model_${user}`) : client.login(`model_${user}`));
      const device = new Device(client, devices.length, user);
      client.closed.then(() => { device.up = false; });
      devices.push(device);
    }
  const first = (user) => devices[user * DEVICES].client;
  const chats = [];
  for (const [a, b] of [[0, 1], [1, 2], [2, 3], [3, 3]])
    chats.push({ id: (await first(a).call('chat.open', { userId: first(b).user.id })).chat.id, users: [...new Set([a, b])] });
  for (const [kind, ...users] of [['group', 0, 1, 2, 3], ['group', 1, 0, 3], ['supergroup', 2, 1, 0, 3]]) {
    const [owner, ...rest] = users.map(first);
    const made = await owner.call('chat.create', { kind, title: 'Group', members: rest.map((c) => c.user.id) });
    await owner.call('chat.update', { chatId: made.chat.id, permissions: ['send', 'pin'] });
    chats.push({ id: made.chat.id, users });
  }
  return { devices, chats };
}

/** What of a message all devices of its readers must agree on. */
const said = (m) => [m.id, m.text, m.forwardedFrom?.name ?? false, (m.reactions ?? []).map((r) => `${r.emoji} ${r.count} ${r.own ?? ''}`).join(),
  m.pinned ?? false, m.poll && `${m.poll.options.map((o) => o.count)} ${m.poll.voters} ${m.poll.closed} ${m.poll.own ?? ''}`];

/** What a device holds of a chat: ids in order with their texts, reactions and pins. */
const held = (device, chatId) => [...device.messenger.chat(chatId).messages.values()]
  .sort((a, b) => Number(a.id) - Number(b.id)).map(said);

async function wholeHistory(device, chatId) {
  const messages = [];
  for (let beforeId; ;) {
    const page = await device.client.call('message.history', { chatId, limit: 100, ...(beforeId ? { beforeId } : {}) });
    messages.push(...page.messages);
    if (!(beforeId = page.next)) return messages.reverse();
  }
}

/** May the user see it now: yes, no, or null: an operation on it was never answered. */
function expected(userId, chatId, id) {
  const states = [model.deleted.get(`${chatId}/${id}`), model.hidden.get(`${userId}/${chatId}/${id}`)];
  if (states.includes('acknowledged')) return false;
  return states.includes('asked') ? null : true;
}

/** Counts are those of the users who have reacted; each with something that they asked for; pins are those listed. */
async function checkReactions(device, chatId, history) {
  const { client } = device;
  const reacted = history.filter((m) => m.reactions);
  const answers = [];
  for (let i = 0; i < reacted.length; i += 16)
    answers.push(...await Promise.all(reacted.slice(i, i + 16).map(({ id }) => client.call('message.reactors', { chatId, messageId: id, limit: 100 }))));
  for (const [i, { id, reactions }] of reacted.entries()) {
    const { reactors } = answers[i];
    const counts = {};
    for (const { user, emoji } of reactors) {
      counts[emoji] = (counts[emoji] ?? 0) + 1;
      assert.ok(model.reacted.get(`${user.id}/${chatId}/${id}`)?.has(emoji), `nobody reacted with ${emoji} to ${id}`);
    }
    assert.deepEqual(Object.fromEntries(reactions.map((r) => [r.emoji, r.count])), counts);
    const own = reactors.find((r) => r.user.id === device.userId);
    assert.equal(reactions.find((r) => r.own)?.emoji, own?.emoji);
  }
  const pins = history.filter((m) => m.pinned).map((m) => m.id).reverse();
  assert.deepEqual((await client.call('message.pinned', { chatId, limit: 100 })).messages.map((m) => m.id), pins);
  assert.equal((await client.call('chat.get', { ids: [chatId] })).chats[0].pinned, pins[0]);
  return reacted.length;
}

/** The same of votes; over is what was closed. */
async function checkPolls(device, chatId, history) {
  const polls = history.filter((m) => m.poll);
  for (const { id, poll: { options, voters, closed, own = [] } } of polls) {
    const chosen = new Map();
    const lists = await Promise.all(options.map((_, option) =>
      device.client.call('poll.voters', { chatId, messageId: id, option, limit: 100 })));
    lists.forEach((list, option) => {
      assert.equal(list.voters.length, options[option].count, `voters of option ${option} of ${id}`);
      for (const { user } of list.voters) chosen.set(user.id, [...(chosen.get(user.id) ?? []), option]);
    });
    assert.equal(chosen.size, voters);
    for (const [user, places] of chosen)
      assert.ok(model.voted.get(`${user}/${chatId}/${id}`)?.has(JSON.stringify(places)), `nobody voted ${places} in ${id}`);
    assert.deepEqual(own, chosen.get(device.userId) ?? []);
    const state = model.closed.get(`${chatId}/${id}`);
    if (state !== 'asked') assert.equal(closed, state === 'acknowledged');
  }
  return polls.length;
}

/** One that was set there, the same on all devices of the user and at the server; and nothing is left that was to be sent. */
async function checkOwn(device, chatId) {
  const { draft: set } = (await device.client.call('chat.get', { ids: [chatId] })).chats[0];
  const entry = device.messenger.chat(chatId);
  assert.equal(entry.draft?.text, set?.text, 'the draft');
  if (set) assert.ok(model.drafts.get(`${device.userId}/${chatId}`)?.has(set.text), `nobody set ${set.text}`);
  assert.deepEqual([...(entry.scheduled ?? new Map()).keys()], []);
}

function checkForwards(device, { id: chatId }, messages) {
  const there = messages.filter(([, , from]) => from);
  const into = model.forwards.filter((f) => f.chatId === chatId);
  const byId = new Map(there.map(([id, text]) => [id, text]));
  assert.ok(there.length <= into.reduce((n, f) => n + f.count, 0), 'more are forwarded than were asked for');
  for (const { ids = [], texts } of into)
    for (const [i, id] of ids.entries()) {
      const should = expected(device.userId, chatId, id);
      if (should !== null) assert.equal(byId.get(id), should ? texts[i] : undefined, `forwarded as ${id}`);
    }
}

function checkAgainstModel(device, { id: chatId }, messages) {
  const byId = new Map(messages.map(([id, text]) => [id, text]));
  const texts = new Set();
  const written = new Set(messages.filter(([, , from]) => !from).map(([, text]) => text));
  for (const entry of model.sent.values()) {
    if (entry.chatId !== chatId) continue;
    assert.ok(!entry.refused || !entry.acknowledged && !written.has(entry.text), `${entry.text}, which was refused`);
    if (entry.later && entry.acknowledged) assert.ok(written.has(entry.text), `${entry.text}, at its time`); // once: below
    if (entry.id === undefined) continue;
    const should = expected(device.userId, chatId, entry.id);
    if (should !== null) assert.equal(byId.has(entry.id), should, `${entry.text} (${entry.id})`);
    const edits = model.edits.get(`${chatId}/${entry.id}`);
    if (byId.has(entry.id) && !edits) assert.equal(byId.get(entry.id), entry.text);
    if (byId.has(entry.id) && edits) assert.ok([entry.text, ...edits].includes(byId.get(entry.id)));
  }
  const asked = new Set([...model.sent.values()].map((e) => e.text).concat([...model.edits.values()].flat(), ['']));
  for (const [, text, from] of messages) {
    assert.ok(asked.has(text), `nobody wrote "${text}"`);
    if (text !== '' && !from) { assert.ok(!texts.has(text), `"${text}" is there twice`); texts.add(text); }
  }
}

test(`random operations for ${seconds} s`, { timeout: (2 * seconds + 120) * 1000 }, async () => {
  console.log(`# ALDIS_MODEL_SEED=${seed}`);
  const { devices, chats } = await populate();
  const end = Date.now() + seconds * 1000;
  const begin = Date.now();
  let steps = 0;
  const work = devices.map(async (device) => {
    for (let now; (now = Date.now()) < end;)
      if (steps * 1000 > RATE * (now - begin)) await delay(300 + below(600)); // then all at once
      else { steps++; await step(device, chats); }
  });
  await Promise.all([...work, killer(end)]);
  // what was to be sent later is sent
  const last = devices.filter((d) => d.index % DEVICES === 0);
  for (const device of last) if (!device.up || device.client.socket.readyState !== 1) await device.comeBack();
  await until(async () => {
    for (const device of last)
      for (const chat of chats.filter((c) => c.users.includes(device.userIndex)))
        if ((await device.client.call('message.scheduled', { chatId: chat.id })).scheduled.length > 0) return false;
    return true;
  }, 'what was scheduled');
  // everybody comes back and asks for what is missing; one device of each user begins anew
  for (const device of devices) {
    if (!device.up || device.client.socket.readyState !== 1) await device.comeBack();
    if (device.index % DEVICES === 1) device.messenger = new Messenger(device.client);
    await until(() => device.messenger.catchUp(100).then(() => true), 'the difference');
  }
  let reactions = 0, polls = 0;
  for (const chat of chats) {
    let order;
    for (const device of devices.filter((d) => chat.users.includes(d.userIndex))) {
      const messages = held(device, chat.id);
      const history = await wholeHistory(device, chat.id);
      assert.deepEqual(messages, history.map(said), `log and history of device ${device.index}`);
      reactions += await checkReactions(device, chat.id, history);
      polls += await checkPolls(device, chat.id, history);
      await checkOwn(device, chat.id);
      checkAgainstModel(device, chat, messages);
      checkForwards(device, chat, messages);
      // the same order for all: of what two of them hold
      const ids = new Map(messages);
      if (order) {
        const shared = ([id, text]) => [id, text];
        const others = new Set(order.map(([id]) => id));
        assert.deepEqual(order.filter(([id]) => ids.has(id)).map(shared), messages.filter(([id]) => others.has(id)).map(shared));
      }
      order ??= messages;
    }
  }
  const pts = await Promise.all(devices.map((d) => d.client.call('updates.state')));
  devices.forEach((d, i) => assert.equal(d.messenger.pts, pts[i].pts));
  console.log(`# ${model.sent.size} sends, ${acknowledged} acknowledged, ${repeats} repeated, ${cuts} cuts, ${kills} kills, ` +
    `${devices.reduce((n, d) => n + d.messenger.gaps, 0)} gaps`);
  assert.ok(acknowledged > 0 && kills > 0 && reactions > 0 && polls > 0);
  await Promise.all(devices.map((d) => d.client.close()));
});
