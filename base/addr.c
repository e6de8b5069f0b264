/* SPDX-License-Identifier: Apache-2.0 */
/* Text to address and back, comparison, networks. Strict: what inet_pton() refuses, and any doubtful port, is refused. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <net/if.h>
#include <pthread.h>
#include <string.h>

#include <sys/random.h>

static bool
set_invalid (GError **error, const char *what, const char *text, const char *expected)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "\"%s\" is not %s: expected %s", text, what, expected);
  return false;
}

static bool
parse_port (const char *text, uint16_t *ret)
{
  unsigned value = 0;
  size_t n = strlen (text);

  if (n < 1 || n > 5)
    return false;
  for (size_t i = 0; i < n; i++)
    {
      if (!g_ascii_isdigit (text[i]))
        return false;
      value = value * 10 + (unsigned) (text[i] - '0');
    }
  if (value > UINT16_MAX)
    return false;
  *ret = (uint16_t) value;
  return true;
}

/* "::1" or "fe80::1%eth0"; a scope only on link-local addresses (RFC 4007 §11) */
static bool
parse_in6 (char *host, AlAddr *ret)
{
  char *scope = strchr (host, '%');

  if (scope != NULL)
    *scope++ = '\0';
  if (inet_pton (AF_INET6, host, &ret->in6.sin6_addr) != 1)
    return false;
  ret->in6.sin6_family = AF_INET6;
  if (scope == NULL)
    return true;
  ret->in6.sin6_scope_id = if_nametoindex (scope);
  if (ret->in6.sin6_scope_id == 0)
    {
      uint64_t index;

      if (!g_ascii_string_to_unsigned (scope, 10, 1, UINT32_MAX, &index, NULL))
        return false;
      ret->in6.sin6_scope_id = (uint32_t) index;
    }
  return IN6_IS_ADDR_LINKLOCAL (&ret->in6.sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL (&ret->in6.sin6_addr);
}

static bool
parse_in4 (const char *host, AlAddr *ret)
{
  if (*host != '\0' && strcmp (host, "*") != 0 && inet_pton (AF_INET, host, &ret->in4.sin_addr) != 1)
    return false;
  ret->in4.sin_family = AF_INET;
  return true;
}

/* Cuts @text into host and port. Returns: the port's text, NULL when there is none; @ret_bad for broken brackets. */
static char *
split_port (char *text, char **ret_host, bool *ret_v6, bool *ret_bad)
{
  char *colon = strchr (text, ':');

  *ret_host = text;
  *ret_v6 = false;
  *ret_bad = false;
  if (text[0] == '[')
    {
      char *close = strchr (text, ']');

      *ret_v6 = true;
      *ret_host = text + 1;
      *ret_bad = close == NULL || (close[1] != '\0' && close[1] != ':');
      if (*ret_bad)
        return NULL;
      *close = '\0';
      return close[1] == ':' ? close + 2 : NULL;
    }
  if (colon == NULL)
    return NULL;
  if (strchr (colon + 1, ':') != NULL)
    {
      *ret_v6 = true;
      return NULL;
    }
  *colon = '\0';
  return colon + 1;
}

bool
al_addr_parse (const char *text, uint16_t default_port, AlAddr *ret, GError **error)
{
  static const char expected[] = "an IP address with or without a port, e.g. 127.0.0.1:8080 or [::1]:8080";
  char copy[AL_ADDR_STRLEN];
  char *host, *port_text;
  bool v6, bad;
  uint16_t port = default_port;
  AlAddr addr;

  memset (&addr, 0, sizeof addr);
  if (text[0] == '\0' || g_strlcpy (copy, text, sizeof copy) >= sizeof copy)
    return set_invalid (error, "an address", text, expected);
  port_text = split_port (copy, &host, &v6, &bad);
  if (bad || (port_text != NULL && !parse_port (port_text, &port)))
    return set_invalid (error, "an address", text, expected);
  if (v6 ? !parse_in6 (host, &addr) : !parse_in4 (host, &addr))
    return set_invalid (error, "an address", text, expected);
  al_addr_set_port (&addr, port);
  *ret = addr;
  return true;
}

char *
al_addr_format (const AlAddr *addr, bool with_port, char ret_text[AL_ADDR_STRLEN])
{
  char host[INET6_ADDRSTRLEN];
  char scope[IF_NAMESIZE + 1] = "";

  switch (addr->sa.sa_family)
    {
    case AF_INET:
      (void) inet_ntop (AF_INET, &addr->in4.sin_addr, host, sizeof host);
      if (with_port)
        g_snprintf (ret_text, AL_ADDR_STRLEN, "%s:%u", host, al_addr_get_port (addr));
      else
        g_strlcpy (ret_text, host, AL_ADDR_STRLEN);
      break;
    case AF_INET6:
      (void) inet_ntop (AF_INET6, &addr->in6.sin6_addr, host, sizeof host);
      if (addr->in6.sin6_scope_id != 0)
        g_snprintf (scope, sizeof scope, "%%%u", addr->in6.sin6_scope_id);
      if (with_port)
        g_snprintf (ret_text, AL_ADDR_STRLEN, "[%s%s]:%u", host, scope, al_addr_get_port (addr));
      else
        g_snprintf (ret_text, AL_ADDR_STRLEN, "%s%s", host, scope);
      break;
    default:
      g_strlcpy (ret_text, "none", AL_ADDR_STRLEN);
      break;
    }
  return ret_text;
}

bool
al_addr_equal_host (const AlAddr *a, const AlAddr *b)
{
  if (a->sa.sa_family != b->sa.sa_family)
    return false;
  switch (a->sa.sa_family)
    {
    case AF_INET:
      return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    case AF_INET6:
      return a->in6.sin6_scope_id == b->in6.sin6_scope_id
             && memcmp (&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0;
    default:
      return true;
    }
}

bool
al_addr_equal (const AlAddr *a, const AlAddr *b)
{
  return al_addr_equal_host (a, b) && al_addr_get_port (a) == al_addr_get_port (b);
}

static uint64_t hash_seed;
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void
hash_make_seed (void)
{
  if (getrandom (&hash_seed, sizeof hash_seed, 0) != (ssize_t) sizeof hash_seed)
    g_error ("getrandom: no randomness");
}

static inline uint64_t
hash_mix (uint64_t a, uint64_t b)
{
  __extension__ unsigned __int128 product = (unsigned __int128) a * b;

  return (uint64_t) product ^ (uint64_t) (product >> 64);
}

uint32_t
al_addr_hash (const AlAddr *addr)
{
  uint64_t words[2] = { 0, 0 };
  uint64_t hash;

  (void) pthread_once (&hash_once, hash_make_seed);
  if (addr->sa.sa_family == AF_INET)
    words[0] = addr->in4.sin_addr.s_addr;
  else if (addr->sa.sa_family == AF_INET6)
    memcpy (words, &addr->in6.sin6_addr, sizeof words);
  hash = hash_mix (words[0] ^ hash_seed, words[1] ^ UINT64_C (0x9e3779b97f4a7c15));
  hash = hash_mix (hash ^ al_addr_get_port (addr), hash_seed ^ UINT64_C (0xd6e8feb86659fd93) ^ addr->sa.sa_family);
  return (uint32_t) (hash ^ (hash >> 32));
}

uint16_t
al_addr_get_port (const AlAddr *addr)
{
  switch (addr->sa.sa_family)
    {
    case AF_INET:
      return ntohs (addr->in4.sin_port);
    case AF_INET6:
      return ntohs (addr->in6.sin6_port);
    default:
      return 0;
    }
}

void
al_addr_set_port (AlAddr *addr, uint16_t port)
{
  if (addr->sa.sa_family == AF_INET)
    addr->in4.sin_port = htons (port);
  else if (addr->sa.sa_family == AF_INET6)
    addr->in6.sin6_port = htons (port);
}

socklen_t
al_addr_get_len (const AlAddr *addr)
{
  switch (addr->sa.sa_family)
    {
    case AF_INET:
      return sizeof addr->in4;
    case AF_INET6:
      return sizeof addr->in6;
    default:
      return 0;
    }
}

bool
al_addr_is_any (const AlAddr *addr)
{
  if (addr->sa.sa_family == AF_INET)
    return addr->in4.sin_addr.s_addr == htonl (INADDR_ANY);
  return addr->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED (&addr->in6.sin6_addr);
}

bool
al_addr_is_loopback (const AlAddr *addr)
{
  AlAddr plain = *addr;

  al_addr_canonicalize (&plain);
  if (plain.sa.sa_family == AF_INET)
    return ntohl (plain.in4.sin_addr.s_addr) >> 24 == 127;
  return plain.sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK (&plain.in6.sin6_addr);
}

void
al_addr_canonicalize (AlAddr *addr)
{
  AlAddr plain;

  if (addr->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED (&addr->in6.sin6_addr))
    return;
  memset (&plain, 0, sizeof plain);
  plain.in4.sin_family = AF_INET;
  plain.in4.sin_port = addr->in6.sin6_port;
  memcpy (&plain.in4.sin_addr, &addr->in6.sin6_addr.s6_addr[12], 4);
  *addr = plain;
}

static const uint8_t *
host_bytes (const AlAddr *addr, unsigned *ret_bits)
{
  *ret_bits = addr->sa.sa_family == AF_INET ? 32 : 128;
  return addr->sa.sa_family == AF_INET ? (const uint8_t *) &addr->in4.sin_addr : addr->in6.sin6_addr.s6_addr;
}

static bool
has_bits_below (const AlAddr *addr, unsigned prefix)
{
  unsigned bits;
  const uint8_t *bytes = host_bytes (addr, &bits);

  for (unsigned i = prefix; i < bits; i++)
    if (bytes[i / 8] & (0x80u >> (i % 8)))
      return true;
  return false;
}

bool
al_net_parse (const char *text, AlNet *ret, GError **error)
{
  static const char expected[] = "an address or a network with no bits below its prefix, e.g. 10.0.0.0/8 or 2001:db8::/32";
  char copy[AL_ADDR_STRLEN];
  char *slash;
  unsigned bits;
  uint16_t prefix;
  AlNet net;

  memset (&net, 0, sizeof net);
  if (g_strlcpy (copy, text, sizeof copy) >= sizeof copy || copy[0] == '\0' || strchr (copy, '%') != NULL)
    return set_invalid (error, "a network", text, expected);
  slash = strchr (copy, '/');
  if (slash != NULL)
    *slash++ = '\0';
  if (strchr (copy, ':') != NULL ? !parse_in6 (copy, &net.base)
                                 : copy[0] == '\0' || copy[0] == '*' || !parse_in4 (copy, &net.base))
    return set_invalid (error, "a network", text, expected);
  (void) host_bytes (&net.base, &bits);
  prefix = (uint16_t) bits;
  if (slash != NULL && (!parse_port (slash, &prefix) || prefix > bits))
    return set_invalid (error, "a network", text, expected);
  if (has_bits_below (&net.base, prefix))
    return set_invalid (error, "a network", text, expected);
  /* addresses are compared in canonical form, so a network of mapped ones must be IPv4 too */
  if (bits == 128 && prefix >= 96 && IN6_IS_ADDR_V4MAPPED (&net.base.in6.sin6_addr))
    {
      al_addr_canonicalize (&net.base);
      prefix -= 96;
    }
  net.prefix = (uint8_t) prefix;
  *ret = net;
  return true;
}

bool
al_net_contains (const AlNet *net, const AlAddr *addr)
{
  AlAddr plain = *addr;
  const uint8_t *a, *b;
  unsigned bits, whole = net->prefix / 8, rest = net->prefix % 8;

  al_addr_canonicalize (&plain);
  if (plain.sa.sa_family != net->base.sa.sa_family || plain.sa.sa_family == AF_UNSPEC)
    return false;
  a = host_bytes (&net->base, &bits);
  b = host_bytes (&plain, &bits);
  if (memcmp (a, b, whole) != 0)
    return false;
  return rest == 0 || ((a[whole] ^ b[whole]) & (uint8_t) (0xff00u >> rest)) == 0;
}
