import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clearStorage, openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

it('goes on with an empty database after the browser cleared it and closed the connection', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    await kept.cache.aset('n', 1, null)
  })
  await clearStorage(tab)
  expect(await tab.evaluate(() => kept.cache.aget('n', { default: 'cold' }))).toBe('cold')
  await tab.evaluate(() => kept.cache.aset('n', 2, null))
  await clearStorage(tab)
  // The first call after it is a write this time.
  expect(await tab.evaluate(() => kept.cache.aincr('n', 1, { initial: 0 }))).toBe(1)
  expect(profile.errors).toEqual([])
})

for (const maxEntries of [null, 10_000]) {
  it(`answers each of 500 calls when the connection is closed by force, tears no batch apart (maxEntries: ${maxEntries})`, async () => {
    await using profile = await openProfile(browser)
    const [tab, other] = profile.tabs
    await tab.evaluate((most) => {
      kept.cache = lab.openCache(most === null ? {} : { limits: lab.lruLimits({ maxEntries: most }) })
      kept.work = lab.work(kept.cache)
    }, maxEntries)
    const clearings = 4
    for (let clearing = 0; clearing < clearings; clearing += 1) {
      await tab.evaluate(() => kept.work.wholeRound())
      await clearStorage(tab)
    }
    await tab.evaluate(() => kept.work.wholeRound())
    const outcomes = await tab.evaluate(() => kept.work.stop())

    const otherwise = outcomes.filter(({ code }) => code !== undefined && code !== 'ADAPTER_FAILED')
    expect(otherwise).toEqual([])
    // Each emptied database counts from 1 again; a number given more often was given to two callers.
    const given = new Map<unknown, number>()
    for (const { value } of outcomes) {
      if (value !== undefined) given.set(value, (given.get(value) ?? 0) + 1)
    }
    expect(Math.max(...given.values())).toBeLessThanOrEqual(clearings + 1)

    const rounds = outcomes.length / 501
    const sizes = await tab.evaluate((count) => lab.batchSizes(kept.cache, count), rounds)
    expect(sizes.filter((size) => size !== 0 && size !== 5)).toEqual([])
    // The last round came after the last clearing: what it wrote was acknowledged, and is there.
    expect(sizes.at(-1)).toBe(5)
    await tab.evaluate(() => kept.cache.aset('after', 'stored', null))
    expect(await other.evaluate(() => lab.openCache().aget('after'))).toBe('stored')
    expect(profile.errors).toEqual([])
  })
}

it('reads on while the browser clears the storage again and again: it fails nobody', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  await tab.evaluate(() => {
    kept.cache = lab.openCache()
    kept.work = lab.repeat(async () => {
      const calls = []
      for (let turn = 0; turn < 30; turn += 1) {
        calls.push(lab.told(kept.cache.aget('nothing')))
        await Promise.resolve()
        await Promise.resolve()
      }
      return calls
    })
  })
  for (let clearing = 0; clearing < 20; clearing += 1) {
    await tab.evaluate(() => kept.work.wholeRound())
    await clearStorage(tab)
  }
  await tab.evaluate(() => kept.work.wholeRound())
  const outcomes = await tab.evaluate(() => kept.work.stop())
  expect(outcomes.filter(({ code }) => code !== undefined)).toEqual([])
  expect(profile.errors).toEqual([])
})

it('answers each aclear and sweep when the connection is closed by force', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  await tab.evaluate(() => {
    const adapter = lab.indexedDBAdapter({ name: 'lab' })
    kept.cache = lab.cacheOn(adapter)
    const calls = async () => {
      await kept.cache.aset('n', 1, null)
      await Promise.all([kept.cache.aclear(), adapter.sweep(), kept.cache.aclear()])
    }
    kept.work = lab.repeat(async () => Array.from({ length: 20 }, () => lab.told(calls())))
  })
  for (let clearing = 0; clearing < 4; clearing += 1) {
    await tab.evaluate(() => kept.work.wholeRound())
    await clearStorage(tab)
  }
  await tab.evaluate(() => kept.work.wholeRound())
  await tab.evaluate(() => kept.work.stop())
  expect(await tab.evaluate(() => kept.cache.aincr('n', 1, { initial: 0 }))).toBe(1)
  expect(profile.errors).toEqual([])
})

it('lets a page delete the database under the work of two tabs, which go on with an empty one', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  for (const each of profile.tabs) {
    await each.evaluate(() => {
      kept.cache = lab.openCache()
      kept.work = lab.work(kept.cache)
    })
  }
  for (let deletion = 0; deletion < 4; deletion += 1) {
    await Promise.all(profile.tabs.map((each) => each.evaluate(() => kept.work.wholeRound())))
    // Rejects if one of the tabs stands in its way.
    await tab.evaluate(() => lab.deleteByHand())
  }
  const outcomes = await Promise.all(profile.tabs.map((each) => each.evaluate(() => kept.work.stop())))
  expect(outcomes.flat().filter(({ code }) => code !== undefined)).toEqual([])

  await tab.evaluate(() => lab.deleteByHand())
  expect(await other.evaluate(() => kept.cache.aget('count', { default: 'cold' }))).toBe('cold')
  await tab.evaluate(() => kept.cache.aset('after', 'stored', null))
  expect(await other.evaluate(() => kept.cache.aget('after'))).toBe('stored')
  expect(profile.errors).toEqual([])
})
