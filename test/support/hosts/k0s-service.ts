import type { InitName } from '../../../tools/hosts/recipe.ts';

export interface ServiceFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * The service of k0s as `k0s install` writes it.
 * @param name `k0scontroller` or `k0sworker`
 * @param argv the binary and its arguments; none has a quote or a space in it
 * @see k0s, pkg/install
 */
export function k0sService(init: InitName, name: string, argv: readonly string[]): ServiceFile {
  if (init === 'systemd') {
    return { path: `/etc/systemd/system/${name}.service`, text: unit(argv), mode: 0o644 };
  }
  return { path: `/etc/init.d/${name}`, text: initScript(argv), mode: 0o755 };
}

function unit(argv: readonly string[]): string {
  return `[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=${argv[0]}

After=network-online.target
Wants=network-online.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=${argv.join(' ')}

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

function initScript([binary, ...args]: readonly string[]): string {
  return `#!/sbin/openrc-run
supervisor=supervise-daemon
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
