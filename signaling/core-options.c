/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/core-options.h"

#include <string.h>

#define SCHEME "sqlite:"

struct SigCoreOptions {
  MsgCoreOptions options;
  char *database, *public_key; /* owned */
};

char *
sig_core_options_database (const char *database, const char *data_dir)
{
  const char *path = g_str_has_prefix (database, SCHEME) ? database + strlen (SCHEME) : database;
  g_autofree char *full = NULL;

  if (strstr (database, "://") != NULL)
    return g_strdup (database);
  full = g_path_is_absolute (path) ? g_strdup (path) : g_build_filename (data_dir, path, NULL);
  return g_strconcat (SCHEME, full, NULL);
}

static const char *
get_optional (const AlConfig *config, const char *name)
{
  const char *value = al_config_get_string (config, "signaling", name);

  return *value != '\0' ? value : NULL;
}

/* as many at once as in the whole period, then evenly spread */
static MsgRate
get_rate (const AlConfig *config, const char *name, unsigned period_ms)
{
  unsigned n = (unsigned) al_config_get_int (config, "messaging", name);

  return (MsgRate){ n, n > 0 ? MAX (period_ms / n, 1) : 0 };
}

/* @name: of one kind of chats; -1: as all */
static int64_t
get_retention (const AlConfig *config, const char *name)
{
  int64_t days = al_config_get_int (config, "messaging", name);

  if (days < 0)
    days = al_config_get_int (config, "messaging", "retention_days");
  return days * INT64_C (24) * 3600 * 1000;
}

SigCoreOptions *
sig_core_options_new (const AlConfig *config, GMainContext *context, GError **error)
{
  g_autoptr (SigCoreOptions) self = g_new0 (SigCoreOptions, 1);
  MsgCoreOptions *options = &self->options;
  const char *key_file = get_optional (config, "jwt_public_key");

  if (key_file != NULL && !g_file_get_contents (key_file, &self->public_key, NULL, error))
    {
      g_prefix_error (error, "[signaling] jwt_public_key: ");
      return NULL;
    }
  self->database = sig_core_options_database (al_config_get_string (config, "messaging", "database"),
                                              al_config_get_string (config, "server", "data_dir"));
  msg_core_options_init (options);
  options->database = self->database;
  options->context = context;
  options->allow_registration = al_config_get_bool (config, "signaling", "allow_registration");
  options->jwt_secret = get_optional (config, "jwt_secret");
  options->jwt_public_key = self->public_key;
  options->jwt_issuer = get_optional (config, "jwt_issuer");
  options->jwt_audience = get_optional (config, "jwt_audience");
  options->login_per_name = get_rate (config, "login_rate_user", 60 * 1000);
  options->login_per_address = get_rate (config, "login_rate_address", 60 * 1000);
  options->registration_per_address = get_rate (config, "registration_rate_address", 3600 * 1000);
  options->message_units = (unsigned) al_config_get_int (config, "messaging", "message_length");
  options->message_entities = (unsigned) al_config_get_int (config, "messaging", "message_entities");
  options->group_members = (unsigned) al_config_get_int (config, "messaging", "group_members");
  options->supergroup_members = (unsigned) al_config_get_int (config, "messaging", "supergroup_members");
  options->topics_per_chat = (unsigned) al_config_get_int (config, "messaging", "topics_per_chat");
  options->groups_per_user = (unsigned) al_config_get_int (config, "messaging", "groups_per_user");
  options->messages_per_user = get_rate (config, "message_rate", 60 * 1000);
  options->chats_per_user = get_rate (config, "chat_rate", 60 * 1000);
  options->searches_per_user = get_rate (config, "search_rate", 60 * 1000);
  options->secrets_per_user = get_rate (config, "secret_rate", 3600 * 1000);
  options->secrets_per_device = (unsigned) al_config_get_int (config, "messaging", "secret_chats");
  options->secret_queue_messages = (unsigned) al_config_get_int (config, "messaging", "secret_queue_messages");
  options->secret_queue_bytes = (unsigned) al_config_get_int (config, "messaging", "secret_queue_bytes");
  options->contacts_per_hour = (unsigned) al_config_get_int (config, "messaging", "contacts_per_hour");
  options->contacts_per_day = (unsigned) al_config_get_int (config, "messaging", "contacts_per_day");
  options->limited_contacts_per_day = (unsigned) al_config_get_int (config, "messaging", "limited_contacts_per_day");
  options->drafts_per_user = get_rate (config, "draft_rate", 60 * 1000);
  options->log_keep_ms = al_config_get_int (config, "messaging", "update_log_days") * INT64_C (24) * 3600 * 1000;
  options->log_keep_rows = (unsigned) al_config_get_int (config, "messaging", "update_log_rows");
  options->keep_private_ms = get_retention (config, "retention_days_private");
  options->keep_saved_ms = get_retention (config, "retention_days_saved");
  options->keep_group_ms = get_retention (config, "retention_days_group");
  options->keep_channel_ms = get_retention (config, "retention_days_channel");
  options->report_keep_ms = al_config_get_int (config, "messaging", "report_days") * INT64_C (24) * 3600 * 1000;
  return g_steal_pointer (&self);
}

const MsgCoreOptions *
sig_core_options_get (const SigCoreOptions *self)
{
  return &self->options;
}

void
sig_core_options_free (SigCoreOptions *self)
{
  if (self == NULL)
    return;
  g_free (self->database);
  g_free (self->public_key);
  g_free (self);
}
