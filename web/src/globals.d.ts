// SPDX-License-Identifier: Apache-2.0
/** The media worker's address, put in by build.mjs. */
declare const __MEDIA_WORKER__: string | undefined;
/** The product's version, put in by build.mjs. */
declare const __ALDIS_VERSION__: string | undefined;
