/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of aldisctl. */
#pragma once

#include <stdbool.h>

#include "server/ctl/client.h"

/** CtlRemote: of the command line, for commands that work without a socket. */
typedef struct {
  char *server;            /* (nullable): HOST or HOST:PORT */
  char *user, *password;   /* (nullable) */
  int tls_port, dtls_port, https_port; /* 0: not to be tried */
} CtlRemote;

/** CtlFile: of the command line, for `file add`. */
typedef struct {
  char *name, *mime, *kind; /* (nullable) */
  gint64 size, width, height, duration_ms; /* -1: not said */
} CtlFile;

/** Ctl: what every command gets. */
typedef struct {
  CtlClient *client;       /* NULL when @remote has a server */
  const CtlRemote *remote;
  const CtlFile *file;
  const char *config_path; /* (nullable): the default one */
  bool socket_given;
  bool json;               /* print results as they came */
  bool force;              /* restore: in place of what is there */
} Ctl;

/** CtlCommand: "user add alice" is found by its words; what follows are its arguments. */
typedef struct {
  const char *words;
  const char *arguments; /* for the help */
  const char *about;
  unsigned min_args, max_args;
  /* false without @error: what is wrong has been printed */
  bool (*run) (Ctl *ctl, char **args, GError **error);
} CtlCommand;

/* tables that a CtlCommand without words ends */
extern const CtlCommand ctl_backup_commands[];
extern const CtlCommand ctl_doctor_commands[];
extern const CtlCommand ctl_file_commands[];
extern const CtlCommand ctl_user_commands[];
extern const CtlCommand ctl_moderation_commands[];
extern const CtlCommand ctl_relay_commands[];
extern const CtlCommand ctl_rooms_commands[];
extern const CtlCommand ctl_state_commands[];

/** ctl_call: ctl_client_call(); with --json the result is printed too. Returns: (transfer full) (nullable). */
JsonObject *ctl_call (Ctl *ctl, const char *method, JsonObject *params, GError **error);
/** ctl_params: @...: names and values (const char *), ended by NULL. Returns: (transfer full). */
JsonObject *ctl_params (const char *name, ...) G_GNUC_NULL_TERMINATED;
/** ctl_find_user: @name: a username, or "#" and an id. Returns: (transfer full) (nullable): the id. */
char *ctl_find_user (Ctl *ctl, const char *name, GError **error);
/** ctl_format_time: @ms: since the epoch. Returns: (transfer full): local time. */
char *ctl_format_time (int64_t ms);
/** ctl_format_duration: Returns: (transfer full): "1 h 02 min", "3 min 05 s", "7 s". */
char *ctl_format_duration (int64_t ms);
