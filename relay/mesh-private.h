/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/mailbox.h"
#include "relay/mesh.h"

typedef struct RelayMail RelayMail;
typedef struct RelayWorker RelayWorker;

/**
 * RelayMail: one message to one worker.
 * @fn: does it. Returns: true: @free comes at the end of the turn, because what is sent lies in it; false: it is freed
 * @free: frees it, done or not
 * @take: (nullable): instead of @fn, for what is not the state machine's alone; freed afterwards
 */
struct RelayMail {
  bool (*fn) (RelayMail *mail, RelayTurn *turn, int64_t now_us);
  void (*free) (RelayMail *mail);
  RelayMail *next;
  void (*take) (RelayMail *mail, RelayWorker *worker);
};

struct RelayMesh {
  unsigned n;
  AlMailbox **boxes; /* owned; one for each worker */
};

bool relay_mesh_has (const RelayMesh *mesh, unsigned worker);
/* @mail: (transfer full): freed when the box is full */
void relay_mesh_post (RelayMesh *mesh, unsigned worker, RelayMail *mail);
/* a datagram for the allocation of another worker; dropped when its box is full */
void relay_mesh_pass (RelayMesh *mesh, unsigned worker, const AlAddr *from, const AlAddr *to, const void *data,
                      size_t len);
/* relay_turn_on_move() there. Returns: false when its box is full: @move is still the caller's */
bool relay_mesh_move (RelayMesh *mesh, unsigned worker, RelayMove *move);
