// SPDX-License-Identifier: Apache-2.0
/** What people do and see in the chats of the web client. */
import { until } from './server.mjs';

const LONG = 25000;

/** openChat: the chat with somebody, by the search field. */
export async function openChat(person, username) {
  await person.click('nav-chats');
  await person.fill('chat-search', username);
  await person.press(`[data-testid="chat-person"][data-username="${username}" i] .row-main, [data-testid="found-chat"][data-username="${username}" i] .row-main`);
  await person.sees('composer');
  await person.fill('chat-search', '');
}

/** openRow: a chat that is in the list. */
export async function openRow(person, title) {
  await person.click('nav-chats');
  await person.press(`[data-testid="chat-row"][data-title="${title}"] .row-main`);
  await person.sees('chat');
}

/** say: writes and sends; multi-line texts by Shift+Enter. */
export async function say(person, text) {
  await person.fill('composer', text);
  await person.get('composer').press('Enter');
}

/** said: the texts that are in the page, in order, with what else is seen of them. */
export function said(person) {
  return person.page.evaluate(() => [...document.querySelectorAll('[data-testid="message"], [data-testid="service-message"]')].map((row) => {
    const text = row.querySelector('.msg-text, div > span')?.cloneNode(true);
    text?.querySelector?.('.msg-meta')?.remove();
    return { id: row.dataset.id, text: text?.textContent ?? '', mark: row.dataset.mark ?? '', mine: row.classList.contains('mine'), edited: Boolean(row.querySelector('.msg-meta')?.textContent.includes('edited')), service: row.classList.contains('service') };
  }));
}

export const texts = async (person) => (await said(person)).map(({ text }) => text);

/** reads: waits until these texts, and no others, are in the page. */
export async function reads(person, wanted) {
  let seen;
  try {
    await until(async () => { seen = await texts(person); return JSON.stringify(seen) === JSON.stringify(wanted); }, `${person.username} to read`, LONG);
  } catch (error) {
    throw new Error(`${person.username} reads ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`, { cause: error });
  }
}

/** marked: waits until the message with a text has a mark. */
export function marked(person, text, mark) {
  return until(async () => (await said(person)).some((one) => one.text === text && one.mark === mark), `${person.username}: “${text}” to be ${mark}`, LONG);
}

/** choose: opens the menu of the message with a text, and takes something from it. */
export async function choose(person, text, choice) {
  await person.page.locator('[data-testid="message"]', { hasText: text }).last().locator('.msg-meta time').click({ button: 'right', timeout: LONG });
  await person.click(`menu-${choice}`);
}

/** row: what the list shows of a chat. */
export function row(person, title) {
  return person.page.evaluate((name) => {
    const el = document.querySelector(`[data-testid="chat-row"][data-title="${name}"]`);
    return el && { unread: Number(el.dataset.unread), words: el.querySelector('.row-words')?.textContent, mention: Boolean(el.querySelector('[data-testid="mention-badge"]')) };
  }, title);
}
