/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations for which a session is not enough: who asks proves anew that the account is his, with the password and,
 * where there is a second factor, a code. A stolen session must be no way to take an account over or to end it.
 */
#pragma once

#include "messaging/core-private.h"

/** MsgProof: begins every such operation; the rest of its struct is its own. */
typedef struct {
  MsgOp op;
  MsgId user_id;
  int64_t now_ms;
  char *username;   /* owned: found on the way */
  /* private */
  MsgOpRun run;
  MsgOpStep next;
  bool without_code;
  char *password;   /* owned */
  char *code;       /* owned */
  char *hash;       /* owned */
  bool verified;
} MsgProof;

/** MsgProofSpec: what is done with what was proved. */
typedef struct {
  const MsgOpClass *class; /* of a struct that begins with the MsgProof; its clear calls msg_proof_clear() */
  MsgOpRun run;            /* on the writer, once all is proved: in the same transaction */
  MsgOpStep next;          /* main thread */
  bool without_code;       /* the password alone */
} MsgProofSpec;

/** msg_proof_new: Returns: (transfer full): to be given to msg_proof_start(). Main thread. */
gpointer msg_proof_new (MsgCore *core, const MsgProofSpec *spec, MsgId user_id);

/**
 * msg_proof_start:
 * @password, @code: (nullable): anything
 *
 * Errors: UNAUTHENTICATED ("bad_password"; then "code_required", "bad_code"), FORBIDDEN ("external"), LIMIT
 * ("login_rate", "code_rate"), NOT_FOUND ("user"), UNAVAILABLE. Main thread.
 */
void msg_proof_start (gpointer proof, const char *password, const char *code);

/** msg_proof_clear: frees what the MsgProof holds. */
void msg_proof_clear (MsgOp *op);

/** msg_proof_take_code: counts a try of @code against the user's limit. Returns: (transfer full) (nullable): LIMIT
 *  ("code_rate"). Main thread. */
GError *msg_proof_take_code (MsgCore *core, MsgId user_id, const char *code);
