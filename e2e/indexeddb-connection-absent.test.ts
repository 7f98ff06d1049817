import { type Browser, chromium, type Frame, type Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

/** A page that has none of it. */
async function withoutIndexedDB(tab: Page): Promise<Page> {
  await tab.evaluate(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
  return tab
}

/** A frame that belongs to no origin, as in a sandbox: `indexedDB` is there, and forbidden. */
async function inSandbox(tab: Page): Promise<Frame> {
  const loaded = tab.waitForEvent('framenavigated')
  await tab.evaluate(() => {
    const frame = document.createElement('iframe')
    frame.setAttribute('sandbox', 'allow-scripts')
    frame.src = '/'
    document.body.append(frame)
  })
  const frame = await loaded
  await frame.waitForLoadState()
  return frame
}

const places = [
  { place: 'where indexedDB is undefined', go: withoutIndexedDB, reason: /There is no IndexedDB/ },
  { place: 'in a sandboxed frame', go: inSandbox, reason: /SecurityError/ },
]

for (const { place, go, reason } of places) {
  it(`fails each call ${place}, and never takes it for a miss`, async () => {
    await using profile = await openProfile(browser)
    const page = await go(profile.tabs[0])
    const outcomes = await page.evaluate(async () => {
      const cache = lab.openCache()
      return [
        await lab.told(cache.aget('n', { default: 'cold' })),
        await lab.told(cache.aset('n', 1)),
        await lab.told(cache.aadd('n', 1)),
        await lab.told(cache.aincr('n', 1, { initial: 0 })),
        await lab.told(cache.ahasKey('n')),
        await lab.told(cache.agetMany(['n'])),
        await lab.told(cache.adelete('n')),
        await lab.told(cache.aclear()),
        await lab.told(cache.agetOrSet('n', () => 1)),
      ]
    })
    for (const { code, cause } of outcomes) {
      expect(code).toBe('ADAPTER_FAILED')
      expect(cause).toMatch(reason)
    }
    // There is nothing to be closed.
    expect(await page.evaluate(() => lab.told(lab.openCache().aclose()))).toEqual({})
    expect(profile.errors).toEqual([])
  })

  it(`works on what the fallback gives ${place}, which is asked once and told why`, async () => {
    await using profile = await openProfile(browser)
    const page = await go(profile.tabs[0])
    const seen = await page.evaluate(async () => {
      const reasons: string[] = []
      const fallback = (error: unknown) => {
        reasons.push(String(error))
        return lab.memoryAdapter()
      }
      const cache = lab.cacheOn(lab.withFallback(lab.indexedDBAdapter({ name: 'lab' }), fallback))
      const user = { names: ['Ada'] }
      await Promise.all([cache.aset('user', user), cache.aincr('n', 1, { initial: 0 }), cache.aget('user')])
      user.names.push('changed by the writer')
      const [read, many] = [
        await cache.aget<typeof user>('user'),
        await cache.agetMany<typeof user>(['user']),
      ]
      read?.names.push('changed by a reader')
      many.get('user')?.names.push('changed by another')
      const counted = await cache.aincr('n')
      await cache.aclose()
      return { reasons, counted, user: await cache.aget('user') }
    })
    expect(seen).toEqual({
      reasons: [expect.stringMatching(reason)],
      counted: 2,
      user: { names: ['Ada'] },
    })
    expect(profile.errors).toEqual([])
  })
}

it('copies what it reads from a fallback that shares its objects', async () => {
  await using profile = await openProfile(browser)
  const page = await withoutIndexedDB(profile.tabs[0])
  const user = await page.evaluate(async () => {
    const shared = () => lab.memoryAdapter({ values: 'shared' })
    const cache = lab.cacheOn(lab.withFallback(lab.indexedDBAdapter({ name: 'lab' }), shared))
    await cache.aset('user', { name: 'Ada' })
    const read = await cache.aget<{ name: string }>('user')
    if (read !== undefined) read.name = 'changed by a reader'
    return cache.aget('user')
  })
  expect(user).toEqual({ name: 'Ada' })
})

it('does not ask for a fallback where there is IndexedDB', async () => {
  await using profile = await openProfile(browser)
  const [tab, other] = profile.tabs
  const asked = await tab.evaluate(async () => {
    let times = 0
    const fallback = () => {
      times += 1
      return lab.memoryAdapter()
    }
    const adapter = lab.withFallback(lab.indexedDBAdapter({ name: 'lab' }), fallback)
    await lab.cacheOn(adapter).aset('n', 1, null)
    return times
  })
  expect(asked).toBe(0)
  expect(await other.evaluate(() => lab.openCache().aget('n'))).toBe(1)
})
