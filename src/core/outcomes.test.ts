import { expect, it } from 'vitest'
import { accepted, counted, moved } from './outcomes.ts'

const EVICTED = { ok: false, reason: 'evicted' } as const

it.each([
  ['accepted', () => accepted.call({ method: 'set', key: 'k' }, EVICTED)],
  ['counted', () => counted.call({ method: 'aincr', key: 'k' }, EVICTED)],
  ['moved', () => moved.call({ method: 'aincrVersion', key: 'k', to: 2 }, [EVICTED])],
])('%s() reports an eviction, which only a batch can cause, as a fault of the adapter', (_, read) => {
  expect(read).toThrow(
    expect.objectContaining({
      code: 'ADAPTER_FAILED',
      message: expect.stringContaining('(evicted)'),
    }),
  )
})
