/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/bridge.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/ctl/link.h"

#define OPEN_US 3000000 /* the server has answered a moment ago */
#define SEND_US 1000000
#define CHUNK_BYTES 16384

/* one connection */
typedef struct {
  CtlBridge *bridge;
  int fd;                   /* owned: the local side */
  CtlLink *link;            /* owned */
  GSource *local, *distant; /* owned */
} Span;

struct CtlBridge {
  GMainContext *context; /* not owned */
  AlAddr server;
  char *host;            /* owned */
  int fd;                /* owned */
  GSource *source;       /* owned */
  GPtrArray *spans;      /* owned */
};

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
span_free (gpointer data)
{
  Span *span = data;

  clear_source (&span->local);
  clear_source (&span->distant);
  ctl_link_free (span->link);
  (void) close (span->fd);
  g_free (span);
}

static GSource *
watch (CtlBridge *bridge, int fd, GUnixFDSourceFunc fn, gpointer user)
{
  GSource *source = g_unix_fd_source_new (fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (fn), user, NULL);
  (void) g_source_attach (source, bridge->context);
  return source;
}

static gboolean
on_local (gint fd, GIOCondition condition, gpointer user)
{
  Span *span = user;
  uint8_t data[CHUNK_BYTES];
  ssize_t n = recv (fd, data, sizeof data, MSG_DONTWAIT);

  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (n > 0 && ctl_link_send (span->link, data, (size_t) n, al_clock_now_us () + SEND_US) == CTL_REACH_OK)
    return G_SOURCE_CONTINUE;
  (void) g_ptr_array_remove (span->bridge->spans, span);
  return G_SOURCE_REMOVE;
}

/* TLS may hold more than the socket shows: all of it is taken */
static gboolean
on_distant (gint fd, GIOCondition condition, gpointer user)
{
  Span *span = user;
  uint8_t data[CHUNK_BYTES];
  CtlReach reach;
  size_t len;

  while ((reach = ctl_link_receive (span->link, data, sizeof data, 0, &len)) == CTL_REACH_OK)
    if (send (span->fd, data, len, MSG_NOSIGNAL) != (ssize_t) len)
      {
        reach = CTL_REACH_CLOSED;
        break;
      }
  if (reach == CTL_REACH_TIMEOUT)
    return G_SOURCE_CONTINUE; /* nothing more for now */
  (void) g_ptr_array_remove (span->bridge->spans, span);
  return G_SOURCE_REMOVE;
}

static gboolean
on_accept (gint fd, GIOCondition condition, gpointer user)
{
  CtlBridge *bridge = user;
  int local = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);
  CtlReach reach;
  CtlLink *link;
  Span *span;

  if (local < 0)
    return G_SOURCE_CONTINUE;
  link = ctl_link_open (CTL_WAY_TLS, &bridge->server, bridge->host, al_clock_now_us () + OPEN_US, NULL, &reach);
  if (link == NULL)
    {
      (void) close (local);
      return G_SOURCE_CONTINUE;
    }
  span = g_new0 (Span, 1);
  span->bridge = bridge;
  span->fd = local;
  span->link = link;
  span->local = watch (bridge, local, on_local, span);
  span->distant = watch (bridge, ctl_link_get_fd (link), on_distant, span);
  g_ptr_array_add (bridge->spans, span);
  return G_SOURCE_CONTINUE;
}

CtlBridge *
ctl_bridge_new (GMainContext *context, const AlAddr *server, const char *host, GError **error)
{
  const AlAddr loopback = { .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) } };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CtlBridge *bridge;

  if (fd < 0 || bind (fd, &loopback.sa, sizeof loopback.in4) != 0 || listen (fd, 8) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "listening on loopback: %s", g_strerror (errno));
      if (fd >= 0)
        (void) close (fd);
      return NULL;
    }
  bridge = g_new0 (CtlBridge, 1);
  bridge->context = context;
  bridge->server = *server;
  bridge->host = g_strdup (host);
  bridge->fd = fd;
  bridge->spans = g_ptr_array_new_with_free_func (span_free);
  bridge->source = watch (bridge, fd, on_accept, bridge);
  return bridge;
}

void
ctl_bridge_free (CtlBridge *bridge)
{
  if (bridge == NULL)
    return;
  clear_source (&bridge->source);
  g_ptr_array_unref (bridge->spans);
  (void) close (bridge->fd);
  g_free (bridge->host);
  g_free (bridge);
}

void
ctl_bridge_get_addr (const CtlBridge *bridge, AlAddr *ret_addr)
{
  socklen_t len = sizeof *ret_addr;

  *ret_addr = (AlAddr){ 0 };
  (void) getsockname (bridge->fd, &ret_addr->sa, &len);
}
