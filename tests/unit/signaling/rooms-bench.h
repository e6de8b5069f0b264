/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms over a real core and a fake front. Notifications are set aside by connection: a test takes those it expects, and
 * at the end none may be left that it did not say it does not care for. */
#pragma once

#include "fake-control.h"
#include "services-bench.h"
#include "signaling/rooms.h"

typedef struct {
  Bench bench;
  SigRooms *rooms;
  SfuControl *control;
  char *link;            /* of the last room made */
  GQueue notes;          /* owned strings: "2 room.joined {...}" */
  GQueue others;         /* owned strings: "close 3 4003" */
} RoomsBench;

static inline SigRooms *
rooms_new (RoomsBench *b)
{
  SigRoomsConfig config;

  sig_rooms_config_init (&config);
  config.context = b->bench.context;
  config.core = b->bench.core;
  config.sessions = b->bench.sessions;
  config.guests = b->bench.guests;
  config.metrics = b->bench.metrics;
  config.control = b->control;
  config.max_participants = 200;
  config.max_participants_total = 250;
  config.max_rooms_per_user = 1000;
  config.join_rate = 0;
  config.now_us = bench_now_us;
  config.now_ms = bench_wall_ms;
  return sig_rooms_new (&config);
}

static inline void
rooms_set_up (RoomsBench *b, gconstpointer data)
{
  (void) alarm (100); /* the watchdog */
  bench_set_up (&b->bench, data);
  g_queue_init (&b->notes);
  g_queue_init (&b->others);
  b->control = fake_control_new ();
  b->rooms = rooms_new (b);
  sig_rooms_register (b->rooms, b->bench.rpc, b->bench.conns);
}

static inline void
rooms_tear_down (RoomsBench *b, gconstpointer data)
{
  g_queue_clear_full (&b->notes, g_free);
  g_queue_clear_full (&b->others, g_free);
  /* the core answers what is open, so it goes first, as in the server */
  g_clear_pointer (&b->bench.core, msg_core_free);
  sig_rooms_free (b->rooms);
  fake_control_free (b->control);
  bench_tear_down (&b->bench, data);
  g_free (b->link);
}

#define rooms_add(path, test) g_test_add (path, RoomsBench, NULL, rooms_set_up, test, rooms_tear_down)

/* sets aside what is not an answer */
static inline void
rooms_sort (RoomsBench *b)
{
  GQueue answers = G_QUEUE_INIT;
  char *event;

  while ((event = g_queue_pop_head (&b->bench.fake.events)) != NULL)
    {
      g_autoptr (JsonNode) node = NULL;
      char *json = g_str_has_prefix (event, "send ") ? strchr (event, '{') : NULL;
      JsonObject *object;

      node = json != NULL ? al_json_parse (json, strlen (json), NULL) : NULL;
      object = node != NULL ? json_node_get_object (node) : NULL;
      if (object != NULL && json_object_has_member (object, "method"))
        {
          const char *method = json_object_get_string_member (object, "method");
          const SigSchema *schema = sig_openrpc_find_notification (sig_rpc_get_openrpc (b->bench.rpc), method);
          char fault[SIG_SCHEMA_FAULT_BYTES];

          g_assert_nonnull (schema);
          if (!sig_schema_check (schema, json_object_get_member (object, "params"), method, fault))
            g_error ("%s: %s", fault, json);
          g_queue_push_tail (&b->notes, g_strdup_printf ("%d %s %s", atoi (event + 5), method, json));
          g_free (event);
        }
      else if (g_str_has_prefix (event, "close "))
        g_queue_push_tail (&b->others, event);
      else if (g_str_has_prefix (event, "probe "))
        g_free (event);
      else
        g_queue_push_tail (&answers, event);
    }
  b->bench.fake.events = answers;
}

/** rooms_ask: Returns: (transfer full): the answer. */
static inline JsonNode *
rooms_ask (RoomsBench *b, SigConnId conn, const char *method, const char *params)
{
  g_autofree char *done = g_strdup_printf ("done %u", (unsigned) conn);
  JsonNode *answer;

  bench_say (&b->bench, conn, method, params);
  for (;;)
    {
      rooms_sort (b);
      if (!g_queue_is_empty (&b->bench.fake.events))
        break;
      g_main_context_iteration (b->bench.context, TRUE);
    }
  answer = fake_take_json (&b->bench.fake, conn);
  fake_expect (&b->bench.fake, done);
  return answer;
}

/** rooms_reason: Returns: (transfer full): "ok", or the reason of the error. */
static inline char *
rooms_reason (RoomsBench *b, SigConnId conn, const char *method, const char *params)
{
  g_autoptr (JsonNode) answer = rooms_ask (b, conn, method, params);
  JsonObject *object = json_node_get_object (answer), *error;

  if (!json_object_has_member (object, "error"))
    return g_strdup ("ok");
  error = json_object_get_object_member (object, "error");
  return g_strdup (json_object_get_string_member (json_object_get_object_member (error, "data"), "reason"));
}

static inline JsonObject *
rooms_call (RoomsBench *b, SigConnId conn, const char *method, const char *params)
{
  g_autoptr (JsonNode) answer = rooms_ask (b, conn, method, params);

  return bench_member (answer, "result");
}

static inline G_GNUC_PRINTF (4, 5) void rooms_ok (RoomsBench *b, SigConnId conn, const char *method, const char *format, ...)
{
  g_autofree char *params = NULL, *reason = NULL;
  va_list args;

  va_start (args, format);
  params = g_strdup_vprintf (format, args);
  va_end (args);
  reason = rooms_reason (b, conn, method, params);
  if (!g_str_equal (reason, "ok"))
    g_error ("%s %s: %s", method, params, reason);
}

static inline G_GNUC_PRINTF (5, 6) void rooms_refused (RoomsBench *b, SigConnId conn, const char *method,
                                                       const char *expected, const char *format, ...)
{
  g_autofree char *params = NULL, *reason = NULL;
  va_list args;

  va_start (args, format);
  params = g_strdup_vprintf (format, args);
  va_end (args);
  reason = rooms_reason (b, conn, method, params);
  if (!g_str_equal (reason, expected))
    g_error ("%s %s: expected %s, got %s", method, params, expected, reason);
}

/** rooms_take: Returns: (transfer full) (nullable): params of the next notification of that name to @conn. */
static inline JsonObject *
rooms_take (RoomsBench *b, SigConnId conn, const char *method)
{
  g_autofree char *prefix = g_strdup_printf ("%u %s ", (unsigned) conn, method);

  rooms_sort (b);
  for (GList *link = b->notes.head; link != NULL; link = link->next)
    {
      g_autofree char *note = NULL;
      g_autoptr (JsonNode) node = NULL;

      if (!g_str_has_prefix (link->data, prefix))
        continue;
      note = link->data;
      g_queue_delete_link (&b->notes, link);
      node = al_json_parse (note + strlen (prefix), strlen (note) - strlen (prefix), NULL);
      return bench_member (node, "params");
    }
  return NULL;
}

/** rooms_expect: @conn was told that. */
static inline void
rooms_expect (RoomsBench *b, SigConnId conn, const char *method)
{
  g_autoptr (JsonObject) params = rooms_take (b, conn, method);

  if (params == NULL)
    g_error ("%u was not told %s", (unsigned) conn, method);
}

/** rooms_expect_word: and one of its members is @word. */
static inline void
rooms_expect_word (RoomsBench *b, SigConnId conn, const char *method, const char *member, const char *word)
{
  g_autoptr (JsonObject) params = rooms_take (b, conn, method);

  if (params == NULL)
    g_error ("%u was not told %s", (unsigned) conn, method);
  g_assert_cmpstr (json_object_get_string_member (params, member), ==, word);
}

static inline void
rooms_expect_silence (RoomsBench *b)
{
  rooms_sort (b);
  if (!g_queue_is_empty (&b->notes))
    g_error ("expected nothing, got %s", (char *) g_queue_peek_head (&b->notes));
}

/** rooms_forget: what was told so far is of no interest. */
static inline void
rooms_forget (RoomsBench *b)
{
  rooms_sort (b);
  g_queue_clear_full (&b->notes, g_free);
  g_queue_init (&b->notes);
}

static inline const char *
rooms_get (JsonObject *result, const char *object, const char *member)
{
  return json_object_get_string_member (json_object_get_object_member (result, object), member);
}

/** rooms_create: Returns: (transfer full): its id; its link is in @b. */
static inline char *
rooms_create (RoomsBench *b, SigConnId conn, const char *params)
{
  g_autoptr (JsonObject) result = rooms_call (b, conn, "room.create", params);

  g_free (b->link);
  b->link = g_strdup (rooms_get (result, "room", "link"));
  return g_strdup (rooms_get (result, "room", "id"));
}

static inline JsonObject *
rooms_join_id (RoomsBench *b, SigConnId conn, const char *room)
{
  g_autofree char *params = g_strdup_printf ("{'roomId':'%s'}", room);

  return rooms_call (b, conn, "room.join", params);
}

static inline JsonObject *
rooms_join_link (RoomsBench *b, SigConnId conn, const char *link)
{
  g_autofree char *params = g_strdup_printf ("{'link':'%s'}", link);

  return rooms_call (b, conn, "room.join", params);
}

/** rooms_enter: joins by the link. Returns: (transfer full): the participant's id. */
static inline char *
rooms_enter (RoomsBench *b, SigConnId conn)
{
  g_autoptr (JsonObject) result = rooms_join_link (b, conn, b->link);

  return g_strdup (rooms_get (result, "participant", "id"));
}

/** rooms_guest: a guest's session on a new connection. Returns: (transfer full): the token. */
static inline char *
rooms_guest (RoomsBench *b, SigConnId conn, const char *name)
{
  g_autofree char *params = g_strdup_printf ("{'link':'%s','displayName':'%s'}", b->link, name);
  g_autoptr (JsonObject) result = NULL;

  bench_open (&b->bench, conn);
  result = rooms_call (b, conn, "session.guest", params);
  return g_strdup (json_object_get_string_member (result, "token"));
}

static inline void
rooms_advance (RoomsBench *b, int64_t us)
{
  bench_clock_us += us;
  sig_rooms_tick (b->rooms);
  sig_guests_tick (b->bench.guests);
}
