/* SPDX-License-Identifier: Apache-2.0 */
/* How often one may try: logins by address and by name, registrations by address, codes, what is written and what is
 * searched by user. Main thread. */
#pragma once

#include "base/addr.h"
#include "messaging/core.h"

typedef struct MsgLimits MsgLimits;

MsgLimits *msg_limits_new (const MsgCoreOptions *options);
/** msg_limits_free: NULL is allowed. */
void msg_limits_free (MsgLimits *limits);

/**
 * msg_limits_take_login:
 * @address: (nullable): NULL is not limited
 * @name_key: (nullable): the folded name or anything else that is tried; existing or not makes no difference
 *
 * Counts an attempt against the address's limit, against the name's as tried from there, and against ten times as much for
 * the name from everywhere; one that is over a limit does not count against the next. One address therefore cannot lock a
 * user out of another one, while many together are still slowed.
 *
 * Returns: 0 when it is allowed, else the milliseconds until one will be.
 */
int64_t msg_limits_take_login (MsgLimits *limits, const AlAddr *address, const char *name_key, int64_t now_us);

/** msg_limits_take_registration: the same for a new account. */
int64_t msg_limits_take_registration (MsgLimits *limits, const AlAddr *address, int64_t now_us);

/** msg_limits_take_code: a second factor of six digits: by user alone, since addresses are cheap and the digits are few. */
int64_t msg_limits_take_code (MsgLimits *limits, MsgId user_id, int64_t now_us);
/** msg_limits_take_message, msg_limits_take_chat, msg_limits_take_search: the same for a message, a change of a chat, or a
 *  search, by a user. */
int64_t msg_limits_take_message (MsgLimits *limits, MsgId user_id, int64_t now_us);
/** msg_limits_take_messages: @n at once; as many as are allowed at once count for more. */
int64_t msg_limits_take_messages (MsgLimits *limits, MsgId user_id, unsigned n, int64_t now_us);
int64_t msg_limits_take_chat (MsgLimits *limits, MsgId user_id, int64_t now_us);
int64_t msg_limits_take_draft (MsgLimits *limits, MsgId user_id, int64_t now_us);
int64_t msg_limits_take_search (MsgLimits *limits, MsgId user_id, int64_t now_us);
/** msg_limits_take_secret: the same for a request for a secret chat. */
int64_t msg_limits_take_secret (MsgLimits *limits, MsgId user_id, int64_t now_us);
/** msg_limits_take_export: the same for a page of what is kept of a user. */
int64_t msg_limits_take_export (MsgLimits *limits, MsgId user_id, int64_t now_us);
/** msg_limits_take_report: the same for a report. */
int64_t msg_limits_take_report (MsgLimits *limits, MsgId user_id, int64_t now_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgLimits, msg_limits_free)
