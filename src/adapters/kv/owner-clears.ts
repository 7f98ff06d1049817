import type { Invalidation } from '../../core/adapter.ts'
import { ALL_TAGS, Invalidations, parseName, scopeName, tagName } from './invalidations.ts'
import type { Sql } from './metered-sql.ts'

const CREATE_CLEARS = `CREATE TABLE IF NOT EXISTS clears (
  scope TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  cleared_at INTEGER NOT NULL,
  swept INTEGER NOT NULL
) WITHOUT ROWID`

export interface ScopeClear {
  readonly scope: string
  readonly generation: number
}

/**
 * The clears and invalidated tags of an owner. Each takes one row, and constant time: the entries themselves are removed later, by the sweep.
 */
export class OwnerClears {
  readonly #sql: Sql
  readonly #known = new Invalidations()
  #latest = 0
  /** The number of names of tags. */
  #tags = 0

  constructor(sql: Sql) {
    this.#sql = sql
    sql.exec(CREATE_CLEARS)
    for (const { scope, generation } of sql.exec<Row>('SELECT scope, generation FROM clears')) {
      this.#known.set(scope, generation)
      this.#latest = Math.max(this.#latest, generation)
      if (isTag(scope)) this.#tags += 1
    }
  }

  /** The generation of the last clear of any scope, or of the last invalidation of any tag. */
  get generation(): number {
    return this.#latest
  }

  get known(): Invalidations {
    return this.#known
  }

  /**
   * Later than every generation before it, including those of an earlier storage of this object, whose replicas may still be in KV and
   * must not survive the clear.
   */
  nextGeneration(now: number): number {
    return Math.max(now, this.#latest + 1)
  }

  /** Does nothing, and returns false, if a later clear arrived first. */
  clear(scope: string, generation: number, now: number): boolean {
    const name = scopeName(scope)
    if (generation <= (this.#known.all.get(name) ?? 0)) return false
    // The table of entries is made anew, so there is nothing to sweep.
    this.#put(name, generation, now, scope === '' ? 1 : 0)
    return true
  }

  invalidateTag(tag: string, invalidation: Invalidation, generation: number, at: number, now: number): void {
    const name = tagName(tag, invalidation, at)
    if (generation <= (this.#known.all.get(name) ?? 0)) return
    if (!this.#known.all.has(name)) this.#tags += 1
    this.#put(name, generation, now, 0)
    if (invalidation === 'delete') this.#removeExpirations(tag, generation)
    else this.#mergeExpirations(tag, now)
    if (this.#tags > MAX_TAG_NAMES) this.#removeOldTags(now)
  }

  /** The clears whose entries are still stored. */
  unsweptScopes(): ScopeClear[] {
    return this.#unswept().flatMap(({ scope, generation }) => {
      const named = parseName(scope)
      return 'scope' in named ? [{ scope: named.scope, generation }] : []
    })
  }

  /** True if entries with invalidated tags may still be stored. */
  get hasUnsweptTags(): boolean {
    return this.#tags > 0 && this.#unswept().some(({ scope }) => isTag(scope))
  }

  sweptScope(scope: string): void {
    this.#sql.exec('UPDATE clears SET swept = 1 WHERE scope = ?', scopeName(scope))
  }

  /** The entries are gone that had a tag which was invalidated at this generation or before. */
  sweptTags(generation: number): void {
    this.#sql.exec(
      'UPDATE clears SET swept = 1 WHERE swept = 0 AND scope >= ? AND scope < ? AND generation <= ?',
      TAGS_FROM,
      TAGS_BEFORE,
      generation,
    )
  }

  /** Forgets what no row and no replica precedes, but never the last generation. */
  forget(before: number): void {
    this.#sql.exec(
      'DELETE FROM clears WHERE swept = 1 AND cleared_at < ? AND generation < ?',
      before,
      this.#latest,
    )
    const kept = new Set(
      this.#sql
        .exec<Row>('SELECT scope, generation FROM clears')
        .toArray()
        .map(({ scope }) => scope),
    )
    for (const name of [...this.#known.all.keys()]) if (!kept.has(name)) this.#forgetName(name)
  }

  /** When the last clear or invalidation was. */
  get lastAt(): number | null {
    return this.#sql.exec<{ last: number | null }>('SELECT max(cleared_at) AS last FROM clears').one().last
  }

  #put(name: string, generation: number, now: number, swept: 0 | 1): void {
    this.#sql.exec(
      `INSERT INTO clears VALUES (?, ?, ?, ?) ON CONFLICT (scope) DO UPDATE SET
         generation = excluded.generation, cleared_at = excluded.cleared_at, swept = excluded.swept`,
      name,
      generation,
      now,
      swept,
    )
    this.#known.set(name, generation)
    this.#latest = Math.max(this.#latest, generation)
  }

  /** Entries that became stale are gone now. */
  #removeExpirations(tag: string, generation: number): void {
    for (const [at, since] of [...this.#known.expirationsOf(tag)]) {
      if (since < generation) this.#remove(tagName(tag, 'expire', at))
    }
  }

  /**
   * Keeps the number of times of one tag small. Entries that were stored between the two oldest ones then count as stale since the
   * first of them.
   */
  #mergeExpirations(tag: string, now: number): void {
    const times = [...this.#known.expirationsOf(tag)].sort((one, other) => one[1] - other[1])
    const [first, second] = times
    if (times.length <= MAX_EXPIRATIONS || first === undefined || second === undefined) return
    this.#remove(tagName(tag, 'expire', second[0]))
    this.#put(tagName(tag, 'expire', Math.min(first[0], second[0])), second[1], now, 0)
  }

  /** Forgets the older half. All entries with tags that were stored before count as invalidated. */
  #removeOldTags(now: number): void {
    const names = [...this.#known.all]
      .filter(([name]) => isTag(name) && name !== ALL_TAGS)
      .sort((one, other) => one[1] - other[1])
    const old = names.slice(0, names.length / 2)
    const [, floor = 0] = old.at(-1) ?? []
    for (const [name] of old) this.#remove(name)
    if (!this.#known.all.has(ALL_TAGS)) this.#tags += 1
    this.#put(ALL_TAGS, floor, now, 0)
  }

  #remove(name: string): void {
    this.#sql.exec('DELETE FROM clears WHERE scope = ?', name)
    this.#forgetName(name)
  }

  #forgetName(name: string): void {
    this.#known.delete(name)
    if (isTag(name)) this.#tags -= 1
  }

  #unswept(): Row[] {
    return this.#sql.exec<Row>('SELECT scope, generation FROM clears WHERE swept = 0').toArray()
  }
}

function isTag(name: string): boolean {
  return name >= TAGS_FROM && name < TAGS_BEFORE
}

/** All names of tags are in this range. */
const TAGS_FROM = '\u0001'
const TAGS_BEFORE = '\u0003'
/** Of one tag. */
const MAX_EXPIRATIONS = 8
/** The document that announces so many has some 300 kB, and takes some 4 ms to parse. */
const MAX_TAG_NAMES = 10_000

type Row = { scope: string; generation: number }
