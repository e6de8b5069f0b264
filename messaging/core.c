/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/core.h"

#include <string.h>

#include "base/clock.h"
#include "messaging/core-private.h"
#include "messaging/message-text.h"

static int64_t
system_now_ms (gpointer data)
{
  return al_clock_wall_ms ();
}

static int64_t
system_now_us (gpointer data)
{
  return al_clock_now_us ();
}

void
msg_core_options_init (MsgCoreOptions *options)
{
  static const MsgPasswordCost cost = MSG_PASSWORD_COST_DEFAULT;

  g_return_if_fail (options != NULL);
  *options = (MsgCoreOptions){
    .allow_registration = true,
    .login_per_address = { 60, 1000 },
    .login_per_name = { 10, 6000 },
    .registration_per_address = { 60, 60000 },
    .code_per_user = { 10, 120000 },
    .argon2_memory_kib = cost.memory_kib,
    .argon2_passes = cost.passes,
    .argon2_lanes = cost.lanes,
    .max_devices_per_user = 32,
    .message_units = 4096,
    .message_entities = 100,
    .group_members = 200,
    .supergroup_members = 200000,
    .topics_per_chat = 1000,
    .groups_per_user = 500,
    .messages_per_user = { 120, 500 },
    .chats_per_user = { 60, 1000 },
    .searches_per_user = { 120, 500 },
    .secrets_per_user = { 30, 120000 },
    .secrets_per_device = 100,
    .secret_queue_messages = 1000,
    .secret_queue_bytes = 8 << 20,
    .contacts_per_hour = 30,
    .contacts_per_day = 100,
    .limited_contacts_per_day = 2,
    .drafts_per_user = { 120, 500 },
    .log_keep_ms = INT64_C (90) * 24 * 3600 * 1000,
    .log_keep_rows = 100000,
    .queue_length = 4096,
    .pool_queue_length = 64,
    .now_ms = system_now_ms,
    .now_us = system_now_us,
  };
}

static bool
options_fail (GError **error, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "format", "%s", what));
  return false;
}

static bool
rate_is_sane (MsgRate rate)
{
  return rate.burst <= 1 << 20;
}

static bool
options_check (const MsgCoreOptions *options, GError **error)
{
  if (options->database == NULL || *options->database == '\0')
    return options_fail (error, "no database is named");
  if (options->argon2_passes < 1 || options->argon2_passes > MSG_PASSWORD_MAX_PASSES || options->argon2_lanes < 1
      || options->argon2_lanes > MSG_PASSWORD_MAX_LANES || options->argon2_memory_kib < 8 * options->argon2_lanes
      || options->argon2_memory_kib > MSG_PASSWORD_MAX_MEMORY_KIB)
    return options_fail (error, "the cost of Argon2id is out of bounds");
  if (!rate_is_sane (options->login_per_address) || !rate_is_sane (options->login_per_name)
      || !rate_is_sane (options->registration_per_address) || !rate_is_sane (options->code_per_user)
      || !rate_is_sane (options->messages_per_user) || !rate_is_sane (options->chats_per_user)
      || !rate_is_sane (options->searches_per_user) || !rate_is_sane (options->secrets_per_user)
      || !rate_is_sane (options->drafts_per_user))
    return options_fail (error, "a rate is out of bounds");
  if (options->message_units < 1 || options->message_units > MSG_TEXT_UNITS_MAX
      || options->message_entities > MSG_ENTITIES_MAX || options->group_members < 1
      || options->group_members > MSG_CHAT_GROUP_MAX)
    return options_fail (error, "a limit of chats is out of bounds");
  if (options->secrets_per_device < 1 || options->secret_queue_messages < 2
      || options->secret_queue_bytes < 2 * MSG_SECRET_PAYLOAD_MAX)
    return options_fail (error, "a limit of secret chats is out of bounds");
  if (options->max_devices_per_user < 1 || options->queue_length < 2 || options->queue_length > 1 << 16
      || options->pool_queue_length > 1 << 16)
    return options_fail (error, "a limit is out of bounds");
  return true;
}

static bool
core_load_keys (MsgCore *core, const MsgCoreOptions *options, GError **error)
{
  if (options->jwt_secret != NULL)
    {
      core->jwt_hs256 = msg_jwt_key_new_hs256 (options->jwt_secret, strlen (options->jwt_secret), error);
      if (core->jwt_hs256 == NULL)
        return false;
    }
  if (options->jwt_public_key != NULL)
    {
      core->jwt_ed25519 = msg_jwt_key_new_ed25519 (options->jwt_public_key, error);
      if (core->jwt_ed25519 == NULL)
        return false;
    }
  core->jwt_issuer = g_strdup (options->jwt_issuer);
  core->jwt_audience = g_strdup (options->jwt_audience);
  return true;
}

static bool
core_start (MsgCore *core, const MsgCoreOptions *options, GError **error)
{
  g_autoptr (GError) cause = NULL;

  core->cost = (MsgPasswordCost){ options->argon2_memory_kib, options->argon2_passes, options->argon2_lanes };
  core->dummy_hash = msg_password_hash (&core->cost, "no user has this one");
  if (core->dummy_hash == NULL)
    return options_fail (error, "not enough memory for the cost of Argon2id");
  /* what is on its way at once: all of the writer's queue, of the readers' and the pool's two */
  core->mainbox = msg_mainbox_new (core->context, 2 * options->queue_length + 16, &cause);
  if (core->mainbox == NULL)
    {
      g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s", cause->message));
      return false;
    }
  core->store = msg_store_new (options->database, core->mainbox, options->queue_length, msg_core_now_ms (core), error);
  if (core->store == NULL)
    return false;
  core->pool = msg_pool_new (core->mainbox, options->pool_queue_length, error);
  if (core->pool == NULL)
    return false;
  core->limits = msg_limits_new (options);
  core->touches = msg_touches_new (core);
  core->dues = msg_dues_new (core);
  core->trims = msg_trims_new (core);
  core->retention = msg_retention_new (core);
  core->ends = msg_ends_new (core);
  msg_ends_start (core->ends);
  return true;
}

MsgCore *
msg_core_new (const MsgCoreOptions *options, GError **error)
{
  g_autoptr (MsgCore) core = NULL;

  g_return_val_if_fail (options != NULL && options->context != NULL, NULL);
  if (!options_check (options, error))
    return NULL;
  core = g_new0 (MsgCore, 1);
  core->context = g_main_context_ref (options->context);
  core->options = *options;
  core->options.database = core->options.jwt_secret = core->options.jwt_public_key = NULL;
  core->options.jwt_issuer = core->options.jwt_audience = NULL;
  if (!core_load_keys (core, options, error) || !core_start (core, options, error))
    return NULL;
  return g_steal_pointer (&core);
}

void
msg_core_free (MsgCore *core)
{
  if (core == NULL)
    return;
  if (core->touches != NULL)
    msg_touches_flush (core->touches);
  if (core->dues != NULL)
    msg_dues_stop (core->dues);
  if (core->trims != NULL)
    msg_trims_stop (core->trims);
  if (core->retention != NULL)
    msg_retention_stop (core->retention);
  core->closing = true;
  while (core->n_ops > 0)
    msg_mainbox_deliver_now (core->mainbox, true);
  msg_ends_free (core->ends);
  msg_touches_free (core->touches);
  msg_dues_free (core->dues);
  msg_trims_free (core->trims);
  msg_retention_free (core->retention);
  msg_limits_free (core->limits);
  msg_pool_free (core->pool);
  msg_store_free (core->store);
  msg_mainbox_free (core->mainbox);
  msg_jwt_key_free (core->jwt_hs256);
  msg_jwt_key_free (core->jwt_ed25519);
  g_free (core->jwt_issuer);
  g_free (core->jwt_audience);
  g_free (core->dummy_hash);
  g_main_context_unref (core->context);
  g_free (core);
}

int64_t
msg_core_now_ms (MsgCore *core)
{
  return core->options.now_ms (core->options.clock_data);
}

void
msg_core_set_sessions_ended_fn (MsgCore *core, MsgSessionsEndedFn fn, gpointer data)
{
  g_return_if_fail (core != NULL);
  core->ended_fn = fn;
  core->ended_data = data;
}

void
msg_core_sessions_ended (MsgCore *core, MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause)
{
  core->epoch++;
  if (core->ended_fn != NULL)
    core->ended_fn (user_id, device_id, except_device_id, cause, core->ended_data);
}

void
msg_core_logged_in (MsgCore *core, MsgId user_id, const MsgNotice *notice)
{
  core->epoch++;
  if (core->logged_in_fn != NULL)
    core->logged_in_fn (user_id, notice, core->logged_in_data);
}

void
msg_core_set_update_fn (MsgCore *core, MsgUpdateFn fn, gpointer data)
{
  g_return_if_fail (core != NULL);
  core->update_fn = fn;
  core->update_data = data;
}
