/* SPDX-License-Identifier: Apache-2.0 */
/* What a check of the relay found out: plain facts, filled by probe.h and pair.h, put into words by judge.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/addr.h"
#include "server/ctl/cert.h"

/** CtlWay: a way to the server. */
typedef enum { CTL_WAY_UDP, CTL_WAY_TCP, CTL_WAY_TLS, CTL_WAY_DTLS, CTL_WAY_HTTPS, CTL_WAY_N } CtlWay;

/** CtlReach: how far the first message got. */
typedef enum {
  CTL_REACH_UNTRIED,
  CTL_REACH_OK,
  CTL_REACH_TIMEOUT,  /* nothing came back */
  CTL_REACH_REFUSED,  /* the machine answered that nobody listens, or a firewall said so */
  CTL_REACH_NO_ROUTE, /* this machine has no way there */
  CTL_REACH_CLOSED,   /* connected, and then hung up on */
  CTL_REACH_STRANGE,  /* what answered does not speak the protocol */
} CtlReach;

/**
 * CtlTarget: one way to one address, and what was found there.
 * @host: what clients are told: a name or an address, that a certificate has to be for
 * @seen_as: as whom the server sees this machine; AF_UNSPEC: not said
 * @cert: of TLS and DTLS
 * @relayed: the relayed candidate; AF_UNSPEC: none was gathered
 * @refusal: STUN error code with which an allocation was refused; 0: none
 * @round_trip_us: through two allocations of this way; -1: nothing came back
 * @inbound: over UDP: whether a datagram sent straight to @relayed comes through
 */
typedef struct {
  CtlWay way;
  AlAddr addr;
  char *host; /* owned */
  AlAddr own; /* the address of this machine from which it is reached */
  CtlReach reach;
  AlAddr seen_as;
  CtlCert cert;
  AlAddr relayed;
  unsigned refusal;
  int64_t round_trip_us;
  enum { CTL_INBOUND_UNTRIED, CTL_INBOUND_OK, CTL_INBOUND_FAILED } inbound;
} CtlTarget;

/**
 * CtlFacts:
 * @local: on the server itself, which has said where clients are told to go
 * @username, @password: of the relay
 * @relay_ports: (nullable): FIRST-LAST, when it is known
 */
typedef struct {
  bool local;
  char *username, *password; /* owned */
  char *relay_ports;         /* owned */
  GPtrArray *targets;        /* CtlTarget, owned */
} CtlFacts;

CtlFacts *ctl_facts_new (void);
/** ctl_facts_free: wipes the password. NULL is allowed. */
void ctl_facts_free (CtlFacts *facts);

/** ctl_facts_add: a target at @addr. @host: copied. Returns: (transfer none). */
CtlTarget *ctl_facts_add (CtlFacts *facts, CtlWay way, const char *host, const AlAddr *addr);
/** ctl_facts_add_host: one target for each address that @host has, at most two of each family; what is there already is
 *  not doubled. Asks the resolver. Returns: false with G_IO_ERROR when it has none. */
bool ctl_facts_add_host (CtlFacts *facts, CtlWay way, const char *host, uint16_t port, GError **error);
/** ctl_facts_add_url: RFC 7065: "turn:HOST:PORT?transport=udp". Returns: false with G_IO_ERROR: none, or no such host. */
bool ctl_facts_add_url (CtlFacts *facts, const char *url, GError **error);

/** ctl_place_parse: "HOST", "HOST:PORT", "[::1]:PORT" or "::1". @ret_host: (transfer full): without brackets.
 *  Returns: false with G_IO_ERROR_INVALID_ARGUMENT. */
bool ctl_place_parse (const char *place, uint16_t default_port, char **ret_host, uint16_t *ret_port, GError **error);

/** ctl_way_name: Returns: "TURN/UDP", "TURN/TCP", "TURN/TLS", "TURN/DTLS", "HTTPS". */
const char *ctl_way_name (CtlWay way);
/** ctl_way_is_datagram: Returns: is each message of it a datagram. */
bool ctl_way_is_datagram (CtlWay way);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlFacts, ctl_facts_free)
