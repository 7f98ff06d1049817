import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limitStorage } from './browser/limit-storage.ts'
import { openTabs, type Profile } from './browser/open-tabs.ts'

const QUOTA = 4_000_000

const EVICTING = [
  { name: 'with limits without numbers', limits: {} },
  {
    name: 'with limits of its own that it does not reach',
    limits: { maxEntries: 10_000, maxBytes: 2 ** 40 },
  },
]
const ALL = [{ name: 'without limits', limits: undefined }, ...EVICTING]

// Values of 100 kB: smaller ones stand in a log of Chromium's on disk, where what is deleted frees nothing for a long time.
describe.each(['memory', 'disk'] as const)('a full origin, its data in %s', (storage) => {
  let profile: Profile
  let origins = 0
  beforeAll(async () => {
    profile = await openTabs(0, { script: 'workbench.ts', storage })
  })
  afterAll(() => profile[Symbol.asyncDispose]())

  /** A tab of an origin of its own, which may store little. */
  async function openFull() {
    origins += 1
    const tab = await profile.openTab(`http://full-${origins}.localhost`)
    await limitStorage(tab, QUOTA)
    return { tab, [Symbol.asyncDispose]: () => tab.close() }
  }

  describe.each(ALL)('an adapter $name', ({ limits }) => {
    it('lets what has expired make way, and nothing else', async () => {
      await using full = await openFull()
      const found = await full.tab.evaluate(async (options) => {
        let now = 1_000
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter, clock: () => now })
        for (let n = 0; n < 10; n += 1) await cache.aset(`live-${n}`, nearcache.noise(100_000), null)
        for (let n = 0; n < 27; n += 1) await cache.aset(`dead-${n}`, nearcache.noise(100_000), 60)
        now += 60_000
        for (let n = 0; n < 20; n += 1) await cache.aset(`new-${n}`, nearcache.noise(100_000), null)
        const names = [...Array(10).keys()].map((n) => `live-${n}`)
        const more = [...Array(20).keys()].map((n) => `new-${n}`)
        const values = await cache.agetMany<Uint8Array>([...names, ...more])
        return [...values.values()].map((value) => value.length)
      }, limits)
      expect(found).toEqual(Array(30).fill(100_000))
    })

    it('refuses a value larger than the quota, and goes on with what it had', async () => {
      await using full = await openFull()
      const after = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter })
        const names = [...Array(30).keys()].map((n) => `old-${n}`)
        for (const name of names) await cache.aset(name, [name, nearcache.noise(100_000)], null)
        const errors = []
        for (let attempt = 0; attempt < 5; attempt += 1) {
          errors.push(await cache.aset('huge', nearcache.noise(6_000_000)).catch((error) => error))
        }
        await cache.aset('small', 1)
        const left = await cache.agetMany<[string, Uint8Array]>(names)
        return {
          codes: errors.map(({ code }) => code),
          figures: errors.map(({ estimate }) => [typeof estimate.usage, typeof estimate.quota]),
          messages: errors.map(({ message }) => message),
          intact: [...left].filter(([name, [own, bytes]]) => own === name && bytes.length === 100_000).length,
          huge: await cache.ahasKey('huge'),
          small: await cache.aget('small'),
        }
      }, limits)
      expect(after).toEqual({
        codes: Array(5).fill('QUOTA_EXCEEDED'),
        figures: Array(5).fill(['number', 'number']),
        messages: Array(5).fill(expect.stringMatching(/^\w+ failed: the origin's storage is full/)),
        // Nothing could have made way for it.
        intact: 30,
        huge: false,
        small: 1,
      })
    })

    it('fails only the caller whose value is too large', async () => {
      await using full = await openFull()
      const answers = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter })
        const calls = [...Array(51).keys()].map((n) =>
          cache.aset(`n-${n}`, n === 25 ? nearcache.noise(6_000_000) : n),
        )
        const settled = await Promise.allSettled(calls)
        const read = await cache.agetMany(settled.map((_, n) => `n-${n}`))
        return {
          failed: settled.flatMap((call, n) => (call.status === 'rejected' ? [[n, call.reason.code]] : [])),
          read: [...read.values()],
        }
      }, limits)
      expect(answers.failed).toEqual([[25, 'QUOTA_EXCEEDED']])
      expect(answers.read).toEqual([...Array(51).keys()].filter((n) => n !== 25))
    })

    it('stores all of a batch or nothing', async () => {
      await using full = await openFull()
      const after = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter })
        await cache.aset('n-0', 'before', null)
        const batch = [...Array(60).keys()].map((n) => [`n-${n}`, nearcache.noise(100_000)] as const)
        const error = await cache.asetMany(batch).catch((reason) => reason)
        return { code: error.code, left: [...(await cache.agetMany(batch.map(([key]) => key)))] }
      }, limits)
      expect(after).toEqual({ code: 'QUOTA_EXCEEDED', left: [['n-0', 'before']] })
    })

    it('deletes, clears, sweeps and closes where nothing can be put', async () => {
      await using full = await openFull()
      const after = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter, keyPrefix: 'own', clock: () => 1_000 })
        const other = nearcache.createCache({ adapter, keyPrefix: 'other', clock: () => 1_000 })
        await cache.asetMany(
          [...Array(20).keys()].map((n) => [`dead-${n}`, n] as const),
          { timeout: 60 },
        )
        await cache.asetMany(
          [...Array(20).keys()].map((n) => [`live-${n}`, n] as const),
          { timeout: null },
        )
        await other.aset('kept', 1, null)
        await nearcache.fill()
        const deleted = await cache.adelete('live-0')
        const swept = await adapter.sweep(61_000)
        const left = (await cache.agetMany([...Array(20).keys()].map((n) => `live-${n}`))).size
        await cache.aclear()
        await adapter.close()
        return { deleted, swept, left, own: await cache.ahasKey('live-1'), other: await other.aget('kept') }
      }, limits)
      expect(after).toEqual({ deleted: true, swept: 20, left: 19, own: false, other: 1 })
    })
  })

  describe.each(EVICTING)('an adapter $name', ({ limits }) => {
    it('lets the least recently used make way, and keeps what was just read', async () => {
      await using full = await openFull()
      const kept = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter })
        const names = [...Array(37).keys()].map((n) => `old-${n}`)
        for (const name of names) await cache.aset(name, nearcache.noise(100_000), null)
        const read = names.slice(0, 5)
        for (const name of read) await cache.aget(name)
        for (let n = 0; n < 10; n += 1) await cache.aset(`new-${n}`, nearcache.noise(100_000), null)
        const present = async (keys: string[]) =>
          (await Promise.all(keys.map((key) => cache.ahasKey(key)))).filter(Boolean).length
        return {
          read: await present(read),
          new: await present([...Array(10).keys()].map((n) => `new-${n}`)),
          all: await present(names),
        }
      }, limits)
      expect(kept).toEqual({ read: 5, new: 10, all: expect.any(Number) })
      expect(kept.all).toBeLessThan(37)
      expect(kept.all).toBeGreaterThanOrEqual(20)
    })

    it('lets as many make way as a large value needs', async () => {
      await using full = await openFull()
      const after = await full.tab.evaluate(async (options) => {
        const adapter = nearcache.openAdapter('quota', options)
        const cache = nearcache.createCache({ adapter })
        const names = [...Array(35).keys()].map((n) => `old-${n}`)
        for (const name of names) await cache.aset(name, nearcache.noise(100_000), null)
        await cache.aset('large', nearcache.noise(1_600_000))
        return { large: (await cache.aget<Uint8Array>('large'))?.length, last: await cache.ahasKey('old-34') }
      }, limits)
      expect(after).toEqual({ large: 1_600_000, last: true })
    })

    it('keeps the order of what is asked for one after another, and not awaited', async () => {
      await using full = await openFull()
      const left = await full.tab.evaluate(async (options) => {
        const cache = nearcache.createCache({
          adapter: nearcache.openAdapter('quota', options),
        })
        const rest: string[] = []
        for (let round = 0; round < 60; round += 1) {
          await cache.aset(`old-${round}`, nearcache.noise(100_000), null)
          const key = `key-${round}`
          const written = cache.aset(key, nearcache.noise(100_000), null)
          for (let hop = 0; hop < 20; hop += 1) await undefined
          const deleted = cache.adelete(key)
          const read = cache.ahasKey(key)
          await Promise.all([written, deleted])
          if ((await read) || (await cache.ahasKey(key))) rest.push(key)
        }
        return rest
      }, limits)
      expect(left).toEqual([])
    })
  })

  it('an adapter without limits evicts nothing, and fails with QUOTA_EXCEEDED', async () => {
    await using full = await openFull()
    const { stored, failed, left } = await full.tab.evaluate(async () => {
      const cache = nearcache.createCache({ adapter: nearcache.openAdapter('quota') })
      const stored: string[] = []
      const failed: unknown[] = []
      for (let n = 0; n < 45; n += 1) {
        await cache.aset(`n-${n}`, nearcache.noise(100_000), null).then(
          () => stored.push(`n-${n}`),
          (error) => failed.push(error.code),
        )
      }
      return { stored, failed, left: [...(await cache.agetMany(stored)).keys()] }
    })
    expect(new Set(failed)).toEqual(new Set(['QUOTA_EXCEEDED']))
    expect(stored.length).toBeGreaterThan(20)
    expect(left).toEqual(stored)
  })

  it.each([
    { where: 'in entries', bytes: 100_000, isApart: false },
    { where: 'apart', bytes: 300_000, isApart: true },
  ])('counts right within limits after entries with values $where made way', async ({ bytes, isApart }) => {
    await using full = await openFull()
    const counted = await full.tab.evaluate(async (bytes) => {
      const adapter = nearcache.openAdapter('quota', { maxEntries: 1_000, maxBytes: 2 ** 40 })
      const cache = nearcache.createCache({ adapter })
      for (let n = 0; n < 6_000_000 / bytes; n += 1) await cache.aset(`n-${n}`, nearcache.noise(bytes))
      await adapter.close()
      return nearcache.look('quota')
    }, bytes)
    expect(counted.entries.length).toBeGreaterThan(0)
    expect(counted.entries.length).toBeLessThan(4_000_000 / bytes)
    expect(counted.uses).toEqual(counted.entries)
    expect(counted.values).toEqual(isApart ? counted.entries : [])
    expect(counted.totals?.entries).toBe(counted.entries.length)
  })

  it('does not empty the cache in vain, where deleting frees nothing', async () => {
    await using full = await openFull()
    const left = await full.tab.evaluate(async () => {
      const cache = nearcache.createCache({ adapter: nearcache.openAdapter('quota', {}) })
      const names = [...Array(60).keys()].map((n) => `old-${n}`)
      for (const name of names) await cache.aset(name, nearcache.noise(10_000), null)
      await nearcache.fill()
      let failed = 0
      for (let n = 0; n < 20; n += 1) {
        await cache.aset(`new-${n}`, nearcache.noise(30_000), null).catch(() => {
          failed += 1
        })
      }
      return { failed, old: (await cache.agetMany(names)).size }
    })
    // Which of the two it is depends on what database the browser has. If some writes were stored, deleting did free
    // something, and each of them may have evicted several entries.
    if (left.failed === 20) expect(left.old).toBeGreaterThanOrEqual(40)
    else expect(left.old).toBeLessThan(60)
  })
})
