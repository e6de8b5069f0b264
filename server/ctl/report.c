/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/report.h"

#include <string.h>

static const char *const marks[] = { [CTL_WELL] = "ok", [CTL_UNKNOWN] = "?", [CTL_ILL] = "NOT OK" };
static const char *const verdicts[] = { [CTL_WELL] = "well", [CTL_UNKNOWN] = "unknown", [CTL_ILL] = "ill" };

/* what a server says of itself shall not drive the terminal */
static void
append_line (GString *text, const char *line)
{
  for (; *line != '\0'; line++)
    g_string_append_c (text, g_ascii_iscntrl (*line) ? '?' : *line);
  g_string_append_c (text, '\n');
}

char *
ctl_report_text (const GPtrArray *findings)
{
  GString *text = g_string_new (NULL);
  unsigned n_ill = 0;

  for (guint i = 0; i < findings->len; i++)
    {
      const CtlFinding *finding = findings->pdata[i];
      const CtlFinding *next = i + 1 < findings->len ? findings->pdata[i + 1] : NULL;
      g_autofree char *line = NULL;
      char place[AL_ADDR_STRLEN] = "";

      if (finding->target != NULL)
        (void) al_addr_format (&finding->target->addr, true, place);
      line = g_strdup_printf ("%-7s %-21s %-22s %s", marks[finding->verdict], finding->check, place, finding->words);
      append_line (text, line);
      n_ill += finding->verdict == CTL_ILL;
      /* STUN and TURN on one port want the same: once is enough */
      if (finding->advice == NULL || (next != NULL && g_strcmp0 (next->advice, finding->advice) == 0))
        continue;
      g_string_append (text, "        -> ");
      append_line (text, finding->advice);
    }
  if (n_ill > 0)
    g_string_append_printf (text, "%u of %u checks are not well.\n", n_ill, findings->len);
  else
    g_string_append (text, ctl_judge_all (findings) ? "All is well.\n" : "Nothing could be tried from here.\n");
  return g_string_free (text, FALSE);
}

static JsonObject *
make_certificate (const CtlCert *cert)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "names", cert->names);
  json_object_set_int_member (object, "begins", cert->begins_ms);
  json_object_set_int_member (object, "ends", cert->ends_ms);
  json_object_set_boolean_member (object, "selfSigned", cert->self_signed);
  json_object_set_boolean_member (object, "trusted", cert->problem == X509_V_OK);
  json_object_set_boolean_member (object, "forHost", cert->is_for_host);
  return object;
}

static void
add_facts (JsonObject *object, const CtlFinding *finding)
{
  const CtlTarget *target = finding->target;
  char text[AL_ADDR_STRLEN];

  json_object_set_string_member (object, "host", target->host);
  json_object_set_string_member (object, "address", al_addr_format (&target->addr, true, text));
  json_object_set_string_member (object, "family", target->addr.sa.sa_family == AF_INET6 ? "ipv6" : "ipv4");
  if (strcmp (finding->check, "STUN/UDP") == 0 && target->seen_as.sa.sa_family != AF_UNSPEC)
    json_object_set_string_member (object, "seenAs", al_addr_format (&target->seen_as, true, text));
  if (g_str_has_suffix (finding->check, "certificate"))
    json_object_set_object_member (object, "certificate", make_certificate (&target->cert));
  if (strcmp (finding->check, ctl_way_name (target->way)) != 0 || target->relayed.sa.sa_family == AF_UNSPEC)
    return;
  json_object_set_string_member (object, "candidate", al_addr_format (&target->relayed, true, text));
  if (target->round_trip_us >= 0)
    json_object_set_double_member (object, "roundTripMs", (double) target->round_trip_us / 1000);
}

JsonObject *
ctl_report_json (const GPtrArray *findings)
{
  JsonObject *report = json_object_new ();
  JsonArray *checks = json_array_new ();

  for (guint i = 0; i < findings->len; i++)
    {
      const CtlFinding *finding = findings->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "check", finding->check);
      json_object_set_string_member (object, "verdict", verdicts[finding->verdict]);
      json_object_set_string_member (object, "words", finding->words);
      if (finding->advice != NULL)
        json_object_set_string_member (object, "advice", finding->advice);
      if (finding->target != NULL)
        add_facts (object, finding);
      json_array_add_object_element (checks, object);
    }
  json_object_set_boolean_member (report, "ok", ctl_judge_all (findings));
  json_object_set_array_member (report, "checks", checks);
  return report;
}
