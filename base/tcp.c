/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define USER_TIMEOUT_MS 20000
/* Enough in the kernel to fill a fast line, the rest stays here where a slow reader is seen. */
#define NOTSENT_LOWAT (128 * 1024)

static void
set_option (int fd, int level, int name, int value)
{
  (void) setsockopt (fd, level, name, &value, sizeof value);
}

void
al_tcp_set_options (int fd, const AlAddr *address)
{
  set_option (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option (fd, SOL_SOCKET, SO_REUSEPORT, 1);
  set_option (fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option (fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
  set_option (fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT);
  if (address->sa.sa_family == AF_INET6)
    set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

bool
al_tcp_is_free (const AlAddr *address)
{
  int fd = socket (address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), code = 0;

  if (fd < 0)
    return false;
  set_option (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (address->sa.sa_family == AF_INET6)
    set_option (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (bind (fd, &address->sa, al_addr_get_len (address)) < 0)
    code = errno;
  (void) close (fd);
  errno = code;
  return code == 0;
}
