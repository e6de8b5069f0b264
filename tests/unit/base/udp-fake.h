/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel of our own making under UDP: it refuses what the test says. Included once in a program. */
#pragma once

#include <errno.h>
#include <sys/socket.h>

#include "udp-fixture.h"

static struct {
  unsigned calls, messages, gso;
  int fail_gso;       /* errno for messages with UDP_SEGMENT */
  int fail_all;       /* errno for each */
  unsigned fail_after; /* fail_all only behind so many messages */
  bool only_once;     /* fail_all once */
  bool no_mmsg;       /* ENOSYS */
} fake;

static inline bool
has_segment (const struct msghdr *message)
{
  struct msghdr copy = *message;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (&copy); c != NULL; c = CMSG_NXTHDR (&copy, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT)
      return true;
  return false;
}

static inline ssize_t
fake_sendmsg (int fd, const struct msghdr *message, int flags)
{
  fake.calls++;
  if (fake.fail_gso != 0 && has_segment (message))
    {
      errno = fake.fail_gso;
      return -1;
    }
  if (fake.fail_all != 0 && fake.messages >= fake.fail_after)
    {
      errno = fake.fail_all;
      if (fake.only_once)
        fake.fail_all = 0;
      return -1;
    }
  fake.messages++;
  fake.gso += has_segment (message);
  return sendmsg (fd, message, flags);
}

static inline int
fake_sendmmsg (int fd, struct mmsghdr *messages, unsigned n, int flags)
{
  unsigned calls = fake.calls + 1;

  if (fake.no_mmsg)
    {
      errno = ENOSYS;
      return -1;
    }
  for (unsigned i = 0; i < n; i++)
    if (fake_sendmsg (fd, &messages[i].msg_hdr, flags) < 0)
      {
        fake.calls = calls;
        return i > 0 ? (int) i : -1;
      }
  fake.calls = calls;
  return (int) n;
}

static inline int
fake_recvmmsg (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout)
{
  if (!fake.no_mmsg)
    return recvmmsg (fd, messages, n, flags, timeout);
  errno = ENOSYS;
  return -1;
}

static inline void
set_up_fake (unsigned offload)
{
  set_up (offload);
  memset (&fake, 0, sizeof fake);
  hub->sys.sendmsg = fake_sendmsg;
  hub->sys.sendmmsg = fake_sendmmsg;
  hub->sys.recvmmsg = fake_recvmmsg;
}
