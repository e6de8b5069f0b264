/* SPDX-License-Identifier: Apache-2.0 */
/* Time that passes for what is done at its time, without waiting. */
#pragma once

#include "chat-harness.h"

#include "messaging/core-private.h"

static inline void
dues_settle (Chats *f)
{
  for (;;)
    {
      msg_dues_look (f->bench.core->dues);
      if (!msg_dues_is_busy (f->bench.core->dues))
        return;
      (void) g_main_context_iteration (f->bench.context, TRUE);
    }
}

/* dues_pass: all that is due by then is done. */
static inline void
dues_pass (Chats *f, int64_t ms)
{
  dues_settle (f);
  f->bench.now_ms += ms;
  dues_settle (f);
}
