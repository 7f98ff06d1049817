import { expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { copyOf } from '../../core/snapshot.ts'
import { indexedDBAdapter } from './index.ts'

vi.mock('../../core/snapshot.ts', { spy: true })

it('copies a value for those who read it in one turn, and not for those who only look', async () => {
  await using cache = createCache({ adapter: indexedDBAdapter({ name: crypto.randomUUID() }) })
  await cache.aset('key', { a: [1] }, null)
  const looking = [cache.ahasKey('key'), cache.attl('key')]
  expect(await cache.aget('key')).toEqual({ a: [1] })
  expect(await Promise.all(looking)).toEqual([true, null])
  expect(copyOf).not.toHaveBeenCalled()
  const [one, other] = await Promise.all([cache.aget('key'), cache.aget('key')])
  expect(other).toEqual(one)
  expect(other).not.toBe(one)
  expect(copyOf).toHaveBeenCalledOnce()
})
