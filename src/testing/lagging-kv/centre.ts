/** One value of a key, as the centre has it. */
export interface Version {
  /** `undefined` = deleted. */
  readonly data: Uint8Array | undefined
  readonly metadata: string | undefined
  /** Epoch milliseconds at which KV drops it. */
  readonly expiresAt: number | undefined
  readonly writtenAt: number
  /** When each location can see it, at the latest when `visibility` has passed. */
  visibleAt(location: string): number
}

/** What was written, in the order in which it arrived: the last one wins, once it can be seen. */
export class Centre {
  readonly #versions = new Map<string, Version[]>()

  last(key: string): Version | undefined {
    return this.#versions.get(key)?.at(-1)
  }

  write(key: string, version: Version): void {
    const versions = this.#versions.get(key)
    if (versions === undefined) this.#versions.set(key, [version])
    else versions.push(version)
  }

  /** The newest version that a location can see. What it has once seen, it never sees an older one than. */
  seenFrom(location: string, key: string, now: number): Version | undefined {
    return this.#versions.get(key)?.findLast((version) => version.visibleAt(location) <= now)
  }

  /** As if there had never been anything. */
  forget(key: string): void {
    this.#versions.delete(key)
  }
}
