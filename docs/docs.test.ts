import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { assertedIn, findSnippets, testName, testOf } from '../scripts/snippets.mjs'
import { indexedDBAdapter } from '../src/adapters/indexeddb/index.ts'
import { ownedSupports } from '../src/adapters/kv/limits.ts'
import { memoryAdapter } from '../src/adapters/memory/index.ts'
import type { Supports } from '../src/core/adapter.ts'
import { type CacheErrorCode, createCache } from '../src/index.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const readme = read('README.md')

/** Django's sixteen: https://docs.djangoproject.com/en/5.2/topics/cache/#the-low-level-cache-api */
const DJANGO = [
  'get',
  'set',
  'add',
  'get_or_set',
  'touch',
  'delete',
  'has_key',
  'incr',
  'decr',
  'get_many',
  'set_many',
  'delete_many',
  'incr_version',
  'decr_version',
  'clear',
  'close',
]
const fold = (name: string): string => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
/** What stands in a table's rows, whatever its columns are padded to. */
const cells = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

describe('the API', () => {
  const elsewhere = createCache({ adapter: indexedDBAdapter({ name: 'docs' }) })
  const inMemory = createCache({ adapter: memoryAdapter() })

  it.each(DJANGO)('has Django’s %s on every cache, and its sync twin in memory only', (name) => {
    const twin = fold(name)
    expect(elsewhere).toHaveProperty(`a${twin}`)
    expect(inMemory).toHaveProperty(`a${twin}`)
    expect(twin in elsewhere).toBe(false)
    // Memory has nothing to close.
    expect(twin in inMemory).toBe(name !== 'close')
  })
})

describe('the code blocks', () => {
  const snippets = findSnippets()

  it('are all tests', () => {
    const written = readdirSync(new URL('../.snippets/', import.meta.url))
    expect(written.sort()).toEqual(snippets.map(testName).sort())
    for (const snippet of snippets) expect(read(`.snippets/${testName(snippet)}`)).toBe(testOf(snippet))
  })

  it('are found wherever there is an @example or a fence', () => {
    for (const file of new Set(snippets.map((snippet) => snippet.file))) {
      const text = read(file)
      const found = snippets.filter((snippet) => snippet.file === file).length
      expect(text.match(/^(?: *\* )?```(?:ts|typescript|js|javascript|tsx)\b/gm)).toHaveLength(found)
      if (file.endsWith('.ts')) expect(text.match(/^ *\* @example/gm)).toHaveLength(found)
    }
  })

  it('assert every value that a comment gives', () => {
    // Counted another way than the tests are made.
    const given = snippets.flatMap(({ code }) =>
      code
        .split('\n')
        .filter((line) => /\S \/\/ (?:undefined|null|true|false|throws|Map|-?\d|['[{])/.test(line)),
    )
    const asserted = snippets
      .map(testOf)
      .flatMap((test) => test.match(/^(?:await )?expect\(.*(?:toStrictEqual|rejects)/gm))
    expect(asserted.filter(Boolean)).toHaveLength(given.length)
    expect(given.length).toBeGreaterThanOrEqual(45)
  })

  it('assert something, each one of the README and of docs/', () => {
    for (const { file, line, code } of snippets) {
      if (file !== 'README.md' && !file.startsWith('docs/')) continue
      // Suites declare tests of their own.
      if (code.includes("'nearcache/testing'")) continue
      expect(code.split('\n').filter(assertedIn), `${file}:${line}`).not.toHaveLength(0)
    }
  })

  it('are read by a rule that lets no value pass unread', () => {
    expect(assertedIn("await cache.aget('x') // 42: the answer")).toEqual([
      "await cache.aget('x')",
      '42',
      false,
    ])
    expect(assertedIn("cache.get('x') // 'a, b', as stored")).toEqual(["cache.get('x')", "'a, b'", false])
    expect(assertedIn("cache.incr('x') // throws KEY_NOT_FOUND")).toEqual([
      "cache.incr('x')",
      'KEY_NOT_FOUND',
      true,
    ])
    expect(assertedIn('const map = m() // Map { 1 => 2, 3 => 4 }')?.[1]).toBe('new Map([[ 1, 2],[ 3, 4 ]])')
    expect(assertedIn("await cache.aset('x', 1, 60) // one minute")).toBeUndefined()
    expect(assertedIn('// 42')).toBeUndefined()
    for (const slip of ['42 is the answer', '"42"', 'true when stored', '{ a: 1', 'throws', '1st']) {
      expect(() => assertedIn(`f() // ${slip}`), slip).toThrow('No value that can be asserted')
    }
  })
})

describe('conformance.md', () => {
  it('has a row for every line, without a gap or a failure', () => {
    const rows = read('docs/conformance.md')
      .split('\n')
      .filter((line) => /^\| \d/.test(line))
    expect(rows.map((row) => Number.parseInt(row.slice(2), 10))).toEqual(
      Array.from({ length: 160 }, (_, index) => index + 1),
    )
    for (const row of rows) expect(row).not.toMatch(/\*\*/)
  })
})

describe('django.md', () => {
  const page = read('docs/django.md')

  it.each(DJANGO)('says what became of Django’s %s, and names its sync twin', (name) => {
    expect(page).toMatch(new RegExp(`^\\| \`${name}\\(.*\`a${fold(name)}\\(`, 'm'))
    const twins = /In memory there are also (.*?):/s.exec(page)?.[1] ?? ''
    expect(twins.replaceAll('`', '').split(/\s+/).includes(fold(name))).toBe(name !== 'close')
  })
})

describe('README.md', () => {
  it('has no more lines than a busy engineer reads', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(96)
  })

  it('has the table of guarantees that the adapters declare', () => {
    const adapters = [
      memoryAdapter().supports,
      indexedDBAdapter({ name: 'docs' }).supports,
      // As `kvAdapter({ kv, shards })` has it: near reads, with the usual `cacheTtl`.
      ownedSupports(true, 60),
    ]
    const yes = (promised: boolean): string => (promised ? 'yes' : 'no')
    const bytes = (limit: number | null): string =>
      limit === null ? 'no limit' : `${limit.toLocaleString('en')} bytes`
    const declared: Record<string, (supports: Supports) => string> = {
      'operations on a key are atomic': ({ atomic }) => yes(atomic),
      'a batch is atomic': ({ atomicBatch }) => yes(atomicBatch),
      'read-your-writes': ({ readYourWrites }) => yes(readYourWrites),
      'loads are shared beyond the process': ({ sharedLoads }) => yes(sharedLoads),
      tags: ({ tags }) => yes(tags),
      'keys can be listed': ({ listing }) => yes(listing),
      'staleness of reads': ({ staleness }) =>
        staleness === 0 ? 'none' : `about ${staleness} s, or none with \`fresh\``,
      persistent: ({ persistent }) => yes(persistent),
      'values are copies': ({ values }) => yes(values !== 'shared'),
      'longest key, with prefix and version': ({ maxKeyBytes }) => bytes(maxKeyBytes),
      'largest value, encoded': ({ maxValueBytes }) => bytes(maxValueBytes),
    }
    const shown = /<!-- guarantees.*?-->\n(.*?)<!-- \/guarantees -->/s.exec(readme)?.[1] ?? ''
    const [head, , ...rows] = shown.trim().split('\n').map(cells)
    expect(head).toEqual(['', 'memory', 'IndexedDB', 'Cloudflare’s edge'])
    // What no flag declares, the suites that all three pass do: who shares it, and when an entry dies.
    const [shared, dies, ...checked] = rows
    expect([shared?.[0], dies?.[0]]).toEqual(['shared by', 'expiry'])
    expect(checked).toEqual(Object.entries(declared).map(([title, tell]) => [title, ...adapters.map(tell)]))
  })

  it('explains every error code', () => {
    const codes: Record<CacheErrorCode, true> = {
      KEY_NOT_FOUND: true,
      NOT_AN_INTEGER: true,
      OUT_OF_RANGE: true,
      INVALID_KEY: true,
      INVALID_VALUE: true,
      VALUE_TOO_LARGE: true,
      INVALID_CACHE: true,
      UNSUPPORTED: true,
      QUOTA_EXCEEDED: true,
      ADAPTER_FAILED: true,
    }
    const section = /^## The codes$(.*?)^### /ms.exec(read('docs/errors.md'))?.[1] ?? ''
    const explained = [...section.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code)
    expect(explained).toEqual(Object.keys(codes))
  })

  it('shows a wrangler configuration that wrangler takes, and that is the demo’s own', () => {
    const shown = /```toml\n(.*?)```/s.exec(read('docs/edge.md'))?.[1] ?? ''
    const folder = mkdtempSync(join(tmpdir(), 'nearcache-docs-'))
    const config = join(folder, 'wrangler.toml')
    writeFileSync(config, `name = "mine"\nmain = "worker.ts"\ncompatibility_date = "2026-11-01"\n${shown}`)
    const mine = unstable_readConfig({ config })
    rmSync(folder, { recursive: true })
    const demo = unstable_readConfig({ config: join(ROOT, 'wrangler.toml') })
    expect(mine.migrations).toEqual([{ tag: 'v1', new_sqlite_classes: ['CacheShard'] }])
    expect(mine.migrations).toEqual(demo.migrations)
    expect(mine.durable_objects).toEqual(demo.durable_objects)
    expect(mine.kv_namespaces).toEqual(demo.kv_namespaces)
  })

  it('imports only what the package exports', () => {
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, unknown> }
    for (const { code } of findSnippets()) {
      for (const [, path = ''] of code.matchAll(/from 'nearcache([^']*)'/g))
        expect(exports).toHaveProperty([`.${path}`])
    }
  })
})

const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: ROOT })]

/** What a heading is called in a link: https://docs.github.com/en/get-started/writing-on-github */
const anchors = (text: string): string[] =>
  [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

const { files: shipped, peerDependencies } = JSON.parse(read('package.json')) as {
  files: string[]
  peerDependencies: Record<string, string>
}

describe('the package', () => {
  /** What npm puts into the tarball, as far as it is there before a build. */
  const inTarball = new Set(shipped.flatMap((pattern) => globSync(pattern, { cwd: ROOT })))

  it('ships every file that a page of it links to', () => {
    const pages = [...inTarball].filter((file) => file.endsWith('.md'))
    expect(pages).toEqual(expect.arrayContaining(PAGES))
    for (const page of pages) {
      for (const [link, path = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g))
        expect([...inTarball], `${page}: ${link}`).toContain(join(dirname(page), path))
    }
  })

  // Optional, and yet npm refuses to install beside a version outside the range.
  it('stands beside every version of its optional peers', () => {
    for (const range of Object.values(peerDependencies)) expect(range).toBe('*')
  })
})

describe.each(PAGES)('%s', (name) => {
  it('links to files and headings that are there', () => {
    for (const [link, path = '', anchor] of read(name).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = path === '' ? name : join(dirname(name), path)
      expect(existsSync(join(ROOT, file)), link).toBe(true)
      if (anchor !== undefined) expect(anchors(read(file)), link).toContain(anchor)
    }
  })
})
