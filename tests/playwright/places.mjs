// Where things are.
import { fileURLToPath } from 'node:url';
import path from 'node:path';

/** The checkout. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Screenshots and what failed tests leave behind; git-ignored. */
export const artefacts = path.join(root, 'tests/artefacts');

/** The browser session that the sign-in test leaves for the others. Readable by the owner only. */
export const sessionFile = path.join(artefacts, 'private/session.json');

/** What the hub's ready file said. */
export const readyCopy = path.join(artefacts, 'private/hub.json');
