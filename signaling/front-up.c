/* SPDX-License-Identifier: Apache-2.0 */
/* What front threads tell main, and how much memory may wait for it. */
#include "signaling/front-private.h"

#include <string.h>

bool
sig_front_hold (SigFrontShared *shared, size_t len)
{
  size_t before = atomic_fetch_add_explicit (&shared->held, len, memory_order_relaxed);

  if (before + len > SIG_FRONT_MAX_HELD)
    {
      (void) atomic_fetch_sub_explicit (&shared->held, len, memory_order_relaxed);
      return false;
    }
  al_gauge_add (shared->metrics.held_bytes, (int64_t) len);
  return true;
}

void
sig_front_unhold (SigFrontShared *shared, size_t len)
{
  (void) atomic_fetch_sub_explicit (&shared->held, len, memory_order_relaxed);
  al_gauge_add (shared->metrics.held_bytes, -(int64_t) len);
}

SigFrontUp *
sig_front_up_new (SigFrontShared *shared, SigFrontUpType type, SigConnId conn, const void *text, size_t len, AlStr bearer)
{
  SigFrontUp *up = g_malloc (sizeof *up + len + 1 + bearer.len + 1);
  char *end = up->data + len;

  *up = (SigFrontUp){ .type = type, .conn = conn, .shared = shared, .len = len };
  if (len > 0)
    memcpy (up->data, text, len);
  *end++ = '\0';
  if (bearer.ptr != NULL)
    {
      up->bearer = end;
      memcpy (end, bearer.ptr, bearer.len);
      end += bearer.len;
    }
  *end = '\0';
  return up;
}

void
sig_front_up_free (SigFrontUp *up)
{
  if (up == NULL)
    return;
  if (up->held)
    sig_front_unhold (up->shared, up->len);
  sig_web_request_free (up->web);
  g_free (up);
}

bool
sig_front_up_post (SigFrontUp *up)
{
  if (!up->held)
    up->held = sig_front_hold (up->shared, up->len);
  return up->held && al_mailbox_post (up->shared->to_main, up);
}
