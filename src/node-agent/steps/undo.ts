import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';

/** So long the previous version may take to answer before the report says that it does not. */
const ANSWER_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;

export type Undone =
  | { readonly kind: 'undone'; readonly gapMs: number | undefined; readonly message: string }
  /** The previous binary cannot be put back; trying again would not help. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Puts the previous binary back and starts it. Needs neither the network nor space on the disk: one
 * rename. Done twice it does nothing more, so a crash at any point of it begins it again.
 */
export async function undo(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  abort: AbortSignal,
): Promise<Undone> {
  const { files } = host;
  const { previous } = signal;
  if (previous === undefined) return failed('the journal names no binary to go back to');
  if ((await files.sha256(layout.binary)) !== previous.sha256) {
    const kept = await files.sha256(layout.undo);
    if (kept !== previous.sha256) {
      return failed(
        `wanted sha256 ${previous.sha256} (${previous.version}) at ${layout.undo}, found ${kept ?? 'no file'}: ${signal.order.artifact.version} is still in place`,
      );
    }
    await files.rename(layout.undo, layout.binary);
  }
  await files.syncFolder(layout.binaryFolder);
  let gapMs: number | undefined;
  if (!(await runsAlready(host, previous.sha256))) ({ gapMs } = await host.service.restart());
  return { kind: 'undone', gapMs, message: await awaitAnswer(host, previous.version, abort) };
}

async function runsAlready(host: Host, sha256: string): Promise<boolean> {
  const { pid } = await host.service.state();
  return pid !== undefined && (await host.k0s.runningSha256(pid)) === sha256;
}

async function awaitAnswer(host: Host, version: string, abort: AbortSignal): Promise<string> {
  const untilMs = host.clock.uptimeMs() + ANSWER_WITHIN_MS;
  for (;;) {
    const status = await host.k0s.status();
    if (status.kind === 'answers' && (version === 'unknown' || status.version === version)) {
      return `${status.version} runs again`;
    }
    abort.throwIfAborted(); // the agent is stopped: its next start undoes again, which finds it done
    if (host.clock.uptimeMs() >= untilMs) {
      const found = status.kind === 'answers' ? `${status.version} answers` : status.message;
      return `${version} is back in place but has not answered yet (${found})`;
    }
    await host.clock.sleep(LOOK_EVERY_MS, abort);
  }
}

function failed(message: string): Undone {
  return { kind: 'failed', failure: { class: 'Environment', reason: 'SwapFailed', message } };
}
