import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
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

/** What may have become of a file in which Chromium keeps a value of 64 kB or more. */
const DAMAGES: Record<string, (file: string, bytes: number) => Promise<void>> = {
  removed: (file) => rm(file),
  'cut to nothing': (file) => truncate(file, 0),
  'cut short': (file, bytes) => truncate(file, bytes >> 1),
  'cut by one byte': (file, bytes) => truncate(file, bytes - 1),
  'filled with zeros': (file, bytes) => writeFile(file, Buffer.alloc(bytes)),
  'filled with something else': (file, bytes) => writeFile(file, Buffer.alloc(bytes, 'nearcache')),
  'made longer': (file, bytes) => writeFile(file, Buffer.alloc(bytes + 1_000, 0x5a)),
}

/** Damages all such files, and gives how many there were. */
async function damageValues(how: string): Promise<number> {
  const indexedDB = join(folder, 'Default', 'IndexedDB')
  const files = await readdir(indexedDB, { recursive: true, withFileTypes: true })
  const values = files.filter((file) => file.isFile() && file.parentPath.includes('.indexeddb.blob'))
  for (const file of values) {
    const path = join(file.parentPath, file.name)
    await DAMAGES[how]?.(path, (await stat(path)).size)
  }
  return values.length
}

const LIMITS = [undefined, { maxEntries: 100 }, { maxBytes: 10_000_000 }]

describe.each([
  { where: 'in entries', bytes: 100_000 },
  { where: 'apart', bytes: 300_000 },
])('a value $where that cannot be read', ({ bytes }) => {
  it.each(Object.keys(DAMAGES).map((damage, index) => ({ damage, limits: LIMITS[index % LIMITS.length] })))(
    'is missing, and fails nobody: its file is $damage, with the limits $limits',
    async ({ damage, limits }) => {
      {
        await using open = await openTab()
        await open.tab.evaluate(async (length) => {
          const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
          for (const key of ['get', 'load', 'add', 'pop', 'set', 'del', 'incr', 'touch', 'move']) {
            await cache.aset(key, nearcache.noise(length), null)
          }
          await cache.aset('kept', 'value', null)
          await cache.aclose()
        }, bytes)
      }
      expect(await damageValues(damage)).toBe(9)
      await using open = await openTab()
      const told = await open.tab.evaluate(async (limits) => {
        const adapter = nearcache.openAdapter('lost', limits)
        const cache = nearcache.createCache({ adapter })
        // One after another, so that each meets it first. Then together with others of the same turn.
        const [large, small] = await Promise.all([cache.aget('get'), cache.aget('kept')])
        const many = await cache.agetMany(['get', 'kept', 'touch'])
        const together = await Promise.all([cache.apop('pop', { default: 'lost' }), cache.aadd('other', 1)])
        await cache.aset('set', 'anew')
        const deleted = await cache.adelete('del')
        const touched = await cache.atouch('touch', 60)
        const counted = await cache.aincr('incr', 1, { initial: 0 })
        const moved = await cache.aincrVersion('move').catch((error) => error.code)
        const added = await cache.aadd('add', 'anew')
        const loaded = await cache.agetOrSet('load', () => 'anew')
        const left = await cache.agetMany(['get', 'load', 'add', 'pop', 'set', 'kept'])
        await adapter.sweep()
        const others = { large, small, deleted, touched, counted, moved }
        return { others, many: [...many], together, added, loaded, left: [...left] }
      }, limits)
      const left = [
        ['load', 'anew'],
        ['add', 'anew'],
        ['set', 'anew'],
        ['kept', 'value'],
      ]
      expect(told).toEqual({
        others: {
          large: undefined,
          small: 'value',
          // A value that stands apart is not read by what does not need it.
          deleted: expect.any(Boolean),
          touched: expect.any(Boolean),
          counted: 1,
          moved: 'KEY_NOT_FOUND',
        },
        many: [['kept', 'value']],
        together: ['lost', true],
        added: true,
        loaded: 'anew',
        left,
      })
    },
  )
})

/** Opens a tab in which what `store` has stored cannot be read. */
async function openLost(store: () => Promise<void>) {
  {
    await using open = await openTab()
    await open.tab.evaluate(store)
  }
  expect(await damageValues('cut short')).toBeGreaterThan(0)
  return openTab()
}

it('a write weighs what is there, though some of it cannot be read', async () => {
  await using open = await openLost(async () => {
    const cache = nearcache.createCache({ adapter: nearcache.indexedDBAdapter({ name: 'lost' }) })
    for (const key of ['a', 'b']) await cache.aset(key, nearcache.noise(100_000), null)
    await cache.aclose()
  })
  const left = await open.tab.evaluate(async () => {
    const adapter = nearcache.openAdapter('lost', { maxBytes: 1_000_000 })
    const cache = nearcache.createCache({ adapter })
    await cache.aset('new', 1)
    return [...(await cache.agetMany(['a', 'b', 'new']))]
  })
  expect(left).toEqual([['new', 1]])
})

it('a sweep looks for large values without an owner, though an entry cannot be read', async () => {
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

it('nothing goes that was written anew while it was found that it could not be read', async () => {
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
