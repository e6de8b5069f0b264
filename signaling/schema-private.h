/* SPDX-License-Identifier: Apache-2.0 */
/* What schema-compile.c makes and schema.c checks. */
#pragma once

#include <stdint.h>

#include "signaling/schema.h"

typedef enum {
  SIG_TYPE_OBJECT = 1 << 0,
  SIG_TYPE_ARRAY = 1 << 1,
  SIG_TYPE_STRING = 1 << 2,
  SIG_TYPE_INTEGER = 1 << 3,
  SIG_TYPE_NUMBER = 1 << 4,
  SIG_TYPE_BOOLEAN = 1 << 5,
  SIG_TYPE_NULL = 1 << 6
} SigType;

typedef enum { SIG_FORMAT_NONE, SIG_FORMAT_BASE64URL, SIG_FORMAT_ID } SigFormat;

typedef struct {
  char *name;
  const SigSchema *schema; /* (nullable): any value */
  bool required;
} SigProperty;

struct SigSchema {
  const SigSchema *target;      /* $ref: checked instead of everything below */
  unsigned types;               /* SigType bits; 0: any */
  SigProperty *properties;      /* owned */
  unsigned n_properties;
  const SigSchema *additional;  /* (nullable): what members without a property of theirs must be */
  bool closed;                  /* additionalProperties: false */
  char ***shapes;               /* owned (nullable): x-shapes, each NULL-terminated, and the list too */
  int64_t max_properties;       /* all bounds: INT64_MIN or INT64_MAX where none is given */
  int64_t min_length, max_length;
  int64_t min_items, max_items;
  double minimum, maximum;
  int64_t min_bytes, max_bytes;
  SigFormat format;
  const SigSchema *items;       /* (nullable) */
  JsonArray *choices;           /* owned (nullable): enum, or const as its only element */
  GPtrArray *one_of;            /* owned (nullable): of const SigSchema */
};

/** sig_type_of: Returns: the bits of @value's type; a number without a fraction is both INTEGER and NUMBER. */
unsigned sig_type_of (JsonNode *value);
