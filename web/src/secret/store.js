// SPDX-License-Identifier: Apache-2.0
/**
 * Where secret chats are kept: on this device alone, in IndexedDB (whose CryptoKeys nobody can read), or in memory in tests.
 * What belongs together is written at once: a state of the ratchet, what it gave, and how far the queue was taken.
 */

/** @typedef {'chats' | 'messages' | 'state'} Table */
/** A value, or undefined: it is removed. @typedef {[Table, string, any]} Change */
/**
 * @typedef {object} SecretStore
 * @property {(table: Table, key: string) => Promise<any>} get undefined if there is none
 * @property {(table: Table, prefix: string) => Promise<[string, any][]>} entries those whose key begins so, in order
 * @property {(changes: Change[]) => Promise<void>} commit all or nothing; resolves once it is durable
 */

/** @type {Table[]} */
const TABLES = ['chats', 'messages', 'state'];

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** openSecretStore: the browser's. @param {string} [name] @returns {Promise<SecretStore>} */
export async function openSecretStore(name = 'aldis-secret') {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    for (const table of TABLES) opening.result.createObjectStore(table);
  };
  const database = await done(opening);
  database.onversionchange = () => database.close();
  globalThis.navigator?.storage?.persist?.().catch(() => {});
  return {
    get: (table, key) => done(database.transaction(table).objectStore(table).get(key)),
    entries: async (table, prefix) => {
      const store = database.transaction(table).objectStore(table);
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const [keys, values] = await Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]);
      return keys.map((key, i) => [String(key), values[i]]);
    },
    commit: (changes) => new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLES, 'readwrite', { durability: 'strict' });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      try {
        for (const [table, key, value] of changes) {
          if (value === undefined) transaction.objectStore(table).delete(key);
          else transaction.objectStore(table).put(value, key);
        }
      } catch (error) {
        transaction.abort();
        reject(error);
      }
    }),
  };
}

/** memorySecretStore: forgets everything with the page. @returns {SecretStore & {fail: boolean}} fail: the next commit does */
export function memorySecretStore() {
  const tables = new Map(TABLES.map((table) => [table, new Map()]));
  const of = (/** @type {Table} */ table) => /** @type {Map<string, any>} */ (tables.get(table));
  return {
    fail: false,
    get: async (table, key) => of(table).get(key),
    entries: async (table, prefix) => [...of(table)].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)),
    async commit(changes) {
      if (this.fail) {
        this.fail = false;
        throw new Error('no room');
      }
      const copies = changes.map(([table, key, value]) => /** @type {Change} */ ([table, key, structuredClone(value)]));
      for (const [table, key, value] of copies) {
        if (value === undefined) of(table).delete(key);
        else of(table).set(key, value);
      }
    },
  };
}
