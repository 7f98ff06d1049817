import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { openTabs } from './browser/open-tabs.ts'

const QUOTA = 5_000_000

/** A tab whose origin may store no more than {@link QUOTA}. */
async function openFull(): Promise<{ tab: Page } & AsyncDisposable> {
  const browser = await openTabs(1, 'full-tab.ts')
  const tab = browser.tabs[0] as Page
  const devtools = await tab.context().newCDPSession(tab)
  const origin = new URL(tab.url()).origin
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA })
  return { tab, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() }
}

describe.each([
  ['without limits', {}],
  ['with limits', { maxEntries: 10_000, maxBytes: 100_000_000 }],
])('full storage, %s', (_, limits) => {
  it('takes the room of what has expired, and leaves what lives', async () => {
    await using page = await openFull()
    const { live, written } = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      for (let index = 0; index < 20; index += 1) await cache.aset(`k${index}`, noise(100_000), 3_600)
      for (let index = 20; index < 45; index += 1) await cache.aset(`k${index}`, noise(100_000), 60)
      ahead += 61_000
      const names = Array.from({ length: 20 }, (_, index) => `k${45 + index}`)
      for (const name of names) await cache.aset(name, noise(100_000), 3_600)
      return { live: await held(cache, 20, 100_000), written: (await cache.agetMany(names)).size }
    }, limits)
    expect(live).toHaveLength(20)
    expect(written).toBe(20)
  })

  it('then that of what was least recently used', async () => {
    await using page = await openFull()
    const kept = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      for (let index = 0; index < 40; index += 1) await cache.aset(`k${index}`, noise(100_000))
      for (let index = 0; index < 10; index += 1) await cache.aget(`k${index}`)
      for (let index = 40; index < 55; index += 1) await cache.aset(`k${index}`, noise(100_000))
      return held(cache, 55, 100_000)
    }, limits)
    expect(kept).toEqual(expect.arrayContaining([0, 9, 39, 40, 54]))
    expect(kept).not.toContain(10)
    expect(kept.length).toBeGreaterThan(25)
  })

  it('goes on for as long as one likes to write', async () => {
    await using page = await openFull()
    const kept = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      for (let index = 0; index < 150; index += 1) await cache.aset(`k${index}`, noise(100_000))
      return held(cache, 150, 100_000)
    }, limits)
    expect(kept.at(-1)).toBe(149)
    expect(kept.length).toBeGreaterThan(20)
  })

  it('refuses what can never fit, with the browser’s figures, and drops nothing for it', async () => {
    await using page = await openFull()
    const { failure, replacing, before, after, small } = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      for (let index = 0; index < 30; index += 1) await cache.aset(`k${index}`, noise(100_000))
      const before = await held(cache, 30, 100_000)
      const failure = await failureOf(cache.aset('large', noise(6_000_000)))
      const replacing = await failureOf(cache.aset('k0', noise(6_000_000)))
      await cache.aset('small', 'fits')
      return {
        failure,
        replacing,
        before,
        after: await held(cache, 30, 100_000),
        small: await cache.aget('small'),
      }
    }, limits)
    expect(failure).toMatchObject({ name: 'CacheError', code: 'QUOTA_EXCEEDED' })
    expect(failure?.estimate?.usage).toBeGreaterThan(3_000_000)
    expect(failure?.estimate?.quota).toBeGreaterThan(0)
    expect(replacing?.code).toBe('QUOTA_EXCEEDED')
    expect(after).toEqual(before)
    expect(small).toBe('fits')
  })

  it('refuses one large value among many small ones, and none of the others', async () => {
    await using page = await openFull()
    const failures = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      const writes = Array.from({ length: 50 }, (_, index) =>
        failureOf(cache.aset(`k${index}`, noise(index === 25 ? 6_000_000 : 1_000))),
      )
      return (await Promise.all(writes)).map((failure) => failure?.code)
    }, limits)
    expect(failures.flatMap((code, index) => (code === undefined ? [] : [[index, code]]))).toEqual([
      [25, 'QUOTA_EXCEEDED'],
    ])
  })

  it('stores nothing of a batch that is too large together', async () => {
    await using page = await openFull()
    const { failure, before, after } = await page.tab.evaluate(async (given) => {
      const cache = openCache(given)
      for (let index = 0; index < 20; index += 1) await cache.aset(`k${index}`, noise(100_000))
      const batch = Array.from({ length: 60 }, (_, index) => [`b${index}`, noise(100_000)] as const)
      const before = await held(cache, 20, 100_000)
      const failure = await failureOf(cache.asetMany(batch))
      const stored = await cache.agetMany(batch.map(([key]) => key))
      return { failure, before, after: [...(await held(cache, 20, 100_000)), ...stored.keys()] }
    }, limits)
    expect(failure?.code).toBe('QUOTA_EXCEEDED')
    expect(after).toEqual(before)
  })
})
