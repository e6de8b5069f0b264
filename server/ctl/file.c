/* SPDX-License-Identifier: Apache-2.0 */
/* aldisctl file ... */
#include "server/ctl/command.h"

static void
set_number (JsonObject *params, const char *name, gint64 value)
{
  if (value >= 0)
    json_object_set_int_member (params, name, value);
}

static bool
file_add (Ctl *ctl, char **args, GError **error)
{
  const CtlFile *file = ctl->file;
  g_autoptr (JsonObject) result = NULL;
  g_autofree char *id = NULL;
  JsonObject *params;

  if (ctl->remote->user == NULL || file->name == NULL || file->mime == NULL || file->size < 0)
    {
      g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "--user, --name, --mime and --size say what is added");
      return false;
    }
  id = ctl_find_user (ctl, ctl->remote->user, error);
  if (id == NULL)
    return false;
  params = ctl_params ("userId", id, "name", file->name, "mime", file->mime, NULL);
  if (file->kind != NULL)
    json_object_set_string_member (params, "kind", file->kind);
  set_number (params, "size", file->size);
  set_number (params, "width", file->width);
  set_number (params, "height", file->height);
  set_number (params, "durationMs", file->duration_ms);
  result = ctl_call (ctl, "admin.fileAdd", params, error);
  if (result != NULL && !ctl->json)
    g_print ("%s\n", json_object_get_string_member (json_object_get_object_member (result, "file"), "fileId"));
  return result != NULL;
}

const CtlCommand ctl_file_commands[] = {
  { "file add", "--user NAME --name N --mime M --size BYTES", "a file that a user may attach; prints its id", 0, 0, file_add },
  { NULL, NULL, NULL, 0, 0, NULL }
};
