import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stringify } from 'yaml';

export interface AskedOfServer {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** The update server of k0s, as its documentation has it: a document for each path. */
export class UpdateServer {
  /** Every request, in order. */
  readonly asked: AskedOfServer[] = [];
  readonly #documents = new Map<string, object>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://server');
      this.asked.push({ path, query, headers: request.headers });
      const document = this.#documents.get(path);
      if (document === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/yaml' }).end(stringify(document));
    });
  }

  static async listen(host: string): Promise<UpdateServer> {
    const server = new UpdateServer();
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(0, host, resolve);
    });
    return server;
  }

  get origin(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  serve(path: string, document: object): void {
    this.#documents.set(path, document);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
