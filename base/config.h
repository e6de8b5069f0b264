/* SPDX-License-Identifier: Apache-2.0 */
/* Reads aldis.conf: GKeyFile's syntax, but every mistake is an error with file, line, key and what was expected. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AlConfig AlConfig;

#define AL_CONFIG_ERROR (al_config_error_quark ())
GQuark al_config_error_quark (void);
typedef enum { AL_CONFIG_ERROR_FILE, AL_CONFIG_ERROR_SYNTAX, AL_CONFIG_ERROR_UNKNOWN, AL_CONFIG_ERROR_DUPLICATE, AL_CONFIG_ERROR_VALUE } AlConfigError;

typedef enum {
  AL_CONFIG_STRING,
  AL_CONFIG_BOOL,      /* true | false */
  AL_CONFIG_INT,       /* min..max of the key */
  AL_CONFIG_ENUM,      /* one of the words in choices */
  AL_CONFIG_LIST,      /* ";"-separated strings, "\;" for one inside */
  AL_CONFIG_ADDRESS,   /* one address:port, or empty for "off" */
  AL_CONFIG_ADDRESSES, /* list of address:port */
  AL_CONFIG_NETS,      /* list of networks in CIDR notation */
  AL_CONFIG_SECRET     /* a string that is never logged or shown */
} AlConfigType;

/** AlConfigKey: one row of the static table that says what may stand in the file. */
typedef struct {
  const char *section, *name;
  AlConfigType type;
  const char *fallback;   /* as it would stand in the file; checked like a value of the file */
  int64_t min, max;       /* AL_CONFIG_INT */
  const char *choices;    /* AL_CONFIG_ENUM: "auto|off" */
  const char *about;      /* one sentence; --help-config prints it */
} AlConfigKey;

/** al_config_keys: Returns: the table of all keys of aldis.conf, ended by a NULL section (base/config-keys.c). */
const AlConfigKey *al_config_keys (void);

/** al_config_load: @path: (nullable): NULL for the defaults alone. @keys: static. Returns: (transfer full) (nullable) */
AlConfig *al_config_load (const char *path, const AlConfigKey *keys, GError **error);
/** al_config_parse: the same over text; @name stands in messages. For tests and fuzzing. */
AlConfig *al_config_parse (const char *text, size_t len, const char *name, const AlConfigKey *keys, GError **error);
void al_config_free (AlConfig *config);

/* Getters assert that the key is in the table with that type. Results are (transfer none). Any thread: a config is immutable. */
const char *al_config_get_string (const AlConfig *config, const char *section, const char *name); /* also ENUM and SECRET */
bool al_config_get_bool (const AlConfig *config, const char *section, const char *name);
int64_t al_config_get_int (const AlConfig *config, const char *section, const char *name);
const char *const *al_config_get_list (const AlConfig *config, const char *section, const char *name); /* also ADDRESSES and NETS as text */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlConfig, al_config_free)
