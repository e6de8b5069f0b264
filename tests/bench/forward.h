/* SPDX-License-Identifier: Apache-2.0 */
/* The bare UDP forwarder that others are measured against: recvmmsg and sendmmsg, and nothing in between. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/** bench_forward: for ever. @gso: trains come and leave as trains (UDP_GRO, UDP_SEGMENT). @to: (nullable): where
 *  everything goes; NULL: back. */
void bench_forward (int fd, bool gso, const struct sockaddr_in *to) __attribute__ ((noreturn));
