/** The most milliseconds by which a near read may be stale. */
export interface Bounds {
  /** After a value was overwritten, touched or deleted elsewhere. */
  readonly write: number
  /** After a clear, or the invalidation of a tag, elsewhere. */
  readonly clear: number
}

interface Version {
  /** `undefined` = nothing is stored. */
  readonly value: unknown
  readonly expiresAt: number | null
  readonly tags: readonly string[]
  /** The isolates that invalidated one of its tags later. */
  readonly invalidatedBy: Set<string>
  /** When and how it was replaced. */
  end?: { readonly at: number; readonly by: 'write' | 'clear' }
}

/**
 * Everything that was stored under each key, in order, and what each isolate wrote. Checks that near reads
 * keep their guarantees.
 */
export class History {
  readonly #bounds: Bounds
  readonly #versions = new Map<string, Version[]>()
  /** The number of reads that were stale within the bounds. */
  stale = 0
  /** For each isolate and key, the version that it wrote last. */
  readonly #own = new Map<string, number>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  wrote(
    isolate: string,
    key: string,
    {
      value,
      expiresAt,
      tags = [],
    }: Pick<Version, 'value' | 'expiresAt'> & { readonly tags?: readonly string[] },
    at: number,
  ): void {
    const versions = this.#of(key)
    this.#end(versions, at, 'write')
    versions.push({ value, expiresAt, tags, invalidatedBy: new Set() })
    this.#own.set(`${isolate} ${key}`, versions.length - 1)
  }

  /**
   * Every entry with the tag is gone, or stale, which is the same to readers. The isolate may still read older
   * values without the tag, since it does not know what others have stored.
   */
  invalidated(isolate: string, tag: string, at: number): void {
    for (const versions of this.#versions.values()) {
      if (versions.at(-1)?.tags.includes(tag) === true) this.#remove(versions, at)
      for (const { tags, invalidatedBy } of versions) if (tags.includes(tag)) invalidatedBy.add(isolate)
    }
  }

  cleared(isolate: string, at: number): void {
    for (const [key, versions] of this.#versions) {
      this.#remove(versions, at)
      this.#own.set(`${isolate} ${key}`, versions.length - 1)
    }
  }

  /** Returns the entry of a key at a time. */
  current(key: string, at: number): Version | undefined {
    const last = this.#of(key).at(-1)
    if (last === undefined || last.value === undefined || !isAlive(last, at)) return undefined
    return last
  }

  /** Returns what is wrong with this near read, or `undefined`. */
  violation(isolate: string, key: string, value: unknown, at: number): string | undefined {
    const current = this.current(key, at)
    if (value === current?.value) return undefined
    if (value === undefined) return `missed ${key}, which holds ${show(current?.value)}`
    if (typeof value === 'number')
      return `gave the number ${value} of ${key}, which holds ${show(current?.value)}`
    const versions = this.#of(key)
    const own = this.#own.get(`${isolate} ${key}`) ?? 0
    const same = versions.filter((version) => version.value === value)
    if (same.length === 0) return `gave ${show(value)}, which was never stored under ${key}`
    const alive = same.filter((version) => isAlive(version, at))
    if (alive.length === 0) return `gave ${show(value)} of ${key} past its deadline`
    const unseen = alive.filter(
      (version) => versions.indexOf(version) >= own && !version.invalidatedBy.has(isolate),
    )
    if (unseen.length === 0) return `gave ${show(value)} of ${key}, over which its own isolate had written`
    if (unseen.some(({ end }) => end === undefined || at - end.at <= this.#bounds[end.by])) {
      this.stale += 1
      return undefined
    }
    const { end } = unseen.at(-1) as Version
    return `gave ${show(value)} of ${key}, ${(at - (end?.at ?? at)) / 1000} s after a ${end?.by}`
  }

  #remove(versions: Version[], at: number): void {
    this.#end(versions, at, 'clear')
    versions.push({ value: undefined, expiresAt: null, tags: [], invalidatedBy: new Set() })
  }

  #of(key: string): Version[] {
    let versions = this.#versions.get(key)
    if (versions === undefined) {
      versions = []
      this.#versions.set(key, versions)
    }
    return versions
  }

  #end(versions: readonly Version[], at: number, by: 'write' | 'clear'): void {
    const last = versions.at(-1)
    if (last !== undefined) last.end = { at, by }
  }
}

function isAlive({ expiresAt }: Version, at: number): boolean {
  return expiresAt === null || at < expiresAt
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
