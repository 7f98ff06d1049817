import { afterEach, expect, it, vi } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { indexedDBAdapter, lruLimits } from './index.ts'

afterEach(() => vi.restoreAllMocks())

it.each([Number.POSITIVE_INFINITY, 2 ** 40])('opens with an openTimeout of %d s', async (openTimeout) => {
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), openTimeout })
  await using cache = createCache({ adapter })
  await cache.aset('key', 'value')
  expect(await cache.aget('key')).toBe('value')
})

it('answers a write behind another also where its transaction never hears how it ended', async () => {
  await using cache = createCache({ adapter: indexedDBAdapter({ name: crypto.randomUUID() }) })
  await cache.aset('key', 0)
  const begun: IDBTransaction[] = []
  const { transaction } = IDBDatabase.prototype
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
    begun.push(transaction.apply(this, args))
    return begun.at(-1) as IDBTransaction
  })
  // As in Chromium, of a transaction that is begun while its connection is being closed by force.
  const listen = EventTarget.prototype.addEventListener
  vi.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (
    this: EventTarget,
    ...args
  ) {
    const of = this instanceof IDBRequest ? this.transaction : this
    if (of === null || of !== begun[1]) listen.apply(this, args)
  })
  const first = cache.aset('key', 1)
  await nextTurn()
  const second = cache.aset('other', 2)
  await first
  await nextTurn()
  begun[1]?.db.dispatchEvent(new Event('close'))
  await expect(second).rejects.toMatchObject({ code: 'ADAPTER_FAILED' })
})

it('lets nobody wait behind others for a database that does not open, and closes', async () => {
  const name = crypto.randomUUID()
  // Without our stores, and in the way of whoever wants to make them.
  const inTheWay = indexedDB.open(name)
  await new Promise((resolve) => {
    inTheWay.onsuccess = resolve
  })
  const cache = createCache({ adapter: indexedDBAdapter({ name, openTimeout: 0.2, whenIdle: () => {} }) })
  const opening = vi.spyOn(IDBFactory.prototype, 'open')
  const told: Promise<unknown>[] = []
  const calls = [
    () => cache.aset('key', 1),
    () => cache.aclear(),
    () => cache.aget('key'),
    () => cache.aset('key', 2),
    () => cache.aclear(),
  ]
  for (const call of calls) {
    told.push(expect(call()).rejects.toMatchObject({ cause: { name: 'TimeoutError' } }))
    await nextTurn()
  }
  await cache.aclose()
  await Promise.all(told)
  // As it was, and again to make what is missing: once for all of them.
  expect(opening).toHaveBeenCalledTimes(2)
  inTheWay.result.close()
})

it('closes when a sweep under way has ended, which does not open the database again', async () => {
  const opening = vi.spyOn(IDBFactory.prototype, 'open')
  let now = 1_000
  const adapter = indexedDBAdapter({ name: crypto.randomUUID(), whenIdle: () => {} })
  const cache = createCache({ adapter, clock: () => now })
  await cache.asetMany(
    Array.from({ length: 2_500 }, (_, index) => [`key-${index}`, 1] as const),
    1,
  )
  now += 1_000
  const opened = opening.mock.calls.length
  const swept = adapter.sweep(now)
  await cache.aclose()
  expect(await swept).toBe(2_500)
  expect(opening).toHaveBeenCalledTimes(opened)
})

it('closes when the writes that wait for others have ended, which do not open the database again', async () => {
  const opening = vi.spyOn(IDBFactory.prototype, 'open')
  const cache = createCache({
    adapter: indexedDBAdapter({ name: crypto.randomUUID(), limits: lruLimits({ maxEntries: 10 }) }),
  })
  await cache.aset('key', 0)
  const written: Promise<void>[] = []
  for (const value of [1, 2, 3]) {
    written.push(cache.aset('key', value))
    await nextTurn()
  }
  await cache.aclose()
  await Promise.all(written)
  expect(opening).toHaveBeenCalledOnce()
})

/** Lets what was asked for so far begin, and not end. */
async function nextTurn(): Promise<void> {
  for (let hop = 0; hop < 20; hop += 1) await undefined
}
