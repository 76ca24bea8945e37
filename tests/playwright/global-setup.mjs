// Starts the hub of the run; what it gives back stops it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HubProcess } from './hub-process.mjs';
import { artefacts, readyCopy } from './places.mjs';

export default async function startHub() {
  const secrets = path.dirname(readyCopy);
  rmSync(secrets, { recursive: true, force: true });
  mkdirSync(artefacts, { recursive: true });
  mkdirSync(secrets, { mode: 0o700 });
  const hub = new HubProcess();
  try {
    const ready = await hub.start();
    writeFileSync(readyCopy, JSON.stringify(ready), { mode: 0o600 });
  } catch (error) {
    await hub.remove();
    throw error;
  }
  return async () => {
    await hub.remove();
    // The session dies with its hub.
    rmSync(secrets, { recursive: true, force: true });
  };
}
