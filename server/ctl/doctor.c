/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl doctor */
#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "server/ctl/command.h"
#include "server/ctl/exam.h"
#include "server/ctl/password.h"
#include "server/ctl/report.h"

#define STUN_PORT 3478
#define TLS_PORT 5349
#define HTTPS_PORT 8443

/* @places: HOST:PORT each */
static bool
add_places (CtlFacts *facts, CtlWay way, JsonArray *places, GError **error)
{
  for (guint i = 0; i < json_array_get_length (places); i++)
    {
      g_autofree char *host = NULL;
      uint16_t port;

      if (!ctl_place_parse (json_array_get_string_element (places, i), way == CTL_WAY_HTTPS ? HTTPS_PORT : STUN_PORT, &host,
                            &port, error)
          || !ctl_facts_add_host (facts, way, host, port, error))
        return false;
    }
  return true;
}

/* Returns: NULL */
static CtlFacts *
blame_address (GError **error)
{
  g_prefix_error (error, "clients are sent where they find nothing, see [server] public_address: ");
  return NULL;
}

/* where clients are told to go, by the server itself */
static CtlFacts *
ask_server (Ctl *ctl, GError **error)
{
  g_autoptr (JsonObject) probe = ctl_client_call (ctl->client, "admin.relayProbe", NULL, error);
  g_autoptr (CtlFacts) facts = ctl_facts_new ();
  JsonArray *servers;

  if (probe == NULL)
    return NULL;
  facts->local = true;
  facts->relay_ports = g_strdup (json_object_get_string_member (probe, "relayPorts"));
  servers = json_object_get_array_member (probe, "iceServers");
  for (guint i = 0; i < json_array_get_length (servers); i++)
    {
      JsonObject *server = json_array_get_object_element (servers, i);
      JsonArray *urls = json_object_get_array_member (server, "urls");

      g_free (facts->username);
      g_free (facts->password);
      facts->username = g_strdup (json_object_get_string_member (server, "username"));
      facts->password = g_strdup (json_object_get_string_member (server, "credential"));
      for (guint u = 0; u < json_array_get_length (urls); u++)
        if (!ctl_facts_add_url (facts, json_array_get_string_element (urls, u), error))
          return blame_address (error);
    }
  if (!add_places (facts, CTL_WAY_DTLS, json_object_get_array_member (probe, "dtls"), error)
      || !add_places (facts, CTL_WAY_HTTPS, json_object_get_array_member (probe, "https"), error))
    return blame_address (error);
  return g_steal_pointer (&facts);
}

static bool
check_port (const char *name, int port, GError **error)
{
  if (port >= 0 && port <= 65535)
    return true;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "--%s: %d is no port", name, port);
  return false;
}

/* what the command line says. Ports that are 0 are left out */
static CtlFacts *
take_arguments (const CtlRemote *remote, GError **error)
{
  g_autoptr (CtlFacts) facts = ctl_facts_new ();
  g_autofree char *host = NULL;
  uint16_t port;

  if (remote->user == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "--server needs --user, and --password or a line of input");
      return NULL;
    }
  if (!check_port ("tls-port", remote->tls_port, error) || !check_port ("dtls-port", remote->dtls_port, error)
      || !check_port ("https-port", remote->https_port, error)
      || !ctl_place_parse (remote->server, STUN_PORT, &host, &port, error))
    return NULL;
  facts->username = g_strdup (remote->user);
  facts->password = remote->password != NULL ? g_strdup (remote->password) : ctl_password_read_once ("Password", error);
  if (facts->password == NULL || !ctl_facts_add_host (facts, CTL_WAY_UDP, host, port, error)
      || !ctl_facts_add_host (facts, CTL_WAY_TCP, host, port, error))
    return NULL;
  if ((remote->tls_port != 0 && !ctl_facts_add_host (facts, CTL_WAY_TLS, host, (uint16_t) remote->tls_port, error))
      || (remote->dtls_port != 0 && !ctl_facts_add_host (facts, CTL_WAY_DTLS, host, (uint16_t) remote->dtls_port, error))
      || (remote->https_port != 0 && !ctl_facts_add_host (facts, CTL_WAY_HTTPS, host, (uint16_t) remote->https_port, error)))
    return NULL;
  return g_steal_pointer (&facts);
}

static const CtlTarget *
find_target (const CtlFacts *facts, CtlWay way)
{
  for (guint i = 0; i < facts->targets->len; i++)
    {
      const CtlTarget *target = facts->targets->pdata[i];

      if (target->way == way)
        return target;
    }
  return NULL;
}

static unsigned
get_port (const CtlTarget *target)
{
  return target != NULL ? al_addr_get_port (&target->addr) : 0;
}

/* what to type elsewhere, since nothing that was tried here has left the machine */
static char *
make_errand (const CtlFacts *facts)
{
  const CtlTarget *target = find_target (facts, CTL_WAY_UDP), *dtls = find_target (facts, CTL_WAY_DTLS);
  g_autofree char *host = NULL, *option = dtls == NULL ? NULL : g_strdup_printf (" --dtls-port %u", get_port (dtls));

  if (target == NULL)
    target = find_target (facts, CTL_WAY_TCP);
  if (target == NULL)
    return NULL;
  host = strchr (target->host, ':') != NULL ? g_strdup_printf ("'[%s]'", target->host) : g_strdup (target->host);
  return g_strdup_printf ("aldisctl doctor --server %s:%u --user '%s' --password '%s' --tls-port %u --https-port %u%s", host,
                          get_port (target), facts->username, facts->password, get_port (find_target (facts, CTL_WAY_TLS)),
                          get_port (find_target (facts, CTL_WAY_HTTPS)), option != NULL ? option : "");
}

static void
print_json (const GPtrArray *findings, const char *errand)
{
  JsonObject *report = ctl_report_json (findings);
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  if (errand != NULL)
    json_object_set_string_member (report, "elsewhere", errand);
  json_node_take_object (node, report);
  text = json_to_string (node, TRUE);
  g_print ("%s\n", text);
}

static bool
doctor (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (CtlFacts) facts = ctl->remote->server != NULL ? take_arguments (ctl->remote, error) : ask_server (ctl, error);
  g_autoptr (GPtrArray) findings = NULL;
  g_autofree char *errand = NULL;

  if (facts == NULL)
    return false;
  ctl_exam_run (facts);
  findings = ctl_judge (facts, al_clock_wall_ms ());
  errand = facts->local ? make_errand (facts) : NULL;
  if (ctl->json)
    print_json (findings, errand);
  else
    {
      g_autofree char *text = ctl_report_text (findings);

      g_print ("%s", text);
    }
  if (!ctl->json && errand != NULL)
    g_print ("\nThis was tried on the server itself: nothing went through its firewall. On another machine, within ten\n"
             "minutes:\n\n  %s\n",
             errand);
  return ctl_judge_all (findings);
}

const CtlCommand ctl_doctor_commands[] = {
  { "doctor", "", "try STUN, TURN and certificates, and say what to open", 0, 0, doctor },
  { NULL },
};
