import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bundled } from './browser/open-tabs.ts'
import { chromiumLaunchOptions } from './chromium.ts'

const ORIGIN = 'http://localhost'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearcache-profile-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function openTab() {
  const context = await chromium.launchPersistentContext(folder, chromiumLaunchOptions)
  const script = await bundled('workbench.ts')
  await context.route(`${ORIGIN}/**`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><script>${script}</script>` }),
  )
  const tab = await context.newPage()
  await tab.goto(ORIGIN)
  return { tab, [Symbol.asyncDispose]: () => context.close() }
}

/** Deletes the files in which Chromium keeps values of 64 kB or more, and gives how many there were. */
async function loseValues(): Promise<number> {
  const indexedDB = join(folder, 'Default', 'IndexedDB')
  const files = await readdir(indexedDB, { recursive: true, withFileTypes: true })
  const lost = files.filter((file) => file.isFile() && file.parentPath.includes('.indexeddb.blob'))
  for (const file of lost) await rm(join(file.parentPath, file.name))
  return lost.length
}

describe.each([
  { where: 'in entries', bytes: 100_000 },
  { where: 'apart', bytes: 300_000 },
])('a value $where that the browser has lost', ({ bytes }) => {
  it.each([{}, { maxEntries: 100 }])('is missing, and fails nobody: options %o', async (limits) => {
    {
      await using open = await openTab()
      await open.tab.evaluate(async (length) => {
        const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
        for (const key of ['get', 'load', 'add', 'pop', 'set']) {
          await cache.aset(key, nearcache.noise(length), null)
        }
        await cache.aset('kept', 'value', null)
        await cache.aclose()
      }, bytes)
    }
    expect(await loseValues()).toBe(5)
    await using open = await openTab()
    const told = await open.tab.evaluate(async (options) => {
      const adapter = nearcache.indexedDBAdapter({ name: 'lost', ...options })
      const cache = nearcache.createCache({ adapter })
      const many = await cache.agetMany(['get', 'kept'])
      const together = await Promise.all([cache.apop('pop', { default: 'lost' }), cache.aadd('other', 1)])
      await cache.aset('set', 'anew')
      await cache.adelete('add')
      const added = await cache.aadd('add', 'anew')
      const loaded = await cache.agetOrSet('load', () => 'anew')
      const left = await cache.agetMany(['get', 'load', 'add', 'pop', 'set', 'kept'])
      return { many: [...many], together, added, loaded, left: [...left] }
    }, limits)
    const left = [
      ['load', 'anew'],
      ['add', 'anew'],
      ['set', 'anew'],
      ['kept', 'value'],
    ]
    expect(told).toEqual({
      many: [['kept', 'value']],
      together: ['lost', true],
      added: true,
      loaded: 'anew',
      left,
    })
  })
})

/** Opens a tab in which what `store` has stored is lost. */
async function openLost(store: () => Promise<void>) {
  {
    await using open = await openTab()
    await open.tab.evaluate(store)
  }
  expect(await loseValues()).toBeGreaterThan(0)
  return openTab()
}

it('a write weighs what is there, though the browser has lost some of it', async () => {
  await using open = await openLost(async () => {
    const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    for (const key of ['a', 'b']) await cache.aset(key, nearcache.noise(100_000), null)
    await cache.aclose()
  })
  const left = await open.tab.evaluate(async () => {
    const adapter = nearcache.indexedDBAdapter({ name: 'lost', maxBytes: 1_000_000 })
    const cache = nearcache.createCache({ adapter })
    await cache.aset('new', 1)
    return [...(await cache.agetMany(['a', 'b', 'new']))]
  })
  expect(left).toEqual([['new', 1]])
})

it('a sweep looks for large values without an owner, though the browser has lost an entry', async () => {
  await using open = await openLost(async () => {
    const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    for (const length of [300_000, 100_000]) await cache.aset('key', nearcache.noise(length), null)
    await cache.aclose()
  })
  const swept = await open.tab.evaluate(async () => {
    const adapter = nearcache.indexedDBAdapter({ name: 'lost' })
    return adapter.sweep(0)
  })
  expect(swept).toBe(0)
})

it('nothing goes that was written anew while it was found that the browser had lost it', async () => {
  await using open = await openLost(async () => {
    const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`)
    await cache.asetMany(
      keys.map((key) => [key, nearcache.noise(100_000)] as const),
      null,
    )
    await cache.aclose()
  })
  const gone = await open.tab.evaluate(async () => {
    const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    const other = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    const gone: string[] = []
    for (let index = 0; index < 40; index += 1) {
      const key = `key-${index}`
      const reading = cache.aget(key)
      // A little later each time, as counted by what another adapter reads.
      for (let reads = 0; reads < index % 10; reads += 1) await other.ahasKey('nothing')
      await other.aset(key, 'anew', null)
      await reading
      if (!(await other.ahasKey(key))) gone.push(key)
    }
    return gone
  })
  expect(gone).toEqual([])
})
