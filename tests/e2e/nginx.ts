import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './product';

export const kNginx = process.env['SURVEILLX_NGINX'] ?? '/usr/sbin/nginx';

/** nginx with a certificate of its own, which shows a server under /sx/ as docs/proxy.md says. */
export class Nginx {
  url = '';
  readonly #folder = mkdtempSync(join(tmpdir(), 'surveillx-nginx-'));
  #child: ChildProcess | null = null;

  async start(target: string, strips: boolean): Promise<void> {
    const port = await freePort();
    const folder = this.#folder;
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=localhost'],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')],
    ], { stdio: 'ignore' });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary.join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/certificate.pem; ssl_certificate_key ${folder}/key.pem;
    location /sx/ {
      proxy_pass ${target.replace(/\/$/, '')}${strips ? '/' : ''};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_read_timeout 1h;
    }
  }
}
`,
    );
    this.#child = spawn(kNginx, ['-c', config, '-p', folder], { stdio: 'ignore' });
    for (const until = Date.now() + 20_000; !(await answers(port)); ) {
      if (Date.now() > until || this.#child.exitCode !== null) throw new Error('nginx did not start');
    }
    this.url = `https://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => setTimeout(() => done(false), 50));
  });
}
