/** The server of `npm run bench -- channels`, a process of its own: counts the requests of each second. */
import { startStaticServer } from '../../src/channels/static-server.ts';

const [root = ''] = process.argv.slice(2);
const seconds: number[] = [];
let firstMs: number | undefined;
const server = await startStaticServer({
  root,
  address: '127.0.0.1',
  port: 0,
  onAnswer() {
    firstMs ??= Date.now();
    const second = Math.floor((Date.now() - firstMs) / 1000);
    seconds[second] = (seconds[second] ?? 0) + 1;
  },
});
process.on('message', () => process.send?.(Array.from(seconds, (count) => count ?? 0)));
process.send?.({ url: server.url });
