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
