/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare-fanout VIDEO AUDIO RECEIVERS SECONDS: the limit of a fan-out: one thread that encrypts every packet of a clip for every
 * receiver (AES-128-GCM, one EVP context each, set up once) and sends each burst with UDP_SEGMENT. It decides nothing, reads
 * nothing and rewrites nothing. Bursts have the clip's sizes and times: frames at 30 a second, audio at 50. Receivers are
 * sockets as browsers have them, drained by a second thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "server/load/clip.h"

#define HEADER 24
#define TAG 16
#define PAYLOAD 1160
#define SEGMENTS 48 /* of at most 1200 bytes: below 64 KiB */
#define PACKET (HEADER + PAYLOAD + TAG)
#define READS 64

typedef struct {
  int fd;
  struct sockaddr_in address;
  EVP_CIPHER_CTX *gcm;
} Receiver;

typedef struct {
  LoadClip *video, *audio;
  Receiver *receivers;
  unsigned n;
  int fd;
  uint64_t sent;
  uint8_t plain[PACKET * SEGMENTS], train[PACKET * SEGMENTS];
} Fanout;

static void
encrypt (Receiver *receiver, const uint8_t *plain, size_t len, uint64_t index, uint8_t *out)
{
  uint8_t iv[12] = { 0 };
  int n;

  memcpy (iv + 4, &index, sizeof index);
  memcpy (out, plain, HEADER);
  if (EVP_EncryptInit_ex (receiver->gcm, NULL, NULL, NULL, iv) != 1
      || EVP_EncryptUpdate (receiver->gcm, NULL, &n, out, HEADER) != 1
      || EVP_EncryptUpdate (receiver->gcm, out + HEADER, &n, plain + HEADER, (int) len) != 1
      || EVP_EncryptFinal_ex (receiver->gcm, out + HEADER + len, &n) != 1
      || EVP_CIPHER_CTX_ctrl (receiver->gcm, EVP_CTRL_GCM_GET_TAG, TAG, out + HEADER + len) != 1)
    abort ();
}

static void
send_train (Fanout *fanout, const Receiver *receiver, size_t segment, unsigned n)
{
  _Alignas (struct cmsghdr) uint8_t control[CMSG_SPACE (sizeof (uint16_t))];
  struct iovec iov = { fanout->train, segment * n };
  struct msghdr message = { .msg_name = (void *) (uintptr_t) &receiver->address, .msg_namelen = sizeof receiver->address,
                            .msg_iov = &iov, .msg_iovlen = 1 };
  uint16_t size = (uint16_t) segment;

  if (n > 1)
    {
      struct cmsghdr *c;

      message.msg_control = control;
      message.msg_controllen = sizeof control;
      c = CMSG_FIRSTHDR (&message);
      c->cmsg_level = IPPROTO_UDP;
      c->cmsg_type = UDP_SEGMENT;
      c->cmsg_len = CMSG_LEN (sizeof size);
      memcpy (CMSG_DATA (c), &size, sizeof size);
    }
  if (sendmsg (fanout->fd, &message, 0) > 0)
    fanout->sent += n;
}

static void
fan_out (Fanout *fanout, const LoadFrame *frame)
{
  unsigned n = (frame->len + PAYLOAD - 1) / PAYLOAD;
  size_t len = (frame->len + n - 1) / n, segment = HEADER + len + TAG;

  n = n > SEGMENTS ? SEGMENTS : n;
  for (unsigned i = 0; i < n; i++)
    memcpy (fanout->plain + i * segment + HEADER, frame->data + i * (frame->len / n), frame->len / n);
  for (unsigned r = 0; r < fanout->n; r++)
    {
      for (unsigned i = 0; i < n; i++)
        encrypt (&fanout->receivers[r], fanout->plain + i * segment, len, fanout->sent + i, fanout->train + i * segment);
      send_train (fanout, &fanout->receivers[r], segment, n);
    }
}

static void
sleep_until (double at_s)
{
  struct timespec t = { .tv_sec = (time_t) at_s, .tv_nsec = (long) ((at_s - (double) (time_t) at_s) * 1e9) };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
    ;
}

static void
replay (Fanout *fanout, double seconds)
{
  double begin_s = bench_now_s ();
  unsigned video = 0, audio = 0;

  for (;;)
    {
      double video_s = video / 30.0, audio_s = audio / 50.0, next_s = video_s < audio_s ? video_s : audio_s;

      if (next_s >= seconds)
        return;
      sleep_until (begin_s + next_s);
      if (video_s <= audio_s)
        fan_out (fanout, &fanout->video->frames[video++ % fanout->video->n_frames]);
      else
        fan_out (fanout, &fanout->audio->frames[audio++ % fanout->audio->n_frames]);
    }
}

static void *
drain (void *user)
{
  Fanout *fanout = user;
  static uint8_t bytes[READS][2048];
  struct mmsghdr messages[READS] = { 0 };
  struct iovec iov[READS];
  struct epoll_event events[64];
  int epoll = epoll_create1 (EPOLL_CLOEXEC);

  bench_pin (1);
  for (unsigned i = 0; i < READS; i++)
    {
      iov[i] = (struct iovec){ bytes[i], sizeof bytes[i] };
      messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
    }
  for (unsigned i = 0; i < fanout->n; i++)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.fd = fanout->receivers[i].fd };

      if (epoll_ctl (epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
        abort ();
    }
  for (;;)
    {
      int n = epoll_wait (epoll, events, 64, -1);

      for (int i = 0; i < n; i++)
        (void) recvmmsg (events[i].data.fd, messages, READS, MSG_DONTWAIT, NULL);
    }
  return NULL;
}

static int
open_socket (struct sockaddr_in *address)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 1 << 20;
  socklen_t len = sizeof *address;

  *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  if (fd < 0 || bind (fd, (struct sockaddr *) address, len) < 0 || getsockname (fd, (struct sockaddr *) address, &len) < 0)
    {
      perror ("a socket");
      exit (1);
    }
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
    (void) setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return fd;
}

static LoadClip *
read_clip (const char *path)
{
  g_autoptr (GError) error = NULL;
  LoadClip *clip = load_clip_read (path, &error);

  if (clip != NULL)
    return clip;
  fprintf (stderr, "%s\n", error->message);
  exit (1);
}

int
main (int argc, char **argv)
{
  static Fanout fanout;
  static const uint8_t key[16] = { 1 };
  struct sockaddr_in own;
  pthread_t thread;
  double used_s;

  if (argc != 5)
    return 2;
  fanout.video = read_clip (argv[1]);
  fanout.audio = read_clip (argv[2]);
  fanout.n = (unsigned) atoi (argv[3]);
  fanout.receivers = g_new0 (Receiver, fanout.n);
  fanout.fd = open_socket (&own);
  for (unsigned i = 0; i < fanout.n; i++)
    {
      Receiver *receiver = &fanout.receivers[i];

      receiver->fd = open_socket (&receiver->address);
      receiver->gcm = EVP_CIPHER_CTX_new ();
      if (receiver->gcm == NULL || EVP_EncryptInit_ex (receiver->gcm, EVP_aes_128_gcm (), NULL, key, NULL) != 1)
        return 1;
    }
  if (pthread_create (&thread, NULL, drain, &fanout) != 0)
    return 1;
  bench_pin (0);
  replay (&fanout, 1);
  fanout.sent = 0;
  used_s = bench_cpu_s (pthread_self ());
  replay (&fanout, atof (argv[4]));
  used_s = bench_cpu_s (pthread_self ()) - used_s;
  printf ("bare packets=%llu us_per_packet=%.4f\n", (unsigned long long) fanout.sent, used_s * 1e6 / (double) fanout.sent);
  return 0;
}
