import type { Page } from 'playwright'
import { expect, it } from 'vitest'
import { openTabs } from './browser/open-tabs.ts'

async function twoTabs() {
  const browser = await openTabs(2, { script: 'full-tab.ts' })
  const [writer, listener] = browser.tabs as [Page, Page]
  return { writer, listener, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() }
}

it('tells other tabs what was stored, after it was, and nothing of what was refused', async () => {
  await using tabs = await twoTabs()
  await tabs.listener.evaluate(() => listen())
  await tabs.writer.evaluate(() => openCache({ announces: true }).aset('a', 1))
  const first = { kind: 'changed', keys: [':1:a'], value: 1 }
  expect(await tabs.listener.evaluate(() => heardUntil('changed'))).toEqual([first])
  await tabs.writer.evaluate(async () => {
    const cache = openCache({ announces: true })
    await cache.aadd('a', 2)
    await cache.adelete('missing')
    await Promise.all([cache.aincr('a'), cache.aset('b', 1)])
    await cache.aincrVersion('a')
    await cache.adelete('b')
    await cache.aclear()
  })
  expect(await tabs.listener.evaluate(() => heardUntil('cleared'))).toMatchObject([
    first,
    { kind: 'changed', keys: [':1:a'] },
    { kind: 'changed', keys: [':1:b'] },
    { kind: 'changed', keys: [':1:a', ':2:a'] },
    { kind: 'changed', keys: [':1:b'] },
    { kind: 'cleared', scope: '', value: 'gone' },
  ])
})

it('tells nobody where that was not asked for, nor those who have stopped listening', async () => {
  await using tabs = await twoTabs()
  await tabs.listener.evaluate(() => listen())
  await tabs.writer.evaluate(async () => {
    await openCache({}).aset('silent', 1)
    await openCache({ announces: true }).aset('loud', 1)
  })
  const heard = await tabs.listener.evaluate(() => heardUntil('changed'))
  expect(heard).toMatchObject([{ keys: [':1:loud'] }])
  await tabs.listener.evaluate(() => stopListening())
  await tabs.writer.evaluate(() => openCache({ announces: true }).aset('later', 1))
  // A second listener hears of it, so that the first would have.
  await tabs.listener.evaluate(() => listen())
  await tabs.writer.evaluate(() => openCache({ announces: true }).aset('last', 1))
  expect(await tabs.listener.evaluate(() => heardUntil('changed'))).toMatchObject([{ keys: [':1:last'] }])
})

it.each([
  // Without limits nobody keeps an order of use.
  { limits: undefined, uses: 0 },
  { limits: {}, uses: 3 },
])(
  'sweeps away thousands that are dead, whatever their size, and leaves nothing of them: %o',
  async ({ limits, uses }) => {
    await using tabs = await twoTabs()
    const { swept, again, left, live } = await tabs.writer.evaluate(async (limits) => {
      const sweeps: (() => void)[] = []
      const cache = openCache({ whenIdle: (work) => sweeps.push(work), ...(limits && { limits }) })
      const dead = Array.from(
        { length: 2_500 },
        (_, index) => [`dead-${index}`, index % 500 === 0 ? noise(300_000) : index] as const,
      )
      await cache.asetMany(dead, 60)
      await cache.asetMany({ k0: noise(300_000), k1: noise(300_000) })
      // Its large value is of no use any more, and stays until a sweep.
      await cache.aset('shrunk', noise(300_000))
      await cache.aset('shrunk', 1)
      ahead += 61_000
      await cache.aget('k0')
      await adapterOf(cache).sweep()
      const swept = await stored()
      await cache.aset('late', 1, 1)
      ahead += 2_000
      await cache.aget('k1')
      for (const sweep of sweeps) sweep()
      // The sweep is under way, and this comes after it.
      await adapterOf(cache).sweep()
      return { swept, again: sweeps.length, left: await stored(), live: await held(cache, 2, 300_000) }
    }, limits)
    expect(swept).toEqual({ entries: 3, values: 2, uses })
    expect(again).toBe(1)
    expect(left).toEqual(swept)
    expect(live).toEqual([0, 1])
  },
)
