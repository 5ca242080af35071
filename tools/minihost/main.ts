import { parseArgs } from 'node:util';
import { readMinihostConfig } from './config.ts';
import { serveControl } from './control.ts';
import { Service } from './service.ts';

/**
 * The init of a simulated host: `node tools/minihost/main.ts --config host.json [--stay]`.
 * Without `--stay` it also ends when its standard input is closed, so that nothing outlives its parent.
 */
const { values } = parseArgs({
  options: { config: { type: 'string' }, stay: { type: 'boolean', default: false } },
});
if (values.config === undefined) throw new Error('--config FILE is missing');
const config = readMinihostConfig(values.config);
const services = new Map(config.services.map((service) => [service.name, new Service(service)]));
const control = serveControl(config.control, services);
for (const service of config.services) {
  if (service.autostart) await services.get(service.name)?.start();
}

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  control.close();
  control.closeAllConnections();
  await Promise.all([...services.values()].map((service) => service.stop()));
  process.exit(0);
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end());
if (!values.stay) {
  process.stdin.on('end', () => void end()).on('error', () => void end());
  process.stdin.resume();
}
