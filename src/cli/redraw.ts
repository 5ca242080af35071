import type { Format } from './cluster-options.ts';

/** What is written to: a terminal, or a file. */
export interface Out {
  readonly isTTY?: boolean;
  readonly rows?: number;
  write(text: string): unknown;
}

const HOME_AND_CLEAR = '\x1b[H\x1b[J';
const OTHER_SCREEN = '\x1b[?1049h';
const FIRST_SCREEN = '\x1b[?1049l';

/** Shows a text in the place of the one before on a terminal, and behind it elsewhere. */
export class Redraw {
  readonly #out: Out;
  #shown = '';
  #isOpen = false;

  constructor(out: Out) {
    this.#out = out;
  }

  show(text: string, format: Format): void {
    this.#shown = text;
    if (!this.#out.isTTY) {
      // YAML has a word for "another document follows"; JSON documents follow one another.
      this.#out.write(format === 'yaml' ? `---\n${text}` : text);
      return;
    }
    const lines = text.split('\n');
    const room = Math.max(3, this.#out.rows ?? 24) - 1;
    const kept = lines.length > room ? [...lines.slice(0, room - 1), '… more than fits'] : lines;
    this.#out.write(`${this.#isOpen ? '' : OTHER_SCREEN}${HOME_AND_CLEAR}${kept.join('\n')}`);
    this.#isOpen = true;
  }

  /** Below what is shown, until the next one. */
  note(text: string): void {
    if (this.#isOpen) this.#out.write(`\n${text}`);
  }

  /** Leaves the last picture where the next command begins. */
  end(): void {
    if (this.#isOpen) this.#out.write(`${FIRST_SCREEN}${this.#shown}`);
    this.#isOpen = false;
  }
}
