import type { TargetPhase } from '../api/plan.ts';
import type { Signal } from '../signals/report.ts';

export type Mood = 'idle' | 'busy' | 'good' | 'bad';

/** How a phase is shown: a sign, words that complete "c1 is ...", and how far along it is. */
interface PhaseStyle {
  readonly sign: string;
  readonly words: string;
  readonly mood: Mood;
  readonly share: number;
}

const STYLES: Readonly<Record<TargetPhase, PhaseStyle>> = {
  Pending: { sign: '·', words: 'waiting', mood: 'idle', share: 0 },
  Downloading: { sign: '↓', words: 'downloading', mood: 'busy', share: 0 },
  Staged: { sign: '○', words: 'staged', mood: 'idle', share: 0.4 },
  Draining: { sign: '◔', words: 'draining', mood: 'busy', share: 0.5 },
  Applying: { sign: '◑', words: 'applying', mood: 'busy', share: 0.6 },
  OnTrial: { sign: '◕', words: 'on trial', mood: 'busy', share: 0.8 },
  Committing: { sign: '◕', words: 'committing', mood: 'busy', share: 0.9 },
  Committed: { sign: '✔', words: 'updated', mood: 'good', share: 1 },
  Undoing: { sign: '↶', words: 'undoing', mood: 'bad', share: 0.5 },
  Undone: { sign: '↶', words: 'undone', mood: 'bad', share: 0 },
  Held: { sign: '!', words: 'held', mood: 'bad', share: 0.8 },
  Skipped: { sign: '–', words: 'skipped', mood: 'idle', share: 0 },
  Failed: { sign: '✖', words: 'failed', mood: 'bad', share: 0 },
};

export function styleOf(phase: TargetPhase | undefined): PhaseStyle {
  return phase === undefined ? { ...STYLES.Pending, words: '' } : STYLES[phase];
}

/** How far along a host is, 0 to 1; a download counts byte by byte. */
export function shareOf({
  phase,
  signal,
}: {
  readonly phase?: TargetPhase | undefined;
  readonly signal?: Pick<Signal, 'bytes'> | undefined;
}): number {
  const { share } = styleOf(phase);
  const bytes = phase === 'Downloading' ? signal?.bytes : undefined;
  if (bytes?.total === undefined) return share;
  return (bytes.done / bytes.total) * STYLES.Staged.share;
}
