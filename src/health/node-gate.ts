import { isKubeletOf, type K0sVersion } from '../api/k0s-version.ts';
import type { Reason } from '../api/reasons.ts';
import type { Signal } from '../signals/report.ts';

/**
 * One answer to one health question. `unknown` is "could not be measured, or not yet": it holds the run
 * until the deadline of the trial, and never counts as a pass.
 */
export interface GateResult {
  readonly outcome: 'pass' | 'unknown';
  /** What it comes to if it is still so at the deadline. */
  readonly reason: Reason;
  readonly message: string;
}

/** Ready stays True for 44 to 50 s after a kubelet has died, so only a renewed Lease proves that one lives. */
const RENEWALS_OF_A_LIVING_KUBELET = 2;

const PASS: GateResult = { outcome: 'pass', reason: 'Updated', message: '' };

interface TrialFacts {
  readonly signal: Signal;
  readonly wanted: K0sVersion;
  /** Any version will do, as `forceupdate` says. */
  readonly force: boolean;
}

/** Whether a worker on trial is healthy: its own report, its Lease, its Node. */
export function workerGate(
  trial: TrialFacts,
  node: {
    readonly ready: 'True' | 'False' | 'Unknown';
    readonly kubeletVersion: string;
    readonly renewals: number;
  },
): GateResult {
  const own = reportGate(trial.signal);
  if (own.outcome !== 'pass') return own;
  const unknown = (message: string): GateResult => ({
    outcome: 'unknown',
    reason: 'NodeNotReady',
    message,
  });
  if (node.ready !== 'True') return unknown(`Node is not Ready (${node.ready})`);
  if (!trial.force && !isKubeletOf(node.kubeletVersion, trial.wanted)) {
    return unknown(
      `kubelet reports ${node.kubeletVersion || 'no version'}, wanted v${trial.wanted.release}`,
    );
  }
  if (node.renewals < RENEWALS_OF_A_LIVING_KUBELET) {
    return unknown(
      `kubelet has renewed its Lease ${node.renewals} of ${RENEWALS_OF_A_LIVING_KUBELET} times since the restart`,
    );
  }
  return PASS;
}

/**
 * Whether a controller on trial is healthy: its own report, and its own API server with etcd behind it, ready
 * at every look for `stableMs`. One that serves and dies a moment later has not been healthy.
 */
export function controllerGate(
  trial: TrialFacts,
  apiServer: {
    readonly ready: 'True' | 'False' | 'Unknown';
    readonly message: string;
    readonly atMs: number;
    readonly sinceMs: number;
  },
  times: { readonly onTrialSinceMs: number; readonly stableMs: number },
): GateResult {
  const own = reportGate(trial.signal);
  if (own.outcome !== 'pass') return own;
  const unknown = (message: string): GateResult => ({
    outcome: 'unknown',
    reason: 'ApiServerNotReady',
    message,
  });
  // An answer from before the restart speaks of the old process.
  if (apiServer.atMs <= times.onTrialSinceMs)
    return unknown('API server has not been asked since the restart');
  if (apiServer.ready !== 'True') return unknown(`API server is not ready: ${apiServer.message}`);
  const readySinceMs = Math.max(apiServer.sinceMs, times.onTrialSinceMs);
  if (apiServer.atMs - readySinceMs < times.stableMs) {
    return unknown(`API server is ready, and has to stay so for ${times.stableMs / 1000}s`);
  }
  return PASS;
}

function reportGate(signal: Signal): GateResult {
  if (signal.running?.healthy === true) return PASS;
  const found = signal.running?.message ?? 'the agent has not seen the new k0s answer yet';
  return { outcome: 'unknown', reason: 'HealthTimeout', message: found };
}
