/** Random numbers from 0 up to 1, the same for the same seed. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Time that passes only when something happens. */
export class Timeline {
  /** Epoch milliseconds. */
  now = 1_800_000_000_000
  readonly #due: { readonly at: number; readonly run: () => void }[] = []

  /** Waits. All waits of a timeline must be equally long. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#due.push({ at: this.now + milliseconds, run: resolve })
    })
  }

  /** Lets time pass until `at`, and everything happen that is due by then. */
  async advanceTo(at: number): Promise<void> {
    for (;;) {
      const [next] = this.#due
      if (next === undefined || next.at > at) break
      this.#due.shift()
      this.now = next.at
      next.run()
      await everythingReady()
    }
    this.now = at
  }

  async finish(): Promise<void> {
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) await this.advanceTo(next.at)
  }
}

/** Lets all promises run that can. */
export function everythingReady(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
