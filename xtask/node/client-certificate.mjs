// Connections with a TLS client certificate: the terminator tells the worker what it saw of
// the certificate. Each request gets a header with the facts and an HMAC under a secret that
// only this process and the worker know; a header of that name from the client is dropped.
// Facts only: which certificate is good for what, the worker decides.

import { createHmac, X509Certificate } from "node:crypto";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";

/** As in shared::auth::client_certificate. */
const HEADER = "x-skerry-client-certificate";
/** Not for the other side of a proxy. */
const HOP_BY_HOP = new Set([HEADER, "connection", "keep-alive", "proxy-connection", "expect"]);
/** A list of authorities that is older is asked for again. */
const FRESH_MS = 1_000;
/** Links of a chain between the device's certificate and the authority. */
const MAX_INTERMEDIATES = 4;
/** Chains that are remembered, for connections that resume a session and send none. */
const MAX_CHAINS = 1_000;
const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";

const hex = (fingerprint) => fingerprint.replaceAll(":", "");

/** The CA certificates of the hub, as fresh as a device can expect. */
function authorityList({ target, bootstrapSecret }) {
  const url = `http://${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}/api/v1/bootstrap/certificates`;
  let known = [];
  let asked = -Infinity;
  let asking;
  async function ask() {
    const response = await fetch(url, {
      headers: { authorization: `Bootstrap ${bootstrapSecret}` },
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { value } = await response.json();
    known = value.map(({ properties }) => new X509Certificate(Buffer.from(properties.certificate, "base64")));
    asked = performance.now();
  }
  return async (again) => {
    if (!again && performance.now() - asked < FRESH_MS) return known;
    asking ??= ask().finally(() => (asking = undefined));
    // The worker judges by its own list; an old one here only makes a device try again.
    await asking.catch((error) => process.stderr.write(`CA certificates: ${error.message}\n`));
    return known;
  };
}

/** Whether one certificate was issued by another: name, key usage and signature. */
function isIssued(certificate, issuer) {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key or algorithm that OpenSSL does not take
  }
}

function isCurrent(certificate) {
  const now = Date.now();
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}

/** Marks of the authorities that a verified chain leads to. */
function vouching(leaf, intermediates, authorities) {
  if (leaf.keyUsage && !leaf.keyUsage.includes(CLIENT_AUTHENTICATION)) return [];
  const marks = new Set();
  for (let certificate = leaf, links = 0; certificate && links <= MAX_INTERMEDIATES; links++) {
    const child = certificate;
    for (const authority of authorities) {
      if (isIssued(child, authority)) marks.add(`sha256:${hex(authority.fingerprint256)}`);
    }
    certificate = intermediates.find(
      (issuer) => issuer.fingerprint256 !== child.fingerprint256 && isCurrent(issuer) && isIssued(child, issuer),
    );
  }
  return [...marks];
}

/**
 * The client's certificate and what it sent behind it; empty without one. To be asked first:
 * after other questions about the peer's certificate Node does not have the rest any more.
 */
export function clientChain(client) {
  const chain = [];
  let link = client.getPeerCertificate(true);
  while (link?.raw && chain.length <= MAX_INTERMEDIATES) {
    chain.push(link.raw);
    if (link.issuerCertificate === link) break;
    link = link.issuerCertificate;
  }
  return chain;
}

function withoutHopByHop(rawHeaders) {
  const kept = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[index].toLowerCase())) kept.push(rawHeaders[index], rawHeaders[index + 1]);
  }
  return kept;
}

/** Takes connections whose client showed a certificate; `join` pipes two sockets. */
export function certificateForwarder({ target, secret, bootstrapSecret, join }) {
  const authorities = authorityList({ target, bootstrapSecret });
  const chains = new Map();
  const headers = new WeakMap();

  function intermediates(leaf, sent) {
    if (sent.length > 0) {
      if (chains.size >= MAX_CHAINS) chains.delete(chains.keys().next().value);
      chains.set(leaf.fingerprint256, sent);
    }
    return chains.get(leaf.fingerprint256) ?? [];
  }

  async function header(chain) {
    const [leaf, ...sent] = chain.map((der) => new X509Certificate(der));
    const links = intermediates(leaf, sent);
    let marks = vouching(leaf, links, await authorities(false));
    // Perhaps its authority was added a moment ago.
    if (marks.length === 0 && !leaf.checkIssued(leaf)) marks = vouching(leaf, links, await authorities(true));
    const commonName = leaf.toLegacyObject().subject?.CN;
    const facts = {
      sha1: hex(leaf.fingerprint),
      sha256: hex(leaf.fingerprint256),
      notBefore: new Date(leaf.validFrom).toISOString(),
      notAfter: new Date(leaf.validTo).toISOString(),
      // Several common names are a list here, and then none counts.
      commonName: typeof commonName === "string" ? commonName : null,
      authorities: marks,
    };
    const text = Buffer.from(JSON.stringify(facts)).toString("base64");
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64")}`;
  }

  // Streams and uploads may last: only the head of a request has a time limit.
  const server = createServer({ requestTimeout: 0 }, (asked, answer) => {
    const upstream = httpRequest({
      ...target,
      agent: false,
      method: asked.method,
      path: asked.url,
      headers: [...withoutHopByHop(asked.rawHeaders), HEADER, headers.get(asked.socket)],
    });
    upstream.on("response", (response) => {
      answer.sendDate = false;
      answer.writeHead(response.statusCode, response.statusMessage, withoutHopByHop(response.rawHeaders));
      response.pipe(answer);
      response.on("error", () => answer.destroy());
    });
    upstream.on("error", () => answer.destroy());
    answer.on("close", () => upstream.destroy());
    asked.pipe(upstream);
  });
  server.on("upgrade", (asked, client, head) => {
    const upstream = connect({ ...target, noDelay: true });
    const kept = [...withoutHopByHop(asked.rawHeaders), "Connection", "Upgrade", HEADER, headers.get(asked.socket)];
    let text = `${asked.method} ${asked.url} HTTP/1.1\r\n`;
    for (let index = 0; index < kept.length; index += 2) text += `${kept[index]}: ${kept[index + 1]}\r\n`;
    upstream.write(`${text}\r\n`, "latin1");
    upstream.write(head);
    join(client, upstream);
  });

  return async (client, chain) => {
    try {
      headers.set(client, await header(chain));
    } catch {
      // Nothing can be said of it: the client is as good as one without a certificate.
      client.destroy();
      return;
    }
    if (!client.destroyed) server.emit("connection", client);
  };
}
