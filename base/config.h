/* SPDX-License-Identifier: Apache-2.0 */
/* Reads aldis.conf: GKeyFile's syntax, but every mistake is an error with file, line, key and what was expected. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AlConfig AlConfig;

#define AL_CONFIG_ERROR (al_config_error_quark ())
GQuark al_config_error_quark (void);
typedef enum {
  AL_CONFIG_ERROR_FILE,
  AL_CONFIG_ERROR_SYNTAX,
  AL_CONFIG_ERROR_UNKNOWN,
  AL_CONFIG_ERROR_DUPLICATE,
  AL_CONFIG_ERROR_VALUE
} AlConfigError;

typedef enum {
  AL_CONFIG_STRING,
  AL_CONFIG_BOOL,      /* true | false */
  AL_CONFIG_INT,       /* min..max of the key */
  AL_CONFIG_ENUM,      /* one of the words in choices */
  AL_CONFIG_LIST,      /* ";"-separated strings, "\;" for one inside */
  AL_CONFIG_ADDRESS,   /* one address:port, or empty for "off" */
  AL_CONFIG_ADDRESSES, /* list of address:port */
  AL_CONFIG_NETS,      /* list of networks in CIDR notation */
  AL_CONFIG_SECRET,    /* a string that is never logged or shown; empty, or min..max bytes long */
  AL_CONFIG_SECRETS    /* list of such strings */
} AlConfigType;

/** AlConfigKey: one row of the static table that says what may stand in the file. */
typedef struct {
  const char *section, *name;
  AlConfigType type;
  const char *fallback;   /* as it would stand in the file; checked like a value of the file */
  int64_t min, max;       /* AL_CONFIG_INT: the value; AL_CONFIG_SECRET, _SECRETS: bytes of each, max 0: no limit */
  const char *choices;    /* AL_CONFIG_ENUM: "auto|off"; AL_CONFIG_STRING: (nullable): prefixes, "sqlite:|postgresql://" */
  const char *about;      /* one sentence; --help-config prints it */
} AlConfigKey;

/** al_config_keys: Returns: the table of all keys of aldis.conf, ended by a NULL section (base/config-keys.c). */
const AlConfigKey *al_config_keys (void);

/** AL_CONFIG_MAX_LINE, AL_CONFIG_MAX_FILE: bytes; more is an error. */
#define AL_CONFIG_MAX_LINE 65536
#define AL_CONFIG_MAX_FILE 1048576

/**
 * al_config_load:
 * @path: (nullable): NULL for the defaults alone
 * @keys: the table; static: the config goes on pointing into it
 *
 * The syntax is GKeyFile's: "#" comment lines, blank lines, [section], key=value with white space around both dropped,
 * the escapes \s \n \t \r \\ in values and "\;" in lists. Unlike GKeyFile, white space at the end of a value is
 * dropped too, and what is not in @keys, a key or section that comes twice, a value that does not parse, a line before
 * the first section, NUL, bad UTF-8 and over-long lines are errors. A message reads "FILE:LINE: [section] key: what is
 * wrong, what was expected" and never holds the value of a secret.
 *
 * Returns: (transfer full) (nullable): NULL with AL_CONFIG_ERROR. Any thread.
 */
AlConfig *al_config_load (const char *path, const AlConfigKey *keys, GError **error);
/** al_config_parse: the same over text; @name stands in messages. For tests and fuzzing. */
AlConfig *al_config_parse (const char *text, size_t len, const char *name, const AlConfigKey *keys, GError **error);
/** al_config_free: secrets are wiped. NULL is allowed. */
void al_config_free (AlConfig *config);

/* Getters assert that the key is in the table with that type. Results are (transfer none), live as long as @config.
 * Any thread: a config is immutable. */

/** al_config_get_string: a STRING, ENUM, ADDRESS or SECRET; "" when empty, never NULL. */
const char *al_config_get_string (const AlConfig *config, const char *section, const char *name);
bool al_config_get_bool (const AlConfig *config, const char *section, const char *name);
int64_t al_config_get_int (const AlConfig *config, const char *section, const char *name);
/** al_config_get_list: a LIST or SECRETS, or ADDRESSES and NETS as text (each parses); NULL-terminated, never NULL. */
const char *const *al_config_get_list (const AlConfig *config, const char *section, const char *name);
/** al_config_is_set: Returns: whether the file itself holds the key (with whatever value). */
bool al_config_is_set (const AlConfig *config, const char *section, const char *name);

/** al_config_write_help: appends every key with its section, default, expected form and sentence, for --help-config. */
void al_config_write_help (const AlConfigKey *keys, GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlConfig, al_config_free)
