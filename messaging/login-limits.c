/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/login-limits.h"

#include <string.h>

#include "base/rate.h"

#define BUCKETS 16384 /* 256 KiB a table: more than that many who are over their limit at once need not be told apart */

/* how many addresses may use up what each has for one name before the name itself is slowed */
#define ADDRESSES_PER_NAME 10
#define KEY_MAX 512

/* pages of an export: some 2 MB a second once the first 30 MB are read */
static const MsgRate exports_per_user = { 60, 200 };
/* each may keep a text for long */
static const MsgRate reports_per_user = { 20, 60000 };

struct MsgLimits {
  /* owned */
  AlRateTable *login_address, *login_pair, *login_name, *registration_address, *code_user;
  AlRateTable *user_messages, *user_chats, *user_searches, *user_secrets, *user_exports, *user_reports, *user_drafts;
  unsigned message_burst;
};

static AlRateTable *
table_new (MsgRate rate)
{
  const AlRateLimit limit = { rate.burst, (int64_t) rate.period_ms * 1000 };

  return al_rate_table_new (&limit, BUCKETS);
}

MsgLimits *
msg_limits_new (const MsgCoreOptions *options)
{
  MsgLimits *limits = g_new0 (MsgLimits, 1);
  MsgRate many;

  limits->login_address = table_new (options->login_per_address);
  limits->login_pair = table_new (options->login_per_name);
  many = options->login_per_name;
  many.burst *= ADDRESSES_PER_NAME;
  many.period_ms /= ADDRESSES_PER_NAME;
  limits->login_name = table_new (many);
  limits->registration_address = table_new (options->registration_per_address);
  limits->code_user = table_new (options->code_per_user);
  limits->user_messages = table_new (options->messages_per_user);
  limits->message_burst = options->messages_per_user.burst;
  limits->user_chats = table_new (options->chats_per_user);
  limits->user_searches = table_new (options->searches_per_user);
  limits->user_secrets = table_new (options->secrets_per_user);
  limits->user_exports = table_new (exports_per_user);
  limits->user_reports = table_new (reports_per_user);
  limits->user_drafts = table_new (options->drafts_per_user);
  return limits;
}

void
msg_limits_free (MsgLimits *limits)
{
  if (limits == NULL)
    return;
  al_rate_table_free (limits->login_address);
  al_rate_table_free (limits->login_pair);
  al_rate_table_free (limits->login_name);
  al_rate_table_free (limits->registration_address);
  al_rate_table_free (limits->code_user);
  al_rate_table_free (limits->user_messages);
  al_rate_table_free (limits->user_chats);
  al_rate_table_free (limits->user_searches);
  al_rate_table_free (limits->user_secrets);
  al_rate_table_free (limits->user_exports);
  al_rate_table_free (limits->user_reports);
  al_rate_table_free (limits->user_drafts);
  g_free (limits);
}

static int64_t
take_address (AlRateTable *table, const AlAddr *address, int64_t now_us)
{
  uint8_t key[AL_RATE_ADDR_KEY];

  return address != NULL ? al_rate_table_take (table, key, al_rate_addr_key (address, key), 1, now_us) : 0;
}

/* one name as tried from one address */
static int64_t
take_pair (AlRateTable *table, const AlAddr *address, const char *name, int64_t now_us)
{
  uint8_t key[AL_RATE_ADDR_KEY + KEY_MAX];
  size_t n = address != NULL ? al_rate_addr_key (address, key) : 0, len = MIN (strlen (name), KEY_MAX);

  memcpy (key + n, name, len);
  return al_rate_table_take (table, key, n + len, 1, now_us);
}

static int64_t
round_up_ms (int64_t us)
{
  return us / 1000 + (us % 1000 > 0);
}

int64_t
msg_limits_take_login (MsgLimits *limits, const AlAddr *address, const char *name_key, int64_t now_us)
{
  int64_t wait_us = take_address (limits->login_address, address, now_us);

  if (wait_us == 0 && name_key != NULL)
    wait_us = take_pair (limits->login_pair, address, name_key, now_us);
  if (wait_us == 0 && name_key != NULL)
    wait_us = al_rate_table_take (limits->login_name, name_key, strlen (name_key), 1, now_us);
  return round_up_ms (wait_us);
}

int64_t
msg_limits_take_registration (MsgLimits *limits, const AlAddr *address, int64_t now_us)
{
  return round_up_ms (take_address (limits->registration_address, address, now_us));
}

int64_t
msg_limits_take_code (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->code_user, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_message (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return msg_limits_take_messages (limits, user_id, 1, now_us);
}

int64_t
msg_limits_take_messages (MsgLimits *limits, MsgId user_id, unsigned n, int64_t now_us)
{
  n = MIN (n, MAX (limits->message_burst, 1));
  return round_up_ms (al_rate_table_take (limits->user_messages, &user_id, sizeof user_id, n, now_us));
}

int64_t
msg_limits_take_chat (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_chats, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_search (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_searches, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_secret (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_secrets, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_report (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_reports, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_export (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_exports, &user_id, sizeof user_id, 1, now_us));
}

int64_t
msg_limits_take_draft (MsgLimits *limits, MsgId user_id, int64_t now_us)
{
  return round_up_ms (al_rate_table_take (limits->user_drafts, &user_id, sizeof user_id, 1, now_us));
}
