/** One line of the pure core that a promise hangs on, and what it says when it is broken. */
export interface Break {
  /** What would be wrong with the program. */
  readonly what: string;
  /** The promise that it breaks, as in the design: S1 to S12, or in words. */
  readonly promise: string;
  readonly file: string;
  /** Is there exactly once. */
  readonly text: string;
  readonly instead: string;
}

/**
 * Breaks that matter. Each is caught by a test: `npm run breaks` says by which. When a line moves on, so does its
 * entry here; a break that cannot be written any more is replaced by one that can.
 */
export const BREAKS: readonly Break[] = [
  {
    what: 'workers do not wait for the controllers',
    promise: 'S1',
    file: 'src/plans/schedule.ts',
    text: 'const next = controllers.some(({ phase }) => !isFinal(phase))',
    instead: 'const next = controllers.some(({ phase }) => phase === "Staged")',
  },
  {
    what: 'a second controller is begun beside one that is in flight',
    promise: 'S2',
    file: 'src/plans/next-controllers.ts',
    text: 'if (inFlight !== undefined) {',
    instead: 'if (inFlight !== undefined && inFlight.phase === "Draining") {',
  },
  {
    what: 'a controller is taken away while another one is down',
    promise: 'S2',
    file: 'src/plans/next-controllers.ts',
    text: "if (others.length > 0) return waiting('ControllerNotReady'",
    instead: "if (others.length > 1) return waiting('ControllerNotReady'",
  },
  {
    what: 'one worker more than the limit is begun',
    promise: 'S3',
    file: 'src/plans/next-workers.ts',
    text: 'if (occupied < limit) return fullOfOthers(occupied, isUp);',
    instead: 'if (occupied <= limit) return fullOfOthers(occupied, isUp);',
  },
  {
    what: 'nodes that others have taken away are not counted',
    promise: 'S3',
    file: 'src/plans/next-workers.ts',
    text: 'isUp ? new Set([...inFlight, ...unavailable]).size : inFlight.size;',
    instead: 'inFlight.size;',
  },
  {
    what: 'the slot of a target is free as soon as it is told to commit',
    promise: 'S2, S3',
    file: 'src/plans/target.ts',
    text: "  'Committing',\n",
    instead: '',
  },
  {
    what: 'an update that nobody confirmed stays',
    promise: 'S5',
    file: 'src/node-agent/steps.ts',
    text: 'if (trial === undefined || now.uptimeMs < trial.endMs) return undefined;',
    instead: 'if (trial !== undefined) return undefined;',
  },
  {
    what: 'one failure more than the policy bears is borne',
    promise: 'S6',
    file: 'src/plans/failures.ts',
    text: 'return troubled.length > countOf(maxFailures, all.length);',
    instead: 'return troubled.length > 1 + countOf(maxFailures, all.length);',
  },
  {
    what: 'a failure does not keep new targets from being begun',
    promise: 'S6',
    file: 'src/plans/schedule.ts',
    text: 'if (course.stopping) return NOTHING;',
    instead: '',
  },
  {
    what: 'a kubelet may be one minor version newer than an API server',
    promise: 'S7',
    file: 'src/plans/preflight.ts',
    text: 'if (current === undefined || minorsBetween(current, wanted) <= 0) continue;',
    instead: 'if (current === undefined || minorsBetween(current, wanted) <= 1) continue;',
  },
  {
    what: 'a cordon of a run that is over stays',
    promise: 'S8',
    file: 'src/plans/orphans.ts',
    text: 'return obeyed\n',
    instead: 'return true\n',
  },
  {
    what: 'the cordon of a Plan that is gone is lifted while its node is on trial',
    promise: 'S3, S8',
    file: 'src/plans/orphans.ts',
    text: 'return obeyed\n',
    instead: 'return false\n',
  },
  {
    what: 'an answer to a verdict is waited for without an end',
    promise: 'S9',
    file: 'src/plans/advance.ts',
    text: "if (course.nowMs >= deadlineMs) {\n    const told = phase === 'Committing'",
    instead: "if (course.nowMs > course.nowMs) {\n    const told = phase === 'Committing'",
  },
  {
    what: 'a node that was deleted counts as unavailable for ever',
    promise: 'S9',
    file: 'src/plans/next-workers.ts',
    text: 'worker.target.node !== undefined &&',
    instead: '',
  },
  {
    what: 'orders of a run that is under way are tidied up',
    promise: 'S10',
    file: 'src/plans/orphans.ts',
    text: 'if (world.activeRuns.has(order.run)) return [];',
    instead: '',
  },
  {
    what: 'a digest that was pinned is not stored before it is built upon',
    promise: 'S10, S11',
    file: 'src/plans/run.ts',
    text: '      command.pinned,\n',
    instead: '',
  },
  {
    what: 'every node may bring another file',
    promise: 'S11',
    file: 'src/plans/plot-course.ts',
    text: 'pinned[host.platform] ??= signal.staged.sha256;',
    instead: 'pinned[host.platform] = signal.staged.sha256;',
  },
  {
    what: 'a wait says nothing',
    promise: 'S12',
    file: 'src/plans/waits.ts',
    text: 'waitsFor: clip(message)',
    instead: "waitsFor: ''",
  },
  {
    what: 'an order of a deposed leader is obeyed',
    promise: 'fencing',
    file: 'src/node-agent/steps.ts',
    text: 'if (order.epoch < journal.epoch) return undefined;',
    instead: '',
  },
  {
    what: 'a commit is followed by an undo',
    promise: 'a verdict is written once',
    file: 'src/signals/lifecycle.ts',
    text: 'commit: [],',
    instead: "commit: ['undo'],",
  },
  {
    what: 'a commit that comes after the node has turned back is obeyed',
    promise: 'a verdict is written once',
    file: 'src/signals/lifecycle.ts',
    text: "      return phase === 'Committed' ? 'done' : 'late';",
    instead: "      return phase === 'Committed' ? 'done' : 'obey';",
  },
  {
    what: 'a kubelet that is dead is good enough',
    promise: 'what is not healthy is not kept',
    file: 'src/health/node-gate.ts',
    text: 'const RENEWALS_OF_A_LIVING_KUBELET = 2;',
    instead: 'const RENEWALS_OF_A_LIVING_KUBELET = 0;',
  },
  {
    what: 'windows are ignored',
    promise: 'nothing new outside of a window',
    file: 'src/plans/hold.ts',
    text: "if (state.kind === 'open') return undefined;",
    instead: "if (state.kind !== 'never') return undefined;",
  },
  {
    what: 'a pause that was asked for holds nothing',
    promise: 'verbs',
    file: 'src/plans/hold.ts',
    text: 'const paused = facts.plan.status?.paused;',
    instead: 'const paused = undefined;',
  },
  {
    what: 'an abort stops nothing',
    promise: 'verbs',
    file: 'src/plans/plot-course.ts',
    text: 'status.aborted !== undefined ||',
    instead: '',
  },
  {
    what: 'a request is answered once more with every new one',
    promise: 'verbs',
    file: 'src/plans/requests.ts',
    text: 'if (isAnswered(request.nonce, status.requestResults)) continue;',
    instead: '',
  },
  {
    what: 'a host that was booted amid an undo starts the new version',
    promise: 'S4, S5',
    file: 'src/node-agent/settle-decide.ts',
    text: "if (facts.kept === previous.sha256) return { do: 'putBack' };",
    instead: '',
  },
  {
    what: 'a hybrid is updated twice, as a controller and as a worker',
    promise: 'one order for a machine',
    file: 'src/plans/preflight.ts',
    text: ': nodes.filter((name) => controllerOfNode(name, facts) === undefined);',
    instead: ': nodes;',
  },
  {
    what: 'a hybrid is not emptied before it is updated',
    promise: 'a hybrid is drained',
    file: 'src/plans/next-controllers.ts',
    text: 'node !== undefined && facts.nodes.size > 1',
    instead: 'node !== undefined && facts.nodes.size > 9',
  },
  {
    what: 'the Node of a hybrid that is the only one is emptied',
    promise: 'a single node is not drained',
    file: 'src/plans/next-controllers.ts',
    text: 'node !== undefined && facts.nodes.size > 1',
    instead: 'node !== undefined && facts.nodes.size > 0',
  },
  {
    what: 'a hybrid that was emptied is restarted while another controller is down',
    promise: 'S2',
    file: 'src/plans/advance.ts',
    text: 'if (drain?.remaining === 0 && node.unschedulable && others === undefined) {',
    instead: 'if (drain?.remaining === 0 && node.unschedulable) {',
  },
  {
    what: 'a hybrid whose kubelet is down is kept',
    promise: 'what is not healthy is not kept',
    file: 'src/plans/advance.ts',
    text: "if (asController.outcome !== 'pass' || node === undefined) return asController;",
    instead: 'return asController;',
  },
  {
    what: 'a hybrid that cannot be emptied is passed over, and the workers go on',
    promise: 'S1',
    file: 'src/plans/advance.ts',
    text: "return role === 'controller' && policy.drainOutcome === 'Skip' ? 'Stop' : policy.drainOutcome;",
    instead: 'return policy.drainOutcome;',
  },
  {
    what: 'a bundle for a hybrid is ordered where no agent of a hybrid listens',
    promise: 'one order for a machine',
    file: 'src/plans/target.ts',
    text: `if (controlNode !== undefined) {
    return { role: 'controller', host: controlNode`,
    instead: `if (controlNode?.name === name) {
    return { role: 'controller', host: controlNode`,
  },
  {
    what: 'the cordon of a hybrid is lifted while the order of a Plan that is gone is obeyed',
    promise: 'S8',
    file: 'src/plans/orphans.ts',
    text: 'const host = controllerOfNode(node.name, world) ?? node;',
    instead: 'const host = node;',
  },
  {
    what: 'the leader restarts the hybrid that it runs on itself',
    promise: 'the leader hands over before its own host',
    file: 'src/plans/hand-over.ts',
    text: 'return (byName ?? all.find(([, { nodeName }]) => nodeName?.toLowerCase() === wanted))?.[0];',
    instead: 'return byName?.[0];',
  },
  {
    what: "a node is begun under k0s's definition of Plans, which forgets the run",
    promise: 'what a run has to remember is stored',
    file: 'src/plans/plot-course.ts',
    text: 'hold: held ?? overwrittenHold(facts) ??',
    instead: 'hold: held ??',
  },
  {
    what: 'a large run is judged by a list that is older than its status',
    promise: 'nothing lasting is lost with the leader',
    file: 'src/plans/unpack-status.ts',
    text: ' && chunk.revision >= revision',
    instead: '',
  },
  {
    what: 'what a status says of a target wins over a chunk that was written after it',
    promise: 'nothing lasting is lost with the leader',
    file: 'src/plans/unpack-status.ts',
    text: '(isNewer ? undefined : told.get(one.name))',
    instead: 'told.get(one.name)',
  },
  {
    what: 'a node is decided upon while it is being written to',
    promise: 'what is not known is not decided upon',
    file: 'src/plans/target.ts',
    text: 'nodesBeingWritten?.has(node.name) === true;',
    instead: 'nodesBeingWritten?.has(node.name) === null;',
  },
  {
    what: 'orders of a further attempt are given before it is stored',
    promise: 'a leader finds the orders of the one before it',
    file: 'src/plans/run.ts',
    text: 'cordoned === true || attempts > 1',
    instead: 'cordoned === true',
  },
  {
    what: 'a Plan overtakes one of which something in flight is still stored',
    promise: 'a leader finds the orders of the one before it',
    file: 'src/plans/in-flight.ts',
    text: 'return isStoredInFlight || inFlightOf(status).length > 0;',
    instead: 'return inFlightOf(status).length > 0;',
  },
];

/** @returns the text of a file with the break in it, undefined unless what is broken is there exactly once */
export function broken(source: string, { text, instead }: Break): string | undefined {
  const parts = source.split(text);
  return parts.length === 2 ? parts.join(instead) : undefined;
}
