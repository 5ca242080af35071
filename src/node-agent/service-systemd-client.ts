import type { ServiceManager, ServiceState } from './host.ts';
import { pause } from './pause.ts';
import { runProgram } from './service-program-client.ts';
import {
  gapOf,
  parseShow,
  STATE_PROPERTIES,
  type UnitState,
  unitState,
} from './service-systemd.ts';

const ANSWER_WITHIN_MS = 5000;
/** Beyond systemd's own 90 s between the request to stop and the kill. */
const RESTART_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 50;
const LOOK_CALMLY_EVERY_MS = 500;
const EAGER_FOR_MS = 10_000;
const OUTPUT_LINES = 10;
const OUTPUT_CHARACTERS = 2000;
const NEVER = new AbortController().signal;

/** k0s as a unit of systemd. */
export function systemdService(unit: string): ServiceManager {
  const output = new LastOutput(unit);
  return {
    async state(): Promise<ServiceState> {
      const { pid, exits, invocation } = await ask(unit);
      return { pid, exits, lastOutput: await output.after(exits, invocation) };
    },
    async restart() {
      const before = await ask(unit);
      // forgets the exits of before, so that they are counted anew, and a start limit that was hit
      await runProgram('systemctl', ['reset-failed', unit], ANSWER_WITHIN_MS).catch(
        () => undefined,
      );
      // Ends the wait for RestartSec as well. Not waited for: a unit of Type=notify counts as started only
      // when k0s is ready, and whether it becomes that is for the trial to judge.
      await runProgram('systemctl', ['restart', '--no-block', unit], ANSWER_WITHIN_MS);
      return { gapMs: gapOf(before, await untilStarted(unit, before)) };
    },
  };
}

/** @throws when the unit was not started, or not in time */
async function untilStarted(unit: string, before: UnitState): Promise<UnitState> {
  const beganMs = nowMs();
  for (;;) {
    const state = await ask(unit);
    if (state.startedUs > before.startedUs) return state;
    const sinceMs = nowMs() - beganMs;
    if (!state.isBusy) {
      // the job may have ended between its two halves of the answer
      const again = await ask(unit);
      if (again.startedUs > before.startedUs) return again;
      throw new Error(`wanted ${unit} to be started, found ${again.words}`);
    }
    if (sinceMs > RESTART_WITHIN_MS) {
      throw new Error(
        `wanted ${unit} to be started within ${RESTART_WITHIN_MS / 1000} s, found ${state.words}`,
      );
    }
    await pause(sinceMs < EAGER_FOR_MS ? LOOK_EVERY_MS : LOOK_CALMLY_EVERY_MS, NEVER);
  }
}

async function ask(unit: string): Promise<UnitState> {
  const args = ['show', unit, ...STATE_PROPERTIES.map((name) => `--property=${name}`)];
  const [properties] = parseShow(await runProgram('systemctl', args, ANSWER_WITHIN_MS));
  if (properties === undefined) throw new Error(`systemctl tells nothing of ${unit}`);
  return unitState(properties);
}

/** The end of what the unit's process printed: read again only when one has ended since. */
class LastOutput {
  readonly #unit: string;
  #exits = 0;
  #text = '';

  constructor(unit: string) {
    this.#unit = unit;
  }

  async after(exits: number, invocation: string): Promise<string> {
    if (exits === this.#exits) return this.#text;
    this.#exits = exits;
    this.#text = exits === 0 ? '' : await this.#read(invocation);
    return this.#text;
  }

  /** Of the newest start; where that has printed nothing yet, of the one before. */
  async #read(invocation: string): Promise<string> {
    // by these fields, not by --unit: what systemd itself says of the unit is left out
    const newest = await journalOf(`_SYSTEMD_INVOCATION_ID=${invocation}`);
    return newest === '' ? journalOf(`_SYSTEMD_UNIT=${this.#unit}`) : newest;
  }
}

/** A host without a journal, or with one that is slow, tells nothing; the count is enough to judge by. */
async function journalOf(match: string): Promise<string> {
  const args = ['--boot', '--quiet', '--output=cat', `--lines=${OUTPUT_LINES}`, match];
  const text = await runProgram('journalctl', args, ANSWER_WITHIN_MS).catch(() => '');
  return text.slice(-OUTPUT_CHARACTERS);
}

function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
