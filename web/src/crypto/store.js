// SPDX-License-Identifier: Apache-2.0
/**
 * Where keys and pins are kept: IndexedDB in browsers (it stores CryptoKey objects that cannot be exported), memory in
 * tests.
 */

/** @typedef {'identity' | 'pins' | 'calls'} Table */
/**
 * @typedef {object} KeyStore
 * @property {(table: Table, key: string) => Promise<any>} get undefined if there is none
 * @property {(table: Table, key: string, value: any) => Promise<void>} put resolves once it is durable
 * @property {(table: Table, key: string) => Promise<void>} remove
 * @property {(table: Table, prefix: string) => Promise<[string, any][]>} entries those whose key begins so
 */

/** @type {Table[]} */
const TABLES = ['identity', 'pins', 'calls'];
const VERSION = 1;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * openStore: the browser's. Asks it not to throw the keys away when space runs short.
 * @param {string} [name]
 * @returns {Promise<KeyStore>}
 */
export async function openStore(name = 'aldis-keys') {
  const opening = indexedDB.open(name, VERSION);
  opening.onupgradeneeded = () => {
    for (const table of TABLES) opening.result.createObjectStore(table);
  };
  const database = await done(opening);
  database.onversionchange = () => database.close();
  globalThis.navigator?.storage?.persist?.().catch(() => {});

  /** @template T @param {Table} table @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
  const write = async (table, act) => {
    const transaction = database.transaction(table, 'readwrite', { durability: 'strict' });
    const request = act(transaction.objectStore(table));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    return request.result;
  };
  const read = (/** @type {Table} */ table) => database.transaction(table).objectStore(table);
  return {
    get: (table, key) => done(read(table).get(key)),
    put: async (table, key, value) => void (await write(table, (store) => store.put(value, key))),
    remove: async (table, key) => void (await write(table, (store) => store.delete(key))),
    entries: async (table, prefix) => {
      const store = read(table);
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const [keys, values] = await Promise.all([done(store.getAllKeys(range)), done(store.getAll(range))]);
      return keys.map((key, i) => [String(key), values[i]]);
    },
  };
}

/** memoryStore: forgets everything with the page. @returns {KeyStore} */
export function memoryStore() {
  const tables = new Map(TABLES.map((table) => [table, new Map()]));
  const of = (/** @type {Table} */ table) => /** @type {Map<string, any>} */ (tables.get(table));
  return {
    get: async (table, key) => of(table).get(key),
    put: async (table, key, value) => void of(table).set(key, structuredClone(value)),
    remove: async (table, key) => void of(table).delete(key),
    entries: async (table, prefix) => [...of(table)].filter(([key]) => key.startsWith(prefix)),
  };
}
