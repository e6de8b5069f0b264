/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/command.h"

#include <stdarg.h>

JsonObject *
ctl_call (Ctl *ctl, const char *method, JsonObject *params, GError **error)
{
  JsonObject *result = ctl_client_call (ctl->client, method, params, error);

  if (result != NULL && ctl->json)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), result);
      g_autofree char *text = json_to_string (node, TRUE);

      g_print ("%s\n", text);
    }
  return result;
}

JsonObject *
ctl_params (const char *name, ...)
{
  JsonObject *params = json_object_new ();
  va_list args;

  va_start (args, name);
  for (; name != NULL; name = va_arg (args, const char *))
    json_object_set_string_member (params, name, va_arg (args, const char *));
  va_end (args);
  return params;
}

char *
ctl_find_user (Ctl *ctl, const char *name, GError **error)
{
  g_autoptr (JsonObject) result = NULL;

  if (name[0] == '#')
    return g_strdup (name + 1);
  result = ctl_client_call (ctl->client, "backend.userGet", ctl_params ("username", name, NULL), error);
  if (result == NULL)
    {
      g_prefix_error (error, "%s: ", name);
      return NULL;
    }
  return g_strdup (json_object_get_string_member (json_object_get_object_member (result, "user"), "id"));
}

char *
ctl_format_time (int64_t ms)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (ms / 1000);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, "%F %T") : g_strdup ("?");
}

char *
ctl_format_duration (int64_t ms)
{
  int64_t s = ms / 1000;

  if (s >= 3600)
    return g_strdup_printf ("%d h %02d min", (int) (s / 3600), (int) (s / 60 % 60));
  if (s >= 60)
    return g_strdup_printf ("%d min %02d s", (int) (s / 60), (int) (s % 60));
  return g_strdup_printf ("%d s", (int) s);
}
