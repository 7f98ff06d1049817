import type { Work } from './data.ts'
import type { Call } from './rows.ts'

/** Calls `count` times and gives how many calls answered `undefined`. */
type Loop = (call: Call, work: Work, from: number, count: number) => number | Promise<number>

export interface Plan {
  readonly rounds: number
  /** About how long each row runs in each round. */
  readonly milliseconds: number
}

/** Calls per second of each row, one figure per round. */
export type Rates = Record<string, number[]>

const WARM_UPS = 4

export function callSync(call: Call, { keys, values, order }: Work, from: number, count: number): number {
  const mask = order.length - 1
  let missing = 0
  for (let index = from; index < from + count; index += 1) {
    const at = order[index & mask] as number
    if (call(keys[at] as string, values[at]) === undefined) missing += 1
  }
  return missing
}

export async function callAsync(
  call: Call,
  { keys, values, order }: Work,
  from: number,
  count: number,
): Promise<number> {
  const mask = order.length - 1
  let missing = 0
  for (let index = from; index < from + count; index += 1) {
    const at = order[index & mask] as number
    if ((await call(keys[at] as string, values[at])) === undefined) missing += 1
  }
  return missing
}

/** Measures rows side by side: all of them in each round, each round beginning with another. */
export async function interleave(
  calls: ReadonlyMap<string, Call>,
  work: Work,
  loop: Loop,
  mustHit: boolean,
  { rounds, milliseconds }: Plan,
): Promise<Rates> {
  const rows = [...calls]
  const rates: Rates = Object.fromEntries(rows.map(([id]) => [id, []]))
  const counts = new Map<string, number>()
  let from = 0
  for (let round = -WARM_UPS; round < rounds; round += 1) {
    for (let turn = 0; turn < rows.length; turn += 1) {
      const [id, call] = rows[(turn + round + WARM_UPS) % rows.length] as [string, Call]
      const count = counts.get(id) ?? 500
      // What the row before has left to collect is not this row's to pay for.
      globalThis.gc?.({ type: 'minor' })
      const started = performance.now()
      const missing = await loop(call, work, from, count)
      const elapsed = performance.now() - started
      if (mustHit && missing > 0) throw new Error(`${id} missed ${missing} of ${count} keys`)
      // The warm-up also tells how many calls fill the time.
      if (round < 0) counts.set(id, Math.ceil((count * milliseconds) / elapsed))
      else rates[id]?.push((count / elapsed) * 1000)
    }
    from += 7919
  }
  return rates
}
