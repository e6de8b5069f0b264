/* SPDX-License-Identifier: Apache-2.0 */
/* How this server sets up its TCP sockets. No state. Any thread. */
#pragma once

#include <stdbool.h>

#include "base/addr.h"

/** al_tcp_set_options: of a socket that is to be bound to @address. What a listening one accepts inherits them, which saves
 *  a system call each per connection. SO_REUSEPORT is among them. */
void al_tcp_set_options (int fd, const AlAddr *address);

/**
 * al_tcp_is_free: SO_REUSEPORT shares a port with whoever of the same user has it too: another server would silently get
 * half of what comes. A socket without it finds out; SO_REUSEADDR alone only passes over connections that are closing.
 *
 * Returns: false with errno when @address cannot be had for oneself.
 */
bool al_tcp_is_free (const AlAddr *address);
