import { expect, it } from 'vitest'
import { openTabs } from './browser/open-tabs.ts'

it('loses no increment of two tabs counting at once', async () => {
  await using browser = await openTabs(2)
  await browser.tabs[0]?.evaluate(() => cache.aset('n', 0, null))
  const counts = await Promise.all(
    browser.tabs.map((tab) =>
      tab.evaluate(() => Promise.all(Array.from({ length: 500 }, () => cache.aincr('n')))),
    ),
  )
  expect(new Set(counts.flat()).size).toBe(1_000)
  expect(await browser.tabs[1]?.evaluate(() => cache.aget('n'))).toBe(1_000)
})

it('admits exactly one of a hundred adders in two tabs', async () => {
  await using browser = await openTabs(2)
  const added = await Promise.all(
    browser.tabs.map((tab, index) =>
      tab.evaluate(
        (name) =>
          Promise.all(Array.from({ length: 50 }, (_, call) => cache.aadd('lock', `${name}-${call}`, 60))),
        index,
      ),
    ),
  )
  expect(added.flat().filter(Boolean)).toHaveLength(1)
})

it('gives each value to exactly one of two tabs that pop it', async () => {
  await using browser = await openTabs(2)
  const keys = Array.from({ length: 50 }, (_, index) => `ticket-${index}`)
  await browser.tabs[0]?.evaluate((names) => cache.asetMany(names.map((name) => [name, name] as const)), keys)
  const popped = await Promise.all(
    browser.tabs.map((tab) =>
      tab.evaluate((names) => Promise.all(names.map((name) => cache.apop(name))), keys),
    ),
  )
  expect(
    popped
      .flat()
      .filter((value) => value !== undefined && value !== null)
      .sort(),
  ).toEqual(keys.sort())
})

it('lets one tab at a time hold a lock, and loses no work done under it', async () => {
  await using browser = await openTabs(2)
  await browser.tabs[0]?.evaluate(() => cache.aset('balance', 0))
  const work = async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const lock = await cache.alock('turn', { timeout: 30, wait: 30 })
      // Read, think, write: what only a lock makes safe.
      const balance = (await cache.aget<number>('balance')) ?? Number.NaN
      await cache.aset('balance', balance + 1)
      if (!(await lock?.release())) throw new Error('the lock was not ours')
    }
  }
  await Promise.all(browser.tabs.map((tab) => tab.evaluate(work)))
  expect(await browser.tabs[1]?.evaluate(() => cache.aget('balance'))).toBe(20)
})

it('keeps what a tab stored after it was closed, and sees what another tab clears', async () => {
  await using browser = await openTabs(2)
  const [first, second] = browser.tabs
  await first?.evaluate(() => cache.aset('kept', [new Date(5)], null))
  await first?.close()
  expect(await second?.evaluate(() => cache.aget('kept'))).toEqual([new Date(5)])
  await second?.evaluate(() => cache.aclear())
  expect(await second?.evaluate(() => cache.ahasKey('kept'))).toBe(false)
})

it('lets another tab delete the database, and starts again empty', async () => {
  await using browser = await openTabs(2)
  const [first, second] = browser.tabs
  await first?.evaluate(() => cache.aset('n', 1))
  await second?.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase('tabs')
        request.onsuccess = resolve
        request.onerror = reject
      }),
  )
  expect(await first?.evaluate(() => cache.aget('n', { default: 'cold' }))).toBe('cold')
  await first?.evaluate(() => cache.aset('n', 2))
  expect(await second?.evaluate(() => cache.aget('n'))).toBe(2)
})
