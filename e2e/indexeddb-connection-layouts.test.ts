import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

const LAYOUT = { entries: ['expiresAt', 'tags'], nearcache: [], totals: [], uses: ['used'], values: [] }

it('lets go at once when another tab upgrades the database, and goes on with the newer version', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    await kept.cache.aset('old', 'there', null)
    kept.work = lab.work(kept.cache)
    await kept.work.wholeRound()
  })
  // Rejects if it is blocked, even for a moment.
  await other.evaluate(async () => {
    kept.database = await lab.openByHand(7, (database) => {
      database.createObjectStore('foreign').put('theirs', 'key')
    })
  })
  await tab.evaluate(() => kept.work.wholeRound())
  const outcomes = await tab.evaluate(() => kept.work.stop())
  expect(outcomes.filter(({ code }) => code !== undefined)).toEqual([])
  expect(await tab.evaluate(() => kept.cache.aget('old'))).toBe('there')
  const version = await other.evaluate(async () => {
    const { version } = kept.database
    const read = kept.database.transaction('foreign').objectStore('foreign').get('key')
    await new Promise((resolve) => {
      read.onsuccess = resolve
    })
    kept.database.close()
    return [version, read.result]
  })
  expect(version).toEqual([7, 'theirs'])
  expect(await other.evaluate(() => lab.openCache().aget('old'))).toBe('there')
  expect(await tab.evaluate(() => lab.layout())).toEqual({ ...LAYOUT, foreign: [] })
  expect(profile.errors).toEqual([])
})

it('reads what nearcache 0.1.0 stored, and sweeps it', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const read = await tab.evaluate(async () => {
    const database = await lab.openByHand(1, (upgraded) => {
      const entries = upgraded.createObjectStore('entries')
      entries.put({ value: { name: 'Ada' }, expiresAt: null }, ':1:forever')
      entries.put({ value: 5, expiresAt: Date.now() + 3_600_000 }, ':1:hour')
      entries.put({ value: 'gone', expiresAt: 1_000 }, ':1:dead')
    })
    database.close()
    const adapter = lab.indexedDBAdapter({ name: 'lab' })
    const cache = lab.cacheOn(adapter)
    const found = [...(await cache.agetMany(['forever', 'hour', 'dead']))]
    return { found, counted: await cache.aincr('hour'), swept: await adapter.sweep() }
  })
  expect(read).toEqual({
    found: [
      ['forever', { name: 'Ada' }],
      ['hour', 5],
    ],
    counted: 6,
    swept: 1,
  })
  expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
  expect(await tab.evaluate(() => lab.openCache().aget('forever'))).toEqual({ name: 'Ada' })
  expect(profile.errors).toEqual([])
})

it('makes the stores of a database that has none', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const counted = await tab.evaluate(async () => {
    const database = await lab.openByHand(3)
    database.close()
    return lab.openCache().aincr('n', 1, { initial: 0 })
  })
  expect(counted).toBe(1)
  expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
  expect(profile.errors).toEqual([])
})

for (const missing of ['values', 'uses', 'totals']) {
  it(`makes a missing store of ${missing}, and keeps the data of the others`, async () => {
    await using profile = await openProfile(browser)
    const [tab] = profile.tabs
    const found = await tab.evaluate(async (name) => {
      const cache = lab.openCache({ limits: lab.lruLimits({ maxEntries: 100 }) })
      await cache.asetMany(
        [...'abc'].map((key) => [key, key] as const),
        null,
      )
      await cache.aclose()
      const database = await lab.openByHand(9, (upgraded) => upgraded.deleteObjectStore(name))
      database.close()
      await cache.aset('d', 'd', null)
      return [...(await cache.agetMany([...'abcd'])).keys()]
    }, missing)
    expect(found).toEqual([...'abcd'])
    expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
    expect(profile.errors).toEqual([])
  })
}

it('makes a missing store of entries under an open cache that another tab took it from', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    await kept.cache.aset('n', 1, null)
  })
  await other.evaluate(async () => {
    const database = await lab.openByHand(9, (upgraded) => upgraded.deleteObjectStore('entries'))
    database.close()
  })
  expect(await tab.evaluate(() => kept.cache.aget('n', { default: 'cold' }))).toBe('cold')
  expect(await tab.evaluate(() => kept.cache.aincr('n', 1, { initial: 0 }))).toBe(1)
  expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
  expect(profile.errors).toEqual([])
})

it('makes missing indexes, and finds by them what was stored without', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const swept = await tab.evaluate(async () => {
    const database = await lab.openByHand(3, (upgraded) => {
      for (const name of ['values', 'uses', 'totals']) upgraded.createObjectStore(name)
      upgraded.createObjectStore('entries').put({ value: 'gone', expiresAt: 1_000 }, ':1:dead')
    })
    database.close()
    return lab.indexedDBAdapter({ name: 'lab' }).sweep(2_000)
  })
  expect(swept).toBe(1)
  expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
  expect(profile.errors).toEqual([])
})

it('fails when an upgrade is broken off, and makes it up at the next call', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const outcomes = await tab.evaluate(async () => {
    const createIndex = IDBObjectStore.prototype.createIndex
    IDBObjectStore.prototype.createIndex = function (...args) {
      const index = createIndex.apply(this, args)
      if (args[0] === 'used') this.transaction.abort()
      return index
    }
    const cache = lab.openCache()
    const failed = [await lab.told(cache.aset('n', 1)), await lab.told(cache.aget('n'))]
    IDBObjectStore.prototype.createIndex = createIndex
    await cache.aset('n', 2)
    return [...failed, await lab.told(cache.aget('n'))]
  })
  expect(outcomes.map(({ code, value }) => code ?? value)).toEqual(['ADAPTER_FAILED', 'ADAPTER_FAILED', 2])
  expect(await tab.evaluate(() => lab.layout())).toEqual(LAYOUT)
  expect(profile.errors).toEqual([])
})
