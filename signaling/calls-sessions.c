/* SPDX-License-Identifier: Apache-2.0 */
/* The table of calls of a server: its devices are those of the sessions, its limits those of the configuration. */
#include "signaling/calls-private.h"

static void
notify (MsgId device_id, const char *method, JsonObject *params, gpointer data)
{
  sig_sessions_notify (data, device_id, method, params);
}

typedef struct {
  uint64_t *devices;
  unsigned n, max;
} DeviceList;

static bool
add_attached (SigSession *session, gpointer user)
{
  DeviceList *list = user;

  if (sig_session_is_attached (session) && list->n < list->max)
    list->devices[list->n++] = (uint64_t) sig_session_get_device_id (session);
  return list->n < list->max;
}

static unsigned
list_devices (MsgId user_id, uint64_t *ret_devices, unsigned max, gpointer data)
{
  DeviceList list = { ret_devices, 0, max };

  sig_sessions_foreach_of_user (data, user_id, add_attached, &list);
  return list.n;
}

static bool
is_attached (MsgId device_id, gpointer data)
{
  SigSession *session = sig_sessions_lookup (data, device_id);

  return session != NULL && sig_session_is_attached (session);
}

static void
on_attached (SigSession *session, bool resumed, gpointer user)
{
  sig_calls_device_attached (user, sig_session_get_user_id (session), sig_session_get_device_id (session), resumed);
}

static void
on_detached (SigSession *session, gpointer user)
{
  sig_calls_device_detached (user, sig_session_get_user_id (session), sig_session_get_device_id (session), false);
}

static void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  /* an expired one was detached long before; what waited for it has given up */
  if (reason == SIG_SESSION_REVOKED)
    sig_calls_device_detached (user, sig_session_get_user_id (session), sig_session_get_device_id (session), true);
}

static void
on_barred (MsgId user_id, gpointer user)
{
  sig_calls_user_disabled (user, user_id);
}

static JsonArray *
get_state (SigSession *session, gpointer user)
{
  return sig_calls_of_device (user, sig_session_get_user_id (session), sig_session_get_device_id (session));
}

static const SigSessionListener listener = { on_attached, on_detached, on_ended, on_barred };

static void
unbind (SigCalls *calls)
{
  sig_sessions_unlisten (calls->options.outside_data, &listener, calls);
  sig_sessions_set_state_hook (calls->options.outside_data, NULL, NULL);
}

SigCalls *
sig_calls_new_for_sessions (GMainContext *context, const AlConfig *config, MsgCore *core, SigSessions *sessions,
                            AlMetrics *metrics)
{
  static const SigCallsOutside outside = { notify, list_devices, is_attached };
  SigCallsOptions options;
  SigCalls *calls;

  sig_calls_options_init (&options);
  options.context = context;
  options.core = core;
  options.metrics = metrics;
  options.outside = &outside;
  options.outside_data = sessions;
  options.limits.ring_us = al_config_get_int (config, "signaling", "ring_timeout_s") * G_USEC_PER_SEC;
  options.limits.connect_us = al_config_get_int (config, "signaling", "connect_timeout_s") * G_USEC_PER_SEC;
  options.limits.gone_us = al_config_get_int (config, "signaling", "reattach_timeout_s") * G_USEC_PER_SEC;
  options.invites_per_user = (unsigned) al_config_get_int (config, "signaling", "call_rate_user");
  options.invites_per_pair = (unsigned) al_config_get_int (config, "signaling", "call_rate_pair");
  options.max_calls_per_user = (unsigned) al_config_get_int (config, "signaling", "max_calls_per_user");
  calls = sig_calls_new (&options);
  calls->unbind = unbind;
  sig_sessions_listen (sessions, &listener, calls);
  sig_sessions_set_state_hook (sessions, get_state, calls);
  return calls;
}
