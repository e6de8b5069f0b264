/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on accounts, as account*.c and session-jwt.c share them. */
#pragma once

#include "messaging/account.h"
#include "messaging/core-private.h"
#include "messaging/names.h"
#include "messaging/notice-rows.h"
#include "messaging/rows.h"
#include "messaging/token.h"

/** MsgAccountOp: registration, login, creation and change of passwords: they share their steps. */
typedef struct {
  MsgOp op;
  /* where the answer goes: one of the three */
  MsgLoginFn login_fn;
  MsgUserFn user_fn;
  MsgDoneFn done_fn;
  gpointer data;
  /* asked for */
  char key[MSG_NAME_KEY_SIZE];
  char *password;       /* to be checked */
  char *new_password;   /* to be set */
  char *code;           /* the second factor, as typed */
  MsgId user_id, device_id;
  int64_t now_ms;
  /* found on the way */
  char *hash;           /* the user's at the beginning; NULL: no such user, or no password */
  char *new_hash;       /* to be stored; NULL: stays */
  bool verified;
  MsgAttached attached;
  bool replaced;
  bool told;            /* other devices are to hear of the log-in */
  /* the answer; user may be a draft before */
  MsgLogin login;
  uint8_t token_hash[MSG_TOKEN_HASH_BYTES];
} MsgAccountOp;

void msg_account_op_reply (MsgOp *op, const GError *error);
void msg_account_op_clear (MsgOp *op);

/** msg_account_op_hash: pool's thread: new_password -> new_hash. */
void msg_account_op_hash (gpointer op);
/** msg_account_op_is_hashed: Returns: false when the sum failed: the op is ended. */
bool msg_account_op_is_hashed (MsgOp *op, const GError *error);
/** msg_account_op_draft: the user to be made, from checked names. Returns: false with INVALID. */
bool msg_account_op_draft (MsgAccountOp *op, const char *username, const char *display_name, GError **error);
/** msg_account_op_look: reader's thread: CONFLICT ("username_taken") early, before a password is hashed for nothing. */
bool msg_account_op_look (MsgDb *db, gpointer op, GError **error);
/** msg_account_op_attach: writer's thread: the user's device and session. */
bool msg_account_op_attach (MsgDb *db, MsgAccountOp *op, const uint8_t *token_hash, GError **error);
/** msg_account_op_logged_in: last step of a login: tells whose sessions ended by it. */
void msg_account_op_logged_in (MsgOp *op, const GError *error);
