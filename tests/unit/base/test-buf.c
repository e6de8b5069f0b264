/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"

static void
test_buf_copy (void)
{
  g_autoptr (AlBuf) buf = al_buf_new_copy ("lamp", 4);
  AlBuf *again = al_buf_ref (buf);

  g_assert_true (again == buf);
  al_buf_unref (again);
  g_assert_cmpmem (buf->data, buf->len, "lamp", 4);
}

static void
test_buf_empty (void)
{
  g_autoptr (AlBuf) buf = al_buf_new_copy (NULL, 0);

  g_assert_cmpuint (buf->len, ==, 0);
  al_buf_unref (NULL);
}

static gpointer
unref_many (gpointer data)
{
  for (int i = 0; i < 10000; i++)
    {
      (void) al_buf_ref (data);
      al_buf_unref (data);
    }
  al_buf_unref (data);
  return NULL;
}

static void
test_buf_threads (void)
{
  AlBuf *buf = al_buf_new_copy ("x", 1);
  GThread *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("ref", unref_many, al_buf_ref (buf));
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (buf->refs, ==, 1);
  al_buf_unref (buf);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/buf/copy", test_buf_copy);
  g_test_add_func ("/base/buf/empty", test_buf_empty);
  g_test_add_func ("/base/buf/threads", test_buf_threads);
  return g_test_run ();
}
