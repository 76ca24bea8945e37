// Lets a test drive an npm client in its own process: one JSON command per line on stdin,
// one JSON answer or event per line on stdout.
import { createInterface } from 'node:readline';

/** Tells the test that something happened by itself. */
export function emit(event, data) {
  process.stdout.write(`${JSON.stringify({ event, data })}\n`);
}

/** An error as the application would see it. */
export function describeError(error) {
  return { name: error?.name ?? 'Error', message: String(error?.message ?? error), constructor: error?.constructor?.name };
}

/** Answers commands until stdin ends. `commands` maps a name to an async function of one object. */
export function serve(commands) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { id, command, parameters } = JSON.parse(line);
    let answer;
    try {
      const run = commands[command];
      if (!run) throw new Error(`no such command: ${command}`);
      answer = { id, result: (await run(parameters)) ?? null };
    } catch (error) {
      answer = { id, error: describeError(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
  lines.on('close', () => process.exit(0));
}
