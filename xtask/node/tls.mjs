// The TLS terminator: takes TLS off and pipes the bytes to the plain port, both ways,
// with backpressure. It never looks at the bytes, unless the client shows a certificate:
// then its requests carry the facts about it (client-certificate.mjs).

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { once } from "node:events";

import { certificateForwarder, clientChain } from "./client-certificate.mjs";

/** A client that does not finish its handshake holds a socket for nothing. */
const HANDSHAKE_PATIENCE_MS = 10_000;

/** Pipes two sockets into each other until one of them ends. */
function join(client, upstream) {
  for (const [side, other] of [[client, upstream], [upstream, client]]) {
    // A broken connection on one side breaks the other; there is nobody to tell.
    side.on("error", () => other.destroy());
    // A closed one lets the other write out what it still holds.
    side.on("close", () => other.destroySoon());
  }
  client.pipe(upstream);
  upstream.pipe(client);
}

export async function startTlsTerminator({ host, port, keyFile, chainFile, target, certificateSecret, bootstrapSecret }) {
  const open = new Set();
  const forward = certificateForwarder({ target, secret: certificateSecret, bootstrapSecret, join });
  const server = createServer({
    key: readFileSync(keyFile),
    cert: readFileSync(chainFile),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: HANDSHAKE_PATIENCE_MS,
    noDelay: true,
    // Asked for, not demanded, and of any issuer: the worker judges what comes.
    requestCert: true,
    rejectUnauthorized: false,
  });

  server.on("secureConnection", (client) => {
    open.add(client);
    client.on("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    const chain = clientChain(client);
    if (chain.length === 0) join(client, connect({ ...target, noDelay: true }));
    else forward(client, chain);
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
