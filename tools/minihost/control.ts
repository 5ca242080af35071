import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { http } from '../../src/artifacts/node-http-client.ts';
import type { Service } from './service.ts';

/** HTTP over a unix socket; only the user that started the host may connect. */
export function serveControl(socket: string, services: ReadonlyMap<string, Service>): Server {
  rmSync(socket, { force: true });
  const server = http.createServer((request, response) => {
    answer(request, services)
      .catch((thrown: unknown) => ({ status: 500, body: { error: String(thrown) } }))
      .then(({ status, body }) => send(response, status, body));
  });
  server.listen(socket, () => chmodSync(socket, 0o600));
  return server;
}

async function answer(
  { method, url }: IncomingMessage,
  services: ReadonlyMap<string, Service>,
): Promise<{ status: number; body: unknown }> {
  const [, root, name, verb, ...rest] = (url ?? '').split('/');
  if (root !== 'services' || rest.length > 0) return missing(`no such path: ${url}`);
  if (name === undefined || name === '') {
    return { status: 200, body: [...services.values()].map((service) => service.view()) };
  }
  const service = services.get(decodeURIComponent(name));
  if (service === undefined) {
    return missing(`no service ${name}; there are ${[...services.keys()].join(', ')}`);
  }
  if (method === 'GET' && verb === undefined) return { status: 200, body: service.view() };
  if (method !== 'POST') return missing(`no such path: ${method} ${url}`);
  switch (verb) {
    case 'start':
      await service.start();
      break;
    case 'stop':
      await service.stop();
      break;
    case 'restart': {
      const { gapMs } = await service.restart();
      return { status: 200, body: { ...service.view(), gapMs } };
    }
    case 'kill':
      service.kill();
      break;
    default:
      return missing(`no such verb: ${verb}`);
  }
  return { status: 200, body: service.view() };
}

function missing(error: string) {
  return { status: 404, body: { error } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
