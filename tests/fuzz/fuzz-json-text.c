/* SPDX-License-Identifier: Apache-2.0 */
/* A value that was read, written and read again is the same value, and written again the same text. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "signaling/json-text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (JsonNode) node = al_json_parse ((const char *) data, size, NULL);
  g_autoptr (JsonNode) again = NULL;
  g_autoptr (GString) text = g_string_new (NULL), text2 = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  if (node == NULL)
    return 0;
  sig_json_append (text, node);
  g_assert_cmpuint (strlen (text->str), ==, text->len);
  again = al_json_parse (text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
  sig_json_append (text2, again);
  g_assert_cmpstr (text->str, ==, text2->str);
  return 0;
}
