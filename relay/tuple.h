/* SPDX-License-Identifier: Apache-2.0 */
/* Who a message came from: the 5-tuple of RFC 8656 §3.2. Plain values. Any thread. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

/** RelayTransport: between client and server. */
typedef enum { RELAY_UDP, RELAY_TCP, RELAY_TLS, RELAY_TRANSPORT_N } RelayTransport;

/** RelayFamily: index of an address family. */
typedef enum { RELAY_IPV4, RELAY_IPV6, RELAY_FAMILY_N } RelayFamily;

/**
 * RelayTuple:
 * @remote: the client's address, as this server sees it
 * @local: the server's address that the client used
 * @conn: the connection's owner for TCP and TLS; for UDP the socket that answers leave by. Opaque here
 */
typedef struct {
  AlAddr remote, local;
  RelayTransport transport;
  void *conn;
} RelayTuple;

static inline RelayFamily
relay_family_of (const AlAddr *addr)
{
  return addr->sa.sa_family == AF_INET6 ? RELAY_IPV6 : RELAY_IPV4;
}

/** relay_tuple_equal: connections are told apart by themselves, datagrams by their addresses. */
static inline bool
relay_tuple_equal (const RelayTuple *a, const RelayTuple *b)
{
  if (a->transport != b->transport || a->conn != b->conn)
    return false;
  return a->transport != RELAY_UDP || (al_addr_equal (&a->remote, &b->remote) && al_addr_equal (&a->local, &b->local));
}
