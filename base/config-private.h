/* SPDX-License-Identifier: Apache-2.0 */
/* Between config.c (lines, sections, keys) and config-value.c (what stands behind the "="). */
#pragma once

#include "base/config.h"

/** AlConfigValue: one parsed value; which members count depends on the key's type. */
typedef struct {
  char *string;
  char **list;
  int64_t integer;
  unsigned line; /* 0: the fallback */
} AlConfigValue;

/**
 * al_config_value_parse:
 * @text: as it stands in the file, white space around it dropped, no NUL
 *
 * Returns: false with AL_CONFIG_ERROR_VALUE; the message says what was expected and, unless the key is a secret, what
 * was found. @ret_value is untouched then.
 */
bool al_config_value_parse (const AlConfigKey *key, const char *text, AlConfigValue *ret_value, GError **error);
void al_config_value_clear (AlConfigValue *value);

/** al_config_value_describe: Returns: (transfer full): the expected form of the key in words: "an integer from 1 to 9". */
char *al_config_value_describe (const AlConfigKey *key);

/** al_config_nearest: Returns: (nullable): the one of @n words nearest to @word, if a slip of the pen explains it. */
const char *al_config_nearest (const char *word, const char *const *words, unsigned n);
