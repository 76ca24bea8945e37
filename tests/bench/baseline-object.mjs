// What the hub is compared with: the least that a Durable Object with hibernatable
// WebSockets can do. It accepts connections and sends every message back; it must never
// learn anything else, or the figures of different days stop meaning the same.

import { DurableObject } from "cloudflare:workers";

export class Baseline extends DurableObject {
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, message) {
    socket.send(message);
  }

  webSocketClose(socket) {
    socket.close(1000);
  }
}

export default {
  fetch(request, env) {
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("Open a WebSocket here.", { status: 426 });
    }
    return env.BASELINE.get(env.BASELINE.idFromName("baseline")).fetch(request);
  },
};
