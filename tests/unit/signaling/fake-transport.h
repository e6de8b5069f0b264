/* SPDX-License-Identifier: Apache-2.0 */
/* Stands where the front stands: keeps what the server says, as one line an event, for tests to look at. */
#pragma once

#include <string.h>

#include "base/json.h"
#include "signaling/transport.h"

typedef struct {
  GQueue events; /* owned strings: "send 7 {...}", "done 7", "respond 9 200 0 {...}", "close 7 4001 why", "probe 7 3" */
} FakeTransport;

static inline char *
fake_text (AlBuf *buf)
{
  return buf != NULL ? g_strndup ((const char *) buf->data, buf->len) : g_strdup ("");
}

static inline void
fake_send (SigConnId conn, AlBuf *text, gpointer user)
{
  g_autofree char *json = fake_text (text);
  g_autoptr (GError) error = NULL;
  G_GNUC_UNUSED g_autoptr (JsonNode) node = al_json_parse_values (json, strlen (json), 1 << 16, &error);

  g_assert_no_error (error);
  g_queue_push_tail (&((FakeTransport *) user)->events, g_strdup_printf ("send %u %s", (unsigned) conn, json));
}

static inline void
fake_known (SigConnId conn, gpointer user)
{
}

static inline void
fake_done (SigConnId conn, gpointer user)
{
  g_queue_push_tail (&((FakeTransport *) user)->events, g_strdup_printf ("done %u", (unsigned) conn));
}

static inline void
fake_respond (SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s, gpointer user)
{
  g_autofree char *json = fake_text (body);

  g_queue_push_tail (&((FakeTransport *) user)->events,
                     g_strdup_printf ("respond %u %u %u %s", (unsigned) conn, status, retry_after_s, json));
}

static inline void
fake_close (SigConnId conn, uint16_t code, const char *reason, gpointer user)
{
  g_queue_push_tail (&((FakeTransport *) user)->events, g_strdup_printf ("close %u %u", (unsigned) conn, code));
}

static inline void
fake_probe (SigConnId conn, uint64_t seq, gpointer user)
{
  g_queue_push_tail (&((FakeTransport *) user)->events, g_strdup_printf ("probe %u %u", (unsigned) conn, (unsigned) seq));
}

static const SigTransport fake_transport = { fake_send, fake_known, fake_done, fake_respond, fake_close, fake_probe };

static inline void
fake_clear (FakeTransport *fake)
{
  g_queue_clear_full (&fake->events, g_free);
}

/** fake_take: Returns: (transfer full): the next event; it is an error if there is none. */
static inline char *
fake_take (FakeTransport *fake)
{
  g_assert_false (g_queue_is_empty (&fake->events));
  return g_queue_pop_head (&fake->events);
}

/** fake_expect: the next event is exactly @expected. */
static inline void
fake_expect (FakeTransport *fake, const char *expected)
{
  g_autofree char *event = fake_take (fake);

  g_assert_cmpstr (event, ==, expected);
}

/** fake_expect_prefix: the next event begins like that. */
static inline void
fake_expect_prefix (FakeTransport *fake, const char *prefix)
{
  g_autofree char *event = fake_take (fake);

  if (!g_str_has_prefix (event, prefix))
    g_error ("expected %s..., got %s", prefix, event);
}

static inline void
fake_expect_nothing (FakeTransport *fake)
{
  if (!g_queue_is_empty (&fake->events))
    g_error ("expected nothing, got %s", (char *) g_queue_peek_head (&fake->events));
}

/** fake_take_json: the next event is a message to @conn. Returns: (transfer full): it. */
static inline JsonNode *
fake_take_json (FakeTransport *fake, SigConnId conn)
{
  g_autofree char *event = fake_take (fake);
  g_autofree char *prefix = g_strdup_printf ("send %u ", (unsigned) conn);

  if (!g_str_has_prefix (event, prefix))
    g_error ("expected a message to %u, got %s", (unsigned) conn, event);
  return al_json_parse_values (event + strlen (prefix), strlen (event) - strlen (prefix), 1 << 16, NULL);
}
