/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json-names.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;
static AlSipKey process_key;

static void
make_process_key (void)
{
  al_sip_key_init_random (&process_key);
}

void
al_json_names_init (AlJsonNames *names, const char *text)
{
  (void) pthread_once (&process_key_once, make_process_key);
  names->key = process_key;
  names->text = text;
  names->slots = names->inline_slots;
  names->n_slots = AL_JSON_NAMES_INLINE;
  names->n = 0;
  memset (names->inline_slots, 0, sizeof names->inline_slots);
}

void
al_json_names_clear (AlJsonNames *names)
{
  if (names->slots != names->inline_slots)
    g_free (names->slots);
  names->slots = NULL;
}

static unsigned
read_hex4 (const char *p)
{
  return (unsigned) (g_ascii_xdigit_value (p[0]) << 12 | g_ascii_xdigit_value (p[1]) << 8 |
                     g_ascii_xdigit_value (p[2]) << 4 | g_ascii_xdigit_value (p[3]));
}

/* @p: behind the backslash of a valid escape. Returns: behind the escape. */
static const char *
decode_escape (GString *out, const char *p)
{
  unsigned code;

  switch (*p)
    {
    case 'b':
      g_string_append_c (out, '\b');
      return p + 1;
    case 'f':
      g_string_append_c (out, '\f');
      return p + 1;
    case 'n':
      g_string_append_c (out, '\n');
      return p + 1;
    case 'r':
      g_string_append_c (out, '\r');
      return p + 1;
    case 't':
      g_string_append_c (out, '\t');
      return p + 1;
    case 'u':
      code = read_hex4 (p + 1);
      if (code < 0xd800 || code > 0xdbff)
        {
          g_string_append_unichar (out, code);
          return p + 5;
        }
      g_string_append_unichar (out, 0x10000 + ((code - 0xd800) << 10) + (read_hex4 (p + 7) - 0xdc00));
      return p + 11;
    default: /* " \ / */
      g_string_append_c (out, *p);
      return p + 1;
    }
}

/* Decodes the string at @p up to its closing quote. */
static GString *
decode_name (const char *p)
{
  GString *out = g_string_new (NULL);

  while (*p != '"')
    {
      if (*p == '\\')
        p = decode_escape (out, p + 1);
      else
        g_string_append_c (out, *p++);
    }
  return out;
}

static bool
is_same_name (const char *a, const char *b)
{
  GString *name_a = decode_name (a), *name_b = decode_name (b);
  bool same = g_string_equal (name_a, name_b);

  g_string_free (name_a, TRUE);
  g_string_free (name_b, TRUE);
  return same;
}

/* Returns: the slot of this name, or the free slot where it belongs. At most half of the slots are used. */
static AlJsonName *
find_slot (const AlJsonNames *names, uint64_t hash, uint32_t object, uint32_t offset)
{
  for (uint32_t i = (uint32_t) hash & (names->n_slots - 1);; i = (i + 1) & (names->n_slots - 1))
    {
      AlJsonName *slot = &names->slots[i];

      if (slot->object == 0 || (slot->hash == hash && slot->object == object &&
                                is_same_name (names->text + slot->offset, names->text + offset)))
        return slot;
    }
}

static void
grow (AlJsonNames *names)
{
  AlJsonName *old = names->slots;
  uint32_t n_old = names->n_slots;

  names->n_slots *= 2;
  names->slots = g_new0 (AlJsonName, names->n_slots);
  for (uint32_t i = 0; i < n_old; i++)
    if (old[i].object != 0)
      {
        uint32_t j = (uint32_t) old[i].hash & (names->n_slots - 1);

        while (names->slots[j].object != 0)
          j = (j + 1) & (names->n_slots - 1);
        names->slots[j] = old[i];
      }
  if (old != names->inline_slots)
    g_free (old);
}

bool
al_json_names_add (AlJsonNames *names, uint32_t object, uint32_t offset, size_t len, bool escaped)
{
  AlSipKey key = { names->key.k0, names->key.k1 ^ object };
  uint64_t hash;
  AlJsonName *slot;

  if (escaped)
    {
      GString *name = decode_name (names->text + offset);

      hash = al_siphash (&key, name->str, name->len);
      g_string_free (name, TRUE);
    }
  else
    {
      hash = al_siphash (&key, names->text + offset, len);
    }
  slot = find_slot (names, hash, object, offset);
  if (slot->object != 0)
    return false;
  *slot = (AlJsonName){ hash, object, offset };
  if (++names->n * 2 > names->n_slots)
    grow (names);
  return true;
}
