import { expect, it } from 'vitest'
import { mean } from './cells.ts'
import { type Place, type Simulation, simulate } from './simulate.ts'

const run = (place: Place, options: Simulation['options'] = {}) =>
  simulate({ place, options, requestsPerSecond: 100, requests: 10_000, timeout: 10, loadSeconds: 1, seed: 1 })

const SEPARATE: Place = { kind: 'separate loads', processes: 8 }
const SHARED: Place = { kind: 'shared loads', processes: 8 }

it('gives the same figures for the same seed', async () => {
  expect(await run(SEPARATE, { earlyRefresh: 1 })).toEqual(await run(SEPARATE, { earlyRefresh: 1 }))
})

it('shows the stampede of plain expiry, and less of it with early refresh', async () => {
  const plain = await run(SEPARATE)
  const early = await run(SEPARATE, { earlyRefresh: 1 })
  expect(mean(plain.stampedes)).toBeGreaterThan(7)
  expect(mean(early.stampedes)).toBeLessThan(mean(plain.stampedes) / 2)
  expect(plain.waited).toBeGreaterThan(0.05)
  expect(early.waited).toBeLessThan(0.01)
})

it('shows that shared loads run one at a time, and that nobody waits for a refresh', async () => {
  const plain = await run(SHARED)
  const stale = await run(SHARED, { staleWhileRevalidate: 10 })
  expect(new Set([...plain.stampedes, ...stale.stampedes])).toEqual(new Set([1]))
  expect(stale.waited).toBe(0)
  expect(stale.stale).toBeGreaterThan(0)
})
