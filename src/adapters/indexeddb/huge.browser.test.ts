import { afterEach, describe, expect, it } from 'vitest'
import { createCache } from '../../core/create-cache.ts'
import { type IndexedDBAdapterOptions, indexedDBAdapter, lruLimits } from './index.ts'

const TOO_LARGE = { status: 'rejected', reason: { code: 'VALUE_TOO_LARGE' } }
/** More than Chromium takes: 133,169,152 bytes, after encoding. */
const huge: Record<string, () => unknown> = {
  bytes: () => new Uint8Array(134_000_000),
  'a text of wide characters': () => 'ж'.repeat(70_000_000),
  'parts that are too large together': () => [
    new Uint8Array(70_000_000),
    { more: new Uint8Array(70_000_000) },
  ],
}

const opened: { name: string; cache: AsyncDisposable }[] = []
afterEach(async () => {
  for (const { name, cache } of opened.splice(0)) {
    await cache[Symbol.asyncDispose]()
    indexedDB.deleteDatabase(name)
  }
})

function open(options: Partial<IndexedDBAdapterOptions> = {}) {
  const name = crypto.randomUUID()
  const adapter = indexedDBAdapter({ name, whenIdle: () => {}, ...options })
  const cache = createCache({ adapter, timeout: null })
  opened.push({ name, cache })
  return cache
}

/** The limit is Chromium's. Firefox stores such values; WebKit asks for its quota first. */
const isChromium = navigator.userAgent.includes('Chrome')

describe.runIf(isChromium).each(Object.entries(huge))(
  'a value that the browser does not take: %s',
  (_, make) => {
    it('is refused to its own caller, after a read and without one', async () => {
      const cache = open()
      await cache.asetMany({ set: 'old', kept: 'old', counter: 1 })
      const [add, read, set, counted, other] = await Promise.allSettled([
        cache.aadd('add', make()),
        cache.aget('kept'),
        cache.aset('set', make()),
        cache.aincr('counter'),
        cache.aset('other', 'new'),
      ])
      expect([add, set]).toMatchObject([TOO_LARGE, TOO_LARGE])
      expect([read, counted, other]).toMatchObject([{ value: 'old' }, { value: 2 }, { status: 'fulfilled' }])
      // By itself, and so without any read in its transaction.
      const [alone] = await Promise.allSettled([cache.aset('other', make())])
      expect(alone).toMatchObject(TOO_LARGE)
      const left = await cache.agetMany(['add', 'set', 'kept', 'counter', 'other'])
      expect([...left]).toEqual([
        ['kept', 'old'],
        ['counter', 2],
      ])
    })
  },
)

it.runIf(isChromium)(
  'what is stored under a key is kept when an add of a huge value is refused, and limits count right after it',
  async () => {
    const cache = open({ limits: lruLimits({ maxEntries: 3 }) })
    await cache.asetMany({ a: 1, b: 2 })
    expect(await cache.aadd('a', huge['bytes']?.())).toBe(false)
    expect(await cache.asetMany({ c: huge['bytes']?.(), d: 4 })).toEqual(['c'])
    expect([...(await cache.agetMany(['a', 'b', 'c', 'd'])).keys()]).toEqual(['a', 'b', 'd'])
    await cache.adelete('d')
    await cache.aset('e', 5)
    expect([...(await cache.agetMany(['a', 'b', 'e'])).keys()]).toEqual(['a', 'b', 'e'])
  },
)

it.runIf(isChromium)('values that are only together too large are all stored', async () => {
  const cache = open()
  await cache.asetMany({ a: new Uint8Array(80_000_000), b: new Uint8Array(80_000_000) })
  expect((await cache.aget<Uint8Array>('a'))?.length).toBe(80_000_000)
  expect((await cache.aget<Uint8Array>('b'))?.length).toBe(80_000_000)
})
