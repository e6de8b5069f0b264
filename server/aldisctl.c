/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl: administration of a running aldisd over the admin socket in its data folder. */
#include <curl/curl.h>
#include <locale.h>
#include <string.h>

#include "base/config.h"
#include "server/ctl/command.h"

static const CtlCommand *const tables[] = { ctl_state_commands, ctl_rooms_commands, ctl_relay_commands, ctl_doctor_commands,
                                            ctl_user_commands, ctl_moderation_commands, ctl_file_commands,
                                            ctl_backup_commands };

static void
describe (GString *text)
{
  g_string_append (text, "Commands:\n");
  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const CtlCommand *command = tables[t]; command->words != NULL; command++)
      {
        g_autofree char *left = g_strdup_printf ("%s %s", command->words, command->arguments);

        g_string_append_printf (text, "  %-34s %s\n", left, command->about);
      }
  g_string_append (text, "\nA user is named by username, or by # and id.");
}

/* how many of @argv's words the command's words take; 0: it is another command */
static int
match (const CtlCommand *command, int argc, char **argv)
{
  g_auto (GStrv) words = g_strsplit (command->words, " ", 0);
  int n = (int) g_strv_length (words);

  if (argc < n)
    return 0;
  for (int i = 0; i < n; i++)
    if (strcmp (words[i], argv[i]) != 0)
      return 0;
  return n;
}

static const CtlCommand *
find_command (int argc, char **argv, int *ret_words)
{
  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const CtlCommand *command = tables[t]; command->words != NULL; command++)
      if ((*ret_words = match (command, argc, argv)) > 0)
        return command;
  return NULL;
}

static char *
find_socket (const char *config_path, GError **error)
{
  g_autoptr (AlConfig) config = al_config_load (config_path, al_config_keys (), error);

  if (config == NULL)
    return NULL;
  return g_build_filename (al_config_get_string (config, "server", "data_dir"), "admin.sock", NULL);
}

static void
remote_clear (CtlRemote *remote)
{
  g_free (remote->server);
  g_free (remote->user);
  g_free (remote->password);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CtlRemote, remote_clear)

static void
file_clear (CtlFile *file)
{
  g_free (file->name);
  g_free (file->mime);
  g_free (file->kind);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CtlFile, file_clear)

/* An id is 16 bytes in base64url, and one of 64 begins with "-": that is no option. Until the options are read something
 * else stands in its place. */
#define ID_CHARS 22
#define SHIELD '\001'

static bool
is_id (const char *text)
{
  static const char chars[] = "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  return strspn (text, chars) == ID_CHARS && text[ID_CHARS] == '\0';
}

static void
shield_ids (char **argv)
{
  for (; *argv != NULL; argv++)
    if ((*argv)[0] == '-' && is_id (*argv))
      (*argv)[0] = SHIELD;
}

static void
unshield (char *text)
{
  if (text != NULL && text[0] == SHIELD)
    text[0] = '-';
}

/* Returns: the exit status */
static int
run_command (const CtlCommand *command, Ctl *ctl, char **args)
{
  g_autoptr (GError) error = NULL;

  if (command->run (ctl, args, &error))
    return 0;
  if (error != NULL)
    g_printerr ("aldisctl: %s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  g_autofree char *config_path = NULL, *socket_path = NULL;
  gboolean json = FALSE, force = FALSE;
  g_auto (CtlFile) file = { .size = -1, .width = -1, .height = -1, .duration_ms = -1 };
  g_auto (CtlRemote) remote = { .tls_port = 5349, .https_port = 8443 };
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, "The server's configuration file", "FILE" },
    { "socket", 's', 0, G_OPTION_ARG_FILENAME, &socket_path, "The admin socket, instead of --config", "PATH" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print results as JSON", NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, "restore: in place of a database that is there", NULL },
    { "server", 0, 0, G_OPTION_ARG_STRING, &remote.server, "doctor: a server elsewhere, without its socket", "HOST[:PORT]" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &remote.user, "doctor --server: user of the relay; file add: whose", "NAME" },
    { "password", 0, 0, G_OPTION_ARG_STRING, &remote.password, "doctor --server: instead of being asked for it", "WORD" },
    { "dtls-port", 0, 0, G_OPTION_ARG_INT, &remote.dtls_port, "doctor --server: TURN over DTLS; 0 (default): none", "PORT" },
    { "tls-port", 0, 0, G_OPTION_ARG_INT, &remote.tls_port, "doctor --server: TURN over TLS (5349); 0: none", "PORT" },
    { "https-port", 0, 0, G_OPTION_ARG_INT, &remote.https_port, "doctor --server: HTTPS (8443); 0: none", "PORT" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &file.name, "file add: what it is called", "NAME" },
    { "mime", 0, 0, G_OPTION_ARG_STRING, &file.mime, "file add: its type, such as image/jpeg", "TYPE" },
    { "kind", 0, 0, G_OPTION_ARG_STRING, &file.kind, "file add: photo, video, audio, voice or file; else by its type", "KIND" },
    { "size", 0, 0, G_OPTION_ARG_INT64, &file.size, "file add: how large it is", "BYTES" },
    { "width", 0, 0, G_OPTION_ARG_INT64, &file.width, "file add: of a picture", "PIXELS" },
    { "height", 0, 0, G_OPTION_ARG_INT64, &file.height, "file add: of a picture", "PIXELS" },
    { "duration-ms", 0, 0, G_OPTION_ARG_INT64, &file.duration_ms, "file add: how long it plays", "MS" },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("COMMAND [ARGUMENTS] - administer a running aldisd");
  g_autoptr (GString) commands = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (CtlClient) client = NULL;
  const CtlCommand *command;
  int n_words = 0;
  Ctl ctl = { .remote = &remote, .file = &file };

  (void) setlocale (LC_ALL, "");
  describe (commands);
  g_option_context_set_summary (options, commands->str);
  g_option_context_add_main_entries (options, entries, NULL);
  shield_ids (argv + 1);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("aldisctl: %s\n", error->message);
      return 2;
    }
  for (int i = 1; i < argc; i++)
    unshield (argv[i]);
  unshield (remote.user);
  unshield (remote.password);
  unshield (file.name);
  command = find_command (argc - 1, argv + 1, &n_words);
  argc -= n_words + 1;
  argv += n_words + 1;
  if (command == NULL || argc < (int) command->min_args || argc > (int) command->max_args
      || (remote.server != NULL && strcmp (command->words, "doctor") != 0))
    {
      g_autofree char *help = g_option_context_get_help (options, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }
  ctl.config_path = config_path;
  ctl.socket_given = socket_path != NULL;
  if (remote.server == NULL && socket_path == NULL && (socket_path = find_socket (config_path, &error)) == NULL)
    {
      g_printerr ("aldisctl: %s\n", error->message);
      return 2;
    }
  (void) curl_global_init (CURL_GLOBAL_DEFAULT);
  ctl.client = client = remote.server == NULL ? ctl_client_new (socket_path) : NULL;
  ctl.json = json;
  ctl.force = force;
  return run_command (command, &ctl, argv);
}
