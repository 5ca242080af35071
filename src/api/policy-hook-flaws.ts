import type { HookSpec } from './policy-hooks.ts';

/** Hooks of one name: their Jobs are told apart by it. */
export function hookFlaws(hooks: readonly HookSpec[]): { path: string; message: string }[] {
  return hooks.flatMap(({ name }, at) =>
    hooks.findIndex((one) => one.name === name) === at
      ? []
      : [{ path: `hooks.${at}.name`, message: `wanted a name of its own, found ${name} again` }],
  );
}
