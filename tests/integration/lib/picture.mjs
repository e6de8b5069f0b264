// SPDX-License-Identifier: Apache-2.0
/**
 * A small made-up picture for a browser's camera. The one that Chromium makes itself is as large as is asked for, and two or
 * three encoders of 1280x720 leave a slow machine no time for the calls that are tested.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const WIDTH = 320, HEIGHT = 180, RATE = 15, FRAMES = 30;

/** A bar that wanders over a grey field, as I420. */
function frame(step) {
  const luma = Buffer.alloc(WIDTH * HEIGHT, 90);
  const left = Math.floor((step * WIDTH) / FRAMES);
  for (let y = 0; y < HEIGHT; y++) luma.fill(230, y * WIDTH + left, y * WIDTH + Math.min(WIDTH, left + 24));
  return Buffer.concat([luma, Buffer.alloc((WIDTH * HEIGHT) / 4, 110), Buffer.alloc((WIDTH * HEIGHT) / 4, 150)]);
}

let file;
/** pictureFile: the path of a Y4M file that lasts as long as this process. */
export function pictureFile() {
  if (file) return file;
  const folder = mkdtempSync(path.join(tmpdir(), 'aldis-picture-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  file = path.join(folder, 'picture.y4m');
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${RATE}:1 Ip A1:1 C420jpeg\n`);
  const frames = Array.from({ length: FRAMES }, (_, step) => [Buffer.from('FRAME\n'), frame(step)]).flat();
  writeFileSync(file, Buffer.concat([head, ...frames]));
  return file;
}
