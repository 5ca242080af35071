import { parser } from '@prometheus-io/lezer-promql';

/** @returns why the query does not parse; undefined when it does. What it means, only a server knows. */
export function promqlFlaw(query: string): string | undefined {
  let flaw: string | undefined;
  parser.parse(query).iterate({
    enter: ({ type, from }) => {
      if (type.isError) flaw ??= `does not parse as PromQL at character ${from + 1}`;
    },
  });
  return flaw;
}
