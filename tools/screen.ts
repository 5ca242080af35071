const UP = (lines: number) => (lines > 0 ? `\x1b[${lines}F` : '');
const CLEAR_BELOW = '\x1b[0J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

/**
 * Lines that stay and, on a terminal, a picture below them that is redrawn. Elsewhere there is no picture,
 * and a progress is a line for each new text.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #picture: readonly string[] = [];
  #progress = '';

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  get isLive(): boolean {
    return this.#out.isTTY === true;
  }

  /** Characters per line; unlimited where nobody has to fit in a terminal. */
  get columns(): number {
    return this.isLive ? this.#out.columns || 80 : 200;
  }

  /** Prints a line above the picture; on a terminal one that is too long goes on below its beginning. */
  line(text = ''): void {
    const picture = this.#picture;
    this.#erase();
    const lines = this.isLive ? wrap(text, this.columns) : [text];
    for (const line of lines) this.#out.write(`${line}\n`);
    this.draw(picture);
  }

  /** Says what is being waited for; replaces what it said before. */
  progress(text: string): void {
    if (text === this.#progress) return;
    this.#progress = text;
    if (this.isLive) this.draw([`  ${text} ...`]);
    else this.#out.write(`  ${text}\n`);
  }

  /** Replaces the picture. Lines must fit; what the terminal has no rows for is left out. */
  draw(lines: readonly string[]): void {
    if (!this.isLive || (lines.length === 0 && this.#picture.length === 0)) return;
    const shown = lines.slice(0, Math.max((this.#out.rows || 24) - 1, 1));
    const fitting = shown.map((line) =>
      line.length > this.columns ? cut(line, this.columns) : line,
    );
    const text = fitting.map((line) => `${line}\n`).join('');
    const hide = this.#picture.length === 0 && shown.length > 0 ? HIDE_CURSOR : '';
    this.#out.write(`${hide}${UP(this.#picture.length)}${CLEAR_BELOW}${text}`);
    this.#picture = shown;
  }

  /** Turns the picture into lines that stay. */
  keep(): void {
    this.#picture = [];
    this.#progress = '';
    if (this.isLive) this.#out.write(SHOW_CURSOR);
  }

  /** Takes the picture away. */
  clear(): void {
    this.#erase();
    this.#progress = '';
    if (this.isLive) this.#out.write(SHOW_CURSOR);
  }

  #erase(): void {
    if (this.#picture.length === 0) return;
    this.#out.write(`${UP(this.#picture.length)}${CLEAR_BELOW}`);
    this.#picture = [];
  }
}

/** A line that may hold colours is left whole: its maker has counted its columns. */
function cut(line: string, columns: number): string {
  return line.includes('\x1b') ? line : line.slice(0, columns - 1);
}

/** Breaks at spaces; what follows is indented as the beginning is. Colours take no room. */
export function wrap(text: string, columns: number): readonly string[] {
  if (widthOf(text) <= columns) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.slice(indent.length).split(' ')) {
    const longer = line === '' ? indent + word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with
  return [...text.replaceAll(/\x1b\[\d+m/g, '')].length;
}
