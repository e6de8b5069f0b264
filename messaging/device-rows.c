/* SPDX-License-Identifier: Apache-2.0 */
/* A device's row: finding it again, making it, and making room for it. */
#include <string.h>

#include "messaging/names.h"
#include "messaging/notice-rows.h"
#include "messaging/rows.h"

#define IDLE_MS (INT64_C (30) * 24 * 3600 * 1000)

MsgDevice *
msg_device_from_row (MsgStmt *stmt, int column)
{
  MsgDevice *device = g_new0 (MsgDevice, 1);
  const void *key;
  gsize len;

  device->id = msg_stmt_get_int (stmt, column);
  device->user_id = msg_stmt_get_int (stmt, column + 1);
  device->name = g_strdup (msg_stmt_get_text (stmt, column + 2));
  device->platform = g_strdup (msg_stmt_get_text (stmt, column + 3));
  key = msg_stmt_get_bytes (stmt, column + 4, &len);
  if (len == sizeof device->identity_key)
    memcpy (device->identity_key, key, len);
  device->added_at_ms = msg_stmt_get_int (stmt, column + 5);
  return device;
}

MsgDevice *
msg_device_from_spec (const MsgDeviceSpec *spec, GError **error)
{
  g_autoptr (MsgDevice) device = g_new0 (MsgDevice, 1);

  if (spec->id < 0 || spec->id > MSG_ID_MAX)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "id", "This is no device id."));
      return NULL;
    }
  device->id = spec->id;
  device->name = msg_text_tidy (spec->name, MSG_DEVICE_NAME_CHARS, "device_name", "A device's name", error);
  if (device->name == NULL)
    return NULL;
  device->platform = msg_text_tidy (spec->platform, MSG_PLATFORM_CHARS, "platform", "A platform", error);
  if (device->platform == NULL)
    return NULL;
  if (!msg_identity_key_is_valid (spec->identity_key, spec->identity_key_len))
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "identity_key",
                                               "The identity key is no Ed25519 public key of 32 bytes."));
      return NULL;
    }
  memcpy (device->identity_key, spec->identity_key, sizeof device->identity_key);
  return g_steal_pointer (&device);
}

/* @ret_found: whether the row at hand is the device's; @device then has its id. */
static bool
device_find (MsgDb *db, MsgDevice *device, MsgId user_id, MsgAttached *attached, bool *ret_found, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT id, identity_key, added_ms, revoked_ms FROM devices"
                                      " WHERE user_id = :user AND (id = :id OR identity_key = :key)"
                                      " ORDER BY CASE WHEN id = :id THEN 0 ELSE 1 END LIMIT 1");
  MsgId found;
  const void *key;
  gsize len;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":id", device->id);
  msg_stmt_set_bytes (stmt, ":key", device->identity_key, sizeof device->identity_key);
  step = msg_stmt_step (stmt, error);
  *ret_found = step == MSG_STEP_ROW;
  if (step != MSG_STEP_ROW)
    return step == MSG_STEP_DONE;

  found = msg_stmt_get_int (stmt, 0);
  key = msg_stmt_get_bytes (stmt, 1, &len);
  if (len != sizeof device->identity_key || memcmp (key, device->identity_key, len) != 0)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "identity_key_changed",
                                               "This device is known with another identity key."));
      return false;
    }
  device->id = found;
  device->added_at_ms = msg_stmt_get_int (stmt, 2);
  attached->revoked_ms = msg_stmt_get_int (stmt, 3);
  return true;
}

static bool
device_update (MsgDb *db, const MsgDevice *device, int64_t now_ms, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "UPDATE devices SET name = :name, platform = :platform, seen_ms = :now"
                                      " WHERE id = :id");

  msg_stmt_set_text (stmt, ":name", device->name);
  msg_stmt_set_text (stmt, ":platform", device->platform);
  msg_stmt_set_int (stmt, ":now", now_ms);
  msg_stmt_set_int (stmt, ":id", device->id);
  return msg_stmt_run (stmt, error);
}

/* The device to give way: one without a session before one with, the longest unseen first. */
static bool
device_evict (MsgDb *db, MsgId user_id, int64_t now_ms, MsgAttached *attached, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT d.id FROM devices d LEFT JOIN sessions s ON s.device_id = d.id"
                                      " WHERE d.user_id = :user AND (s.device_id IS NULL OR d.seen_ms < :idle)"
                                      " ORDER BY CASE WHEN s.device_id IS NULL THEN 0 ELSE 1 END, d.seen_ms LIMIT 1");
  MsgId victim;
  bool had_session;
  MsgStep step;

  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_int (stmt, ":idle", now_ms - IDLE_MS);
  step = msg_stmt_step (stmt, error);
  if (step == MSG_STEP_DONE)
    g_propagate_error (error, msg_error_new (MSG_ERROR_LIMIT, "too_many_devices",
                                             "This account is logged in on too many devices. Log out on one of them."));
  if (step != MSG_STEP_ROW)
    return false;
  victim = msg_stmt_get_int (stmt, 0);
  if (!msg_session_drop (db, user_id, victim, now_ms, &had_session, error)
      || !msg_notice_forget_device (db, victim, error))
    return false;
  stmt = msg_db_prepare (db, "DELETE FROM devices WHERE id = :id");
  msg_stmt_set_int (stmt, ":id", victim);
  attached->evicted = had_session ? victim : 0;
  return msg_stmt_run (stmt, error);
}

static bool
device_make_room (MsgDb *db, MsgId user_id, unsigned max_devices, int64_t now_ms, MsgAttached *attached, GError **error)
{
  MsgStmt *stmt = msg_db_prepare (db, "SELECT COUNT(*) FROM devices WHERE user_id = :user");

  msg_stmt_set_int (stmt, ":user", user_id);
  if (msg_stmt_step (stmt, error) != MSG_STEP_ROW)
    return false;
  return msg_stmt_get_int (stmt, 0) < max_devices || device_evict (db, user_id, now_ms, attached, error);
}

bool
msg_device_attach (MsgDb *db, MsgDevice *device, MsgId user_id, unsigned max_devices, int64_t now_ms,
                   MsgAttached *ret_attached, GError **error)
{
  MsgAttached attached = { 0 };
  MsgStmt *stmt;
  bool found;

  device->user_id = user_id;
  if (!device_find (db, device, user_id, &attached, &found, error))
    return false;
  if (found)
    {
      *ret_attached = attached;
      return device_update (db, device, now_ms, error);
    }
  if (!device_make_room (db, user_id, max_devices, now_ms, &attached, error))
    return false;
  attached.added = true;
  device->id = msg_id_new ();
  device->added_at_ms = now_ms;
  stmt = msg_db_prepare (db, "INSERT INTO devices (id, user_id, name, platform, identity_key, added_ms, seen_ms,"
                             " revoked_ms) VALUES (:id, :user, :name, :platform, :key, :now, :now, 0)");
  msg_stmt_set_int (stmt, ":id", device->id);
  msg_stmt_set_int (stmt, ":user", user_id);
  msg_stmt_set_text (stmt, ":name", device->name);
  msg_stmt_set_text (stmt, ":platform", device->platform);
  msg_stmt_set_bytes (stmt, ":key", device->identity_key, sizeof device->identity_key);
  msg_stmt_set_int (stmt, ":now", now_ms);
  *ret_attached = attached;
  return msg_stmt_run (stmt, error);
}
