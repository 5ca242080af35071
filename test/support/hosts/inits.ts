import { constants } from 'node:os';
import type { InitName } from '../../../tools/hosts/recipe.ts';

/** What has to be known of an init to run a host with it. */
export interface InitKnowledge {
  /** To process 1, for an orderly end. */
  readonly powerOff: number;
  readonly reboot: number;
  /** Prints `up` when the boot is over, whether all services came up or not. */
  readonly isUp: readonly string[];
  /** Prints what a service has said since the disk was new. */
  readonly journal: (unit: string) => readonly string[];
}

/** The first realtime signal that the C library leaves to programs. */
const SIGRTMIN = 34;

export const INIT_KNOWLEDGE: Readonly<Record<InitName, InitKnowledge>> = {
  /** @see systemd(1), "SIGNALS" */
  systemd: {
    powerOff: SIGRTMIN + 4,
    reboot: SIGRTMIN + 5,
    isUp: [
      'sh',
      '-c',
      'case $(systemctl is-system-running --wait) in running|degraded) echo up;; esac',
    ],
    journal: (unit) => ['journalctl', '--no-pager', '--output=short-iso-precise', `--unit=${unit}`],
  },
  /** @see openrc-init(8) */
  openrc: {
    powerOff: constants.signals.SIGTERM,
    reboot: constants.signals.SIGINT,
    isUp: [
      'sh',
      '-c',
      '[ "$(cat /run/openrc/softlevel)" = default ] && [ ! -e /run/openrc/rc.starting ] && echo up',
    ],
    // Where init scripts let it go, k0s's own and ours.
    journal: (unit) => ['sh', '-c', 'cat "$0.log" "$0.err" 2>/dev/null', `/var/log/${unit}`],
  },
};
