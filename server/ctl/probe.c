/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/probe.h"

#include <pthread.h>
#include <string.h>
#include <stun/usages/bind.h>
#include <stun/usages/turn.h>

#include "base/clock.h"
#include "base/stun.h"
#include "server/ctl/link.h"

#define MAX_MESSAGE_BYTES 2048
#define FIRST_WAIT_US 300000 /* of a datagram, doubled each time it is sent again */
#define MAX_DIALOG 4         /* requests until an allocation: the challenge, a stale nonce */

typedef struct {
  CtlTarget *target;
  const char *username, *password; /* NULL: ctl_probe_reach() */
  int64_t deadline_us;
} Errand;

/* Waits for one STUN message. @ret_len: 0 when something else came */
static CtlReach
receive_message (CtlLink *link, CtlWay way, uint8_t data[MAX_MESSAGE_BYTES], int64_t deadline_us, size_t *ret_len)
{
  size_t len = 0, part;

  do
    {
      CtlReach reach = ctl_link_receive (link, data + len, MAX_MESSAGE_BYTES - len, deadline_us, &part);

      if (reach != CTL_REACH_OK)
        return reach;
      len += part;
    }
  while (!ctl_way_is_datagram (way) && len < MAX_MESSAGE_BYTES
         && (len < AL_STUN_HEADER_BYTES || len < al_stun_frame (data, len)));
  *ret_len = al_stun_is (data, len) ? len : 0;
  return CTL_REACH_OK;
}

/* @answer: a view of @data afterwards */
static CtlReach
ask (CtlLink *link, CtlWay way, StunAgent *agent, const uint8_t *request, size_t request_len, int64_t deadline_us,
     uint8_t data[MAX_MESSAGE_BYTES], StunMessage *answer)
{
  int64_t wait_us = ctl_way_is_datagram (way) ? FIRST_WAIT_US : INT64_MAX / 4;
  CtlReach reach = CTL_REACH_TIMEOUT;

  while (reach == CTL_REACH_TIMEOUT && al_clock_now_us () < deadline_us)
    {
      int64_t now_us = al_clock_now_us (), until_us = MIN (now_us + wait_us, deadline_us);

      reach = ctl_link_send (link, request, request_len, deadline_us);
      while (reach == CTL_REACH_OK)
        {
          size_t len = 0;

          reach = receive_message (link, way, data, until_us, &len);
          if (reach != CTL_REACH_OK)
            break;
          if (stun_agent_validate (agent, answer, data, len, NULL, NULL) == STUN_VALIDATION_SUCCESS)
            return CTL_REACH_OK;
          if (!ctl_way_is_datagram (way))
            return CTL_REACH_STRANGE; /* of datagrams any stranger may send one */
        }
      wait_us *= 2;
    }
  return reach;
}

static CtlReach
bind_once (CtlLink *link, int64_t deadline_us, AlAddr *ret_seen_as)
{
  uint8_t request[MAX_MESSAGE_BYTES], data[MAX_MESSAGE_BYTES];
  StunMessage question, answer;
  StunAgent agent;
  AlAddr seen_as = { 0 };
  socklen_t len = sizeof seen_as;
  size_t request_len;
  CtlReach reach;

  stun_agent_init (&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389, STUN_AGENT_USAGE_IGNORE_CREDENTIALS);
  request_len = stun_usage_bind_create (&agent, &question, request, sizeof request);
  reach = ask (link, CTL_WAY_UDP, &agent, request, request_len, deadline_us, data, &answer);
  if (reach != CTL_REACH_OK)
    return reach;
  if (stun_usage_bind_process (&answer, &seen_as.sa, &len, NULL, NULL) != STUN_USAGE_BIND_RETURN_SUCCESS)
    return CTL_REACH_STRANGE;
  *ret_seen_as = seen_as;
  return CTL_REACH_OK;
}

void
ctl_probe_reach (CtlTarget *target, int64_t deadline_us)
{
  g_autoptr (CtlLink) link =
      ctl_link_open (target->way, &target->addr, target->host, deadline_us, &target->cert, &target->reach);

  if (link == NULL)
    return;
  ctl_link_get_own (link, &target->own);
  if (target->way == CTL_WAY_UDP)
    target->reach = bind_once (link, deadline_us, &target->seen_as);
}

/* gives back what was allocated on @link; not waited for: without it, it ends by itself */
static void
give_back (CtlLink *link, StunAgent *agent, StunMessage *challenge, const char *username, const char *password,
           int64_t deadline_us)
{
  uint8_t request[MAX_MESSAGE_BYTES];
  StunMessage question;
  size_t len = stun_usage_turn_create_refresh (agent, &question, request, sizeof request, challenge, 0,
                                               (uint8_t *) username, strlen (username), (uint8_t *) password,
                                               strlen (password), STUN_USAGE_TURN_COMPATIBILITY_RFC5766);

  if (len > 0)
    (void) ctl_link_send (link, request, len, deadline_us);
}

/* Returns: the error code with which it ended, 0 for none; @reach: whether there was an answer */
static unsigned
allocate (CtlLink *link, CtlWay way, const char *username, const char *password, int64_t deadline_us, CtlReach *reach)
{
  uint8_t request[MAX_MESSAGE_BYTES], data[2][MAX_MESSAGE_BYTES];
  StunMessage question, answers[2];
  StunAgent agent;
  int code = 0;

  stun_agent_init (&agent, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_LONG_TERM_CREDENTIALS | STUN_AGENT_USAGE_IGNORE_CREDENTIALS);
  for (unsigned i = 0; i < MAX_DIALOG; i++)
    {
      StunMessage *challenge = i > 0 ? &answers[(i - 1) % 2] : NULL, *answer = &answers[i % 2];
      size_t len = stun_usage_turn_create (&agent, &question, request, sizeof request, challenge,
                                           STUN_USAGE_TURN_REQUEST_PORT_NORMAL, -1, -1, (uint8_t *) username,
                                           strlen (username), (uint8_t *) password, strlen (password),
                                           STUN_USAGE_TURN_COMPATIBILITY_RFC5766);

      *reach = ask (link, way, &agent, request, len, deadline_us, data[i % 2], answer);
      if (*reach != CTL_REACH_OK)
        return 0;
      if (stun_message_get_class (answer) == STUN_RESPONSE)
        {
          if (challenge != NULL)
            give_back (link, &agent, challenge, username, password, deadline_us);
          return 0;
        }
      if (stun_message_find_error (answer, &code) != STUN_MESSAGE_RETURN_SUCCESS)
        {
          *reach = CTL_REACH_STRANGE;
          return 0;
        }
      if (!(code == 401 && i == 0) && code != 438)
        break;
    }
  return (unsigned) code;
}

void
ctl_probe_refusal (CtlTarget *target, const char *username, const char *password, int64_t deadline_us)
{
  CtlReach reach;
  g_autoptr (CtlLink) link = ctl_link_open (target->way, &target->addr, target->host, deadline_us, NULL, &reach);

  if (link != NULL)
    target->refusal = allocate (link, target->way, username, password, deadline_us, &reach);
  if (reach != CTL_REACH_OK)
    target->reach = reach;
}

static void *
run (void *user)
{
  const Errand *errand = user;

  if (errand->username != NULL)
    ctl_probe_refusal (errand->target, errand->username, errand->password, errand->deadline_us);
  else
    ctl_probe_reach (errand->target, errand->deadline_us);
  return NULL;
}

static void
run_all (Errand *errands, unsigned n)
{
  g_autofree pthread_t *threads = g_new0 (pthread_t, MAX (n, 1));

  for (unsigned i = 0; i < n; i++)
    if (pthread_create (&threads[i], NULL, run, &errands[i]) != 0)
      g_error ("no more threads");
  for (unsigned i = 0; i < n; i++)
    (void) pthread_join (threads[i], NULL);
}

void
ctl_probe_all (CtlFacts *facts, int64_t limit_us)
{
  g_autofree Errand *errands = g_new0 (Errand, facts->targets->len + 1);

  for (guint i = 0; i < facts->targets->len; i++)
    errands[i] = (Errand){ .target = facts->targets->pdata[i], .deadline_us = al_clock_now_us () + limit_us };
  run_all (errands, facts->targets->len);
}

void
ctl_probe_refusals (CtlFacts *facts, int64_t limit_us)
{
  g_autofree Errand *errands = g_new0 (Errand, facts->targets->len + 1);
  unsigned n = 0;

  for (guint i = 0; i < facts->targets->len; i++)
    {
      CtlTarget *target = facts->targets->pdata[i];

      if (target->way != CTL_WAY_HTTPS && target->reach == CTL_REACH_OK && target->relayed.sa.sa_family == AF_UNSPEC)
        errands[n++] = (Errand){ target, facts->username, facts->password, al_clock_now_us () + limit_us };
    }
  run_all (errands, n);
}
