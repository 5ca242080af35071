/** The units of systemd. `npm run generate` writes those that need no host into `deploy/systemd`. */

/** Where everything is that is installed; the units name it. */
export const PROGRAM = '/usr/local/bin/autopilot';
export const AGENT_FLAGS_FILE = '/etc/default/autopilot-agent';
export const CONTROLLER_FLAGS_FILE = '/etc/default/autopilot-controller';
export const CONTROLLER_KUBECONFIG = '/etc/autopilot-controller/kubeconfig';
export const USER = 'autopilot';

/** What is true of each unit that acts on the host as an agent. */
const OF_AN_AGENT = `OOMScoreAdjust=-900
TasksMax=128
UMask=0077
# No StateDirectory=: it would make a mount of /var/lib/autopilot, and nothing there could get a second name beside
# the binary: each update would write 250 MB twice. The agent makes the folder, for root alone.
`;

const SANDBOX = `ProtectHome=read-only
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
LockPersonality=yes
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
`;

const CAPABILITIES = `# An artifact's \`version\` is run as nobody: setuid, setgid, kill. Copies keep owner, mode and attributes: chown,
# fowner, fsetid, setfcap. What k0s runs is read from /proc: ptrace.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_SETUID CAP_SETGID CAP_KILL CAP_SETFCAP CAP_SYS_PTRACE
`;

const WHY_SO_FAR = `# Root, since it replaces root's k0s and restarts it; but nothing beyond that. The folder of the binary, k0s's
# data and /run must stay writable, so the file system as a whole is left as it is. ProtectKernelTunables= and
# ProtectControlGroups= are left out: in a container they show the boot id of the machine around it, by which a
# reboot would go unseen. So is PrivateTmp=: k0s may lie in /tmp, and the agent itself puts nothing there.
`;

const KEPT_RUNNING = `# Neither bound to k0s nor part of it: it has to outlive every restart of k0s, above all a failed one.
After=network.target autopilot-settle.service
Wants=autopilot-settle.service
`;

const FOR_EVER = `# An update that is on trial has no other keeper, so it is started again for ever.
StartLimitIntervalSec=0
`;

const AGENT = `[Unit]
Description=Autopilot agent: updates k0s on this host when it is ordered to
${KEPT_RUNNING}Conflicts=autopilot.service autopilot-agent-once.service autopilot-agent-once.timer
${FOR_EVER}
[Service]
Type=exec
EnvironmentFile=-${AGENT_FLAGS_FILE}
ExecStart=${PROGRAM} agent $AUTOPILOT_AGENT_ARGS
Restart=always
RestartSec=1
# It ends what it is at within milliseconds, and goes on with it when it is started again.
TimeoutStopSec=10
# Among the last to be ended when memory runs out: it is small, and may be putting back what uses it up.
${OF_AN_AGENT}
${WHY_SO_FAR}${SANDBOX}${CAPABILITIES}
[Install]
WantedBy=multi-user.target
`;

const BOTH = `[Unit]
Description=Autopilot: agent of this host, and orchestrator of the cluster
${KEPT_RUNNING}Conflicts=autopilot-agent.service autopilot-controller.service autopilot-agent-once.service autopilot-agent-once.timer
${FOR_EVER}
[Service]
Type=exec
# Each of the two gets its own flags, and the orchestrator is no root: autopilot both starts it as ${USER}.
EnvironmentFile=-${AGENT_FLAGS_FILE}
EnvironmentFile=-${CONTROLLER_FLAGS_FILE}
ExecStart=${PROGRAM} both
Restart=always
RestartSec=1
# The orchestrator hands over to another one, the agent ends within milliseconds.
TimeoutStopSec=20
# Among the last to be ended when memory runs out; the orchestrator is given the usual place.
${OF_AN_AGENT}
${WHY_SO_FAR}${SANDBOX}${CAPABILITIES}
[Install]
WantedBy=multi-user.target
`;

const CONTROLLER = `[Unit]
Description=Autopilot orchestrator: carries out Plans while it leads
After=network.target
Conflicts=autopilot.service
StartLimitIntervalSec=0

[Service]
Type=exec
User=${USER}
EnvironmentFile=-${CONTROLLER_FLAGS_FILE}
ExecStart=${PROGRAM} controller --kubeconfig ${CONTROLLER_KUBECONFIG} $AUTOPILOT_CONTROLLER_ARGS
Restart=always
RestartSec=5
# It hands over to another one.
TimeoutStopSec=20
TasksMax=128
UMask=0077

# It writes nothing on this host.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
LockPersonality=yes
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
`;

const SETTLE = `[Unit]
Description=Autopilot: settle an update that was cut short, before k0s starts
# Wanted by k0s and never required: whatever becomes of it, k0s starts.
Before=k0scontroller.service k0sworker.service
After=local-fs.target
RequiresMountsFor=/usr/local/bin /var/lib/autopilot

[Service]
Type=oneshot
# Once per boot. Without it every restart of k0s would wait for it.
RemainAfterExit=yes
EnvironmentFile=-${AGENT_FLAGS_FILE}
ExecStart=${PROGRAM} agent settle $AUTOPILOT_AGENT_ARGS
TimeoutStartSec=60
UMask=0077
ProtectHome=read-only
NoNewPrivileges=yes

[Install]
WantedBy=k0scontroller.service k0sworker.service
`;

const ONCE = `[Unit]
Description=Autopilot agent, edge mode: does what there is to do now, then ends
# Not after network-online: a trial's deadline waits for no network.
After=network.target autopilot-settle.service
Wants=autopilot-settle.service
Conflicts=autopilot.service autopilot-agent.service
StartLimitIntervalSec=0

[Service]
# Not oneshot: a download over a slow link, or a trial, must not hold up the boot, and has no time limit here.
Type=exec
EnvironmentFile=-${AGENT_FLAGS_FILE}
ExecStart=${PROGRAM} agent --once $AUTOPILOT_AGENT_ARGS
# Ended in the middle of a trial it goes on at once; ended by itself (0), or unusable here (2), at the next run.
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2
TimeoutStopSec=10
${OF_AN_AGENT}
${SANDBOX}${CAPABILITIES}
[Install]
# At boot without the timer's delay: an update that was on trial when the host went down is settled now.
WantedBy=multi-user.target
`;

const TIMER = `[Unit]
Description=Autopilot agent, edge mode: a run from time to time
Conflicts=autopilot.service autopilot-agent.service

[Timer]
# Since the end of the last run, by a clock that is never stepped, so that there is nothing to catch up with
# (Persistent=) on a host that was off or whose calendar is wrong. --heartbeat promises the sum and more.
OnBootSec=5min
OnUnitInactiveSec=1h
RandomizedDelaySec=15min
Unit=autopilot-agent-once.service

[Install]
WantedBy=timers.target
`;

/** By the name of the file in /etc/systemd/system. */
export const SYSTEMD_UNITS = {
  'autopilot-agent.service': AGENT,
  'autopilot-controller.service': CONTROLLER,
  'autopilot.service': BOTH,
  'autopilot-settle.service': SETTLE,
  'autopilot-agent-once.service': ONCE,
  'autopilot-agent-once.timer': TIMER,
} as const;

/** What an administrator may write into; by the name of the file in /etc/default. */
export const SYSTEMD_FLAGS = {
  'autopilot-agent': `# ${AGENT_FLAGS_FILE}: flags of \`autopilot agent\`, beyond what it reads from k0s's own service.
# AUTOPILOT_AGENT_ARGS=--log-level=debug
# HTTPS_PROXY=http://proxy.example.net:3128
`,
  'autopilot-controller': `# ${CONTROLLER_FLAGS_FILE}: flags of \`autopilot controller\`.
# AUTOPILOT_CONTROLLER_ARGS=--log-level=debug
`,
} as const;
