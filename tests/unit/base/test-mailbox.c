/* SPDX-License-Identifier: Apache-2.0 */
#include <gio/gio.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/mailbox-source.h"
#include "base/mailbox.h"

#define PRODUCERS 4u
#define PER_PRODUCER 50000u

static bool
is_readable (AlMailbox *box)
{
  struct pollfd fd = { .fd = al_mailbox_get_fd (box), .events = POLLIN };

  return poll (&fd, 1, 0) == 1;
}

static void
append (void *message, void *user)
{
  g_string_append_c (user, (char) GPOINTER_TO_INT (message));
}

static AlMailbox *
box_new (unsigned capacity, GDestroyNotify free_message)
{
  g_autoptr (GError) error = NULL;
  AlMailbox *box = al_mailbox_new (capacity, free_message, &error);

  g_assert_no_error (error);
  return box;
}

static void
test_mailbox_order (void)
{
  g_autoptr (AlMailbox) box = box_new (5, NULL); /* rounded to 8 */
  g_autoptr (GString) got = g_string_new (NULL);

  g_assert_false (is_readable (box));
  for (int round = 0; round < 3; round++)
    {
      for (int i = 0; i < 8; i++)
        g_assert_true (al_mailbox_post (box, GINT_TO_POINTER ('a' + i)));
      g_assert_false (al_mailbox_post (box, GINT_TO_POINTER ('x')));
      g_assert_true (is_readable (box));
      g_assert_cmpuint (al_mailbox_drain (box, append, got, 3), ==, 3);
      g_assert_true (is_readable (box));
      g_assert_true (al_mailbox_post (box, GINT_TO_POINTER ('i')));
      g_assert_cmpuint (al_mailbox_drain (box, append, got, 0), ==, 6);
      g_assert_false (is_readable (box));
      g_assert_cmpuint (al_mailbox_drain (box, append, got, 0), ==, 0);
      g_assert_cmpstr (got->str, ==, "abcdefghi");
      g_string_truncate (got, 0);
    }
}

typedef struct {
  AlMailbox *box;
  GString *got;
} Reposter;

static void
repost (void *message, void *user)
{
  Reposter *reposter = user;

  g_string_append_c (reposter->got, (char) GPOINTER_TO_INT (message));
  g_assert_true (al_mailbox_post (reposter->box, message));
}

/* Messages posted from inside a drain wait for the next one, which is announced. */
static void
test_mailbox_repost (void)
{
  g_autoptr (AlMailbox) box = box_new (4, NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  Reposter reposter = { box, got };

  g_assert_true (al_mailbox_post (box, GINT_TO_POINTER ('a')));
  g_assert_true (al_mailbox_post (box, GINT_TO_POINTER ('b')));
  g_assert_cmpuint (al_mailbox_drain (box, repost, &reposter, 0), ==, 2);
  g_assert_true (is_readable (box));
  g_assert_cmpuint (al_mailbox_drain (box, append, got, 0), ==, 2);
  g_assert_cmpstr (got->str, ==, "abab");
}

static void
test_mailbox_free (void)
{
  AlMailbox *box = box_new (4, g_free);

  g_assert_true (al_mailbox_post (box, g_strdup ("left")));
  g_assert_true (al_mailbox_post (box, g_strdup ("over")));
  al_mailbox_free (box);
  al_mailbox_free (NULL);
}

typedef struct {
  AlMailbox *box;
  uintptr_t id;
} Producer;

static void *
produce (void *data)
{
  Producer *producer = data;

  for (uintptr_t i = 1; i <= PER_PRODUCER; i++)
    while (!al_mailbox_post (producer->box, (void *) (producer->id << 32 | i)))
      (void) sched_yield ();
  return NULL;
}

typedef struct {
  uintptr_t last[PRODUCERS];
  unsigned n;
} Seen;

static void
check_order (void *message, void *user)
{
  Seen *seen = user;
  uintptr_t id = (uintptr_t) message >> 32, i = (uintptr_t) message & 0xffffffffu;

  g_assert_cmpuint (i, ==, seen->last[id] + 1);
  seen->last[id] = i;
  seen->n++;
}

/* The consumer sleeps on the eventfd alone: one lost wake-up and the test hangs. */
static void
run_producers (unsigned capacity, unsigned max)
{
  g_autoptr (AlMailbox) box = box_new (capacity, NULL);
  Producer producers[PRODUCERS];
  pthread_t threads[PRODUCERS];
  Seen seen = { .n = 0 };

  for (unsigned i = 0; i < PRODUCERS; i++)
    {
      producers[i] = (Producer){ box, i };
      g_assert_cmpint (pthread_create (&threads[i], NULL, produce, &producers[i]), ==, 0);
    }
  while (seen.n < PRODUCERS * PER_PRODUCER)
    {
      struct pollfd fd = { .fd = al_mailbox_get_fd (box), .events = POLLIN };

      g_assert_cmpint (poll (&fd, 1, 60000), ==, 1);
      (void) al_mailbox_drain (box, check_order, &seen, max);
    }
  for (unsigned i = 0; i < PRODUCERS; i++)
    g_assert_cmpint (pthread_join (threads[i], NULL), ==, 0);
  g_assert_cmpuint (al_mailbox_drain (box, check_order, &seen, 0), ==, 0);
}

static void
test_mailbox_threads (void)
{
  run_producers (2, 0);
  run_producers (1024, 0);
  run_producers (64, 7);
}

typedef struct {
  AlMailbox *box;
  GMainContext *context;
  Seen seen;
  unsigned most, before;
  bool other_ran;
} SourceTest;

static void
source_mail (void *message, void *user)
{
  SourceTest *test = user;

  check_order (message, &test->seen);
  test->most = MAX (test->most, test->seen.n - test->before);
}

static gboolean
other_source (gpointer user)
{
  ((SourceTest *) user)->other_ran = true;
  return G_SOURCE_REMOVE;
}

static void
test_mailbox_source (void)
{
  g_autoptr (AlMailbox) box = box_new (4096, NULL);
  SourceTest test = { .box = box, .context = g_main_context_new () };
  g_autoptr (GSource) source = al_mailbox_source_new (box, source_mail, &test);
  g_autoptr (GSource) other = g_idle_source_new ();
  Producer producer = { box, 0 };
  pthread_t thread;

  (void) g_source_attach (source, test.context);
  for (uintptr_t i = 1; i <= 3000; i++)
    g_assert_true (al_mailbox_post (box, (void *) (UINT64_C (1) << 32 | i)));
  g_source_set_callback (other, other_source, &test, NULL);
  g_source_set_priority (other, G_PRIORITY_DEFAULT);
  (void) g_source_attach (other, test.context);
  while (test.seen.n < 3000)
    {
      test.before = test.seen.n;
      (void) g_main_context_iteration (test.context, TRUE);
      g_assert_true (test.other_ran);
    }
  g_assert_cmpuint (test.most, ==, 1024);

  g_assert_cmpint (pthread_create (&thread, NULL, produce, &producer), ==, 0);
  while (test.seen.last[0] < PER_PRODUCER)
    (void) g_main_context_iteration (test.context, TRUE);
  g_assert_cmpint (pthread_join (thread, NULL), ==, 0);
  g_source_destroy (source);
  g_main_context_unref (test.context);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/mailbox/order", test_mailbox_order);
  g_test_add_func ("/base/mailbox/repost", test_mailbox_repost);
  g_test_add_func ("/base/mailbox/free", test_mailbox_free);
  g_test_add_func ("/base/mailbox/threads", test_mailbox_threads);
  g_test_add_func ("/base/mailbox/source", test_mailbox_source);
  return g_test_run ();
}
