import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const build = process.env['SURVEILLX_BUILD'] ?? join(root, 'build/release');

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** `surveillx up --demo` in a folder of its own, ended with the test. */
export class Product {
  url = '';
  password = '';
  output = '';
  readonly #folder = mkdtempSync(join(tmpdir(), 'surveillx-e2e-'));
  #child: ChildProcess | null = null;

  /** `models`: a folder of weights; null leaves `builtin`. `webLines`: more of `[web]`. The password is read off the terminal. */
  async start(names: string[], models: string | null, webLines: string[] = []): Promise<void> {
    const config = join(this.#folder, 'surveillx.toml');
    writeFileSync(
      config,
      `[web]\nlisten = "127.0.0.1:0"\n${webLines.join('\n')}\n[signaling]\nlisten = "127.0.0.1:0"\n` +
        `[attendance]\ntimezone = "Europe/Berlin"\n`,
    );
    const env: NodeJS.ProcessEnv = { ...process.env, SURVEILLX_MODELS: models ?? join(this.#folder, 'none') };
    delete env['SURVEILLX_ADMIN_PASSWORD'];
    const child = spawn(
      join(build, 'surveillx'),
      ['up', '--demo', '--demo-names', names.join(','), '--config', config, '--data', join(this.#folder, 'data')],
      { env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => fail(new Error(`up did not start:\n${this.output}`)), 180_000);
      const read = (chunk: Buffer) => {
        this.output += chunk.toString();
        const dashboard = /Dashboard +(http:\S+)/.exec(this.output);
        const password = /Password +(\S+) +\(shown only this once\)/.exec(this.output);
        if (dashboard?.[1] === undefined || password?.[1] === undefined) return;
        this.url = dashboard[1];
        this.password = password[1];
        clearTimeout(late);
        done();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('exit', (code) => fail(new Error(`up ended with ${code}:\n${this.output}`)));
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGINT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Names that no earlier run has used, so that nothing can be hard-coded. */
export function randomNames(count: number): string[] {
  const word = (): string => {
    const letters = Array.from({ length: 5 }, (_, i) => {
      const set = i % 2 === 0 ? 'bdfgklmnprst' : 'aeiou';
      return set[Math.floor(Math.random() * set.length)] ?? 'x';
    }).join('');
    return letters.charAt(0).toUpperCase() + letters.slice(1);
  };
  const names = new Set<string>();
  while (names.size < count) names.add(`${word()} ${word()}`);
  return [...names];
}
