import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

/** Seconds. The page is blocked for longer than that. */
const OPEN_TIMEOUT = 2

describe.each([{ hasFallback: false }, { hasFallback: true }])(
  'a page that is blocked for longer than openTimeout just after its first call (fallback: $hasFallback)',
  ({ hasFallback }) => {
    for (const isThere of [true, false]) {
      it(`finds that the database has opened, which ${isThere ? 'was there before' : 'is made anew'}`, async () => {
        await using profile = await openProfile(browser)
        const [tab, other] = profile.tabs
        if (isThere) await other.evaluate(() => lab.openCache().aset('n', 1, null))
        const seen = await tab.evaluate(
          async ({ openTimeout, mayFallBack }) => {
            let asked = 0
            const fallback = () => {
              asked += 1
              return lab.memoryAdapter()
            }
            const own = lab.indexedDBAdapter({ name: 'lab', openTimeout })
            const adapter = mayFallBack ? lab.withFallback(own, fallback) : own
            const cache = lab.cacheOn(adapter)
            const calls = [
              lab.told(cache.aincr('n', 1, { initial: 0, timeout: null })),
              lab.told(cache.aget('other', { default: 'cold' })),
              lab.told(adapter.ready().then(({ name }) => name)),
            ]
            // Lets the calls ask for the database, and no answer come in.
            for (let hop = 0; hop < 50; hop += 1) await undefined
            const end = performance.now() + (openTimeout + 1) * 1000
            while (performance.now() < end) {}
            const outcomes = await Promise.all(calls)
            return { outcomes, asked, persistent: adapter.supports.persistent }
          },
          { openTimeout: OPEN_TIMEOUT, mayFallBack: hasFallback },
        )
        expect(seen).toEqual({
          outcomes: [{ value: isThere ? 2 : 1 }, { value: 'cold' }, { value: 'indexeddb' }],
          asked: 0,
          persistent: true,
        })
        // Stored where the other tab finds it, too.
        expect(await other.evaluate(() => lab.openCache().aget('n'))).toBe(isThere ? 2 : 1)
        expect(profile.errors).toEqual([])
      })
    }
  },
)

it('still fails, or falls back, where the database truly does not open, however often the page was blocked', async () => {
  await using profile = await openProfile(browser)
  const [tab] = profile.tabs
  const seen = await tab.evaluate(async () => {
    IDBFactory.prototype.open = () => Object.setPrototypeOf(new EventTarget(), IDBOpenDBRequest.prototype)
    const block = () => {
      const end = performance.now() + 150
      while (performance.now() < end) {}
    }
    const blocking = setInterval(block, 200)
    const reasons: string[] = []
    const fallback = (reason: unknown) => {
      reasons.push(String(reason))
      return lab.memoryAdapter()
    }
    const failed = lab.told(lab.openCache({ openTimeout: 0.5 }).aget('n'))
    const adapter = lab.withFallback(lab.indexedDBAdapter({ name: 'lab', openTimeout: 0.5 }), fallback)
    const inUse = await adapter.ready()
    const outcome = await failed
    clearInterval(blocking)
    return { outcome, reasons, inUse: inUse.name, persistent: adapter.supports.persistent }
  })
  const cause = 'TimeoutError: The database "lab" did not open within 0.5 s'
  expect(seen).toEqual({
    outcome: { code: 'ADAPTER_FAILED', cause },
    reasons: [cause],
    inUse: 'memory',
    persistent: false,
  })
  expect(profile.errors).toEqual([])
})
