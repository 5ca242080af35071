import * as z from 'zod';
import { durationSchema } from './duration.ts';

export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

const MAX_WINDOWS = 20;
const MAX_FREEZES = 50;
const WANTED_START = 'wanted a time of day such as 22:00';
const WANTED_MOMENT =
  'wanted a time such as 2026-12-20T00:00, or with an offset, 2026-12-20T00:00:00+01:00';
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/;

const zoneSchema = z
  .string()
  .min(1)
  .max(64)
  .describe('IANA name of the time zone of these times, such as Europe/Berlin. UTC if not said.');

const momentSchema = z
  .string()
  .regex(MOMENT, WANTED_MOMENT)
  .max(32)
  .meta({
    'x-kubernetes-validations': [
      {
        rule: "self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?$')",
        message: WANTED_MOMENT,
      },
    ],
  });

/** When updates may be begun: by days and a time of day, or by cron. */
export const windowSchema = z
  .strictObject({
    days: z
      .array(z.enum(WEEKDAYS))
      .min(1)
      .max(7)
      .optional()
      .describe('On which days it opens: Mon to Sun. Every day if not said.'),
    start: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, WANTED_START)
      .max(5)
      .meta({
        'x-kubernetes-validations': [
          { rule: "self.matches('^([01][0-9]|2[0-3]):[0-5][0-9]$')", message: WANTED_START },
        ],
      })
      .optional()
      .describe('Time of day at which it opens, such as 22:00.'),
    cron: z
      .string()
      .max(100)
      .optional()
      .describe('When it opens, as five fields of cron, instead of days and start.'),
    length: durationSchema.describe('How long it is open, in time that passes: over midnight too.'),
    timeZone: zoneSchema.optional(),
  })
  .describe('One window.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: 'has(self.start) != has(self.cron) && !(has(self.days) && has(self.cron))',
        message: 'wanted start, with or without days, or cron; and not both',
      },
      {
        rule: "duration(self.length) > duration('0s')",
        message: 'length must be longer than 0s: it would never be open',
      },
    ],
  });
export type MaintenanceWindow = z.infer<typeof windowSchema>;

/** When nothing new may be begun, whatever the windows say. */
export const freezeSchema = z
  .strictObject({
    name: z.string().min(1).max(63).describe('What it is called in messages.'),
    reason: z.string().max(200).optional().describe('Why, for who waits.'),
    from: momentSchema.describe('Its first moment.'),
    to: momentSchema.describe('The first moment after it.'),
    timeZone: zoneSchema.optional(),
  })
  .describe('One freeze.');
export type Freeze = z.infer<typeof freezeSchema>;

export const windowsSchema = z.array(windowSchema).max(MAX_WINDOWS);
export const freezesSchema = z.array(freezeSchema).max(MAX_FREEZES);
