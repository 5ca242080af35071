import { http } from '../artifacts/node-http-client.ts';

/** More than any answer of a status or control socket. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * One request over a unix socket.
 * @returns status and body; throws when nobody listens, or no answer comes in time
 */
export function askSocket(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      // a fresh connection: a kept one may belong to a process that is no more
      { socketPath, method, path, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
          if (body.length > MAX_BYTES) request.destroy(new Error(`${path}: the answer has no end`));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      },
    );
    request.on('error', (thrown) => {
      const timedOut = thrown.name === 'AbortError' || thrown.name === 'TimeoutError';
      reject(timedOut ? new Error(`${socketPath}: no answer within ${timeoutMs} ms`) : thrown);
    });
    request.end();
  });
}
