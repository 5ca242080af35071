import * as z from 'zod';
import { durationMs, durationSchema } from './duration.ts';

/**
 * When a gate has to be passed.
 * - `AfterNode`: after each node, worker or controller, before the next one is begun
 * - `AfterBatch`: after each batch of workers, and after the controllers, before anything else is begun
 * - `Always`: from the first touch of a target to the end of the run, the soak included
 */
export const GATE_TIMES = ['AfterNode', 'AfterBatch', 'Always'] as const;
export type GateTime = (typeof GATE_TIMES)[number];

/**
 * What it means that a gate cannot be asked; it never means that it was passed.
 * - `Wait`: nothing new is begun until it answers; at its deadline it has failed
 * - `Fail`: it counts like an answer that is no
 */
export const UNKNOWN_MEANINGS = ['Wait', 'Fail'] as const;
export type UnknownMeaning = (typeof UNKNOWN_MEANINGS)[number];

export const WORKLOAD_MODES = ['Gate', 'Off'] as const;
export type WorkloadMode = (typeof WORKLOAD_MODES)[number];

const URL_WANTED = 'wanted an http or https URL';
const urlSchema = z
  .string()
  .max(2_048)
  .regex(/^https?:\/\//, URL_WANTED)
  .meta({
    'x-kubernetes-validations': [{ rule: "self.matches('^https?://')", message: URL_WANTED }],
  });

const httpSchema = z
  .strictObject({
    url: urlSchema.describe('What is asked, with GET, from where the orchestrator runs.'),
    status: z
      .array(z.number().int().min(100).max(599))
      .min(1)
      .max(10)
      .optional()
      .describe('Which answers are good. Any from 200 to 299 if not said.'),
    body: z
      .string()
      .max(1_024)
      .optional()
      .describe('A regular expression that must match within the first 64 KiB of the answer.'),
  })
  .describe('Asks a URL.');

const prometheusSchema = z
  .strictObject({
    url: urlSchema.describe('Of the Prometheus server, without /api.'),
    query: z.string().min(1).max(4_096).describe('PromQL of an instant vector or a scalar.'),
    atMost: z.number().optional().describe('Every sample has to be this or less.'),
    atLeast: z.number().optional().describe('Every sample has to be this or more.'),
    empty: z
      .enum(['Pass', 'Fail', 'Unknown'])
      .optional()
      .describe('What a result without any sample means. Unknown if not said.'),
  })
  .describe('Asks a Prometheus.')
  .meta({
    'x-kubernetes-validations': [
      { rule: 'has(self.atMost) || has(self.atLeast)', message: 'wanted atMost or atLeast' },
    ],
  });

const celSchema = z
  .strictObject({
    apiVersion: z.string().min(1).max(317).describe('Of the objects: apps/v1.'),
    kind: z.string().min(1).max(63).describe('Of the objects: Deployment.'),
    namespace: z.string().max(63).optional().describe('Of all namespaces if not said.'),
    name: z.string().max(253).optional().describe('Of one object. All of them if not said.'),
    selector: z.string().max(1_024).optional().describe('Label selector of the objects.'),
    expression: z
      .string()
      .min(1)
      .max(4_096)
      .describe('CEL that must be true of each `object`; `baseline` is the same before the run.'),
  })
  .describe('Judges objects of the API server.');

const preservedSchema = z
  .record(z.string(), z.unknown())
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });

/** What a Job does, as in `spec` of a Job of batch/v1; it runs in our own namespace. */
export const jobSchema = preservedSchema.describe(
  'The spec of a Job of batch/v1, which runs in the namespace k0s-autopilot.',
);

export const gateSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(40)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'wanted a name such as error-rate')
      .describe('What it is called in messages.'),
    when: z
      .array(z.enum(GATE_TIMES))
      .min(1)
      .max(3)
      .optional()
      .describe(
        'When it has to be passed: `AfterNode`; `AfterBatch`, which is after the controllers as well; `Always`, from the first touch of a node on. AfterBatch if not said.',
      ),
    interval: durationSchema.optional().describe('How often it is asked. 15s if not said.'),
    timeout: durationSchema
      .optional()
      .describe('How long it may take to be passed, from when it has to be. 5m if not said.'),
    failureThreshold: z
      .number()
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('How many answers in a row have to be no before it has failed. 3 if not said.'),
    onUnknown: z
      .enum(UNKNOWN_MEANINGS)
      .optional()
      .describe(
        'What it means that it cannot be asked: `Wait`, nothing new is begun, and at its deadline it has failed; `Fail`, the same as no. Wait if not said.',
      ),
    http: httpSchema.optional(),
    prometheus: prometheusSchema.optional(),
    cel: celSchema.optional(),
    job: jobSchema.optional(),
  })
  .describe('One gate.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '[has(self.http), has(self.prometheus), has(self.cel), has(self.job)].filter(x, x).size() == 1',
        message: 'wanted exactly one of http, prometheus, cel and job',
      },
    ],
  });
export type GateSpec = z.infer<typeof gateSchema>;

/** What holds for a gate that does not say it. */
export const GATE_DEFAULTS = {
  when: ['AfterBatch'],
  interval: '15s',
  timeout: '5m',
  failureThreshold: 3,
  onUnknown: 'Wait',
} as const satisfies Partial<GateSpec>;

/** When a gate has to be passed, and when it has not been; durations in milliseconds. */
export interface GateTerms {
  readonly name: string;
  readonly when: readonly GateTime[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly onUnknown: UnknownMeaning;
}

export function gateTerms(gate: GateSpec): GateTerms {
  const d = GATE_DEFAULTS;
  return {
    name: gate.name,
    when: gate.when ?? d.when,
    intervalMs: durationMs(gate.interval ?? d.interval),
    timeoutMs: durationMs(gate.timeout ?? d.timeout),
    failureThreshold: gate.failureThreshold ?? d.failureThreshold,
    onUnknown: gate.onUnknown ?? d.onUnknown,
  };
}

export const gateFields = {
  gates: z
    .array(gateSchema)
    .max(20)
    .optional()
    .describe('What has to be true of the cluster and its applications for a run to go on.'),
  workloads: z
    .strictObject({
      mode: z
        .enum(WORKLOAD_MODES)
        .optional()
        .describe(
          '`Gate`: after each batch no workload may be worse than before the run; `Off`: they are not looked at.',
        ),
      timeout: durationSchema
        .optional()
        .describe('How long workloads may take to be as before, their moved pods ready.'),
      ignoreNamespaces: z
        .array(z.string().max(63))
        .max(100)
        .optional()
        .describe('Namespaces whose workloads are not looked at.'),
    })
    .optional()
    .describe('The gate of the workloads of the cluster, against how they were before the run.'),
};
