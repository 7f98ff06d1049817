/** One version of a key in the central store. */
export interface Version {
  /** `undefined` = deleted. */
  readonly data: Uint8Array | undefined
  readonly metadata: string | undefined
  /** The epoch milliseconds at which KV removes it. */
  readonly expiresAt: number | undefined
  readonly writtenAt: number
  /** When each location can see it, at the latest after `visibility`. */
  visibleAt(location: string): number
}

/** The writes, in order of arrival. The last visible one wins. */
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

  /** Returns the newest version that a location can see. It never goes back to an older one. */
  seenFrom(location: string, key: string, now: number): Version | undefined {
    return this.#versions.get(key)?.findLast((version) => version.visibleAt(location) <= now)
  }

  /** Removes the key and its history. */
  forget(key: string): void {
    this.#versions.delete(key)
  }
}
