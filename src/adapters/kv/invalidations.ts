import type { Entry, Invalidation } from '../../core/adapter.ts'
import { endFreshness } from '../../core/operations.ts'
import { clearedAt } from './generations.ts'

/*
 * A cleared scope and an invalidated tag each have a name: in the table of an owner, in the document that announces them to readers, and in
 * the memory of an isolate. The name of a scope is the scope. Readers of an earlier version take the names of tags for scopes of
 * keys that nobody uses.
 */

const DELETED = '\u0001'
const EXPIRED = '\u0002'
/** In front of a scope that begins like the name of a tag. */
const ESCAPE = '\u0000'

/** The name of a cleared scope. */
export function scopeName(scope: string): string {
  return scope !== '' && scope < '\u0003' ? ESCAPE + scope : scope
}

/** The name of an invalidated tag. Tags that became stale need the time at which they did. */
export function tagName(tag: string, invalidation: Invalidation, at: number): string {
  return invalidation === 'delete' ? DELETED + tag : `${EXPIRED}${at}${EXPIRED}${tag}`
}

/** Stands for all tags: entries with tags that were stored before it are gone. */
export const ALL_TAGS: string = DELETED

type Named = { readonly scope: string } | { readonly tag: string; readonly expiredAt?: number | undefined }

/** What a name stands for. */
export function parseName(name: string): Named {
  if (name.startsWith(DELETED)) return { tag: name.slice(1) }
  if (!name.startsWith(EXPIRED)) return { scope: name.startsWith(ESCAPE) ? name.slice(1) : name }
  const end = name.indexOf(EXPIRED, 1)
  return { tag: name.slice(end + 1), expiredAt: Number(name.slice(1, end)) }
}

/** The clears and invalidated tags that an owner or an isolate knows of, each with its generation. */
export class Invalidations {
  readonly #all = new Map<string, number>()
  readonly #scopes = new Map<string, number>()
  readonly #deletedTags = new Map<string, number>()
  /** By tag, the times at which it became stale, each with the generation. */
  readonly #expiredTags = new Map<string, Map<number, number>>()

  /** The generation of each name. */
  get all(): ReadonlyMap<string, number> {
    return this.#all
  }

  set(name: string, generation: number): void {
    this.#all.set(name, generation)
    const named = parseName(name)
    if ('scope' in named) this.#scopes.set(named.scope, generation)
    else if (named.expiredAt === undefined) this.#deletedTags.set(named.tag, generation)
    else {
      const times = this.#expiredTags.get(named.tag) ?? new Map<number, number>()
      this.#expiredTags.set(named.tag, times.set(named.expiredAt, generation))
    }
  }

  delete(name: string): void {
    this.#all.delete(name)
    const named = parseName(name)
    if ('scope' in named) this.#scopes.delete(named.scope)
    else if (named.expiredAt === undefined) this.#deletedTags.delete(named.tag)
    else {
      const times = this.#expiredTags.get(named.tag)
      times?.delete(named.expiredAt)
      if (times?.size === 0) this.#expiredTags.delete(named.tag)
    }
  }

  /** When a tag became stale, with the generations. */
  expirationsOf(tag: string): ReadonlyMap<number, number> {
    return this.#expiredTags.get(tag) ?? NONE
  }

  /** True if a key's scope was cleared after `generation`. */
  isCleared(key: string, generation: number): boolean {
    return this.#scopes.size > 0 && generation < clearedAt(this.#scopes, key)
  }

  /** What the invalidated tags leave of an entry that was stored at `generation`. */
  remainder<E extends Entry>(entry: E, generation: number): E | undefined {
    const tags = entry.metadata?.tags
    if (tags === undefined || this.#all.size === this.#scopes.size) return entry
    const isDeleted = (tag: string) => (this.#deletedTags.get(tag) ?? 0) > generation
    if (isDeleted('') || tags.some(isDeleted)) return undefined
    let expiredAt = Number.POSITIVE_INFINITY
    for (const tag of tags) {
      for (const [at, since] of this.expirationsOf(tag)) {
        if (since > generation) expiredAt = Math.min(expiredAt, at)
      }
    }
    if (expiredAt === Number.POSITIVE_INFINITY) return entry
    return endFreshness(entry, expiredAt) as E | undefined
  }
}

const NONE: ReadonlyMap<number, number> = new Map()
