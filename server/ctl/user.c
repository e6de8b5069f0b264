/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl user ... */
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/import.h"
#include "server/ctl/password.h"
#include "server/ctl/table.h"

/* well under the server's 512 KiB for a request, with room for JSON's escapes */
#define IMPORT_PIECE (192 * 1024)

static bool
user_add (Ctl *ctl, char **args, GError **error)
{
  JsonObject *params = ctl_params ("username", args[0], NULL);
  g_autoptr (JsonObject) result = NULL;
  char *password = ctl_password_read ("Password", error);

  if (password == NULL)
    {
      json_object_unref (params);
      return false;
    }
  json_object_set_string_member (params, "password", password);
  if (args[1] != NULL)
    json_object_set_string_member (params, "displayName", args[1]);
  ctl_password_free (password);
  result = ctl_call (ctl, "backend.userCreate", params, error);
  if (result == NULL)
    return false;
  if (!ctl->json)
    g_print ("%s added, id %s\n", args[0],
             json_object_get_string_member (json_object_get_object_member (result, "user"), "id"));
  return true;
}

static void
print_problems (JsonObject *result, unsigned line_offset)
{
  JsonArray *problems = json_object_get_array_member (result, "problems");

  for (guint i = 0; i < json_array_get_length (problems); i++)
    {
      JsonObject *problem = json_array_get_object_element (problems, i);

      g_printerr ("line %d: %s\n", (int) json_object_get_int_member (problem, "line") + (int) line_offset,
                  json_object_get_string_member (problem, "message"));
    }
}

static bool
user_import (Ctl *ctl, char **args, GError **error)
{
  g_autofree char *text = NULL;
  gsize len;
  CtlImport import;
  int64_t created = 0, failed = 0;
  g_autoptr (GError) failure = NULL;

  if (!g_file_get_contents (args[0], &text, &len, error))
    return false;
  if (!g_utf8_validate_len (text, len, NULL))
    {
      g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s: not UTF-8 text", args[0]);
      return false;
    }
  ctl_import_init (&import, text, len);
  for (;;)
    {
      unsigned line_offset = 0;
      g_autofree char *piece = ctl_import_next (&import, IMPORT_PIECE, &line_offset, &failure);
      g_autoptr (JsonObject) result = NULL;

      if (piece == NULL)
        break;
      result = ctl_call (ctl, "admin.userImport", ctl_params ("text", piece, NULL), &failure);
      if (result == NULL)
        break;
      created += json_object_get_int_member (result, "created");
      failed += json_object_get_int_member (result, "failed");
      print_problems (result, line_offset);
    }
  g_print ("%d added, %d not\n", (int) created, (int) failed);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  else if (failed > 0)
    g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s: some lines made no user", args[0]);
  else
    return true;
  return false;
}

static void
add_user_row (CtlTable *table, JsonObject *user)
{
  g_autofree char *since = ctl_format_time (json_object_get_int_member (user, "createdAt"));

  ctl_table_add (table, json_object_get_string_member (user, "username"), json_object_get_string_member (user, "id"),
                 json_object_get_boolean_member (user, "disabled") ? "disabled" : "active",
                 json_object_get_boolean_member (user, "external") ? "JWT" : "password", since,
                 json_object_get_string_member (user, "displayName"));
}

static bool
user_list (Ctl *ctl, char **args, GError **error)
{
  CtlTable *table = ctl_table_new ("USERNAME", "ID", "STATE", "LOGS IN BY", "SINCE", "DISPLAY NAME", NULL);
  g_autofree char *after = NULL;
  bool ok = true;

  do
    {
      JsonObject *params = after != NULL ? ctl_params ("after", after, NULL) : json_object_new ();
      g_autoptr (JsonObject) result = NULL;
      JsonArray *users;

      json_object_set_int_member (params, "limit", 100);
      result = ctl_call (ctl, "backend.userList", params, error);
      g_clear_pointer (&after, g_free);
      if (result == NULL)
        {
          ok = false;
          break;
        }
      users = json_object_get_array_member (result, "users");
      for (guint i = 0; i < json_array_get_length (users); i++)
        add_user_row (table, json_array_get_object_element (users, i));
      after = g_strdup (json_object_get_string_member_with_default (result, "next", NULL));
    }
  while (after != NULL);
  if (ok && !ctl->json)
    ctl_table_print (table);
  else
    ctl_table_free (table);
  return ok;
}

static bool
user_passwd (Ctl *ctl, char **args, GError **error)
{
  g_autofree char *id = ctl_find_user (ctl, args[0], error);
  g_autoptr (JsonObject) result = NULL;
  char *password;

  if (id == NULL || (password = ctl_password_read ("New password", error)) == NULL)
    return false;
  result = ctl_call (ctl, "admin.userPassword", ctl_params ("userId", id, "password", password, NULL), error);
  ctl_password_free (password);
  if (result != NULL && !ctl->json)
    g_print ("password of %s set; its sessions have ended\n", args[0]);
  return result != NULL;
}

static bool
act_on_user (Ctl *ctl, const char *method, const char *name, const char *done, GError **error)
{
  g_autofree char *id = ctl_find_user (ctl, name, error);
  g_autoptr (JsonObject) result = NULL;

  if (id == NULL)
    return false;
  result = ctl_call (ctl, method, ctl_params ("userId", id, NULL), error);
  if (result != NULL && !ctl->json)
    g_print ("%s %s\n", name, done);
  return result != NULL;
}

static bool
user_disable (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "backend.userDisable", args[0], "disabled; sessions and calls have ended", error);
}

static bool
user_enable (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "backend.userEnable", args[0], "enabled", error);
}

static bool
user_delete (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "backend.userDelete", args[0], "deleted", error);
}

static bool
user_totp_reset (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "admin.userTotpReset", args[0], "has no second factor any more", error);
}

const CtlCommand ctl_user_commands[] = {
  { "user add", "NAME [DISPLAY-NAME]", "make a user; asks for the password", 1, 2, user_add },
  { "user import", "FILE", "make users from CSV (username,password,displayName) or JSON lines", 1, 1, user_import },
  { "user list", "", "all users", 0, 0, user_list },
  { "user passwd", "NAME", "set a password; ends the user's sessions", 1, 1, user_passwd },
  { "user totp-reset", "NAME", "take the second factor from who has lost it", 1, 1, user_totp_reset },
  { "user disable", "NAME", "end sessions and calls, refuse logins", 1, 1, user_disable },
  { "user enable", "NAME", "let a disabled user in again", 1, 1, user_enable },
  { "user delete", "NAME", "forget a user", 1, 1, user_delete },
  { NULL, NULL, NULL, 0, 0, NULL }
};
