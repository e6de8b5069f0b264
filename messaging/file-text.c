/* SPDX-License-Identifier: Apache-2.0 */
/* Files as values: what they may be called, and how a message holds them. Pure. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "messaging/file.h"
#include "messaging/names.h"

static const char *const kinds[MSG_FILE_KIND_N] = {
  [MSG_FILE_PHOTO] = "photo", [MSG_FILE_VIDEO] = "video", [MSG_FILE_AUDIO] = "audio",
  [MSG_FILE_VOICE] = "voice", [MSG_FILE_FILE] = "file",
};

MsgFile *
msg_file_copy (const MsgFile *file)
{
  MsgFile *copy;

  g_return_val_if_fail (file != NULL, NULL);
  copy = g_memdup2 (file, sizeof *file);
  copy->name = g_strdup (file->name);
  copy->mime = g_strdup (file->mime);
  return copy;
}

void
msg_file_free (MsgFile *file)
{
  if (file == NULL)
    return;
  g_free (file->name);
  g_free (file->mime);
  g_free (file);
}

const char *
msg_file_kind_to_string (MsgFileKind kind)
{
  g_return_val_if_fail (kind >= MSG_FILE_PHOTO && kind < MSG_FILE_KIND_N, NULL);
  return kinds[kind];
}

MsgFileKind
msg_file_kind_parse (const char *word)
{
  unsigned kind = MSG_FILE_PHOTO;

  while (kind < MSG_FILE_KIND_N && strcmp (word, kinds[kind]) != 0)
    kind++;
  return kind;
}

MsgFileKind
msg_file_kind_guess (const char *mime)
{
  if (g_str_has_prefix (mime, "image/"))
    return MSG_FILE_PHOTO;
  if (g_str_has_prefix (mime, "video/"))
    return MSG_FILE_VIDEO;
  return g_str_has_prefix (mime, "audio/") ? MSG_FILE_AUDIO : MSG_FILE_FILE;
}

/* --- What is taken --- */

static gpointer
fail (const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "file", "%s", message));
  return NULL;
}

/* RFC 6838 §4.2: restricted-name. Returns: how long it is; 0: none is there */
static size_t
measure_name (const char *text)
{
  size_t n = g_ascii_isalnum (*text) ? 1 : 0;

  while (n > 0 && text[n] != '\0' && (g_ascii_isalnum (text[n]) || strchr ("!#$&-^_.+", text[n]) != NULL))
    n++;
  return n;
}

static bool
is_mime (const char *mime)
{
  size_t type, subtype;

  if (mime == NULL || strnlen (mime, MSG_FILE_MIME_BYTES + 1) > MSG_FILE_MIME_BYTES)
    return false;
  type = measure_name (mime);
  if (type == 0 || mime[type] != '/')
    return false;
  subtype = measure_name (mime + type + 1);
  return subtype > 0 && mime[type + 1 + subtype] == '\0';
}

/* what a client shows in place, it is told by the kind: that has to be what the type says */
static bool
fits (MsgFileKind kind, const char *mime)
{
  MsgFileKind guess = msg_file_kind_guess (mime);

  return kind == MSG_FILE_FILE || kind == guess || (kind == MSG_FILE_VOICE && guess == MSG_FILE_AUDIO);
}

MsgFile *
msg_file_tidy (const MsgFile *asked, GError **error)
{
  g_autoptr (MsgFile) file = NULL;

  g_return_val_if_fail (asked != NULL, NULL);
  if (!is_mime (asked->mime))
    return fail ("A file has a type such as image/jpeg.", error);
  if (asked->size_bytes < 0 || asked->size_bytes > MSG_ID_MAX)
    return fail ("No file has that size.", error);
  if (asked->width > MSG_FILE_SIDE_MAX || asked->height > MSG_FILE_SIDE_MAX || (asked->width == 0) != (asked->height == 0))
    return fail ("Width and height go together, up to 65535.", error);
  if (asked->duration_ms < 0 || asked->duration_ms > MSG_FILE_DURATION_MAX_MS)
    return fail ("A file lasts a week at most.", error);
  file = g_memdup2 (asked, sizeof *asked);
  file->mime = g_ascii_strdown (asked->mime, -1);
  file->name = msg_text_tidy (asked->name, MSG_FILE_NAME_CHARS, "file", "The name of a file", error);
  if (file->name == NULL)
    return NULL;
  if (strpbrk (file->name, "/\\") != NULL || strcmp (file->name, ".") == 0 || strcmp (file->name, "..") == 0)
    return fail ("The name of a file names no folder.", error);
  if (file->kind == 0)
    file->kind = msg_file_kind_guess (file->mime);
  if (file->kind >= MSG_FILE_KIND_N || !fits (file->kind, file->mime))
    return fail ("That is not the type of such a file.", error);
  return g_steal_pointer (&file);
}

/* --- As JSON --- */

static JsonObject *
file_json (const MsgFile *file)
{
  JsonObject *object = json_object_new ();
  char id[MSG_ID_STRLEN];

  json_object_set_string_member (object, "fileId", msg_id_format (file->id, id));
  json_object_set_string_member (object, "kind", kinds[file->kind]);
  json_object_set_string_member (object, "name", file->name);
  json_object_set_string_member (object, "mime", file->mime);
  json_object_set_int_member (object, "size", file->size_bytes);
  if (file->width != 0)
    {
      json_object_set_int_member (object, "width", file->width);
      json_object_set_int_member (object, "height", file->height);
    }
  if (file->duration_ms != 0)
    json_object_set_int_member (object, "durationMs", file->duration_ms);
  return object;
}

char *
msg_files_write (const GPtrArray *files)
{
  g_autoptr (JsonArray) list = json_array_new ();
  g_autoptr (JsonNode) node = json_node_init_array (json_node_alloc (), list);

  for (unsigned i = 0; i < files->len; i++)
    json_array_add_object_element (list, file_json (files->pdata[i]));
  return json_to_string (node, FALSE);
}

static void
free_file (gpointer file)
{
  msg_file_free (file);
}

static MsgFile *
file_parse (JsonObject *object)
{
  const char *id = json_object_get_string_member_with_default (object, "fileId", "");
  const char *kind = json_object_get_string_member_with_default (object, "kind", "");
  MsgFile *file = g_new0 (MsgFile, 1);

  if (!msg_id_parse (id, &file->id) || (file->kind = msg_file_kind_parse (kind)) == MSG_FILE_KIND_N)
    {
      g_free (file);
      return NULL;
    }
  file->name = g_strdup (json_object_get_string_member_with_default (object, "name", ""));
  file->mime = g_strdup (json_object_get_string_member_with_default (object, "mime", ""));
  file->size_bytes = json_object_get_int_member_with_default (object, "size", 0);
  file->width = (unsigned) json_object_get_int_member_with_default (object, "width", 0);
  file->height = (unsigned) json_object_get_int_member_with_default (object, "height", 0);
  file->duration_ms = json_object_get_int_member_with_default (object, "durationMs", 0);
  return file;
}

GPtrArray *
msg_files_parse (const char *json)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (free_file);
  g_autoptr (JsonNode) node = json != NULL ? json_from_string (json, NULL) : NULL;
  JsonArray *list = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (unsigned i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonNode *element = json_array_get_element (list, i);
      MsgFile *file = JSON_NODE_HOLDS_OBJECT (element) ? file_parse (json_node_get_object (element)) : NULL;

      if (file != NULL)
        g_ptr_array_add (files, file);
    }
  return files;
}
