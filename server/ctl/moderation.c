/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl moderation ... */
#include "server/ctl/command.h"
#include "server/ctl/table.h"

#define PAGE 20

static const char *
get (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, "-");
}

static const char *
get_name (JsonObject *object, const char *name)
{
  const char *username = get (json_object_get_object_member (object, name), "username");

  return *username != '\0' ? username : "(deleted)";
}

static void
add_report (CtlTable *table, JsonObject *report)
{
  g_autofree char *at = ctl_format_time (json_object_get_int_member (report, "at"));
  g_autofree char *n = g_strdup_printf ("%d", (int) json_object_get_int_member (report, "openReports"));

  ctl_table_add (table, get (report, "id"), at, get (report, "reason"), get_name (report, "user"), n,
                 get_name (report, "reporter"), get (report, "text"));
}

/* Pages of @method until there is no next. @params: (transfer full). */
static bool
walk (Ctl *ctl, const char *method, JsonObject *params, const char *member, CtlTable *table,
      void (*add) (CtlTable *, JsonObject *), GError **error)
{
  g_autoptr (JsonObject) owned = params;
  bool more = true;

  json_object_set_int_member (owned, "limit", PAGE);
  while (more)
    {
      g_autoptr (JsonObject) result = ctl_call (ctl, method, json_object_ref (owned), error);
      JsonArray *list;

      if (result == NULL)
        {
          ctl_table_free (table);
          return false;
        }
      list = json_object_get_array_member (result, member);
      for (guint i = 0; i < json_array_get_length (list); i++)
        add (table, json_array_get_object_element (list, i));
      more = json_object_has_member (result, "next");
      if (more)
        json_object_set_string_member (owned, "next", json_object_get_string_member (result, "next"));
    }
  if (ctl->json)
    ctl_table_free (table);
  else
    ctl_table_print (table);
  return true;
}

static bool
moderation_list (Ctl *ctl, char **args, GError **error)
{
  CtlTable *table = ctl_table_new ("REPORT", "AT", "REASON", "USER", "OPEN", "BY", "TEXT", NULL);

  return walk (ctl, "moderation.list", args[0] != NULL ? ctl_params ("state", args[0], NULL) : json_object_new (), "reports",
               table, add_report, error);
}

static void
print_line (const char *name, const char *value)
{
  CtlTable *table = ctl_table_new (name, value, NULL); /* which makes control characters harmless */

  ctl_table_print (table);
}

static bool
moderation_show (Ctl *ctl, char **args, GError **error)
{
  static const char *const names[] = { "id", "state", "reason", "comment", "chatId", "messageId", "text", "data" };
  g_autoptr (JsonObject) result = ctl_call (ctl, "moderation.show", ctl_params ("reportId", args[0], NULL), error);
  JsonObject *report;

  if (result == NULL)
    return false;
  if (ctl->json)
    return true;
  report = json_object_get_object_member (result, "report");
  print_line ("user", get_name (report, "user"));
  print_line ("userId", get (json_object_get_object_member (report, "user"), "id"));
  print_line ("reporter", get_name (report, "reporter"));
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (report, names[i]))
      print_line (names[i], get (report, names[i]));
  return true;
}

/* who is at the terminal; the server writes down what it knows itself, too */
static void
set_moderator (JsonObject *params)
{
  const char *name = g_getenv ("SUDO_USER") != NULL ? g_getenv ("SUDO_USER") : g_get_user_name ();

  if (*name != '\0' && g_utf8_validate (name, -1, NULL) && g_utf8_strlen (name, -1) <= 64)
    json_object_set_string_member (params, "moderator", name);
}

/* @params: (transfer full). @note: (nullable) */
static bool
act (Ctl *ctl, const char *method, JsonObject *params, const char *note, const char *done, GError **error)
{
  g_autoptr (JsonObject) result = NULL;

  set_moderator (params);
  if (note != NULL)
    json_object_set_string_member (params, "note", note);
  result = ctl_call (ctl, method, params, error);
  if (result != NULL && !ctl->json)
    g_print ("%s\n", done);
  return result != NULL;
}

static bool
moderation_resolve (Ctl *ctl, char **args, GError **error)
{
  return act (ctl, "moderation.resolve", ctl_params ("reportId", args[0], NULL), args[1], "resolved", error);
}

static bool
moderation_spam (Ctl *ctl, char **args, GError **error)
{
  JsonObject *params;
  guint64 days;

  if (!g_ascii_string_to_unsigned (args[1], 10, 1, 366, &days, error))
    return false;
  params = ctl_params ("reportId", args[0], NULL);
  json_object_set_int_member (params, "limitDays", (gint64) days);
  return act (ctl, "moderation.resolve", params, args[2], "resolved; the user is limited", error);
}

static bool
moderation_dismiss (Ctl *ctl, char **args, GError **error)
{
  return act (ctl, "moderation.dismiss", ctl_params ("reportId", args[0], NULL), args[1], "dismissed", error);
}

static bool
act_on_user (Ctl *ctl, const char *method, char **args, const char *done, GError **error)
{
  g_autofree char *id = ctl_find_user (ctl, args[0], error);

  return id != NULL && act (ctl, method, ctl_params ("userId", id, NULL), args[1], done, error);
}

static bool
moderation_ban (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "moderation.banUser", args, "banned; sessions and calls have ended", error);
}

static bool
moderation_unban (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "moderation.unbanUser", args, "may log in again", error);
}

static bool
moderation_unlimit (Ctl *ctl, char **args, GError **error)
{
  return act_on_user (ctl, "moderation.unlimitUser", args, "is limited no more", error);
}

static bool
moderation_delete (Ctl *ctl, char **args, GError **error)
{
  return act (ctl, "moderation.deleteMessage", ctl_params ("chatId", args[0], "messageId", args[1], NULL), args[2],
              "deleted for all", error);
}

static void
add_act (CtlTable *table, JsonObject *entry)
{
  g_autofree char *at = ctl_format_time (json_object_get_int_member (entry, "at"));

  ctl_table_add (table, get (entry, "id"), at, get (entry, "act"), get (entry, "actor"), get (entry, "moderator"),
                 get (entry, "reportId"), get (entry, "userId"), get (entry, "chatId"), get (entry, "messageId"),
                 get (entry, "note"));
}

static bool
moderation_log (Ctl *ctl, char **args, GError **error)
{
  CtlTable *table = ctl_table_new ("ACT", "AT", "WHAT", "ACTOR", "MODERATOR", "REPORT", "USER", "CHAT", "MESSAGE", "WHY", NULL);

  return walk (ctl, "moderation.log", json_object_new (), "acts", table, add_act, error);
}

const CtlCommand ctl_moderation_commands[] = {
  { "moderation list", "[open|resolved|dismissed]", "what people have reported", 0, 1, moderation_list },
  { "moderation show", "REPORT", "one report, with what was said", 1, 1, moderation_show },
  { "moderation resolve", "REPORT [WHY]", "the report was right", 1, 2, moderation_resolve },
  { "moderation spam", "REPORT DAYS [WHY]", "it was, of spam: its user is limited for so long", 2, 3, moderation_spam },
  { "moderation dismiss", "REPORT [WHY]", "the report was not right", 1, 2, moderation_dismiss },
  { "moderation ban-user", "NAME [WHY]", "disable a user", 1, 2, moderation_ban },
  { "moderation unban-user", "NAME [WHY]", "enable a user again", 1, 2, moderation_unban },
  { "moderation unlimit-user", "NAME [WHY]", "end that a user is limited", 1, 2, moderation_unlimit },
  { "moderation delete-message", "CHAT MESSAGE [WHY]", "delete a message for all", 2, 3, moderation_delete },
  { "moderation log", "", "who did what, when and why", 0, 0, moderation_log },
  { NULL, NULL, NULL, 0, 0, NULL }
};
