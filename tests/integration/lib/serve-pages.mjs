// SPDX-License-Identifier: Apache-2.0
// The pages of the tests as a program, to be run in a namespace: serve-pages.mjs ADDRESS; prints where it listens.
import { Pages } from './pages.mjs';

const pages = await Pages.start(process.argv[2]);
console.log(pages.url);
