import { styleOf } from '../../src/cli/print-phase.ts';
import type { HostView, World } from '../../test/support/observe/world.ts';

/** One sentence for each host that has moved on, and for the Plan: for logs and for readers of them. */
export function changes(before: World | undefined, now: World): readonly string[] {
  const lines: string[] = [];
  for (const host of now.hosts) {
    const old = before?.hosts.find(({ name }) => name === host.name);
    if (host.phase !== undefined && host.phase !== old?.phase) lines.push(sentence(host));
  }
  const state = now.plan?.status?.state;
  if (state !== undefined && state !== before?.plan?.status?.state) {
    const { progress, waitsFor } = now.plan?.status ?? {};
    const wait = waitsFor ? `, waits for ${waitsFor}` : '';
    lines.push(`plan ${now.plan?.metadata.name}: ${state} (${progress?.text ?? '-'})${wait}`);
  }
  if (before !== undefined && now.readyReplicas < before.readyReplicas) {
    lines.push(`workload: ${now.readyReplicas} replicas ready`);
  }
  return lines;
}

function sentence({ name, phase, message, version }: HostView): string {
  const { sign, words } = styleOf(phase);
  const now = phase === 'Committed' ? ` to ${version}` : '';
  const why = message && phase !== 'Committed' ? `: ${message}` : '';
  return `${sign} ${name} ${words}${now}${why}`;
}
