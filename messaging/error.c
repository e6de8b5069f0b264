/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_ERROR: a GError that also carries a reason word and a time after which to try again. */
#include "messaging/core.h"

typedef struct {
  const char *reason; /* a literal */
  int64_t retry_after_ms;
} MsgErrorPrivate;

static void
msg_error_private_init (MsgErrorPrivate *priv)
{
  priv->reason = "unknown";
}

static void
msg_error_private_copy (const MsgErrorPrivate *from, MsgErrorPrivate *to)
{
  *to = *from;
}

static void
msg_error_private_clear (MsgErrorPrivate *priv)
{
  (void) priv;
}

G_DEFINE_EXTENDED_ERROR (MsgError, msg_error)

GError *
msg_error_new (MsgError code, const char *reason, const char *format, ...)
{
  GError *error;
  va_list args;

  g_return_val_if_fail (reason != NULL && format != NULL, NULL);
  va_start (args, format);
  error = g_error_new_valist (MSG_ERROR, (int) code, format, args);
  va_end (args);
  msg_error_get_private (error)->reason = reason;
  return error;
}

GError *
msg_error_new_retry (MsgError code, const char *reason, int64_t retry_after_ms, const char *message)
{
  GError *error = msg_error_new (code, reason, "%s", message);

  msg_error_get_private (error)->retry_after_ms = retry_after_ms;
  return error;
}

const char *
msg_error_get_reason (const GError *error)
{
  g_return_val_if_fail (error != NULL && error->domain == MSG_ERROR, "unknown");
  return msg_error_get_private (error)->reason;
}

int64_t
msg_error_get_retry_after_ms (const GError *error)
{
  g_return_val_if_fail (error != NULL && error->domain == MSG_ERROR, 0);
  return msg_error_get_private (error)->retry_after_ms;
}
