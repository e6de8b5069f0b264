/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/judge.h"

#include <string.h>

#include "relay/policy.h"

#define SOON_MS (INT64_C (14) * 24 * 3600 * 1000)

static const struct {
  const char *check, *certificate, *protocol, *key, *option;
} ways[CTL_WAY_N] = {
  [CTL_WAY_UDP] = { "TURN/UDP", NULL, "UDP", "[relay] listen_udp", NULL },
  [CTL_WAY_TCP] = { "TURN/TCP", NULL, "TCP", "[relay] listen_tcp", NULL },
  [CTL_WAY_TLS] = { "TURN/TLS", "TURN/TLS certificate", "TCP", "[relay] listen_tls", "; --tls-port if it is another" },
  [CTL_WAY_DTLS] = { "TURN/DTLS", "TURN/DTLS certificate", "UDP", "[relay] dtls, listen_udp",
                     "; --dtls-port if it is another" },
  [CTL_WAY_HTTPS] = { "HTTPS", "HTTPS certificate", "TCP", "[signaling] tls_listen", "; --https-port if it is another" },
};

static void
finding_free (gpointer data)
{
  CtlFinding *finding = data;

  g_free (finding->words);
  g_free (finding->advice);
  g_free (finding);
}

/* @words, @advice: (transfer full) */
static void
add (GPtrArray *findings, const char *check, const CtlTarget *target, CtlVerdict verdict, char *words, char *advice)
{
  CtlFinding *finding = g_new0 (CtlFinding, 1);

  *finding = (CtlFinding){ check, target, verdict, words, advice };
  g_ptr_array_add (findings, finding);
}

static char *
make_ports (const CtlFacts *facts)
{
  return facts->relay_ports != NULL ? g_strdup (facts->relay_ports)
                                    : g_strdup ("49152-65535 (or what [relay] relay_ports says)");
}

static char *
make_opening (const CtlFacts *facts, const CtlTarget *target)
{
  const char *where = facts->local ? "in the firewall of this machine" : "in every firewall on the way";
  g_autofree char *ports = make_ports (facts);
  char host[AL_ADDR_STRLEN];

  (void) al_addr_format (&target->addr, false, host);
  if (target->way == CTL_WAY_UDP)
    return g_strdup_printf ("open UDP %u and %s towards %s %s", al_addr_get_port (&target->addr), ports, host, where);
  return g_strdup_printf ("open %s %u towards %s %s%s", ways[target->way].protocol, al_addr_get_port (&target->addr), host,
                          where, facts->local || ways[target->way].option == NULL ? "" : ways[target->way].option);
}

/* Returns: whether it answers; if not, that is a finding */
static bool
judge_reach (GPtrArray *findings, const CtlFacts *facts, const CtlTarget *target, const char *check)
{
  bool udp = ctl_way_is_datagram (target->way);
  const char *language = target->way == CTL_WAY_DTLS                                        ? "DTLS"
                         : target->way == CTL_WAY_TLS || target->way == CTL_WAY_HTTPS ? "TLS"
                                                                                      : "STUN";
  g_autofree char *opening = make_opening (facts, target);

  switch (target->reach)
    {
    case CTL_REACH_OK:
      return true;
    case CTL_REACH_UNTRIED:
    case CTL_REACH_NO_ROUTE:
      add (findings, check, target, CTL_UNKNOWN,
           g_strdup_printf ("not tried: this machine has no way to %s addresses",
                            target->addr.sa.sa_family == AF_INET6 ? "IPv6" : "such IPv4"),
           NULL);
      break;
    case CTL_REACH_TIMEOUT:
      add (findings, check, target, CTL_ILL, g_strdup ("no answer: something on the way drops it, or nothing runs there"),
           g_steal_pointer (&opening));
      break;
    case CTL_REACH_REFUSED:
      add (findings, check, target, CTL_ILL, g_strdup ("refused: nothing listens there, or a firewall says so"),
           g_strdup_printf ("let %s have a listener with port %u, and %s", ways[target->way].key,
                            al_addr_get_port (&target->addr), opening));
      break;
    case CTL_REACH_CLOSED:
      add (findings, check, target, CTL_ILL, g_strdup ("connected, and hung up on before anything was said"),
           g_strdup_printf ("see what stands between here and %s (a proxy?), and the limits max_connections and "
                            "max_connections_per_address",
                            ways[target->way].key));
      break;
    case CTL_REACH_STRANGE:
      add (findings, check, target, CTL_ILL, g_strdup_printf ("what answers does not speak %s", language),
           g_strdup_printf ("see which program has %s port %u: it should be that of %s", udp ? "UDP" : "TCP",
                            al_addr_get_port (&target->addr), ways[target->way].key));
      break;
    }
  return false;
}

/* --- allocations --- */

static const struct {
  unsigned code;
  const char *words, *advice;
} refusals[] = {
  { 300, "the server sends its clients to another one", "empty [relay] alternate_server when it is not to be drained" },
  { 401, "the server does not take the credential",
    "check name and password; those of the form EXPIRY:NAME serve until EXPIRY (seconds since 1970) by the server's clock, "
    "and need one of [relay] shared_secrets" },
  { 403, "the server forbids it", NULL },
  { 440, "the server has no address of that family to relay from", "name one of it in [relay] relay_address" },
  { 442, "the server does not relay UDP", NULL },
  { 486, "this user or address has too many allocations", "raise [relay] user_quota or source_quota" },
  { 508, "no port is left to relay from", "widen [relay] relay_ports, raise total_quota or the limit of open files" },
};

static void
judge_refusal (GPtrArray *findings, const CtlTarget *target)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].code == target->refusal)
      {
        add (findings, ways[target->way].check, target, CTL_ILL,
             g_strdup_printf ("no relayed candidate: %s (%u)", refusals[i].words, target->refusal),
             g_strdup (refusals[i].advice));
        return;
      }
  if (target->refusal != 0)
    add (findings, ways[target->way].check, target, CTL_ILL,
         g_strdup_printf ("no relayed candidate: the server refuses with %u", target->refusal), NULL);
  else
    add (findings, ways[target->way].check, target, CTL_ILL, g_strdup ("no relayed candidate in time"),
         g_strdup ("try again; see the server's load, and what stands between it and here"));
}

static void
judge_relay (GPtrArray *findings, const CtlTarget *target)
{
  char relayed[AL_ADDR_STRLEN];

  if (target->relayed.sa.sa_family == AF_UNSPEC)
    {
      judge_refusal (findings, target);
      return;
    }
  (void) al_addr_format (&target->relayed, true, relayed);
  if (target->round_trip_us < 0)
    add (findings, ways[target->way].check, target, CTL_ILL,
         g_strdup_printf ("%s was allocated, but what is sent to it through another allocation does not arrive", relayed),
         g_strdup ("see that [relay] deny_peers does not name it, and aldis_relay_dropped in /metrics"));
  else
    add (findings, ways[target->way].check, target, CTL_WELL,
         g_strdup_printf ("relayed candidate %s; through two allocations and back in %.1f ms", relayed,
                          (double) target->round_trip_us / 1000),
         NULL);
}

/* NiceAgent, which tries the other ways, has no TURN over DTLS: an allocation is all that is known */
static void
judge_dtls (GPtrArray *findings, const CtlTarget *target)
{
  if (target->refusal != 0)
    judge_refusal (findings, target);
  else
    add (findings, ways[target->way].check, target, CTL_WELL,
         g_strdup ("an allocation was made; no data was sent through it: libnice does not speak TURN over DTLS"), NULL);
}

static void
judge_binding (GPtrArray *findings, const CtlFacts *facts, const CtlTarget *target)
{
  char seen[AL_ADDR_STRLEN];

  if (judge_reach (findings, facts, target, "STUN/UDP"))
    add (findings, "STUN/UDP", target, CTL_WELL,
         g_strdup_printf ("answers; sees this machine as %s", al_addr_format (&target->seen_as, true, seen)), NULL);
}

/* whether the relay denies it to clients unless it is told otherwise: private, loopback, documentation, ... */
static bool
is_special (const AlAddr *addr)
{
  static const char *const none[] = { NULL };
  const RelayPolicyConfig config = { .allow = none, .deny = none };
  g_autoptr (RelayPolicy) policy = relay_policy_new (&config, NULL);
  AlAddr host = *addr;

  al_addr_set_port (&host, 0);
  return relay_policy_check (policy, &host) == RELAY_PEER_DENIED;
}

static void
judge_inbound (GPtrArray *findings, const CtlFacts *facts, const CtlTarget *target)
{
  g_autofree char *ports = make_ports (facts);
  char relayed[AL_ADDR_STRLEN], seen[AL_ADDR_STRLEN];

  if (target->inbound == CTL_INBOUND_UNTRIED || target->relayed.sa.sa_family == AF_UNSPEC)
    return;
  (void) al_addr_format (&target->relayed, false, relayed);
  if (target->inbound == CTL_INBOUND_OK)
    add (findings, "relay ports", target, CTL_WELL,
         g_strdup_printf ("what is sent straight to %s comes through the relay", relayed), NULL);
  else if (is_special (&target->seen_as))
    add (findings, "relay ports", target, CTL_UNKNOWN,
         g_strdup_printf ("not known: the server sees this machine as %s, and a relay denies such peers by default",
                          al_addr_format (&target->seen_as, false, seen)),
         g_strdup ("try it from a machine with a public address, or name this network in [relay] allow_peers"));
  else
    add (findings, "relay ports", target, CTL_ILL,
         g_strdup_printf ("what is sent straight to %s does not come through the relay", relayed),
         g_strdup_printf ("open UDP %s towards %s in every firewall on the way", ports, relayed));
}

/* --- the address that is advertised --- */

/* Returns: (nullable): a target by which clients find the server, of the family of @relayed: that very address if it can be */
static const CtlTarget *
find_front (const CtlFacts *facts, const AlAddr *relayed)
{
  const CtlTarget *found = NULL;

  for (guint i = 0; i < facts->targets->len; i++)
    {
      const CtlTarget *target = facts->targets->pdata[i];

      if (target->way == CTL_WAY_HTTPS || target->addr.sa.sa_family != relayed->sa.sa_family)
        continue;
      if (al_addr_equal_host (&target->addr, relayed))
        return target;
      if (found == NULL)
        found = target;
    }
  return found;
}

static void
judge_address (GPtrArray *findings, const CtlFacts *facts, const CtlTarget *target)
{
  const CtlTarget *front = find_front (facts, &target->relayed);
  char relayed[AL_ADDR_STRLEN], found[AL_ADDR_STRLEN];

  if (front == NULL)
    return;
  (void) al_addr_format (&target->relayed, false, relayed);
  (void) al_addr_format (&front->addr, false, found);
  if (al_addr_equal_host (&front->addr, &target->relayed))
    add (findings, "relayed address", target, CTL_WELL,
         g_strdup_printf ("%s, by which clients find the server too", relayed), NULL);
  else if (target->inbound == CTL_INBOUND_OK)
    add (findings, "relayed address", target, CTL_WELL,
         g_strdup_printf ("%s, which is reached, beside %s, by which clients find the server", relayed, found), NULL);
  else if (is_special (&front->addr) && !is_special (&target->relayed))
    add (findings, "relayed address", target, facts->local ? CTL_ILL : CTL_UNKNOWN,
         g_strdup_printf ("%s, but the server was looked for at %s, where nobody outside finds it", relayed, found),
         facts->local ? g_strdup_printf ("set [server] public_address=%s, or a name of it", relayed)
                      : g_strdup ("try it from outside, by the address or name that clients use"));
  else
    add (findings, "relayed address", target, CTL_ILL,
         g_strdup_printf ("advertised address %s is not the one by which clients find the server, %s", relayed, found),
         g_strdup_printf ("set [relay] advertised_address=%s, or leave it empty when [relay] relay_address is that", found));
}

static bool
is_same_before (const CtlFacts *facts, guint at)
{
  const CtlTarget *target = facts->targets->pdata[at];

  for (guint i = 0; i < at; i++)
    {
      const CtlTarget *other = facts->targets->pdata[i];

      if (other->relayed.sa.sa_family != AF_UNSPEC && al_addr_equal_host (&other->relayed, &target->relayed))
        return true;
    }
  return false;
}

/* --- certificates --- */

static char *
format_day (int64_t ms)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);

  return utc != NULL ? g_date_time_format (utc, "%F") : g_strdup ("?");
}

static void
judge_certificate (GPtrArray *findings, const CtlFacts *facts, const CtlTarget *target, int64_t now_ms)
{
  static const char renew[] = "renew it: [signaling] tls_certificate and tls_key, then SIGHUP";
  const char *check = ways[target->way].certificate;
  const CtlCert *cert = &target->cert;
  g_autofree char *begins = format_day (cert->begins_ms), *ends = format_day (cert->ends_ms);
  const char *names = *cert->names != '\0' ? cert->names : "no name";
  AlAddr addr;

  if (now_ms >= cert->ends_ms)
    add (findings, check, target, CTL_ILL, g_strdup_printf ("for %s: expired on %s", names, ends), g_strdup (renew));
  else if (now_ms < cert->begins_ms)
    add (findings, check, target, CTL_ILL, g_strdup_printf ("for %s: begins on %s only", names, begins),
         g_strdup ("see that the clocks are right"));
  else if (cert->self_signed && cert->problem != X509_V_OK)
    add (findings, check, target, CTL_ILL,
         g_strdup_printf ("self-signed, for %s, until %s: %s", names, ends,
                          target->way != CTL_WAY_HTTPS ? "clients refuse turns: with it" : "browsers warn of it"),
         g_strdup ("get one from an authority and set [signaling] tls_certificate and tls_key"));
  else if (cert->problem != X509_V_OK)
    add (findings, check, target, CTL_ILL,
         g_strdup_printf ("for %s, until %s, not trusted here: %s", names, ends,
                          X509_verify_cert_error_string (cert->problem)),
         g_strdup ("[signaling] tls_certificate needs the whole chain, leaf first, of an authority that clients know"));
  else if (!cert->is_for_host && !facts->local && al_addr_parse (target->host, 0, &addr, NULL))
    add (findings, check, target, CTL_UNKNOWN,
         g_strdup_printf ("for %s, until %s, and not for %s, which was asked for", names, ends, target->host),
         g_strdup ("give --server the name that clients use"));
  else if (!cert->is_for_host)
    add (findings, check, target, CTL_ILL,
         g_strdup_printf ("for %s, until %s, and not for %s, where clients are sent", names, ends, target->host),
         g_strdup_printf ("get one for %s, or set [server] public_address to a name that it has", target->host));
  else
    add (findings, check, target, CTL_WELL, g_strdup_printf ("for %s, until %s", names, ends),
         cert->ends_ms - now_ms < SOON_MS ? g_strdup (renew) : NULL);
}

/* --- all of it --- */

/* ways that the configuration does not have */
static void
judge_missing (GPtrArray *findings, const CtlFacts *facts)
{
  bool has[CTL_WAY_N] = { false };

  for (guint i = 0; i < facts->targets->len; i++)
    has[((const CtlTarget *) facts->targets->pdata[i])->way] = true;
  for (unsigned way = 0; facts->local && way < CTL_WAY_N; way++)
    if (!has[way] && way == CTL_WAY_HTTPS)
      add (findings, ways[way].check, NULL, CTL_UNKNOWN,
           g_strdup_printf ("off: %s is empty; a proxy in front has the certificate", ways[way].key), NULL);
    else if (!has[way] && way != CTL_WAY_DTLS) /* off by default, and nobody misses it */
      add (findings, ways[way].check, NULL, CTL_ILL, g_strdup_printf ("off: %s is empty", ways[way].key),
           g_strdup_printf ("set %s=*:%u, and open %s %u", ways[way].key, way == CTL_WAY_TLS ? 5349 : 3478,
                            ways[way].protocol, way == CTL_WAY_TLS ? 5349 : 3478));
}

static void
judge_target (GPtrArray *findings, const CtlFacts *facts, guint at, int64_t now_ms)
{
  const CtlTarget *target = facts->targets->pdata[at];

  if (target->way == CTL_WAY_UDP)
    judge_binding (findings, facts, target);
  if (target->way == CTL_WAY_HTTPS)
    {
      if (judge_reach (findings, facts, target, ways[target->way].check))
        add (findings, ways[target->way].check, target, CTL_WELL, g_strdup ("answers"), NULL);
    }
  else if (judge_reach (findings, facts, target, ways[target->way].check))
    {
      if (target->way == CTL_WAY_DTLS)
        judge_dtls (findings, target);
      else
        judge_relay (findings, target);
    }
  if (target->way == CTL_WAY_UDP)
    judge_inbound (findings, facts, target);
  if (target->relayed.sa.sa_family != AF_UNSPEC && !is_same_before (facts, at))
    judge_address (findings, facts, target);
  if (target->cert.names != NULL)
    judge_certificate (findings, facts, target, now_ms);
}

GPtrArray *
ctl_judge (const CtlFacts *facts, int64_t now_ms)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func (finding_free);

  for (guint i = 0; i < facts->targets->len; i++)
    judge_target (findings, facts, i, now_ms);
  judge_missing (findings, facts);
  return findings;
}

bool
ctl_judge_all (const GPtrArray *findings)
{
  bool well = false;

  for (guint i = 0; i < findings->len; i++)
    {
      const CtlFinding *finding = findings->pdata[i];

      if (finding->verdict == CTL_ILL)
        return false;
      well = well || finding->verdict == CTL_WELL;
    }
  return well;
}
