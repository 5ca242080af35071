import type { InitName } from '../../../tools/hosts/recipe.ts';

export interface ServiceFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** What a service runs. No argument and no value has a quote in it. */
export interface ServiceCommand {
  /** The binary and its arguments. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The service of k0s as `k0s install` writes it.
 * @param name `k0scontroller` or `k0sworker`
 * @see k0s, pkg/install
 */
export function k0sService(init: InitName, name: string, command: ServiceCommand): ServiceFile {
  if (init === 'systemd') {
    return { path: `/etc/systemd/system/${name}.service`, text: unit(command), mode: 0o644 };
  }
  return { path: `/etc/init.d/${name}`, text: initScript(command), mode: 0o755 };
}

function unit({ argv, environment }: ServiceCommand): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${name}=${value}`,
  );
  return `[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=${argv[0]}

After=network-online.target
Wants=network-online.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=${argv.map((arg) => arg.replaceAll(' ', '\\x20')).join(' ')}
${variables.join('\n')}

RestartSec=10
Delegate=yes
KillMode=process
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
LimitNOFILE=999999
Restart=always

[Install]
WantedBy=multi-user.target
`;
}

function initScript({ argv: [binary, ...args], environment }: ServiceCommand): string {
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${value}\n`);
  return `#!/sbin/openrc-run
${variables.join('')}supervisor=supervise-daemon
description="k0s - Zero Friction Kubernetes"
command=${binary}
command_args="${args.map((arg) => `'${arg}'`).join(' ')} "
name=$(basename $(readlink -f $command))
supervise_daemon_args="--stdout /var/log/\${name}.log --stderr /var/log/\${name}.err"

depend() {
	need net
	use dns
	after firewall
}
`;
}
