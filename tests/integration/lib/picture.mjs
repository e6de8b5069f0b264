// SPDX-License-Identifier: Apache-2.0
/**
 * A small made-up picture for a browser's camera. The one that Chromium makes itself is as large as is asked for, and two or
 * three encoders of 1280x720 leave a slow machine no time for the calls that are tested.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const FRAMES = 30;

/** A bar that wanders over a grey field, as I420. */
function frame(step, width, height) {
  const luma = Buffer.alloc(width * height, 90);
  const left = Math.floor((step * width) / FRAMES);
  for (let y = 0; y < height; y++) luma.fill(230, y * width + left, y * width + Math.min(width, left + 24));
  return Buffer.concat([luma, Buffer.alloc((width * height) / 4, 110), Buffer.alloc((width * height) / 4, 150)]);
}

const files = new Map();
/** pictureFile: the path of a Y4M file that lasts as long as this process. */
export function pictureFile({ width = 320, height = 180, rate = 15 } = {}) {
  const name = `${width}x${height}-${rate}`;
  if (files.has(name)) return files.get(name);
  const folder = mkdtempSync(path.join(tmpdir(), 'aldis-picture-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'picture.y4m');
  files.set(name, file);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420jpeg\n`);
  const frames = Array.from({ length: FRAMES }, (_, step) => [Buffer.from('FRAME\n'), frame(step, width, height)]).flat();
  writeFileSync(file, Buffer.concat([head, ...frames]));
  return file;
}
