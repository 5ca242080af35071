import { CONTROLLER_KUBECONFIG, PROGRAM, USER } from './units-systemd.ts';

/** The services of OpenRC. `npm run generate` writes them into `deploy/openrc`. */

const AGENT_LOG = '/var/log/autopilot-agent.log';
const CONTROLLER_LOG = '/var/log/autopilot-controller.log';

const FOR_EVER = `# An update that is on trial has no other keeper, so it is started again for ever.
respawn_delay=1
respawn_max=0
`;

const AFTER = `depend() {
	use net dns logger
	# its own restarts of k0s are not to meet the boot's start of it
	after firewall autopilot-settle k0scontroller k0sworker
	want autopilot-settle
}
`;

const AGENT = `#!/sbin/openrc-run
# Autopilot agent. Neither needs nor uses k0s: it has to outlive every restart of k0s, above all a failed one.

name="Autopilot agent"
description="Updates k0s on this host when it is ordered to"
supervisor=supervise-daemon
command=${PROGRAM}
command_args="agent \${AUTOPILOT_AGENT_ARGS}"
output_log="\${AUTOPILOT_AGENT_LOG:-${AGENT_LOG}}"
error_log="\${output_log}"
umask=0077
${FOR_EVER}retry="SIGTERM/10/SIGKILL/5"

${AFTER}`;

const BOTH = `#!/sbin/openrc-run
# Autopilot's agent and orchestrator, each a process of its own. Neither needs nor uses k0s: they have to outlive
# every restart of k0s, above all a failed one. The orchestrator is no root: \`autopilot both\` starts it as ${USER}.

name="Autopilot"
description="Agent of this host, and orchestrator of the cluster"
supervisor=supervise-daemon
command=${PROGRAM}
command_args="both"
output_log="\${AUTOPILOT_AGENT_LOG:-/var/log/autopilot.log}"
error_log="\${output_log}"
umask=0077
${FOR_EVER}retry="SIGTERM/20/SIGKILL/5"
[ ! -r /etc/conf.d/autopilot-agent ] || . /etc/conf.d/autopilot-agent
[ ! -r /etc/conf.d/autopilot-controller ] || . /etc/conf.d/autopilot-controller
export AUTOPILOT_AGENT_ARGS AUTOPILOT_CONTROLLER_ARGS

${AFTER}`;

const CONTROLLER = `#!/sbin/openrc-run
name="Autopilot orchestrator"
description="Carries out Plans while it leads"
supervisor=supervise-daemon
command=${PROGRAM}
command_args="controller --kubeconfig ${CONTROLLER_KUBECONFIG} \${AUTOPILOT_CONTROLLER_ARGS}"
command_user=${USER}
output_log="\${AUTOPILOT_CONTROLLER_LOG:-${CONTROLLER_LOG}}"
error_log="\${output_log}"
umask=0077
respawn_delay=5
respawn_max=0
retry="SIGTERM/20/SIGKILL/5"

start_pre() {
	checkpath --file --owner ${USER} "\${output_log}"
}

depend() {
	use net dns logger
	after firewall
}
`;

const SETTLE = `#!/sbin/openrc-run
# Settles an update that was cut short, before k0s starts. k0s never needs it: whatever becomes of it, k0s
# starts. It ends by itself within 50 s.

name="Autopilot settle"
description="Settles an update of k0s that was cut short"

depend() {
	after localmount
	before k0scontroller k0sworker
}

start() {
	[ ! -r /etc/conf.d/autopilot-agent ] || . /etc/conf.d/autopilot-agent
	ebegin "Settling updates of k0s"
	${PROGRAM} agent settle \${AUTOPILOT_AGENT_ARGS}
	# what went wrong has been said, and is told again by the agent
	eend 0
}
`;

/** By the name of the file in /etc/init.d. */
export const OPENRC_SCRIPTS = {
  'autopilot-agent': AGENT,
  'autopilot-controller': CONTROLLER,
  autopilot: BOTH,
  'autopilot-settle': SETTLE,
} as const;

/** What an administrator may write into; by the name of the file in /etc/conf.d. */
export const OPENRC_FLAGS = {
  'autopilot-agent': `# /etc/conf.d/autopilot-agent, read by autopilot-settle and autopilot as well: flags of \`autopilot agent\`, beyond what it
# reads from k0s's own service.
# AUTOPILOT_AGENT_ARGS="--log-level=debug"
# export HTTPS_PROXY=http://proxy.example.net:3128
`,
  'autopilot-controller': `# /etc/conf.d/autopilot-controller, read by autopilot as well: flags of \`autopilot controller\`.
# AUTOPILOT_CONTROLLER_ARGS="--log-level=debug"
`,
} as const;

/** What services of ours write below /var/log. */
export const OPENRC_LOGS = [AGENT_LOG, CONTROLLER_LOG, '/var/log/autopilot.log'] as const;
