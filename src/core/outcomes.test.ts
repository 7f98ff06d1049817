import { expect, it } from 'vitest'
import { accepted, counted, moved, popped } from './outcomes.ts'

it.each([
  ['accepted', () => accepted({ ok: false, reason: 'evicted' }, 'set', 'k')],
  ['counted', () => counted({ ok: false, reason: 'evicted' }, 'aincr', 'k')],
  ['popped', () => popped({ ok: false, reason: 'evicted' }, 'aincr', 'k')],
  ['moved', () => moved({ ok: false, reason: 'evicted' }, 2, 'aincrVersion', 'k')],
])('%s() takes an eviction, which only one of many can meet, for an adapter at fault', (_, read) => {
  expect(read).toThrow(
    expect.objectContaining({
      code: 'ADAPTER_FAILED',
      message: expect.stringContaining('(evicted)'),
    }),
  )
})
