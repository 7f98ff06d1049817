import type { Page } from 'playwright'
import { describe, expect, it } from 'vitest'
import { openTabs, type Profile } from './browser/open-tabs.ts'

/** A load that a tab has begun. The test ends it. */
interface Begun {
  readonly tab: Page
  readonly at: number
  end(value: string): void
}

/** Four tabs whose loaders the test holds. */
async function fourTabs() {
  const browser = await openTabs(0, { script: 'freshness-tab.ts' })
  const loads: Begun[] = []
  let told = Promise.withResolvers<void>()
  await browser.context.exposeBinding('load', ({ page }) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    loads.push({ tab: page, at: Date.now(), end: resolve })
    told.resolve()
    told = Promise.withResolvers()
    return promise
  })
  for (let opened = 0; opened < 4; opened += 1) browser.tabs.push(await browser.openTab())
  const nthLoad = async (count: number): Promise<Begun> => {
    while (loads.length < count) await told.promise
    return loads[count - 1] as Begun
  }
  return { browser, loads, nthLoad, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() }
}

const ask = (tabs: Profile['tabs'], key: string) =>
  tabs.map((tab) => ({ tab, answers: tab.evaluate((name) => freshness.ask(name, 250), key) }))

describe('1,000 callers of one cold key in four tabs', () => {
  it('are one load, whose value all of them get', async () => {
    await using place = await fourTabs()
    const { browser, loads, nthLoad } = place
    const asked = ask(browser.tabs, 'k')
    const { end } = await nthLoad(1)
    end('loaded')
    const answers = (await Promise.all(asked.map((one) => one.answers))).flat()
    expect(answers).toHaveLength(1_000)
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['loaded']))
    expect(loads).toHaveLength(1)
  })

  const ways: Record<string, (tab: Page) => Promise<unknown>> = {
    'is closed': (tab) => tab.close(),
    'goes to another page': (tab) => tab.goto('about:blank'),
  }

  it.each(Object.keys(ways))('are one more load, at once, if the tab that loads %s', async (way) => {
    await using place = await fourTabs()
    const { browser, loads, nthLoad } = place
    const nextLoads: number[] = []
    const lastAnswers: number[] = []
    const rounds = 5
    for (let round = 0; round < rounds; round += 1) {
      const before = loads.length
      const asked = ask(browser.tabs, `k${round}`)
      for (const { answers } of asked) answers.catch(() => {})
      const first = await nthLoad(before + 1)
      const ended = Date.now()
      await ways[way]?.(first.tab)
      const second = await nthLoad(before + 2)
      nextLoads.push(second.at - ended)
      expect(second.tab).not.toBe(first.tab)
      second.end('loaded')
      const left = asked.filter(({ tab }) => tab !== first.tab)
      const answers = (await Promise.all(left.map((one) => one.answers))).flat()
      lastAnswers.push(Math.max(...answers.map(({ at }) => at)) - ended)
      expect(answers).toHaveLength(750)
      expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['loaded']))
      expect(loads).toHaveLength(before + 2)
      await first.tab.close()
      browser.tabs.splice(browser.tabs.indexOf(first.tab), 1, await browser.openTab())
    }
    const figures = `the next tab loads after ${nextLoads.join(', ')} ms, all 750 others have its value after ${lastAnswers.join(', ')} ms`
    console.log(`The tab that loads ${way}: ${figures}`)
  })
})

it.each<[string, () => Promise<unknown>]>([
  ['adelete', () => freshness.cache.adelete('k')],
  ['aclear', () => freshness.cache.aclear()],
  ['adeleteTags', () => freshness.cache.adeleteTags('tag')],
])(
  'a caller that comes after %s in another tab does not get the load that began before it',
  async (_, change) => {
    await using place = await fourTabs()
    const { browser, nthLoad } = place
    const [loading, other] = browser.tabs as [Page, Page]
    const before = loading.evaluate(() => freshness.ask('k', 1))
    const first = await nthLoad(1)
    await other.evaluate(change)
    const after = loading.evaluate(() => freshness.ask('k', 1))
    const late = other.evaluate(() => freshness.ask('k', 1))
    first.end('old')
    const second = await nthLoad(2)
    second.end('new')
    expect((await after)[0]?.value).toBe('new')
    expect((await late)[0]?.value).toBe('new')
    await before
  },
)
