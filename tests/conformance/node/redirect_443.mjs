// Preloaded only where port 443 cannot be bound: takes https connections of Node's global agent
// from port 443 to the relay. The SDK itself stays as published.
import https from 'node:https';
import tls from 'node:tls';

const [host, port] = process.env.SKERRY_RELAY.split(' ');

https.globalAgent.createConnection = (options, callback) =>
  tls.connect({ ...options, host, port: Number(port), servername: options.servername || options.host }, callback);
