/* SPDX-License-Identifier: Apache-2.0 */
/* bare-forward PORT PEER_PORT: what comes to one port of 127.0.0.1 goes to the other, by the bare forwarder. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "forward.h"

int
main (int argc, char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) }, to = address;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 4 << 20;

  if (argc != 3)
    return 2;
  address.sin_port = htons ((uint16_t) atoi (argv[1]));
  to.sin_port = htons ((uint16_t) atoi (argv[2]));
  (void) setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      perror ("bind");
      return 1;
    }
  bench_forward (fd, true, &to);
}
