import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openProfile } from './browser/lab.ts'
import { chromiumLaunchOptions } from './chromium.ts'

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch(chromiumLaunchOptions)
})
afterAll(() => browser.close())

it('bounds each call while another tab holds the stores, and does what was written late in its order', async () => {
  await using profile = await openProfile(browser)
  const [tab, holder] = profile.tabs
  await tab.evaluate(async () => {
    const adapter = lab.indexedDBAdapter({ name: 'lab', whenIdle: () => {} })
    kept.cache = lab.cacheOn(adapter, { timeout: null, operationTimeout: null })
    await kept.cache.aset('n', 0)
    await kept.cache.aset('old', 'there')
    kept.bounded = lab.cacheOn(adapter, { timeout: null, operationTimeout: 0.2 })
  })
  await holder.evaluate(async () => {
    kept.letGo = await lab.holdStores()
  })
  const writes = await tab.evaluate(async () => {
    const { bounded } = kept
    return [
      // Alone, and all at once: those wait behind each other.
      await lab.told(bounded.aset('n', 5)),
      ...(await Promise.all([
        lab.told(bounded.aincr('n')),
        lab.told(bounded.aset('other', 1)),
        lab.told(bounded.aincr('n', 10)),
        lab.told(bounded.adelete('old')),
        lab.told(bounded.aadd('old', 'new')),
      ])),
    ]
  })
  for (const outcome of writes) {
    expect(outcome).toEqual({
      code: 'ADAPTER_FAILED',
      cause: expect.stringMatching(/no answer within 0.2 s.*may still/),
    })
  }
  const reads = await tab.evaluate(async () => {
    const { bounded } = kept
    const calls = [bounded.aget('n'), bounded.agetMany(['n']), bounded.ahasKey('n'), bounded.attl('n')]
    return Promise.all(calls.map((call: Promise<unknown>) => lab.told(call)))
  })
  for (const outcome of reads) {
    expect(outcome).toEqual({
      code: 'ADAPTER_FAILED',
      cause: expect.stringContaining('no answer within 0.2 s'),
    })
  }
  const late = await tab.evaluate(() => {
    // Not bounded: comes when the stores are free.
    kept.late = Promise.all([kept.cache.aget('n'), kept.cache.agetMany(['other', 'old'])])
    return lab.told(kept.bounded.aget('n'))
  })
  expect(late.code).toBe('ADAPTER_FAILED')
  await holder.evaluate(() => kept.letGo())
  const after = await tab.evaluate(async () => {
    const [count, others] = (await kept.late) as [unknown, Map<string, unknown>]
    return { count, others: [...others], next: await kept.cache.aincr('n') }
  })
  expect(after).toEqual({
    count: 16,
    others: [
      ['other', 1],
      ['old', 'new'],
    ],
    next: 17,
  })
  expect(await holder.evaluate(() => lab.openCache().aget('n'))).toBe(17)
  expect(profile.errors).toEqual([])
})

it('gives misses by onError, loads once, and asks for no fallback, since the database is there', async () => {
  await using profile = await openProfile(browser)
  const [tab, holder] = profile.tabs
  await tab.evaluate(async () => {
    let asked = 0
    const fallback = () => {
      asked += 1
      return lab.memoryAdapter()
    }
    const adapter = lab.withFallback(lab.indexedDBAdapter({ name: 'lab', whenIdle: () => {} }), fallback)
    await lab.cacheOn(adapter).aset('n', 1, null)
    const heard: string[] = []
    const onError = ({ code }: { code: string }) => {
      heard.push(code)
      return 'miss' as const
    }
    kept.cache = lab.cacheOn(adapter, { operationTimeout: null })
    kept.bounded = lab.cacheOn(adapter, { operationTimeout: 0.2, onError })
    kept.seen = () => ({ asked, heard })
  })
  await holder.evaluate(async () => {
    kept.letGo = await lab.holdStores()
  })
  const missed = await tab.evaluate(async () => {
    let loads = 0
    const load = () => {
      loads += 1
      return 'loaded'
    }
    const { bounded } = kept
    const answers = await Promise.all([
      bounded.aget('n', { default: 'cold' }),
      bounded.ahasKey('n'),
      bounded.agetMany(['n']).then(({ size }) => size),
      bounded.agetOrSet('new', load),
      bounded.agetOrSet('new', load),
    ])
    return { answers, loads, write: await lab.told(bounded.aset('n', 2, null)) }
  })
  expect(missed).toMatchObject({
    answers: ['cold', false, 0, 'loaded', 'loaded'],
    loads: 1,
    write: { code: 'ADAPTER_FAILED' },
  })
  await holder.evaluate(() => kept.letGo())
  expect(await tab.evaluate(() => kept.cache.aget('n'))).toBe(2)
  const { asked, heard } = await tab.evaluate(() => kept.seen())
  expect(asked).toBe(0)
  expect(new Set(heard)).toEqual(new Set(['ADAPTER_FAILED']))
  expect(profile.errors).toEqual([])
})

it('closes late, once what is under way has ended, and can be used again', async () => {
  await using profile = await openProfile(browser)
  const [tab, holder] = profile.tabs
  await tab.evaluate(async () => {
    const adapter = lab.indexedDBAdapter({ name: 'lab', whenIdle: () => {} })
    kept.cache = lab.cacheOn(adapter, { operationTimeout: null })
    kept.bounded = lab.cacheOn(adapter, { operationTimeout: 0.2 })
    await kept.cache.aset('n', 1, null)
  })
  await holder.evaluate(async () => {
    kept.letGo = await lab.holdStores()
  })
  const outcomes = await tab.evaluate(async () => {
    kept.late = kept.cache.aincr('n')
    return [await lab.told(kept.bounded.aclose()), await lab.told(kept.bounded.aget('n'))]
  })
  expect(outcomes.map(({ code }) => code)).toEqual(['ADAPTER_FAILED', 'ADAPTER_FAILED'])
  await holder.evaluate(() => kept.letGo())
  expect(await tab.evaluate(() => kept.late)).toBe(2)
  expect(await tab.evaluate(() => kept.cache.aincr('n'))).toBe(3)
  await tab.evaluate(() => kept.cache.aclose())
  // Rejects if a connection was left open.
  await holder.evaluate(() => lab.deleteByHand())
  expect(profile.errors).toEqual([])
})
