import type { BrowserContext, Page } from 'playwright'
import { expect, it } from 'vitest'
import { openTabs } from './browser/open-tabs.ts'

/** What the tabs told before they died. */
interface Told {
  started: number
  counted: number
  written: number
}

/** A tab at work, until so many rounds were acknowledged; then its process is killed in the middle of the next. */
async function workAndDie(context: BrowserContext, url: string, told: Told, rounds: number): Promise<void> {
  const tab = await context.newPage()
  await tab.goto(url)
  const until = told.written + rounds
  let isDue = (): void => {}
  const due = new Promise<void>((resolve) => {
    isDue = resolve
  })
  await tab.exposeFunction('tell', (started: number, counted: number, written: number) => {
    told.started = Math.max(told.started, started)
    told.counted = Math.max(told.counted, counted)
    told.written = Math.max(told.written, written)
    if (told.written >= until && told.started > told.written) isDue()
  })
  const died = tab.waitForEvent('crash')
  tab.evaluate((from) => work(from), told.written + 1).catch(() => {})
  await due
  const devtools = await context.newCDPSession(tab)
  // Never answered: there is nobody left to answer.
  devtools.send('Page.crash').catch(() => {})
  await died
  await tab.close()
}

it('finds whatever was acknowledged, and nothing by half, after its process was killed at work', {
  timeout: 120_000,
}, async () => {
  await using browser = await openTabs(1, { script: 'crash-tab.ts' })
  const survivor = browser.tabs[0] as Page
  const told: Told = { started: 0, counted: 0, written: 0 }
  for (let death = 1; death <= 10; death += 1) {
    await workAndDie(survivor.context(), survivor.url(), told, 1 + ((death * 7) % 5))
    const found = await survivor.evaluate(async () => ({
      count: await cache.aget<number>('count'),
      pair: [...(await cache.agetMany<{ round: number }>(['left', 'right'])).values()],
    }))
    const [left, right] = found.pair.map(({ round }) => round)
    expect(left).toBe(right)
    expect(left).toBeGreaterThanOrEqual(told.written)
    expect(left).toBeLessThanOrEqual(told.started)
    expect(found.count).toBeGreaterThanOrEqual(told.counted)
    // Each death may have left one count that nobody heard of.
    expect(found.count).toBeLessThanOrEqual(told.written + death)
  }
  // What is counted of the entries is what there is.
  const { totals, entries, uses } = await survivor.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('crash')
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const transaction = database.transaction(['entries', 'uses', 'totals'])
    const ask = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const [totals, entries, uses] = await Promise.all([
      ask<{ entries: number; bytes: number; used: number }[]>(transaction.objectStore('totals').getAll()),
      ask(transaction.objectStore('entries').getAllKeys()),
      ask<{ bytes: number; used: number }[]>(transaction.objectStore('uses').getAll()),
    ])
    database.close()
    return { totals, entries: entries.length, uses }
  })
  expect(entries).toBeLessThanOrEqual(20)
  expect(uses).toHaveLength(entries)
  const bytes = uses.reduce((sum, use) => sum + use.bytes, 0)
  expect(totals).toEqual([{ entries, bytes, used: expect.any(Number) }])
  // The order of uses goes on where it was, and no two entries have one place in it.
  expect(totals[0]?.used).toBeGreaterThanOrEqual(Math.max(...uses.map(({ used }) => used)))
  expect(new Set(uses.map(({ used }) => used)).size).toBe(entries)
})
