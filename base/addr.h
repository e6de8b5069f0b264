/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses with a port, as the kernel takes them. Plain values: copy freely. Any thread. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/** AlAddr: family AF_INET, AF_INET6, or AF_UNSPEC (all zero: "none"). */
typedef union {
  struct sockaddr sa;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
} AlAddr;

/** AL_ADDR_STRLEN: enough for "[v6%scope]:port" and its NUL. */
#define AL_ADDR_STRLEN 80

/** al_addr_parse: "1.2.3.4:80", "[::1]:80", "1.2.3.4", "::1", ":80" or "*:80" (any IPv6 and IPv4 is two listeners: the
 *  caller's decision; here IPv4 any). No names. @default_port: used when there is none. Returns: false, @ret untouched. */
bool al_addr_parse (const char *text, uint16_t default_port, AlAddr *ret, GError **error);
/** al_addr_format: @with_port: append ":port" (and brackets for IPv6). Returns: @ret_text. */
char *al_addr_format (const AlAddr *addr, bool with_port, char ret_text[AL_ADDR_STRLEN]);
bool al_addr_equal (const AlAddr *a, const AlAddr *b);
bool al_addr_equal_host (const AlAddr *a, const AlAddr *b);
/** al_addr_is_any: Returns: 0.0.0.0 or ::, with any port. */
bool al_addr_is_any (const AlAddr *addr);
/** al_addr_hash: SipHash-free mixing with a per-process seed: not for data that an attacker may probe by timing. */
uint32_t al_addr_hash (const AlAddr *addr);
uint16_t al_addr_get_port (const AlAddr *addr);
void al_addr_set_port (AlAddr *addr, uint16_t port);
socklen_t al_addr_get_len (const AlAddr *addr);
bool al_addr_is_loopback (const AlAddr *addr);
/** al_addr_canonicalize: IPv4 inside IPv6 (::ffff:a.b.c.d) becomes IPv4. */
void al_addr_canonicalize (AlAddr *addr);

/** AlNet: a network in CIDR notation. */
typedef struct {
  AlAddr base;
  uint8_t prefix;
} AlNet;
/** al_net_parse: "10.0.0.0/8", "2001:db8::/32", or a single address. Bits below the prefix must be zero. */
bool al_net_parse (const char *text, AlNet *ret, GError **error);
/** al_net_contains: after canonicalising @addr. */
bool al_net_contains (const AlNet *net, const AlAddr *addr);
