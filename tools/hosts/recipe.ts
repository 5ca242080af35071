/** The service managers that k0s knows, and so do our hosts. */
export const INITS = ['systemd', 'openrc'] as const;
export type InitName = (typeof INITS)[number];

/** A change to the files of a fresh Debian; paths are in it. */
export type Change =
  | { readonly write: string; readonly text: string; readonly mode?: number }
  | { readonly link: string; readonly to: string }
  | { readonly remove: string };

export interface Recipe {
  readonly packages: readonly string[];
  readonly changes: readonly Change[];
}

/** Of every host, whatever its init. */
const COMMON = ['openssh-server', 'iproute2', 'ca-certificates', 'procps', 'util-linux'];

/** What keeps a host from being up at once and idle afterwards. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'systemd-tmpfiles-clean.timer',
  'getty.target',
  'console-getty.service',
  'systemd-logind.service',
  'systemd-networkd-wait-online.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-sysusers.service',
  'sys-fs-fuse-connections.mount',
  'dev-hugepages.mount',
  'remote-fs.target',
];

/** Debian's own lists of what OpenRC starts hold things that a namespace has no use for. */
const OPENRC_UNUSED = [
  'sysinit/cgroups',
  'sysinit/hwclock.sh',
  'sysinit/procps',
  'off/savecache',
  'nonetwork/local',
];

/** OpenRC's names for what a host has been given before its init is started. */
const OPENRC_GIVEN = ['net', 'localmount'];

const CLEAN: readonly Change[] = [
  ...[
    '/var/cache/apt',
    '/var/lib/apt/lists',
    '/usr/share/doc',
    '/usr/share/man',
    '/usr/share/locale',
  ].map((remove) => ({ remove })),
  // Each host gets its own.
  ...['rsa', 'ecdsa', 'ed25519'].flatMap((kind) => [
    { remove: `/etc/ssh/ssh_host_${kind}_key` },
    { remove: `/etc/ssh/ssh_host_${kind}_key.pub` },
  ]),
  {
    write: '/etc/ssh/sshd_config.d/hosts.conf',
    text: 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nPrintMotd no\n',
  },
];

export const RECIPES: Readonly<Record<InitName, Recipe>> = {
  systemd: {
    packages: ['systemd', 'systemd-sysv', 'dbus', ...COMMON],
    changes: [
      ...CLEAN,
      ...MASKED.map((unit) => ({ link: `/etc/systemd/system/${unit}`, to: '/dev/null' })),
      { link: '/etc/systemd/system/default.target', to: '/lib/systemd/system/multi-user.target' },
      {
        write: '/etc/systemd/journald.conf.d/hosts.conf',
        // A test reads the journal of before a power cut, so it is on disk; and it reads all of it.
        text: '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSyncIntervalSec=1s\n',
      },
    ],
  },
  openrc: {
    packages: ['openrc', ...COMMON],
    changes: [
      ...CLEAN,
      ...OPENRC_UNUSED.map((name) => ({ remove: `/etc/runlevels/${name}` })),
      ...OPENRC_GIVEN.flatMap((name) => [
        {
          write: `/etc/init.d/given-${name}`,
          text: `#!/sbin/openrc-run\ndepend() {\n\tprovide ${name}\n}\nstart() {\n\t:\n}\n`,
          mode: 0o755,
        },
        { link: `/etc/runlevels/boot/given-${name}`, to: `/etc/init.d/given-${name}` },
      ]),
      { link: '/sbin/init', to: '/sbin/openrc-init' },
      {
        write: '/etc/rc.conf',
        text: 'rc_sys="systemd-nspawn"\nrc_logger="YES"\nrc_log_path="/var/log/rc.log"\nrc_cgroup_mode="none"\n',
      },
    ],
  },
};
