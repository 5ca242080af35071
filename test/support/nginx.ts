import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** A running nginx. */
export interface Nginx {
  /** Without a slash at the end. */
  readonly url: string;
  /** Lines of the access log so far. */
  log(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * Starts nginx with Debian's defaults for all that a block does not say.
 * @param http what stands in `http`, with `LISTEN` for the address and `LOG` for the access log
 * @param folder of its own, in which nothing is yet
 */
export async function startNginx(binary: string, folder: string, http: string): Promise<Nginx> {
  await mkdir(folder, { recursive: true });
  const listen = `127.0.0.1:${await freePort()}`;
  const log = join(folder, 'access.log');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${join(folder, 'pid')};
error_log ${join(folder, 'error.log')};
events { worker_connections 768; }
http {
  sendfile on;
  gzip on;
  default_type application/octet-stream;
  types { text/html html htm; }
  ${paths.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n  ')}
${http.replaceAll('LISTEN', listen).replaceAll('LOG', log)}
}
`,
  );
  const child: ChildProcess = spawn(binary, ['-p', folder, '-c', file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const url = `http://${listen}`;
  await eventually('nginx to answer', async () => {
    if (child.exitCode !== null) {
      throw new Error(await readFile(join(folder, 'error.log'), 'utf8'));
    }
    return (await fetch(url)).status > 0;
  });
  return {
    url,
    async log() {
      return (await readFile(log, 'utf8')).trimEnd().split('\n');
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
