/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices of log-ins: whenever a device logs in, each other device of the user that has a session is to be told. What a
 * device was told of stays with its sessions' starts until it says that its person has seen it, however long it was away.
 * Rules common to all functions: messaging/core.h.
 */
#pragma once

#include "messaging/device.h"

/** MsgNotice: @known: the device had been logged in before. */
typedef struct {
  MsgDevice *device;   /* the one that logged in */
  int64_t at_ms;
  bool known;
} MsgNotice;

MsgNotice *msg_notice_copy (const MsgNotice *notice);
void msg_notice_free (MsgNotice *notice); /* NULL is allowed */

/**
 * msg_notice_dismiss:
 * @device_id: the device that was told
 * @about: the device that had logged in
 *
 * For this device alone: a stranger's device cannot make others keep silent. None is none. Errors: UNAVAILABLE.
 */
void msg_notice_dismiss (MsgCore *core, MsgId device_id, MsgId about, MsgDoneFn fn, gpointer data);

/** MsgLoggedInFn: @user_id has logged in on @notice's device; its other devices are to be told. Called on the core's
 *  context after that is durable and before the callback of the log-in. */
typedef void (*MsgLoggedInFn) (MsgId user_id, const MsgNotice *notice, gpointer data);

/** msg_core_set_logged_in_fn: @fn: (nullable). One listener; setting replaces it. Main thread. */
void msg_core_set_logged_in_fn (MsgCore *core, MsgLoggedInFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgNotice, msg_notice_free)
