/** Boots a host, tells where it is, and waits to be killed. */
import { Host } from '../../support/hosts/host.ts';
import { HostNetwork } from '../../support/hosts/network.ts';

const network = await HostNetwork.start();
const host = await Host.make(network, { name: 'h1' });
await host.boot();
const { folder, subnet } = network;
console.log(JSON.stringify({ folder, subnet, initPid: host.initPid }));
setInterval(() => {}, 60_000);
