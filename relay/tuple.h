/* SPDX-License-Identifier: Apache-2.0 */
/* Who a message came from: the 5-tuple of RFC 8656 §3.2. Plain values. Any thread. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

/** RelayTransport: between client and server. */
typedef enum { RELAY_UDP, RELAY_TCP, RELAY_TLS, RELAY_DTLS, RELAY_TRANSPORT_N } RelayTransport;

/** RelayFamily: index of an address family. */
typedef enum { RELAY_IPV4, RELAY_IPV6, RELAY_FAMILY_N } RelayFamily;

/**
 * RelayTuple:
 * @remote: the client's address, as this server sees it
 * @local: the server's address that the client used
 * @conn: the connection's owner for TCP and TLS, the session for DTLS; for UDP the socket that answers leave by. Opaque here
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

/** relay_is_stream: Returns: are messages of @transport parts of a stream of bytes, not datagrams. */
static inline bool
relay_is_stream (RelayTransport transport)
{
  return transport == RELAY_TCP || transport == RELAY_TLS;
}

/** RELAY_TUPLE_KEY: bytes of the longest key. */
#define RELAY_TUPLE_KEY (sizeof (void *) + 2 * 18)

/** relay_tuple_write_key: what a table hashes: the same for tuples that are equal. Returns: bytes written. */
static inline size_t
relay_tuple_write_key (const RelayTuple *tuple, uint8_t ret_key[RELAY_TUPLE_KEY])
{
  const AlAddr *addrs[] = { &tuple->remote, &tuple->local };
  size_t n = sizeof tuple->conn;

  memcpy (ret_key, &tuple->conn, sizeof tuple->conn);
  for (unsigned i = 0; tuple->transport == RELAY_UDP && i < 2; i++)
    {
      bool v4 = addrs[i]->sa.sa_family == AF_INET;
      uint16_t port = al_addr_get_port (addrs[i]);

      memcpy (ret_key + n, v4 ? (const void *) &addrs[i]->in4.sin_addr : &addrs[i]->in6.sin6_addr, v4 ? 4 : 16);
      n += v4 ? 4 : 16;
      memcpy (ret_key + n, &port, sizeof port);
      n += sizeof port;
    }
  return n;
}

/** relay_tuple_equal: connections are told apart by themselves, datagrams by their addresses. */
static inline bool
relay_tuple_equal (const RelayTuple *a, const RelayTuple *b)
{
  if (a->transport != b->transport || a->conn != b->conn)
    return false;
  return a->transport != RELAY_UDP || (al_addr_equal (&a->remote, &b->remote) && al_addr_equal (&a->local, &b->local));
}
