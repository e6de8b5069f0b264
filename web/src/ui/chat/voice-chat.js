// SPDX-License-Identifier: Apache-2.0
import { chatProblem } from '../../chat/words.js';

/** voiceChat: a room for a chat's members; everybody is told by a message of the chat. @param {import('../../app.js').App} app @param {import('../../chat/types.js').Chat} chat */
export async function voiceChat(app, { id, title }) {
  try {
    const { room } = await app.rpc.call('room.create', { title: title.slice(0, 128), chatId: id });
    app.rooms.keep(room);
    await app.roomDesk.enter({ roomId: room.id }, { title });
  } catch (error) {
    app.toasts.show(chatProblem(error), { tone: 'bad' });
  }
}
