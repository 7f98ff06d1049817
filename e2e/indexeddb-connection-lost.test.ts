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

it('answers every one of 500 calls at once when the connection is closed by force, and tears no batch apart', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await tab.evaluate(() => {
    kept.cache = lab.openCache()
    kept.work = lab.work(kept.cache)
  })
  const clearings = 4
  for (let clearing = 0; clearing < clearings; clearing += 1) {
    await tab.evaluate(() => kept.work.wholeRound())
    await clearStorage(tab)
  }
  await tab.evaluate(() => kept.work.wholeRound())
  const outcomes = await tab.evaluate(() => kept.work.stop())

  const failures = outcomes.filter(({ code }) => code !== undefined)
  expect(new Set(failures.map(({ code }) => code))).toEqual(
    new Set(failures.length > 0 ? ['ADAPTER_FAILED'] : []),
  )
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
