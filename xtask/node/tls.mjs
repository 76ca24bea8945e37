// The TLS terminator: takes TLS off and pipes the bytes to the plain port, both ways,
// with backpressure. It never looks at the bytes.

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { once } from "node:events";

/** A client that does not finish its handshake holds a socket for nothing. */
const HANDSHAKE_PATIENCE_MS = 10_000;

export async function startTlsTerminator({ host, port, keyFile, chainFile, target }) {
  const open = new Set();
  const server = createServer({
    key: readFileSync(keyFile),
    cert: readFileSync(chainFile),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: HANDSHAKE_PATIENCE_MS,
    noDelay: true,
  });

  server.on("secureConnection", (client) => {
    const upstream = connect({ ...target, noDelay: true });
    open.add(client);
    for (const [side, other] of [[client, upstream], [upstream, client]]) {
      // A broken connection on one side breaks the other; there is nobody to tell.
      side.on("error", () => other.destroy());
      // A closed one lets the other write out what it still holds.
      side.on("close", () => {
        other.destroySoon();
        open.delete(client);
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  // A failed handshake is the client's problem (a wrong CA, a port scan): it got its alert.
  server.on("tlsClientError", (_error, socket) => socket.destroy());

  server.listen({ host, port, backlog: 1024 });
  // Rejects with the server's error when the port is taken.
  await once(server, "listening");
  server.on("error", (error) => process.stderr.write(`TLS terminator: ${error.message}\n`));

  return {
    stop() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}
