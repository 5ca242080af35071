import { type LabelsOf, type Sample, sample } from './catalogue.ts';

/** @param epoch that is acted with; undefined while it stands by */
export function leaderSamples(epoch: number | undefined): Sample[] {
  return [
    sample('autopilot_leader', {}, epoch === undefined ? 0 : 1),
    ...(epoch === undefined ? [] : [sample('autopilot_leader_epoch', {}, epoch)]),
  ];
}

export function leaderChange(change: 'began' | 'ended'): Sample[] {
  return [sample('autopilot_leader_changes_total', { change }, 1)];
}

/** @param answer of the API server: its code, and how long it took */
export function answerSamples(answer: {
  readonly verb: LabelsOf<'autopilot_api_requests_total'>['verb'];
  readonly code: number | undefined;
  readonly seconds: number;
}): Sample[] {
  const { verb, code, seconds } = answer;
  return [
    sample('autopilot_api_requests_total', { verb, code: String(code ?? 'none') }, 1),
    sample('autopilot_api_request_duration_seconds', { verb }, seconds),
  ];
}
