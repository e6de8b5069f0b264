/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/touch.h"

#include "messaging/core-private.h"
#include "messaging/session.h"

#define WRITE_EVERY_MS (60 * 1000)
#define FLUSH_EVERY_MS (5 * 1000)

typedef struct {
  MsgId device_id;
  int64_t seen_ms;
  int64_t written_ms;
  bool due;
} Touch;

struct MsgTouches {
  /* passed in, not owned */
  MsgCore *core;
  /* owned */
  GHashTable *table;  /* device_id -> Touch: those of the last minute or two */
  GSource *timer;
  GArray *due;        /* MsgId */
  int64_t swept_ms;
};

typedef struct {
  MsgOp op;
  GArray *touches;    /* Touch */
} TouchOp;

static bool
touch_run (MsgDb *db, gpointer ctx, GError **error)
{
  TouchOp *op = ctx;

  for (unsigned i = 0; i < op->touches->len; i++)
    {
      const Touch *touch = &g_array_index (op->touches, Touch, i);
      MsgStmt *stmt = msg_db_prepare (db, "UPDATE devices SET seen_ms = :seen WHERE id = :id AND seen_ms < :seen");

      msg_stmt_set_int (stmt, ":seen", touch->seen_ms);
      msg_stmt_set_int (stmt, ":id", touch->device_id);
      if (!msg_stmt_run (stmt, error))
        return false;
    }
  return true;
}

static void
touch_reply (MsgOp *op, const GError *error)
{
  /* failed: the device's next sign of life comes soon enough */
}

static void
touch_clear (MsgOp *op)
{
  g_array_unref (((TouchOp *) op)->touches);
}

static gboolean
on_timer (gpointer data)
{
  msg_touches_flush (data);
  return G_SOURCE_REMOVE;
}

MsgTouches *
msg_touches_new (MsgCore *core)
{
  MsgTouches *touches = g_new0 (MsgTouches, 1);

  touches->core = core;
  touches->table = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  touches->due = g_array_new (FALSE, FALSE, sizeof (MsgId));
  return touches;
}

static void
touches_stop_timer (MsgTouches *touches)
{
  if (touches->timer != NULL)
    g_source_destroy (touches->timer);
  g_clear_pointer (&touches->timer, g_source_unref);
}

void
msg_touches_free (MsgTouches *touches)
{
  if (touches == NULL)
    return;
  touches_stop_timer (touches);
  g_array_unref (touches->due);
  g_hash_table_unref (touches->table);
  g_free (touches);
}

void
msg_touches_add (MsgTouches *touches, MsgId device_id)
{
  Touch *touch = g_hash_table_lookup (touches->table, &device_id);
  int64_t now_ms = msg_core_now_ms (touches->core);

  if (touch == NULL)
    {
      touch = g_new0 (Touch, 1);
      touch->device_id = device_id;
      (void) g_hash_table_insert (touches->table, &touch->device_id, touch);
    }
  touch->seen_ms = now_ms;
  if (touch->due || (now_ms >= touch->written_ms && now_ms - touch->written_ms < WRITE_EVERY_MS))
    return;
  touch->due = true;
  g_array_append_val (touches->due, device_id);
  if (touches->timer == NULL)
    {
      touches->timer = g_timeout_source_new (FLUSH_EVERY_MS);
      g_source_set_callback (touches->timer, on_timer, touches, NULL);
      (void) g_source_attach (touches->timer, touches->core->context);
    }
}

int64_t
msg_touches_get_ms (MsgTouches *touches, MsgId device_id)
{
  const Touch *touch = g_hash_table_lookup (touches->table, &device_id);

  return touch != NULL ? touch->seen_ms : 0;
}

static gboolean
touch_is_old (gpointer key, gpointer value, gpointer user)
{
  return !((Touch *) value)->due && ((Touch *) value)->seen_ms <= *(int64_t *) user;
}

/* Forgets devices that were not seen for a minute: what the database holds of them is as new. */
static void
touches_sweep (MsgTouches *touches, int64_t now_ms)
{
  int64_t old_ms = now_ms - WRITE_EVERY_MS;

  if (now_ms - touches->swept_ms < WRITE_EVERY_MS)
    return;
  touches->swept_ms = now_ms;
  (void) g_hash_table_foreach_remove (touches->table, touch_is_old, &old_ms);
}

void
msg_touches_flush (MsgTouches *touches)
{
  static const MsgOpClass class = { sizeof (TouchOp), touch_reply, touch_clear };
  int64_t now_ms = msg_core_now_ms (touches->core);
  TouchOp *op;

  touches_stop_timer (touches);
  if (touches->due->len == 0)
    return;
  op = msg_op_new (touches->core, &class);
  op->touches = g_array_sized_new (FALSE, FALSE, sizeof (Touch), touches->due->len);
  for (unsigned i = 0; i < touches->due->len; i++)
    {
      Touch *touch = g_hash_table_lookup (touches->table, &g_array_index (touches->due, MsgId, i));

      touch->due = false;
      touch->written_ms = now_ms;
      g_array_append_val (op->touches, *touch);
    }
  g_array_set_size (touches->due, 0);
  touches_sweep (touches, now_ms);
  msg_op_write (op, touch_run, msg_op_end);
}

void
msg_session_touch (MsgCore *core, MsgId device_id)
{
  msg_touches_add (core->touches, device_id);
}
