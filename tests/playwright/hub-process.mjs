// One hub in the foreground, started and stopped the way an operator does it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './places.mjs';

/** A first start builds the worker and the console. */
const START_MILLISECONDS = 900_000;
const STOP_MILLISECONDS = 20_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A hub on a data folder of its own; it may be stopped and started again on the same port. */
export class HubProcess {
  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'skerry-browser-'));
    this.log = path.join(this.folder, 'hub.log');
  }

  async start() {
    const xtask = process.env.SKERRY_XTASK ?? path.join(root, 'target/debug/xtask');
    if (!existsSync(xtask)) throw new Error(`${xtask} is missing; build it with \`cargo build -p xtask\` or set SKERRY_XTASK`);
    this.port ??= await freePort();
    const readyFile = path.join(this.folder, 'ready.json');
    rmSync(readyFile, { force: true });
    const log = openSync(this.log, 'a');
    this.process = spawn(
      xtask,
      ['hub', '--port', String(this.port), '--data', path.join(this.folder, 'data'), '--ready-file', readyFile],
      { cwd: root, stdio: ['ignore', log, log] },
    );
    const started = Date.now();
    while (!existsSync(readyFile)) {
      if (this.process.exitCode !== null) {
        throw new Error(`the hub ended with code ${this.process.exitCode}:\n${readFileSync(this.log, 'utf8')}`);
      }
      if (Date.now() - started > START_MILLISECONDS) throw new Error('the hub does not serve');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.ready = JSON.parse(readFileSync(readyFile, 'utf8'));
    return this.ready;
  }

  async stop() {
    const running = this.process;
    this.process = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    const late = setTimeout(() => running.kill('SIGKILL'), STOP_MILLISECONDS);
    await ended;
    clearTimeout(late);
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
