import { GROUP } from './meta.ts';

/** On every Job that is begun for a hook or a gate, and on its pods. */
export const AUTOPILOT_LABEL = { key: 'app.kubernetes.io/managed-by', value: 'autopilot' } as const;

/** What a Job belongs to. */
export const JOB_LABELS = {
  plan: `${GROUP}/plan`,
  run: `${GROUP}/run`,
  /** Name of the hook or gate. */
  hook: `${GROUP}/hook`,
} as const;
