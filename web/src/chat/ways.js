// SPDX-License-Identifier: Apache-2.0
/**
 * Ways into chats, as addresses of this page: #/join/+LINK, an invitation, and #/@NAME, a public name. A way is what stands at the
 * end of them: "+LINK" or "@NAME". (#/join/LINK without the + is an invitation to a room.)
 */

/** @typedef {{origin: string, pathname: string}} Place */

const LINK = /^\+[A-Za-z0-9_-]{22}$/;
const NAME = /^@[A-Za-z][A-Za-z0-9_]{2,31}$/;

/** isWay: @param {string} text */
export function isWay(text) {
  return LINK.test(text) || NAME.test(text);
}

/** inviteAddress: what is given to others; what stands behind '#' browsers send to no server. @param {string} link @param {Place} [place] */
export function inviteAddress(link, { origin, pathname } = location) {
  return `${origin}${pathname}#/join/+${link}`;
}

/** nameAddress: @param {string} username @param {Place} [place] */
export function nameAddress(username, { origin, pathname } = location) {
  return `${origin}${pathname}#/@${username}`;
}

/** wayOf: the way that an address of this page is; '' if it is none. @param {string} text @param {Place} [place] */
export function wayOf(text, { origin, pathname } = location) {
  const own = `${origin}${pathname}#/`;
  const address = text.trim();
  if (!address.startsWith(own)) return '';
  const way = address.slice(own.length).replace(/^join\//, '');
  return isWay(way) ? way : '';
}

/** wayParams: of chat.resolve and chat.join. @param {string} way */
export function wayParams(way) {
  return way.startsWith('+') ? { link: way.slice(1) } : { username: way.slice(1) };
}
