import { PHASE_BUCKETS, REQUEST_BUCKETS, RUN_BUCKETS } from './buckets.ts';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly kind: MetricKind;
  /** One line for `# HELP` and the users' page. */
  readonly help: string;
  /**
   * Each takes few values, however large the cluster is: never the name of a node, a Plan, or a Pod, nor an
   * address or a digest.
   */
  readonly labels: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

/**
 * Every metric of our own. Gauges tell what this process sees, leader or not: take the `max` of several
 * orchestrators. Counters and histograms tell what it has brought about since it was started: take the `sum`.
 */
export const METRICS = {
  autopilot_build_info: {
    kind: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node_version'],
  },
  autopilot_synced: {
    kind: 'gauge',
    help: '1 while all watches are alive, so that what is judged is up to date.',
    labels: [],
  },
  autopilot_leader: {
    kind: 'gauge',
    help: '1 while this process holds the Lease and acts, else 0.',
    labels: [],
  },
  autopilot_leader_epoch: {
    kind: 'gauge',
    help: 'The epoch that this process acts with; absent while it stands by.',
    labels: [],
  },
  autopilot_leader_changes_total: {
    kind: 'counter',
    help: 'How often this process began to act as the leader, or ended it.',
    labels: ['change'],
  },
  autopilot_paused: {
    kind: 'gauge',
    help: '1 while UpdatePolicy/default is paused, which holds all Plans.',
    labels: [],
  },
  autopilot_plans: {
    kind: 'gauge',
    help: 'Plans by state; `Pending` is one that has none yet.',
    labels: ['state'],
  },
  autopilot_plan_waits: {
    kind: 'gauge',
    help: 'Plans that wait, by what for.',
    labels: ['reason'],
  },
  autopilot_plan_wait_seconds: {
    kind: 'gauge',
    help: 'Of the Plans that wait for this, the longest time in which none of its targets has moved.',
    labels: ['reason'],
  },
  autopilot_targets: {
    kind: 'gauge',
    help: 'Targets of the newest run of each Plan, by phase.',
    labels: ['role', 'phase'],
  },
  autopilot_target_waits: {
    kind: 'gauge',
    help: 'Targets that are not at their end, by the reason that is said of them.',
    labels: ['reason'],
  },
  autopilot_hosts: {
    kind: 'gauge',
    help: 'Hosts by the k0s version that their agent has found running.',
    labels: ['role', 'version'],
  },
  autopilot_agents: {
    kind: 'gauge',
    help: 'Hosts by their agent: `fresh`, `stale` (its last report is too old), or `missing`.',
    labels: ['role', 'state'],
  },
  autopilot_agent_versions: {
    kind: 'gauge',
    help: 'Agents by their own version.',
    labels: ['version'],
  },
  autopilot_quarantined_artifacts: {
    kind: 'gauge',
    help: 'Artifacts that have failed on trial and are kept from every Plan.',
    labels: [],
  },
  autopilot_channels: {
    kind: 'gauge',
    help: 'UpdateConfigs by what came of the last look at their channel: `IndexAccepted`, or why it is not followed.',
    labels: ['reason'],
  },
  autopilot_channel_answer_age_seconds: {
    kind: 'gauge',
    help: 'Since the last answer of a channel that could be used; of several, the longest.',
    labels: [],
  },
  autopilot_channel_releases: {
    kind: 'gauge',
    help: 'Releases of channels that some machine lacked when they were seen, by the worst that they mend; the last 20.',
    labels: ['severity'],
  },
  autopilot_channel_machines_behind: {
    kind: 'gauge',
    help: 'Machines that run something older than one of those releases.',
    labels: ['severity'],
  },
  autopilot_channel_node_hours: {
    kind: 'gauge',
    help: 'Hours that machines have run without those releases since they came out, all added up.',
    labels: ['severity'],
  },
  autopilot_channel_release_to_last_node_seconds: {
    kind: 'gauge',
    help: 'From the release to its last machine, of the one that was done last.',
    labels: ['severity'],
  },
  autopilot_runs_total: {
    kind: 'counter',
    help: 'Runs that have ended, by how: `Completed`, `Failed`, `RolledBack`.',
    labels: ['result'],
  },
  autopilot_run_failures_total: {
    kind: 'counter',
    help: 'Runs that have ended otherwise than completed, by reason.',
    labels: ['reason'],
  },
  autopilot_run_duration_seconds: {
    kind: 'histogram',
    help: 'How long runs took, from their freezing to their end.',
    labels: ['result'],
    buckets: RUN_BUCKETS,
  },
  autopilot_rollbacks_total: {
    kind: 'counter',
    help: 'Rollbacks of runs that were begun, by who wanted them: `policy` or `person`.',
    labels: ['by'],
  },
  autopilot_phase_duration_seconds: {
    kind: 'histogram',
    help: 'How long targets stood in a phase that they have left.',
    labels: ['role', 'phase'],
    buckets: PHASE_BUCKETS,
  },
  autopilot_target_failures_total: {
    kind: 'counter',
    help: 'Targets that became Failed, Undone or Held, by reason.',
    labels: ['role', 'reason'],
  },
  autopilot_downloads_total: {
    kind: 'counter',
    help: 'Downloads of targets that have ended: `done` is fetched and verified.',
    labels: ['result'],
  },
  autopilot_drains_total: {
    kind: 'counter',
    help: 'Drains of nodes that have ended: `done`, `timeout`, or `given_up` for another reason.',
    labels: ['result'],
  },
  autopilot_undos_total: {
    kind: 'counter',
    help: 'Targets whose update began to be undone.',
    labels: ['role'],
  },
  autopilot_api_requests_total: {
    kind: 'counter',
    help: 'Requests to the API server; the code is `none` where no answer came.',
    labels: ['verb', 'code'],
  },
  autopilot_api_writes_at_once: {
    kind: 'gauge',
    help: 'How many nodes are written to at once: 12, and fewer while the API server answers 429 or slowly.',
    labels: [],
  },
  autopilot_api_request_duration_seconds: {
    kind: 'histogram',
    help: 'How long the API server took to answer; of a watch, until it was open.',
    labels: ['verb'],
    buckets: REQUEST_BUCKETS,
  },
} as const satisfies Record<`autopilot_${string}`, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
export type LabelsOf<N extends MetricName> = Readonly<
  Record<(typeof METRICS)[N]['labels'][number], string>
>;

/**
 * One value of one metric: what a gauge is, by how much a counter grows, or what a histogram is to take in.
 * Times are in seconds.
 */
export type Sample = {
  [N in MetricName]: {
    readonly name: N;
    readonly labels: LabelsOf<N>;
    readonly value: number;
  };
}[MetricName];

/** @returns a sample, of which the compiler has checked the labels */
export function sample<N extends MetricName>(name: N, labels: LabelsOf<N>, value: number): Sample {
  return { name, labels, value } as unknown as Sample;
}
