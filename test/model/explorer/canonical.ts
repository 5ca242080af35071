/** Of so long a text the number is written instead. */
const LONG = 40;

/**
 * Numbers for values, equal ones for equal values, whatever the order of their members. Values never change, so
 * that one that was seen is known by its identity, and what it consists of by its numbers.
 */
export class Numbers {
  readonly #byText = new Map<string, number>();
  readonly #byIdentity = new WeakMap<object, number>();
  readonly #firsts = new Map<number, object>();

  of(value: object): number {
    let number = this.#byIdentity.get(value);
    if (number === undefined) {
      number = this.#ofText(Array.isArray(value) ? this.#items(value) : this.#members(value));
      this.#byIdentity.set(value, number);
    }
    return number;
  }

  /** @returns the first value that was equal to this one: what was worked out of it is known of this one too */
  first<T extends object>(value: T): T {
    const number = this.of(value);
    const first = this.#firsts.get(number);
    if (first !== undefined) return first as T;
    this.#firsts.set(number, value);
    return value;
  }

  #ofText(text: string): number {
    let number = this.#byText.get(text);
    if (number === undefined) {
      number = this.#byText.size;
      this.#byText.set(text, number);
    }
    return number;
  }

  #items(values: readonly unknown[]): string {
    let text = '[';
    for (const one of values) text += `${this.#part(one)},`;
    return text;
  }

  #members(value: object): string {
    let text = '{';
    for (const name of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[name];
      if (member !== undefined) text += `${name}:${this.#part(member)},`;
    }
    return text;
  }

  #part(value: unknown): string {
    if (value !== null && typeof value === 'object') return `#${this.of(value)}`;
    if (typeof value !== 'string') return String(value);
    return value.length < LONG ? `'${value}` : `"${this.#ofText(value)}`;
  }
}

/** Whether two values are equal; parts that are one and the same are not looked into. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  for (const name of Object.keys({ ...a, ...b })) {
    if (!isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])) {
      return false;
    }
  }
  return true;
}
