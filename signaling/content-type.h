/* SPDX-License-Identifier: Apache-2.0 */
/* Media types by file name. Pure. Any thread. */
#pragma once

/** sig_content_type: @path: ends in the file's name. Returns: (transfer none): by its extension, ASCII case folded;
 *  "application/octet-stream" when that is not known. */
const char *sig_content_type (const char *path);
