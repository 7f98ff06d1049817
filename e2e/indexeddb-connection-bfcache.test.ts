import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ORIGIN, openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  // Playwright turns the back/forward cache off otherwise.
  const ignoreDefaultArgs = ['--disable-back-forward-cache']
  browser = await chromium.launch({ ...chromiumLaunchOptions, ignoreDefaultArgs })
})
afterAll(() => browser.close())

/** Opens a page that takes note each time it is shown: whether it comes from the back/forward cache. */
async function openFirst(tab: Page): Promise<void> {
  await tab.addInitScript(() => {
    addEventListener('pageshow', ({ persisted }) => {
      const before = localStorage.getItem(location.pathname)
      localStorage.setItem(location.pathname, before === null ? `${persisted}` : `${before}, ${persisted}`)
    })
  })
  await tab.goto(`${ORIGIN}/first`)
}

async function goBack(tab: Page, witness: Page): Promise<string | undefined> {
  // Not within the call: the page may be gone before it has answered.
  await tab.evaluate(() => void setTimeout(() => history.back()))
  const shown = await witness.waitForFunction(
    () => localStorage.getItem('/first')?.split(', ')[1],
    undefined,
    { polling: 50 },
  )
  await tab.waitForURL(`${ORIGIN}/first`, { waitUntil: 'commit' })
  return shown.jsonValue()
}

it('leaves a page that reads, writes, announces and listens in the back/forward cache, and works after it', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await openFirst(tab)
  await tab.evaluate(async () => {
    const changes = lab.announcements()
    const limits = lab.lruLimits({ maxEntries: 100 })
    const adapter = lab.indexedDBAdapter({ name: 'lab', announcements: changes, limits })
    changes.subscribe(() => {})
    kept.cache = lab.cacheOn(adapter)
    await kept.cache.aset('n', 1, null)
    await kept.cache.aincr('n')
  })
  await tab.goto(`${ORIGIN}/second`)
  // A change that is not announced: told of one, a page that listens is dropped from there by Chromium.
  expect(await other.evaluate(() => lab.openCache().aincr('n'))).toBe(3)
  expect(await goBack(tab, other)).toBe('true')
  expect(await tab.evaluate(() => kept.cache.aget('n'))).toBe(3)
  expect(await tab.evaluate(() => kept.cache.aincr('n'))).toBe(4)
  expect(profile.errors).toEqual([])
})

it('answers each call that was under way when the page went to the back/forward cache', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await openFirst(tab)
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    kept.work = lab.work(kept.cache)
    await kept.work.wholeRound()
  })
  await tab.goto(`${ORIGIN}/second`)
  expect(await goBack(tab, other)).toBe('true')
  const outcomes = await tab.evaluate(() => kept.work.stop())
  expect(outcomes.filter(({ code }) => code !== undefined)).toEqual([])
  expect(profile.errors).toEqual([])
})

it('keeps no other tab waiting for calls that were under way then', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await openFirst(tab)
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    kept.work = lab.work(kept.cache)
    await kept.work.wholeRound()
  })
  await tab.goto(`${ORIGIN}/second`)
  const counted = await other.evaluate(() => lab.openCache().aincr('count'))
  expect(counted).toBeGreaterThan(200)
  expect(profile.errors).toEqual([])
})

it('does not stand in the way of an upgrade from the back/forward cache', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  await openFirst(tab)
  await tab.evaluate(async () => {
    kept.cache = lab.openCache()
    await kept.cache.aset('n', 1, null)
  })
  await tab.goto(`${ORIGIN}/second`)
  // Rejects if it is blocked: the browser drops the page instead, which cannot be asked to let go.
  const version = await other.evaluate(async () => {
    const database = await lab.openByHand(9, (upgraded) => upgraded.createObjectStore('foreign'))
    database.close()
    return database.version
  })
  expect(version).toBe(9)
  expect(await goBack(tab, other)).toBe('false')
  expect(await tab.evaluate(() => lab.openCache().aget('n'))).toBe(1)
  expect(profile.errors).toEqual([])
})
