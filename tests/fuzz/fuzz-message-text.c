/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with entities: 8 bytes each of these, a zero type ends them, the rest is the text. What is accepted survives being
 * written and read, and is accepted again. */
#include <string.h>

#include "messaging/message-text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static size_t
take_entities (const uint8_t *data, size_t size, GArray *entities)
{
  static const char *const values[] = { NULL, "https://example.org/\xc3\xa4", "c++", "javascript:1", "mailto:a" };
  size_t at = 0;

  for (; size - at >= 8 && data[at] != 0; at += 8)
    {
      MsgEntity entity = { .type = data[at] - 1,
                           .offset = (unsigned) data[at + 1] | (unsigned) data[at + 2] << 8,
                           .length = (unsigned) data[at + 3] | (unsigned) data[at + 4] << 24,
                           .value = g_strdup (values[data[at + 5] % G_N_ELEMENTS (values)]),
                           .user_id = data[at + 6] };

      g_array_append_val (entities, entity);
    }
  return at;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GArray) entities = msg_entities_new (), read = NULL;
  size_t at = take_entities (data, size, entities);
  g_autofree char *text = g_strndup ((const char *) data + at, size - at);
  g_autofree char *first = NULL, *second = NULL;
  unsigned units;

  if (!msg_message_text_check (text, 4096, &units, NULL))
    return 0;
  g_assert (units > 0 && units <= 4096 && units <= strlen (text));
  if (!msg_entities_check (text, entities, 100, NULL))
    return 0;
  first = msg_entities_write (entities);
  read = msg_entities_parse (first);
  g_assert (read != NULL && read->len == entities->len);
  g_assert (msg_entities_check (text, read, 100, NULL));
  second = msg_entities_write (read);
  g_assert (g_strcmp0 (first, second) == 0);
  return 0;
}
