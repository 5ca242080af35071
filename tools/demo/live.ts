import type { Paint } from '../../src/cli/print-paint.ts';
import { WORKLOAD } from '../../test/support/manifests.ts';
import type { Chronicle } from '../../test/support/observe/chronicle.ts';
import type { World } from '../../test/support/observe/world.ts';
import type { Screen } from '../screen.ts';
import { changes } from './changes.ts';
import type { Watching } from './scenario.ts';
import type { Stage } from './stage.ts';
import { table } from './table.ts';

const REDRAW_MS = 200;

/** Shows one Plan while it runs: a picture on a terminal, a line for each change elsewhere. */
export class LivePicture {
  readonly #title: string;
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #stage: Stage;
  readonly #timer: NodeJS.Timeout;
  #seen: { readonly world: World; readonly chronicle: Chronicle } | undefined;
  #told: World | undefined;

  constructor(title: string, screen: Screen, paint: Paint, stage: Stage) {
    this.#title = title;
    this.#screen = screen;
    this.#paint = paint;
    this.#stage = stage;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  watching(signal: AbortSignal): Omit<Watching, 'onPlan'> {
    return {
      onSight: (world, chronicle) => this.#see(world, chronicle),
      onEvent: (sentence) => this.#screen.line(this.#paint.bad(`  ${sentence}`)),
      onProgress: (text) => this.#screen.progress(text),
      signal,
    };
  }

  /** The last picture stays. */
  end(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#screen.keep();
  }

  #see(world: World, chronicle: Chronicle): void {
    this.#seen = { world, chronicle };
    if (this.#screen.isLive) return;
    for (const line of changes(this.#told, world)) {
      this.#screen.line(`  ${clock(chronicle.elapsedMs)}  ${line}`);
    }
    this.#told = world;
  }

  #draw(): void {
    if (this.#seen === undefined) return;
    const { world, chronicle } = this.#seen;
    const touchedMs = new Map(
      chronicle.stories().flatMap(({ name, touchedMs: ms }) => (ms ? [[name, ms] as const] : [])),
    );
    const around = {
      title: this.#title,
      elapsedMs: chronicle.elapsedMs,
      replicas: {
        wanted: WORKLOAD.replicas,
        budget: WORKLOAD.minAvailable,
        lowest: chronicle.lowestReadyReplicas,
      },
      api: this.#stage.prober.availability,
      touchedMs,
    };
    this.#screen.draw(table(world, around, this.#screen.columns, this.#paint));
  }
}

function clock(ms: number): string {
  const whole = Math.floor(ms / 1000);
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
}
