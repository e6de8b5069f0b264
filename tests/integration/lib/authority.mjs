// SPDX-License-Identifier: Apache-2.0
/** A certificate authority for the length of a test. Nothing on this machine trusts it but who is told to. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  static async make() {
    const authority = new Authority();
    authority.folder = await mkdtemp(path.join(tmpdir(), 'aldis-ca-'));
    authority.file = path.join(authority.folder, 'ca.pem');
    await run('openssl', ['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=Aldis test authority', '-keyout', authority.#at('ca.key'), '-out', authority.file,
      '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
    return authority;
  }

  #at(name) { return path.join(this.folder, name); }

  /** issue: the [signaling] keys of a server with a certificate for @names: ['DNS:a.test', 'IP:192.0.2.1']. */
  async issue(name, names) {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) => this.#at(`${name}.${kind}`));
    await run('openssl', ['req', ...KEY, '-subj', '/CN=Aldis test server', '-keyout', key, '-out', request]);
    await writeFile(extensions, `subjectAltName=${names.join(',')}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`);
    await run('openssl', ['x509', '-req', '-in', request, '-CA', this.file, '-CAkey', this.#at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', extensions, '-out', certificate]);
    return { tls_certificate: certificate, tls_key: key };
  }

  /** home: a folder whose NSS database trusts it: Chromium started with it as HOME does. */
  async home(name) {
    const home = this.#at(name);
    const database = path.join(home, '.pki/nssdb');
    await mkdir(database, { recursive: true });
    await run('certutil', ['-d', `sql:${database}`, '-N', '--empty-password']);
    await run('certutil', ['-d', `sql:${database}`, '-A', '-t', 'C,,', '-n', 'Aldis test authority', '-i', this.file]);
    return home;
  }

  remove() { return rm(this.folder, { recursive: true, force: true }); }
}
