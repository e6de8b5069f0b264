/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl relay ... */
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/table.h"

static char *
format_traffic (JsonObject *alloc, const char *name)
{
  JsonObject *traffic = json_object_get_object_member (alloc, name);
  g_autofree char *bytes = g_format_size ((guint64) json_object_get_int_member (traffic, "bytes"));

  return g_strdup_printf ("%" G_GINT64_FORMAT " / %s", json_object_get_int_member (traffic, "packets"), bytes);
}

static char *
join_relayed (JsonObject *alloc)
{
  JsonArray *relayed = json_object_get_array_member (alloc, "relayed");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (relayed); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", json_array_get_string_element (relayed, i));
  return g_string_free (text, FALSE);
}

static void
add_row (CtlTable *table, JsonObject *alloc)
{
  int64_t created_ms = json_object_get_int_member (alloc, "createdAt");
  g_autofree char *relayed = join_relayed (alloc);
  g_autofree char *up = format_traffic (alloc, "fromClient"), *down = format_traffic (alloc, "toClient");
  g_autofree char *lasts = ctl_format_duration (g_get_real_time () / 1000 - created_ms);
  bool is_tcp = strcmp (json_object_get_string_member (alloc, "relayedTransport"), "tcp") == 0;
  g_autofree char *peers =
      g_strdup_printf (is_tcp ? "%d / %d of TCP" : "%d / %d", (int) json_object_get_int_member (alloc, "permissions"),
                       (int) json_object_get_int_member (alloc, is_tcp ? "connections" : "channels"));

  ctl_table_add (table, json_object_get_string_member (alloc, "id"), json_object_get_string_member (alloc, "transport"),
                 json_object_get_string_member (alloc, "client"), relayed, lasts, peers, up, down);
}

static bool
relay_list (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "admin.relayList", NULL, error);
  JsonArray *allocations;
  CtlTable *table;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  allocations = json_object_get_array_member (result, "allocations");
  table = ctl_table_new ("ID", "BY", "CLIENT", "RELAYED", "LASTS", "PEERS/CHANNELS", "FROM CLIENT", "TO CLIENT", NULL);
  for (guint i = 0; i < json_array_get_length (allocations); i++)
    add_row (table, json_array_get_object_element (allocations, i));
  ctl_table_print (table);
  if (json_object_get_int_member (result, "active") > json_array_get_length (allocations))
    g_print ("... of %d\n", (int) json_object_get_int_member (result, "active"));
  return true;
}

const CtlCommand ctl_relay_commands[] = {
  { "relay list", "", "allocations at the relay", 0, 0, relay_list },
  { NULL },
};
