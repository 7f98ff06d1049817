/** Where entries are kept under keys, each in a slot. */
export interface Holder {
  readonly slots: ReadonlyMap<string, number>
  evict(userKey: string): void
}

/** All entries, as far as their order of use is concerned. */
export interface Used {
  readonly size: number
  /** Of each slot its last use: a larger number is later, no two are the same, and a slot without an entry has 0. */
  usedAt(slot: number): number
  holders(): Iterable<Holder>
}

interface Candidate {
  readonly holder: Holder
  readonly userKey: string
  readonly slot: number
  readonly tick: number
}

/**
 * Drops what was used longest ago. Looking for it means looking at all entries, so more than is wanted is looked for, and kept
 * for the next time: whatever is used meanwhile is used later than all that was found. What was used, dropped or replaced since
 * shows by its slot's last use.
 */
export class LeastUsed {
  /** The least recently used last. */
  #found: Candidate[] = []

  drop(count: number, of: Used): void {
    const isMany = count * AHEAD >= of.size
    if (isMany) dropUsedUntil(nthUse(count, of), of)
    let left = isMany ? 0 : count
    while (left > 0 && of.size > 0) {
      const next = this.#found.pop()
      if (next === undefined) {
        this.#found = find(Math.max(left, Math.ceil(of.size / AHEAD)), of)
      } else if (of.usedAt(next.slot) === next.tick) {
        next.holder.evict(next.userKey)
        left -= 1
      }
    }
  }

  forget(): void {
    this.#found = []
  }
}

/** One entry in so many is found at once: so many entries are looked at for each that is dropped, however few each time. */
const AHEAD = 16

/** When the entry was used that so many were used no later than. */
function nthUse(count: number, of: Used): number {
  const uses = new Float64Array(of.size)
  let index = 0
  for (const { slots } of of.holders()) for (const slot of slots.values()) uses[index++] = of.usedAt(slot)
  return uses.sort()[count - 1] ?? 0
}

function dropUsedUntil(tick: number, of: Used): void {
  for (const holder of of.holders()) {
    for (const [userKey, slot] of holder.slots) if (of.usedAt(slot) <= tick) holder.evict(userKey)
  }
}

function find(count: number, of: Used): Candidate[] {
  const last = nthUse(count, of)
  const found: Candidate[] = []
  for (const holder of of.holders()) {
    for (const [userKey, slot] of holder.slots) {
      const tick = of.usedAt(slot)
      if (tick <= last) found.push({ holder, userKey, slot, tick })
    }
  }
  return found.sort((one, other) => other.tick - one.tick)
}
