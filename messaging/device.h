/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: where a user is logged in, each with the Ed25519 key that signs its calls. Rules: messaging/core.h. */
#pragma once

#include "messaging/core.h"

/**
 * MsgDeviceSpec: what a client says about itself when it logs in.
 *
 * The device is found by @id, else by its identity key among the user's devices (so that a login whose answer was lost
 * can be repeated), else it is new. A known @id with another key is CONFLICT, "identity_key_changed"; an @id that is
 * not one of the user's devices counts as none. The name and the platform of a known device are updated.
 *
 * At max_devices_per_user the device longest unseen gives way, if it has no session or has not been seen for 30 days;
 * else LIMIT, "too_many_devices".
 */
typedef struct {
  MsgId id;                     /* 0: none known */
  const char *name;
  const char *platform;
  const uint8_t *identity_key;  /* must be 32 bytes: a canonical point of Ed25519, not of small order */
  gsize identity_key_len;
} MsgDeviceSpec;

/** MsgDevicesFn: @devices: (nullable) (element-type MsgDevice): in order of adding; NULL with an error. */
typedef void (*MsgDevicesFn) (GPtrArray *devices, const GError *error, gpointer data);

/** msg_device_list: all devices of a user. Errors: NOT_FOUND ("user"; a deleted one too), UNAVAILABLE. */
void msg_device_list (MsgCore *core, MsgId user_id, MsgDevicesFn fn, gpointer data);

/**
 * msg_device_remove: forgets a device and ends its session (MSG_END_REVOKED).
 *
 * Errors: NOT_FOUND ("device": none, or another user's), UNAVAILABLE.
 */
void msg_device_remove (MsgCore *core, MsgId user_id, MsgId device_id, MsgDoneFn fn, gpointer data);

/** msg_identity_key_is_valid: Returns: true when the @len bytes are a canonical Ed25519 point, not of small order.
 *  Any thread. */
bool msg_identity_key_is_valid (const uint8_t *key, gsize len);
