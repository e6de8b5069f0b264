/* SPDX-License-Identifier: Apache-2.0 */
/* A room from inside, for room*.c. Main thread. */
#pragma once

#include "signaling/room.h"

struct SigRoom {
  /* owned */
  MsgRoom *row;             /* its members are in standings */
  GHashTable *standings;    /* MsgId in its heap copy -> MsgRoomStanding; without the owner */
  GPtrArray *inside;        /* references, in the order of coming */
  GPtrArray *waiting;
  GHashTable *by_id;        /* &person->id -> person, inside or waiting */
  GHashTable *by_device;    /* &person->device_id -> person */
  GQueue actions;           /* owned SigRoomAction */
  unsigned max;
  uint64_t next_order;
};

/** sig_room_act: Returns: (transfer none): a new action, last in line. */
SigRoomAction *sig_room_act (SigRoom *room, SigRoomActionType type, SigRoomPerson *person);
/** sig_room_enter: @person: not in @room->inside yet. */
void sig_room_enter (SigRoom *room, SigRoomPerson *person);
/** sig_room_change_role: with all that follows from it. */
void sig_room_change_role (SigRoom *room, SigRoomPerson *person, SigRole role);
