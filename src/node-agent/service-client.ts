import type { ServiceChoice } from './config.ts';
import type { ServiceManager } from './host.ts';
import { openrcService } from './service-openrc-client.ts';
import { supervisedService } from './service-supervised-client.ts';
import { systemdService } from './service-systemd-client.ts';

/** The service manager that has been found, or was chosen on the command line. */
export function serviceManagerOf(choice: ServiceChoice): ServiceManager {
  switch (choice.kind) {
    case 'systemd':
      return systemdService(choice.name);
    case 'openrc':
      return openrcService(choice.name);
    case 'supervised':
      return supervisedService(choice.socket, choice.name);
  }
}
