/* SPDX-License-Identifier: Apache-2.0 */
/* What the front reads from the configuration: where it listens, its certificate, the addresses it tells people. Main
 * thread, at start. */
#pragma once

#include "base/tls.h"
#include "signaling/front-private.h"

/** sig_front_setup_shared: fills in what the configuration decides of @shared. */
bool sig_front_setup_shared (SigFrontShared *shared, const AlConfig *config, AlMetrics *metrics, GError **error);
void sig_front_setup_clear (SigFrontShared *shared);

/** sig_front_setup_threads: Returns: how many front threads to start. */
unsigned sig_front_setup_threads (const AlConfig *config);

/** sig_front_setup_tls: the configured certificate, or the one of data_dir, which is made if it does not exist.
 *  Returns: (transfer full) (nullable) */
AlTls *sig_front_setup_tls (const AlConfig *config, GError **error);

/** sig_front_setup_listen: makes the listeners of all threads. @tls: (nullable): needed if tls_listen is not empty.
 *  @ret_addresses: (element-type AlAddr): per kind, as they were opened. */
bool sig_front_setup_listen (const AlConfig *config, GPtrArray *threads, AlTls *tls, GArray *ret_addresses[],
                             GError **error);

/** sig_front_setup_urls: Returns: (transfer full): what to open in a browser, http first. */
char **sig_front_setup_urls (const AlConfig *config, GArray *const addresses[]);
