// SPDX-License-Identifier: Apache-2.0
/** The views, and how to get there. */

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {Awaited<ReturnType<typeof import('./server.mjs').serve>>} Server */
/** @typedef {{signedIn?: boolean, night?: boolean, hash?: string, wait?: number, act?: (page: Page, server: Server) => Promise<void>}} Scene */

const id = (/** @type {string} */ name) => `[data-testid=${name}]`;

/** @param {Page} page @param {string} code an expression over `session` and `engine`; evaluated by the debugger, which the page's policy does not bind */
const stage = (page, code) => page.evaluate(`(() => { const { session, engine } = window.stage; ${code}; })()`);

/** @param {Page} page @param {boolean} video @param {string} [who] */
async function call(page, video, who = '102') {
  await page.evaluate((hash) => { location.hash = hash; }, `#/people/${who}`);
  await page.click(id(video ? 'call-video' : 'call-audio'));
  await page.waitForSelector(id('preview'));
  await page.waitForFunction(() => !(/** @type {HTMLButtonElement} */ (document.querySelector('[data-testid=preflight-call]'))).disabled);
  await page.waitForTimeout(400);
  await page.click(id('preflight-call'));
  await page.waitForSelector(id('call-view'));
}

/** Enters a room of the stage; its id says how many are in it. @param {Page} page @param {string} room */
async function enter(page, room) {
  await page.evaluate((roomId) => { /** @type {any} */ (window).stage.app.roomDesk.enter({ roomId }, { title: 'Harbour festival' }); }, room);
  await page.waitForFunction(() => !(/** @type {HTMLButtonElement | null} */ (document.querySelector('[data-testid=room-join]'))?.disabled ?? true));
  await page.click(id('room-join'));
  await page.waitForSelector(id('room-view'));
  await page.waitForTimeout(1500);
}

/** @param {string} testid @param {string} [more] where it hides on a phone */
const press = (/** @type {Page} */ page, testid, more = '') => page.locator(id(testid)).first().isVisible().then(async (visible) => {
  if (visible || !more) return page.click(id(testid));
  await page.click(id('call-more'));
  await page.click(id(more));
});

/** @type {Record<string, Scene>} */
export const SCENES = {
  chats: { hash: '#/chats' },
  chat: { hash: '#/chats/501', wait: 900, act: async (page, server) => { await page.waitForSelector(id('message')); await page.fill(id('composer'), 'I will be the one with the '); server.update({ type: 'typing', chatId: '502', userId: '101', action: 'typing' }); server.update({ type: 'typing', chatId: '501', userId: '102', action: 'typing' }); } },
  'chat-group': { hash: '#/chats/502', wait: 900 },
  'chat-menu': { hash: '#/chats/501', act: async (page) => { await page.locator(id('message')).nth(-2).click({ button: 'right' }); } },
  'chat-reply': { hash: '#/chats/501', act: async (page) => { await page.locator(id('message')).nth(-2).click({ button: 'right' }); await page.click(id('menu-reply')); await page.fill(id('composer'), 'Line one\nline two of what I want to say\nand a third'); } },
  'chat-delete': { hash: '#/chats/501', act: async (page) => { await page.locator(id('message')).last().click({ button: 'right' }); await page.click(id('menu-delete')); } },
  'chat-mention': { hash: '#/chats/502', act: async (page) => { await page.fill(id('composer'), 'Ask '); await page.locator(id('composer')).press('End'); await page.keyboard.type('@'); } },
  'chat-failed': { hash: '#/chats/501', act: async (page) => { await page.fill(id('composer'), 'refuse'); await page.keyboard.press('Enter'); } },
  'chat-offline': { hash: '#/chats/501', act: async (page, server) => { await page.waitForSelector(id('message')); server.cut(); await page.waitForTimeout(300); await page.fill(id('composer'), 'Does this reach you from the tunnel?'); await page.keyboard.press('Enter'); }, wait: 2500 },
  'chat-read-only': { hash: '#/chats/506' },
  'chat-saved': { hash: '#/chats/504' },
  'chat-send-ways': { hash: '#/chats/501', act: async (page) => { await page.fill(id('composer'), 'See you at the lighthouse'); await page.click(id('send-ways')); } },
  'chat-send-later': { hash: '#/chats/501', act: async (page) => { await page.fill(id('composer'), 'See you at the lighthouse'); await page.click(id('send-ways')); await page.click(id('send-later')); await page.locator(id('later-near')).nth(-1).click(); } },
  'chat-scheduled': { hash: '#/chats/502', act: (page) => page.waitForSelector(id('scheduled-bar')).then(() => {}) },
  'chat-scheduled-list': { hash: '#/chats/502', act: (page) => page.click(id('scheduled-open')) },
  'chat-reminder': { hash: '#/chats/504', act: async (page) => { await page.fill(id('composer'), 'Buy lamp oil'); await page.click(id('send-ways')); await page.click(id('send-later')); } },
  'poll-new': { hash: '#/chats/502', act: async (page) => { await page.click(id('new-poll')); await page.fill(id('pollQuestion'), 'Which light do you see first from the sea?'); for (const [i, text] of ['The harbour light', 'The lighthouse', 'The crane'].entries()) await page.locator(id('poll-answer')).nth(i).fill(text); await page.click('.toggle:has([data-testid=poll-quiz])'); await page.locator(id('poll-right')).nth(1).check(); await page.selectOption(id('poll-ends'), 'at'); } },
  'chat-polls': { hash: '#/chats/509', wait: 900 },
  'chat-voters': { hash: '#/chats/509', act: async (page) => { await page.locator(id('poll-who')).last().click(); await page.waitForSelector(id('voter')); } },
  'chat-timer': { hash: '#/chats/504', act: (page) => page.click(id('chat-about')) },
  'group-timer': { hash: '#/chats/502', act: async (page) => { await page.click(id('chat-about')); await page.locator(id('chat-timer')).scrollIntoViewIfNeeded(); }, wait: 800 },
  'person-timer': { hash: '#/people/102', wait: 900 },
  'chat-long': { hash: '#/chats/599', act: async (page) => { await page.waitForSelector(id('message')); for (let i = 0; i < 12; i++) { await page.mouse.move(900, 400); await page.mouse.wheel(0, -2500); await page.waitForTimeout(80); } } },
  'group-info': { hash: '#/chats/502', act: (page) => page.click(id('chat-about')), wait: 800 },
  'group-new': { hash: '#/chats', act: async (page) => { await page.click(id('new-group')); await page.fill(id('groupTitle'), 'Lighthouse keepers'); await page.locator(id('picker-row')).nth(0).click(); await page.locator(id('picker-row')).nth(2).click(); }, wait: 700 },
  'chat-search': { hash: '#/chats', act: (page) => page.fill(id('chat-search'), 'lamp'), wait: 900 },
  'chat-search-names': { hash: '#/chats', act: (page) => page.fill(id('chat-search'), 'tides'), wait: 900 },
  'chat-search-nothing': { hash: '#/chats', act: (page) => page.fill(id('chat-search'), 'submarine'), wait: 900 },
  'chat-search-inside': { hash: '#/chats/501', act: async (page) => { await page.click(id('chat-find')); await page.fill(id('chat-search-input'), 'lamp'); await page.waitForTimeout(900); await page.click(id('hit-older')); await page.click(id('search-filters')); }, wait: 900 },
  'chat-search-group': { hash: '#/chats/502', act: async (page) => { await page.click(id('chat-find')); await page.click(id('search-filters')); await page.fill(id('chat-search-input'), 'the'); }, wait: 900 },
  'extras-picker': { hash: '#/chats/501', act: async (page) => { await page.locator(id('message')).nth(-2).click({ button: 'right' }); await page.click(id('more-reactions')); }, wait: 600 },
  'extras-pins': { hash: '#/chats/501', act: async (page) => { await page.click(id('pin-go')); }, wait: 2200 },
  'extras-forward': { hash: '#/chats/501', act: async (page) => { await page.locator(id('message')).nth(-2).click({ button: 'right' }); await page.click(id('menu-forward')); await page.locator(id('forward-chat')).nth(1).click(); }, wait: 600 },
  'way-invitation': { hash: '#/join/+AAECAwQFBgcICQoLDA0ODw', wait: 700 },
  'way-asked': { hash: '#/join/+BAECAwQFBgcICQoLDA0ODw', act: (page) => page.click(id('way-join')), wait: 700 },
  'way-nowhere': { hash: '#/join/+Z29uZSBnb25lIGdvbmUgZw', wait: 700 },
  'way-public': { hash: '#/@tides', wait: 900 },
  'group-large': { hash: '#/chats/507', act: (page) => page.click(id('chat-about')), wait: 800 },
  'group-rules': { hash: '#/chats/507', act: async (page) => { await page.click(id('chat-about')); await page.locator(id('slow-mode')).scrollIntoViewIfNeeded(); }, wait: 800 },
  'group-link': { hash: '#/chats/507', act: async (page) => { await page.click(id('chat-about')); await page.click(id('link-new')); }, wait: 800 },
  'group-name': { hash: '#/chats/507', act: async (page) => { await page.click(id('chat-about')); await page.click(id('name-edit')); }, wait: 800 },
  rooms: { hash: '#/rooms' },
  'room-page': { hash: '#/rooms/r5' },
  'room-new': { hash: '#/rooms', act: (page) => page.click(id('new-room')) },
  'room-preflight': { hash: '#/rooms', act: async (page) => { await page.locator(id('row-join')).first().click(); }, wait: 1500 },
  'room-guest': { signedIn: false, hash: '#/join/EBESExQVFhcYGRobHB0eHw', wait: 1200 },
  'room-invitation': { hash: '#/calls', act: async (_, server) => server.invite(), wait: 900 },
  'room-grid-1': { night: true, act: (page) => enter(page, 'r1') },
  'room-grid-2': { night: true, act: (page) => enter(page, 'r2') },
  'room-grid-5': { night: true, act: (page) => enter(page, 'r5') },
  'room-grid-9': { night: true, act: (page) => enter(page, 'r9') },
  'room-grid-25': { night: true, act: (page) => enter(page, 'r25'), wait: 1500 },
  'room-grid-49': { night: true, act: (page) => enter(page, 'r49'), wait: 2500 },
  'room-image': { night: true, act: async (page) => { await enter(page, 'r9'); await page.click(id('call-camera')); await page.locator('.toast .icon-button').first().click(); }, wait: 800 },
  'room-speaker': { night: true, act: async (page) => { await enter(page, 'r9'); await press(page, 'call-layout', 'more-layout'); }, wait: 800 },
  'room-screen': { night: true, act: (page) => enter(page, 'r5s'), wait: 800 },
  'room-people': { night: true, act: async (page) => { await enter(page, 'r9'); await page.click(id('call-people')); await page.locator(id('person-menu')).nth(1).click(); }, wait: 600 },
  'room-invite': { night: true, act: async (page) => { await enter(page, 'r5'); await press(page, 'call-invite', 'more-invite'); }, wait: 600 },
  'room-figures': { night: true, act: async (page) => { await enter(page, 'r5'); await press(page, 'call-figures', 'more-figures'); }, wait: 3000 },
  'room-security': { night: true, act: async (page) => { await enter(page, 'r5'); await page.click(id('room-security')); }, wait: 600 },
  'room-listener': { night: true, act: (page) => enter(page, 'r5l') },
  'room-waiting': { night: true, act: (page) => enter(page, 'r5w') },
  'room-left': { night: true, act: async (page) => { await enter(page, 'r5'); await page.click(id('room-leave')); } },
  'room-refused': { hash: '#/rooms', act: async (page) => { await page.evaluate(() => { /** @type {any} */ (window).stage.app.roomDesk.enter({ roomId: 'full' }, { title: 'Harbour festival' }); }); await page.waitForTimeout(1500); await page.click(id('room-join')); } },

  'welcome-login': { signedIn: false },
  'welcome-register': { signedIn: false, act: async (page) => {
    await page.click(id('tab-register'));
    await page.fill(id('username'), '1x');
    await page.fill(id('password'), 'harbour lights');
    await page.click(id('submit'));
  } },
  'welcome-limit': { signedIn: false, act: async (page) => {
    await page.fill(id('username'), 'ines');
    await page.fill(id('password'), 'slow');
    await page.click(id('submit'));
  } },
  calls: { hash: '#/calls' },
  person: { hash: '#/calls/102' },
  'person-changed': { hash: '#/people/106' },
  people: { hash: '#/people', act: (page) => page.fill(id('search'), 'greta') },
  'people-nobody': { hash: '#/people', act: async (page) => { await page.fill(id('search'), 'nobody_here'); await page.waitForTimeout(500); } },
  'settings-profile': { hash: '#/settings/profile' },
  'settings-sound': { hash: '#/settings/sound', act: async (page) => { await page.click(id('test-media')); }, wait: 1500 },
  'settings-push': { hash: '#/settings/sound', act: async (page) => { await page.locator(id('push-card')).scrollIntoViewIfNeeded(); } },
  'settings-look': { hash: '#/settings/look' },
  'settings-devices': { hash: '#/settings/devices' },
  'settings-password': { hash: '#/settings/password' },
  'settings-two-step': { hash: '#/settings/two-step' },
  'settings-two-step-code': { hash: '#/settings/two-step', act: async (page) => { await page.fill(id('totpPassword'), 'x'); await page.click(id('totp-begin')); await page.fill(id('totpCode'), '000000'); await page.click(id('totp-enable')); }, wait: 700 },
  'settings-two-step-codes': { hash: '#/settings/two-step', act: async (page) => { await page.fill(id('totpPassword'), 'x'); await page.click(id('totp-begin')); await page.fill(id('totpCode'), '123456'); await page.click(id('totp-enable')); }, wait: 700 },
  'settings-about': { hash: '#/settings/about' },
  shortcuts: { hash: '#/calls', act: (page) => page.keyboard.press('?') },
  preflight: { hash: '#/people/102', act: (page) => page.click(id('call-video')), wait: 1500 },
  'preflight-trouble': { hash: '#/people/102', act: async (page) => {
    await page.evaluate(() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('busy', 'NotReadableError'); }; });
    await page.click(id('call-video'));
  }, wait: 800 },
  incoming: { hash: '#/calls', act: async (page) => { await stage(page, 'engine.ring({id: "103", username: "dad", displayName: "Dad"}, false)'); }, wait: 900 },
  'incoming-look': { hash: '#/calls', act: async (page) => { await stage(page, 'engine.ring({id: "102", username: "mira", displayName: "Mira Lindqvist"}, true)'); await page.click(id('incoming-preview')); }, wait: 1500 },
  'incoming-changed': { hash: '#/calls', act: async (page) => { await stage(page, 'engine.ring({id: "103", username: "dad", displayName: "Dad"}, false); window.stage.session.secure("changed")'); }, wait: 900 },
  ringing: { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.change({ringingDevices: 2}, "ringing")'); }, wait: 1100 },
  connecting: { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.connect(); session.secure("unverified")'); }, wait: 900 },
  'call-audio': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active()'); }, wait: 5200 },
  'call-security': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active()'); await page.waitForTimeout(300); await page.click(id('security')); }, wait: 600 },
  'call-differ': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active()'); await page.click(id('security')); await page.click(id('sas-differ')); }, wait: 600 },
  'call-verified': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active({level: "verified"})'); await page.click(id('security')); }, wait: 600 },
  'call-video': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active({level: "verified"})'); }, wait: 2600 },
  'call-figures': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active({level: "verified"})'); await page.waitForTimeout(6000); await page.keyboard.press('i'); }, wait: 2500 },
  'call-devices': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active()'); await page.waitForTimeout(300); const more = page.locator(id('call-more')); if (await more.isVisible()) { await more.click(); await page.click(id('more-devices')); } else await page.click(id('call-devices')); }, wait: 900 },
  'call-more': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active()'); const more = page.locator(id('call-more')); if (await more.isVisible()) await more.click(); }, wait: 900 },
  'call-screen': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active(); session.screen()'); }, wait: 1500 },
  'call-weak': { night: true, act: async (page) => { await call(page, true); await stage(page, 'session.active(); session.change({quality: {rttMs: 700, lossPercent: 11}, peerState: {muted: true, camera: true, screen: false}}, "peer")'); }, wait: 5000 },
  'call-lost': { night: true, act: async (page, server) => { await call(page, false); await stage(page, 'session.active()'); server.cut(); }, wait: 3500 },
  'call-reconnecting': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active(); session.change({state: "reconnecting"}, "state")'); }, wait: 800 },
  'call-changed': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.connect(); session.secure("changed")'); }, wait: 700 },
  'call-broken': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.connect(); session.secure("broken", "fingerprint")'); }, wait: 700 },
  'summary-hangup': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.active()'); await page.waitForTimeout(6500); await stage(page, 'session.end("hangup")'); }, wait: 700 },
  'summary-missed': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.end("missed")'); }, wait: 700 },
  'summary-failed': { night: true, act: async (page) => { await call(page, false); await stage(page, 'session.connect(); session.end("failed")'); }, wait: 700 },
  'missed-toast': { hash: '#/calls', act: async (page) => { await stage(page, 'engine.ring({id: "103", username: "dad", displayName: "Dad"}, false)'); await page.waitForTimeout(300); await stage(page, 'session.end("cancelled")'); }, wait: 800 },
  lost: { hash: '#/calls', act: async (_, server) => server.cut(), wait: 3200 },
};
