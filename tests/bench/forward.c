/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64
#define BUFFER 65536

/* a train leaves as a train */
static void
keep_segments (struct msghdr *message, bool gso)
{
  struct cmsghdr *c = gso ? CMSG_FIRSTHDR (message) : NULL;
  uint16_t segment;

  if (c == NULL)
    {
      message->msg_control = NULL;
      message->msg_controllen = 0;
      return;
    }
  segment = (uint16_t) * (int *) CMSG_DATA (c);
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN (sizeof segment);
  memcpy (CMSG_DATA (c), &segment, sizeof segment);
  message->msg_controllen = CMSG_SPACE (sizeof segment);
}

void
bench_forward (int fd, bool gso, const struct sockaddr_in *to)
{
  unsigned batch = gso ? BATCH / 2 : BATCH;
  size_t room = gso ? BUFFER : 2048, slot = gso ? BUFFER + 320 : 2048;
  uint8_t *buffers = malloc (batch * slot);
  struct mmsghdr messages[BATCH];
  struct iovec iov[BATCH];
  struct sockaddr_in from[BATCH];
  _Alignas (struct cmsghdr) uint8_t control[BATCH][CMSG_SPACE (sizeof (int))];
  int one = 1;

  if (buffers == NULL || (gso && setsockopt (fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) < 0))
    {
      perror ("UDP_GRO");
      exit (1);
    }
  memset (messages, 0, sizeof messages);
  for (;;)
    {
      int n, sent;

      for (unsigned i = 0; i < batch; i++)
        {
          iov[i] = (struct iovec){ buffers + i * slot, room };
          messages[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &iov[i],
                                                 .msg_iovlen = 1, .msg_control = gso ? control[i] : NULL,
                                                 .msg_controllen = gso ? sizeof control[i] : 0 };
        }
      n = recvmmsg (fd, messages, batch, MSG_WAITFORONE, NULL);
      for (int i = 0; i < n; i++)
        {
          iov[i].iov_len = messages[i].msg_len;
          if (to != NULL)
            from[i] = *to;
          keep_segments (&messages[i].msg_hdr, gso);
        }
      for (int i = 0; i < n; i += sent)
        {
          sent = sendmmsg (fd, messages + i, (unsigned) (n - i), 0);
          if (sent <= 0)
            sent = 1;
        }
    }
}
