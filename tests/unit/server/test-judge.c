/* SPDX-License-Identifier: Apache-2.0 */
/* What aldisctl doctor makes of facts. */
#include "server/ctl/judge.h"

#include <string.h>

#include "server/ctl/report.h"

#define DAY_MS (INT64_C (24) * 3600 * 1000)
#define NOW_MS INT64_C (1700000000000)

static AlAddr
addr (const char *text)
{
  AlAddr parsed;

  g_assert_true (al_addr_parse (text, 3478, &parsed, NULL));
  return parsed;
}

/* a target with which all is well */
static CtlTarget *
add (CtlFacts *facts, CtlWay way, const char *host, const char *place)
{
  AlAddr at = addr (place), relayed = at;
  CtlTarget *target = ctl_facts_add (facts, way, host, &at);

  al_addr_set_port (&relayed, 50000);
  target->reach = CTL_REACH_OK;
  if (way != CTL_WAY_HTTPS)
    {
      target->relayed = relayed;
      target->round_trip_us = 1500;
    }
  if (way == CTL_WAY_UDP)
    target->seen_as = addr ("93.184.216.34:40000");
  if (way == CTL_WAY_TLS || way == CTL_WAY_HTTPS)
    target->cert = (CtlCert){ .names = g_strdup ("turn.example.org"),
                              .begins_ms = NOW_MS - DAY_MS,
                              .ends_ms = NOW_MS + 90 * DAY_MS,
                              .is_for_host = true };
  return target;
}

static CtlFacts *
make_healthy (bool local)
{
  CtlFacts *facts = ctl_facts_new ();

  facts->local = local;
  add (facts, CTL_WAY_UDP, "turn.example.org", "5.9.1.2:3478")->inbound = local ? CTL_INBOUND_UNTRIED : CTL_INBOUND_OK;
  (void) add (facts, CTL_WAY_TCP, "turn.example.org", "5.9.1.2:3478");
  (void) add (facts, CTL_WAY_TLS, "turn.example.org", "5.9.1.2:5349");
  (void) add (facts, CTL_WAY_HTTPS, "turn.example.org", "5.9.1.2:8443");
  return facts;
}

static CtlTarget *
get (CtlFacts *facts, CtlWay way)
{
  for (guint i = 0; i < facts->targets->len; i++)
    {
      CtlTarget *target = facts->targets->pdata[i];

      if (target->way == way)
        return target;
    }
  g_assert_not_reached ();
}

/* exactly one finding is not well: @check, with @words in what it says and @advice in what to do */
static void
check_one (const CtlFacts *facts, const char *check, CtlVerdict verdict, const char *words, const char *advice)
{
  g_autoptr (GPtrArray) findings = ctl_judge (facts, NOW_MS);
  unsigned n = 0;

  for (guint i = 0; i < findings->len; i++)
    {
      const CtlFinding *finding = findings->pdata[i];

      if (finding->verdict == CTL_WELL)
        continue;
      n++;
      g_assert_cmpstr (finding->check, ==, check);
      g_assert_cmpint (finding->verdict, ==, verdict);
      if (strstr (finding->words, words) == NULL)
        g_error ("\"%s\" does not say \"%s\"", finding->words, words);
      if (advice == NULL)
        g_assert_null (finding->advice);
      else if (finding->advice == NULL || strstr (finding->advice, advice) == NULL)
        g_error ("\"%s\" does not say \"%s\"", finding->advice, advice);
    }
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (ctl_judge_all (findings), ==, verdict != CTL_ILL);
}

static void
test_well (void)
{
  static const char *const checks[] = { "STUN/UDP", "TURN/UDP", "relay ports", "relayed address", "TURN/TCP", "TURN/TLS",
                                        "TURN/TLS certificate", "HTTPS", "HTTPS certificate" };
  g_autoptr (CtlFacts) facts = make_healthy (false);
  g_autoptr (GPtrArray) findings = ctl_judge (facts, NOW_MS);
  g_autofree char *text = ctl_report_text (findings);

  g_assert_cmpuint (findings->len, ==, G_N_ELEMENTS (checks));
  for (guint i = 0; i < findings->len; i++)
    {
      g_assert_cmpstr (((CtlFinding *) findings->pdata[i])->check, ==, checks[i]);
      g_assert_null (((CtlFinding *) findings->pdata[i])->advice);
    }
  g_assert_true (ctl_judge_all (findings));
  g_assert_true (g_str_has_suffix (text, "\nAll is well.\n"));
  g_assert_nonnull (strstr (text, "sees this machine as 93.184.216.34:40000"));
  g_assert_nonnull (strstr (text, "through two allocations and back in 1.5 ms"));
}

static void
test_reach (void)
{
  static const struct {
    CtlWay way;
    bool local;
    CtlReach reach;
    const char *check, *words, *advice;
  } cases[] = {
    { CTL_WAY_TCP, false, CTL_REACH_TIMEOUT, "TURN/TCP", "no answer", "open TCP 3478 towards 5.9.1.2 in every firewall" },
    { CTL_WAY_TCP, true, CTL_REACH_TIMEOUT, "TURN/TCP", "no answer", "in the firewall of this machine" },
    { CTL_WAY_TCP, false, CTL_REACH_REFUSED, "TURN/TCP", "refused", "let [relay] listen_tcp have a listener with port 3478" },
    { CTL_WAY_TLS, false, CTL_REACH_TIMEOUT, "TURN/TLS", "no answer", "open TCP 5349 towards 5.9.1.2" },
    { CTL_WAY_TLS, false, CTL_REACH_STRANGE, "TURN/TLS", "does not speak TLS", "[relay] listen_tls" },
    { CTL_WAY_TLS, false, CTL_REACH_CLOSED, "TURN/TLS", "hung up", "max_connections" },
    { CTL_WAY_HTTPS, false, CTL_REACH_REFUSED, "HTTPS", "refused", "[signaling] tls_listen" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (CtlFacts) facts = make_healthy (cases[i].local);
      CtlTarget *target = get (facts, cases[i].way);

      target->reach = cases[i].reach;
      target->relayed = (AlAddr){ 0 };
      ctl_cert_clear (&target->cert);
      check_one (facts, cases[i].check, CTL_ILL, cases[i].words, cases[i].advice);
    }
}

/* without UDP neither STUN nor TURN over it, and what to open is said once */
static void
test_no_udp (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);
  CtlTarget *target = get (facts, CTL_WAY_UDP);
  g_autoptr (GPtrArray) findings = NULL;
  g_autofree char *text = NULL;
  const char *first;

  target->reach = CTL_REACH_TIMEOUT;
  target->relayed = (AlAddr){ 0 };
  facts->relay_ports = g_strdup ("50000-50100");
  findings = ctl_judge (facts, NOW_MS);
  text = ctl_report_text (findings);
  g_assert_false (ctl_judge_all (findings));
  first = strstr (text, "open UDP 3478 and 50000-50100 towards 5.9.1.2");
  g_assert_nonnull (first);
  g_assert_null (strstr (first + 1, "open UDP"));
  g_assert_nonnull (strstr (text, "\n2 of 8 checks are not well.\n"));
}

static void
test_no_ipv6 (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);
  CtlTarget *target = add (facts, CTL_WAY_TCP, "turn.example.org", "[2a01:4f8::2]:3478");

  target->reach = CTL_REACH_NO_ROUTE;
  target->relayed = (AlAddr){ 0 };
  check_one (facts, "TURN/TCP", CTL_UNKNOWN, "no way to IPv6", NULL);
}

static void
test_nothing (void)
{
  g_autoptr (CtlFacts) facts = ctl_facts_new ();
  g_autoptr (GPtrArray) findings = ctl_judge (facts, NOW_MS);

  g_assert_false (ctl_judge_all (findings));
}

static void
test_refusals (void)
{
  static const struct {
    unsigned code;
    const char *words, *advice;
  } cases[] = {
    { 401, "does not take the credential (401)", "shared_secrets" }, { 486, "too many", "user_quota" },
    { 508, "no port is left", "relay_ports" }, { 440, "no address", "relay_address" }, { 300, "another", "alternate_server" },
    { 599, "refuses with 599", NULL }, { 0, "in time", "try again" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (CtlFacts) facts = make_healthy (true);
      CtlTarget *target = get (facts, CTL_WAY_TCP);

      target->relayed = (AlAddr){ 0 };
      target->refusal = cases[i].code;
      check_one (facts, "TURN/TCP", CTL_ILL, cases[i].words, cases[i].advice);
    }
}

/* an allocation alone proves nothing */
static void
test_no_round_trip (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);

  get (facts, CTL_WAY_TLS)->round_trip_us = -1;
  check_one (facts, "TURN/TLS", CTL_ILL, "does not arrive", "deny_peers");
}

/* libnice does not speak it: an allocation is enough, and where it is off nobody is told so */
static void
test_dtls (void)
{
  g_autoptr (CtlFacts) well = make_healthy (true), refused = make_healthy (false), silent = make_healthy (false);
  g_autoptr (GPtrArray) findings = NULL;
  unsigned n = 0;

  add (well, CTL_WAY_DTLS, "turn.example.org", "5.9.1.2:3478")->relayed = (AlAddr){ 0 };
  findings = ctl_judge (well, NOW_MS);
  for (guint i = 0; i < findings->len; i++)
    {
      const CtlFinding *finding = findings->pdata[i];

      g_assert_cmpint (finding->verdict, ==, CTL_WELL);
      n += strcmp (finding->check, "TURN/DTLS") == 0 && strstr (finding->words, "libnice does not speak") != NULL;
    }
  g_assert_cmpuint (n, ==, 1);
  add (refused, CTL_WAY_DTLS, "turn.example.org", "5.9.1.2:3478")->refusal = 486;
  check_one (refused, "TURN/DTLS", CTL_ILL, "too many allocations (486)", "user_quota");
  add (silent, CTL_WAY_DTLS, "turn.example.org", "5.9.1.2:3478")->reach = CTL_REACH_TIMEOUT;
  check_one (silent, "TURN/DTLS", CTL_ILL, "no answer", "open UDP 3478 towards 5.9.1.2");
}

static void
test_relay_ports (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false), inside = make_healthy (false);

  get (facts, CTL_WAY_UDP)->inbound = CTL_INBOUND_FAILED;
  check_one (facts, "relay ports", CTL_ILL, "straight to 5.9.1.2", "open UDP 49152-65535 (or what [relay] relay_ports says)");
  get (inside, CTL_WAY_UDP)->inbound = CTL_INBOUND_FAILED;
  get (inside, CTL_WAY_UDP)->seen_as = addr ("10.1.2.3:40000");
  check_one (inside, "relay ports", CTL_UNKNOWN, "10.1.2.3", "[relay] allow_peers");
}

static void
relay_at (CtlFacts *facts, const char *relayed)
{
  for (guint i = 0; i < facts->targets->len; i++)
    {
      CtlTarget *target = facts->targets->pdata[i];

      if (target->way != CTL_WAY_HTTPS)
        target->relayed = addr (relayed);
    }
}

static void
test_relayed_address (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (true), reached = make_healthy (false), cloud = ctl_facts_new ();
  g_autoptr (GPtrArray) findings = NULL;

  relay_at (facts, "10.0.0.5:50000");
  check_one (facts, "relayed address", CTL_ILL, "advertised address 10.0.0.5 is not the one by which clients find the server, 5.9.1.2",
             "set [relay] advertised_address=5.9.1.2");
  /* another one that works is no mistake */
  relay_at (reached, "5.9.1.3:50000");
  findings = ctl_judge (reached, NOW_MS);
  g_assert_true (ctl_judge_all (findings));
  /* in a cloud: the relay knows the public address, and nobody has told the rest */
  cloud->local = true;
  (void) add (cloud, CTL_WAY_UDP, "10.0.0.5", "10.0.0.5:3478");
  (void) add (cloud, CTL_WAY_TCP, "10.0.0.5", "10.0.0.5:3478");
  (void) add (cloud, CTL_WAY_TLS, "10.0.0.5", "10.0.0.5:5349");
  (void) add (cloud, CTL_WAY_HTTPS, "10.0.0.5", "10.0.0.5:8443");
  relay_at (cloud, "5.9.1.2:50000");
  check_one (cloud, "relayed address", CTL_ILL, "where nobody outside finds it", "set [server] public_address=5.9.1.2");
  cloud->local = false;
  check_one (cloud, "relayed address", CTL_UNKNOWN, "where nobody outside finds it", "from outside");
}

static void
test_off (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (true), elsewhere = make_healthy (false);
  g_autoptr (GPtrArray) findings = NULL;

  g_ptr_array_remove (facts->targets, get (facts, CTL_WAY_TCP));
  check_one (facts, "TURN/TCP", CTL_ILL, "off: [relay] listen_tcp is empty", "set [relay] listen_tcp=*:3478, and open TCP 3478");
  /* from elsewhere, what was not asked for is not missed */
  g_ptr_array_remove (elsewhere->targets, get (elsewhere, CTL_WAY_TLS));
  findings = ctl_judge (elsewhere, NOW_MS);
  g_assert_true (ctl_judge_all (findings));
}

static void
test_certificates (void)
{
  static const struct {
    const char *words, *advice;
    CtlWay way;
    CtlCert cert;
  } cases[] = {
    { "clients refuse turns: with it", "tls_certificate", CTL_WAY_TLS,
      { .ends_ms = NOW_MS + DAY_MS, .problem = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, .self_signed = true } },
    { "browsers warn of it", "tls_certificate", CTL_WAY_HTTPS,
      { .ends_ms = NOW_MS + DAY_MS, .problem = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, .self_signed = true } },
    { "expired on 2023-11-14", "renew", CTL_WAY_TLS, { .ends_ms = NOW_MS } },
    { "begins on", "clocks", CTL_WAY_TLS, { .begins_ms = NOW_MS + 1, .ends_ms = NOW_MS + DAY_MS } },
    { "not trusted here", "whole chain", CTL_WAY_TLS,
      { .ends_ms = NOW_MS + DAY_MS, .problem = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, .is_for_host = true } },
    { "not for turn.example.org", "public_address", CTL_WAY_HTTPS, { .ends_ms = NOW_MS + DAY_MS } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (CtlFacts) facts = make_healthy (true);
      CtlTarget *target = get (facts, cases[i].way);

      ctl_cert_clear (&target->cert);
      target->cert = cases[i].cert;
      target->cert.names = g_strdup ("a.example.org");
      check_one (facts, cases[i].way == CTL_WAY_TLS ? "TURN/TLS certificate" : "HTTPS certificate", CTL_ILL, cases[i].words,
                 cases[i].advice);
    }
}

/* it serves still, and says so */
static void
test_certificate_ends_soon (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (true);
  g_autoptr (GPtrArray) findings = NULL;
  g_autofree char *text = NULL;

  get (facts, CTL_WAY_TLS)->cert.ends_ms = NOW_MS + 13 * DAY_MS;
  findings = ctl_judge (facts, NOW_MS);
  text = ctl_report_text (findings);
  g_assert_true (ctl_judge_all (findings));
  g_assert_nonnull (strstr (text, "-> renew it"));
}

/* asked for by address: names say nothing about it */
static void
test_certificate_of_address (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);
  CtlTarget *target = get (facts, CTL_WAY_TLS);

  g_free (target->host);
  target->host = g_strdup ("5.9.1.2");
  target->cert.is_for_host = false;
  check_one (facts, "TURN/TLS certificate", CTL_UNKNOWN, "not for 5.9.1.2", "--server the name");
}

static void
test_json (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);
  g_autoptr (GPtrArray) findings = ctl_judge (facts, NOW_MS);
  g_autoptr (JsonObject) report = ctl_report_json (findings);
  JsonArray *checks = json_object_get_array_member (report, "checks");
  JsonObject *turn = json_array_get_object_element (checks, 1), *certificate = json_array_get_object_element (checks, 6);

  g_assert_true (json_object_get_boolean_member (report, "ok"));
  g_assert_cmpstr (json_object_get_string_member (turn, "check"), ==, "TURN/UDP");
  g_assert_cmpstr (json_object_get_string_member (turn, "verdict"), ==, "well");
  g_assert_cmpstr (json_object_get_string_member (turn, "candidate"), ==, "5.9.1.2:50000");
  g_assert_cmpstr (json_object_get_string_member (turn, "family"), ==, "ipv4");
  g_assert_cmpfloat (json_object_get_double_member (turn, "roundTripMs"), ==, 1.5);
  certificate = json_object_get_object_member (certificate, "certificate");
  g_assert_cmpint (json_object_get_int_member (certificate, "ends"), ==, NOW_MS + 90 * DAY_MS);
  g_assert_true (json_object_get_boolean_member (certificate, "trusted"));
}

/* names of a certificate are a stranger's words */
static void
test_control_characters (void)
{
  g_autoptr (CtlFacts) facts = make_healthy (false);
  g_autoptr (GPtrArray) findings = NULL;
  g_autofree char *text = NULL;

  g_free (get (facts, CTL_WAY_TLS)->cert.names);
  get (facts, CTL_WAY_TLS)->cert.names = g_strdup ("a\x1b[2J\nb");
  findings = ctl_judge (facts, NOW_MS);
  text = ctl_report_text (findings);
  g_assert_nonnull (strstr (text, "for a?[2J?b, until"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/judge/well", test_well);
  g_test_add_func ("/server/judge/reach", test_reach);
  g_test_add_func ("/server/judge/no-udp", test_no_udp);
  g_test_add_func ("/server/judge/no-ipv6", test_no_ipv6);
  g_test_add_func ("/server/judge/nothing", test_nothing);
  g_test_add_func ("/server/judge/refusals", test_refusals);
  g_test_add_func ("/server/judge/no-round-trip", test_no_round_trip);
  g_test_add_func ("/server/judge/dtls", test_dtls);
  g_test_add_func ("/server/judge/relay-ports", test_relay_ports);
  g_test_add_func ("/server/judge/relayed-address", test_relayed_address);
  g_test_add_func ("/server/judge/off", test_off);
  g_test_add_func ("/server/judge/certificates", test_certificates);
  g_test_add_func ("/server/judge/certificate-ends-soon", test_certificate_ends_soon);
  g_test_add_func ("/server/judge/certificate-of-address", test_certificate_of_address);
  g_test_add_func ("/server/judge/json", test_json);
  g_test_add_func ("/server/judge/control-characters", test_control_characters);
  return g_test_run ();
}
