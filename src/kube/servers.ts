/**
 * The API servers of one cluster, and which of them is asked: one for as long as it answers, then the next.
 * Pure, but for what it remembers.
 */
export class Servers {
  /** Of the kubeconfig. */
  readonly home: string;
  #others: readonly string[] = [];
  #current: string;
  /** They have failed, and nobody has answered since. */
  readonly #suspects = new Set<string>();

  /** @param home URL without a slash at its end, as are all others */
  constructor(home: string) {
    this.home = home;
    this.#current = home;
  }

  get current(): string {
    return this.#current;
  }

  /** Replaces what is known beside the kubeconfig. One that is in use stays so until it fails. */
  learn(urls: readonly string[]): void {
    this.#others = [...new Set(urls)].filter((url) => url !== this.home);
  }

  /** All of them once, in the order in which they are to be asked. */
  inTurn(): string[] {
    const all = [this.home, ...this.#others];
    const at = all.indexOf(this.#current);
    return at < 0 ? [this.#current, ...all] : [...all.slice(at), ...all.slice(0, at)];
  }

  /** It could not be asked: the next one is asked from now on. */
  failed(url: string): void {
    this.#suspects.add(url);
    if (url === this.#current) this.#current = this.inTurn()[1] ?? url;
  }

  /**
   * @returns those that had failed before, now that another one has answered: they, and not the network, are
   *   what is wrong, so that nothing may hang on to them
   */
  answered(url: string): string[] {
    this.#suspects.delete(url);
    const left = [...this.#suspects];
    this.#suspects.clear();
    return left;
  }
}
