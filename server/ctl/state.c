/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl status, sessions ..., calls ... */
#include "server/ctl/command.h"
#include "server/ctl/table.h"

static bool
status (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "admin.status", NULL, error);
  g_autofree char *uptime = NULL;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  uptime = ctl_format_duration (json_object_get_int_member (result, "uptimeMs"));
  g_print ("aldisd %s, up %s%s\n", json_object_get_string_member (result, "version"), uptime,
           json_object_get_boolean_member (result, "draining") ? ", draining" : "");
  g_print ("%d front threads, %d workers\n", (int) json_object_get_int_member (result, "frontThreads"),
           (int) json_object_get_int_member (result, "workers"));
  g_print ("%d connections, %d devices connected, %d sessions held, %d calls\n",
           (int) json_object_get_int_member (result, "connections"), (int) json_object_get_int_member (result, "attached"),
           (int) json_object_get_int_member (result, "sessions"), (int) json_object_get_int_member (result, "calls"));
  return true;
}

static void
add_session_row (CtlTable *table, JsonObject *session)
{
  JsonObject *device = json_object_get_object_member (session, "device");
  g_autofree char *since = ctl_format_time (json_object_get_int_member (session, "createdAt"));
  g_autofree char *seen = ctl_format_time (json_object_get_int_member (session, "lastSeenAt"));

  ctl_table_add (table, json_object_get_string_member (session, "username"), json_object_get_string_member (device, "id"),
                 json_object_get_boolean_member (session, "attached") ? "connected" : "away", since, seen,
                 json_object_get_string_member (device, "platform"), json_object_get_string_member (device, "name"));
}

static void
add_session_rows (CtlTable *table, JsonObject *result)
{
  JsonArray *sessions = json_object_get_array_member (result, "sessions");

  for (guint i = 0; i < json_array_get_length (sessions); i++)
    add_session_row (table, json_array_get_object_element (sessions, i));
}

static bool
list_sessions_of (Ctl *ctl, CtlTable *table, const char *name, GError **error)
{
  g_autofree char *id = ctl_find_user (ctl, name, error);
  g_autoptr (JsonObject) result = NULL;

  if (id == NULL)
    return false;
  result = ctl_call (ctl, "backend.sessionList", ctl_params ("userId", id, NULL), error);
  if (result != NULL)
    add_session_rows (table, result);
  return result != NULL;
}

static bool
list_all_sessions (Ctl *ctl, CtlTable *table, GError **error)
{
  g_autofree char *after = NULL;

  do
    {
      JsonObject *params = after != NULL ? ctl_params ("after", after, NULL) : json_object_new ();
      g_autoptr (JsonObject) result = NULL;

      json_object_set_int_member (params, "limit", 100);
      result = ctl_call (ctl, "admin.sessionList", params, error);
      if (result == NULL)
        return false;
      add_session_rows (table, result);
      g_free (after);
      after = g_strdup (json_object_get_string_member_with_default (result, "next", NULL));
    }
  while (after != NULL);
  return true;
}

static bool
sessions_list (Ctl *ctl, char **args, GError **error)
{
  CtlTable *table = ctl_table_new ("USERNAME", "DEVICE", "STATE", "SINCE", "LAST SEEN", "PLATFORM", "NAME", NULL);
  bool ok = args[0] != NULL ? list_sessions_of (ctl, table, args[0], error) : list_all_sessions (ctl, table, error);

  if (ok && !ctl->json)
    ctl_table_print (table);
  else
    ctl_table_free (table);
  return ok;
}

static bool
sessions_revoke (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.sessionRevoke", ctl_params ("deviceId", args[0], NULL), error);

  if (result != NULL && !ctl->json)
    g_print ("%d sessions ended\n", (int) json_object_get_int_member (result, "revoked"));
  return result != NULL;
}

/* the name behind an id, or the id when the user is gone */
static char *
name_user (Ctl *ctl, const char *id)
{
  g_autoptr (JsonObject) result = ctl_client_call (ctl->client, "backend.userGet", ctl_params ("userId", id, NULL), NULL);

  if (result == NULL)
    return g_strdup_printf ("#%s", id);
  return g_strdup (json_object_get_string_member (json_object_get_object_member (result, "user"), "username"));
}

static bool
calls_list (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.callList", NULL, error);
  JsonArray *calls;
  CtlTable *table;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  calls = json_object_get_array_member (result, "calls");
  table = ctl_table_new ("CALL", "FROM", "TO", "STATE", "KIND", "SINCE", "LASTS", NULL);
  for (guint i = 0; i < json_array_get_length (calls); i++)
    {
      JsonObject *call = json_array_get_object_element (calls, i);
      g_autofree char *from = name_user (ctl, json_object_get_string_member (call, "from"));
      g_autofree char *to = name_user (ctl, json_object_get_string_member (call, "to"));
      g_autofree char *since = ctl_format_time (json_object_get_int_member (call, "startedAt"));
      g_autofree char *lasts = ctl_format_duration (json_object_get_int_member (call, "durationMs"));

      ctl_table_add (table, json_object_get_string_member (call, "callId"), from, to,
                     json_object_get_string_member (call, "state"),
                     json_object_get_boolean_member (call, "video") ? "video" : "audio", since, lasts);
    }
  ctl_table_print (table);
  return true;
}

static bool
calls_end (Ctl *ctl, char **args, GError **error)
{
  g_autoptr (JsonObject) result = ctl_call (ctl, "backend.callEnd", ctl_params ("callId", args[0], NULL), error);

  if (result != NULL && !ctl->json)
    g_print ("call ended\n");
  return result != NULL;
}

const CtlCommand ctl_state_commands[] = {
  { "status", "", "how the server is", 0, 0, status },
  { "sessions list", "[NAME]", "devices that are logged in, of one user or all", 0, 1, sessions_list },
  { "sessions revoke", "DEVICE", "log a device out", 1, 1, sessions_revoke },
  { "calls list", "", "calls that have not ended", 0, 0, calls_list },
  { "calls end", "CALL", "end a call", 1, 1, calls_end },
  { NULL, NULL, NULL, 0, 0, NULL }
};
