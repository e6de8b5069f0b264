/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl backup, restore: they open the database themselves, beside the server or without one. */
#include "base/config.h"
#include "messaging/backup.h"
#include "server/ctl/command.h"
#include "signaling/core-options.h"

/* Returns: (transfer full) (nullable): the URL of the database that the configuration names. */
static char *
find_database (const Ctl *ctl, GError **error)
{
  g_autoptr (AlConfig) config = NULL;

  if (ctl->config_path == NULL && ctl->socket_given)
    {
      g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "--config is needed, not --socket");
      return NULL;
    }
  config = al_config_load (ctl->config_path, al_config_keys (), error);
  if (config == NULL)
    return NULL;
  return sig_core_options_database (al_config_get_string (config, "messaging", "database"),
                                    al_config_get_string (config, "server", "data_dir"));
}

static bool
backup (Ctl *ctl, char **args, GError **error)
{
  g_autofree char *url = find_database (ctl, error);

  if (url == NULL || !msg_backup_write (url, args[0], error))
    return false;
  if (!ctl->json)
    g_print ("%s is written\n", args[0]);
  return true;
}

static bool
restore (Ctl *ctl, char **args, GError **error)
{
  g_autofree char *url = find_database (ctl, error);

  if (url == NULL)
    return false;
  if (!msg_backup_restore (url, args[0], ctl->force, error))
    {
      if (error != NULL && g_error_matches (*error, MSG_ERROR, MSG_ERROR_CONFLICT))
        g_prefix_error (error, "with --force it is replaced: ");
      return false;
    }
  if (!ctl->json)
    g_print ("%s is restored\n", args[0]);
  return true;
}

const CtlCommand ctl_backup_commands[] = {
  { "backup", "FILE", "Copy the database, while the server runs or not", 1, 1, backup },
  { "restore", "FILE", "Put a backup back; no server may run (--force: in place of a database)", 1, 1, restore },
  { NULL },
};
