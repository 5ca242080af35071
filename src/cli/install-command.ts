import { Argument, type Command } from 'commander';
import type { InstallOptions } from '../install/install-linux.ts';
import type { UninstallOptions } from '../install/uninstall-linux.ts';

/** The rest is loaded only when it is asked for. */
export function addInstall(program: Command): void {
  program
    .command('install')
    .addArgument(
      new Argument('<part>', 'what this host has').choices(['agent', 'controller', 'both']),
    )
    .description(
      'install on this host, as a service of systemd or OpenRC; again, to bring a newer program',
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--edge', 'agent: runs from time to time, with nothing resident in between')
    .option('--kubeconfig <file>', 'controller: its credential, else k0s makes it')
    .option('--service-name <name>', 'of k0s, else k0scontroller or k0sworker')
    .option(
      '--no-check',
      'do not ask whether the cluster fits, nor whether k0s runs its own Autopilot',
    )
    .option('--no-start', 'enable the services, and leave them for the next boot')
    .addHelpText(
      'after',
      '\nExit: 0 it is installed, 1 it cannot be, nothing was changed, 2 bad input',
    )
    .action(async (part: 'agent' | 'controller' | 'both', options: InstallOptions) => {
      const { runInstall } = await import('../install/install-linux.ts');
      await runInstall(part, options);
    });
  program
    .command('uninstall')
    .description('take Autopilot away from this host; k0s runs on as it is')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--purge', 'also backups, and files that somebody has written into')
    .option('--force', 'also in the middle of an update, which nothing then undoes')
    .option('--service-name <name>', 'of k0s, else k0scontroller or k0sworker')
    .action(async (options: UninstallOptions) => {
      const { runUninstall } = await import('../install/uninstall-linux.ts');
      await runUninstall(options);
    });
  program
    .command('manifests')
    .description('print what the cluster needs: kinds, rights and admission, for kubectl apply')
    .action(async () => {
      const { readManifests } = await import('../install/manifests-store.ts');
      process.stdout.write(await readManifests());
    });
}
