/** A group of entries by key, each in a slot. */
export interface Holder {
  readonly slots: ReadonlyMap<string, number>
  evict(userKey: string): void
}

/** The usage order of all entries. */
export interface UsageOrder {
  readonly size: number
  /** The tick of a slot's last use. Later uses have larger ticks, no two are equal, and an empty slot has 0. */
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
 * Evicts the least recently used entries. Finding them means scanning all entries, so a scan finds more
 * candidates than needed and keeps them for later. An entry used in the meantime is newer than all
 * candidates. A candidate is skipped if its slot's last use has changed.
 */
export class LeastUsed {
  /** The candidates, the least recently used last. */
  #found: Candidate[] = []

  drop(count: number, of: UsageOrder): void {
    const isMany = count * SCAN_DIVISOR >= of.size
    if (isMany) dropUsedUntil(nthUse(count, of), of)
    let left = isMany ? 0 : count
    while (left > 0 && of.size > 0) {
      const next = this.#found.pop()
      if (next === undefined) {
        this.#found = find(Math.max(left, Math.ceil(of.size / SCAN_DIVISOR)), of)
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

/**
 * A scan finds one in this many entries. So each eviction scans that many entries on average, however few are
 * evicted at a time.
 */
const SCAN_DIVISOR = 16

/** Returns the tick up to which exactly `count` entries were used. */
function nthUse(count: number, of: UsageOrder): number {
  const uses = new Float64Array(of.size)
  let index = 0
  for (const { slots } of of.holders()) for (const slot of slots.values()) uses[index++] = of.usedAt(slot)
  return uses.sort()[count - 1] ?? 0
}

function dropUsedUntil(tick: number, of: UsageOrder): void {
  for (const holder of of.holders()) {
    for (const [userKey, slot] of holder.slots) if (of.usedAt(slot) <= tick) holder.evict(userKey)
  }
}

function find(count: number, of: UsageOrder): Candidate[] {
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
