// SPDX-License-Identifier: Apache-2.0
/**
 * Builds web/dist: content-hashed bundles, the service worker sw.js, index.html with integrity attributes, .gz siblings.
 * Usage: node build.mjs [--out DIR] [--dev] [--entry FILE]   (--dev: readable, with source maps; --entry: in the place of src/main.js)
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({ options: { out: { type: 'string' }, dev: { type: 'boolean', default: false }, entry: { type: 'string' } } });
const out = args.out ?? join(root, 'dist');
const worker = join(root, 'src/crypto/media-worker.js');

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: !args.dev,
  sourcemap: args.dev ? 'linked' : false,
  target: ['es2022'],
  legalComments: 'none',
  metafile: true,
  outdir: out,
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  logLevel: 'warning',
};

/**
 * bundle: builds one entry.
 * @param {string} entry
 * @param {string} name what the output is called before its hash
 * @param {import('esbuild').BuildOptions} [options]
 * @returns {Promise<string>} the output's file name
 */
async function bundle(entry, name, options) {
  const result = await build({ ...common, entryPoints: [{ in: entry, out: name }], ...options });
  const ext = entry.endsWith('.css') ? '.css' : '.js';
  const file = Object.keys(result.metafile?.outputs ?? {}).map((path) => basename(path))
    .find((path) => path.startsWith(`${name}-`) && path.endsWith(ext));
  if (!file) throw new Error(`${entry}: esbuild wrote nothing`);
  return file;
}

/** @param {string} file a name inside the output folder */
const integrity = (file) => `sha384-${createHash('sha384').update(readFileSync(join(out, file))).digest('base64')}`;

/** Copies a file under a content-hashed name. @param {string} from @param {(text: string) => string} [edit] */
function copyHashed(from, edit = (text) => text) {
  const text = edit(readFileSync(join(root, from), 'utf8'));
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();
  const file = basename(from).replace(/(\.[a-z]+)$/, `-${hash}$1`);
  writeFileSync(join(out, file), text);
  return file;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const version = /version: '([^']+)'/.exec(readFileSync(join(root, '../meson.build'), 'utf8'))?.[1] ?? '0';
const media = existsSync(worker) ? await bundle(worker, 'media-worker', { format: 'iife' }) : undefined;
/* under a name that stays: browsers look there for a newer one, and the server lets nobody keep it unasked */
await build({ ...common, entryPoints: [{ in: join(root, 'src/push/push-worker.js'), out: 'sw' }], entryNames: '[name]', format: 'iife' });
const define = {
  __MEDIA_WORKER__: media ? JSON.stringify(`/${media}`) : 'undefined',
  __ALDIS_VERSION__: JSON.stringify(version),
};
const theme = await bundle(join(root, 'src/theme.js'), 'theme', { format: 'iife' });
const app = await bundle(args.entry ?? join(root, 'src/main.js'), 'app', { format: 'esm', define });
const style = await bundle(join(root, 'src/style/app.css'), 'app');
const icon = copyHashed('src/icon.svg');
const manifest = copyHashed('src/manifest.webmanifest', (text) => text.replaceAll('@ICON@', `/${icon}`));

const page = readFileSync(join(root, 'src/index.html'), 'utf8')
  .replaceAll('@THEME@', `src="/${theme}" integrity="${integrity(theme)}"`)
  .replaceAll('@APP@', `src="/${app}" integrity="${integrity(app)}"`)
  .replaceAll('@STYLE@', `href="/${style}" integrity="${integrity(style)}"`)
  .replaceAll('@ICON@', `/${icon}`)
  .replaceAll('@MANIFEST@', `/${manifest}`);
writeFileSync(join(out, 'index.html'), page);

let total = 0;
for (const file of readdirSync(out)) {
  if (file.endsWith('.map')) continue;
  const packed = gzipSync(readFileSync(join(out, file)), { level: 9 });
  writeFileSync(join(out, `${file}.gz`), packed);
  total += packed.length;
}
console.log(`web: ${out}: ${app}, ${style}${media ? `, ${media}` : ''}; ${(total / 1024).toFixed(1)} KiB compressed`);
