/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/types.h"

#include <stdio.h>

#include "base/random.h"

MsgId
msg_id_new (void)
{
  return al_random_id ();
}

bool
msg_id_parse (const char *text, MsgId *ret_id)
{
  MsgId id = 0;

  g_return_val_if_fail (text != NULL && ret_id != NULL, false);
  if (*text < '1' || *text > '9')
    return false;
  for (; *text != '\0'; text++)
    {
      if (*text < '0' || *text > '9')
        return false;
      id = id * 10 + (*text - '0'); /* at most 9,007,199,254,740,991 * 10 + 9: fits */
      if (id > MSG_ID_MAX)
        return false;
    }
  *ret_id = id;
  return true;
}

char *
msg_id_format (MsgId id, char ret_text[MSG_ID_STRLEN])
{
  g_return_val_if_fail (id >= 0 && id <= MSG_ID_MAX, NULL);
  (void) snprintf (ret_text, MSG_ID_STRLEN, "%lld", (long long) id);
  return ret_text;
}

MsgUser *
msg_user_copy (const MsgUser *user)
{
  MsgUser *copy;

  g_return_val_if_fail (user != NULL, NULL);
  copy = g_memdup2 (user, sizeof *user);
  copy->username = g_strdup (user->username);
  copy->display_name = g_strdup (user->display_name);
  return copy;
}

void
msg_user_free (MsgUser *user)
{
  if (user == NULL)
    return;
  g_free (user->username);
  g_free (user->display_name);
  g_free (user);
}

MsgDevice *
msg_device_copy (const MsgDevice *device)
{
  MsgDevice *copy;

  g_return_val_if_fail (device != NULL, NULL);
  copy = g_memdup2 (device, sizeof *device);
  copy->name = g_strdup (device->name);
  copy->platform = g_strdup (device->platform);
  return copy;
}

void
msg_device_free (MsgDevice *device)
{
  if (device == NULL)
    return;
  g_free (device->name);
  g_free (device->platform);
  g_free (device);
}
