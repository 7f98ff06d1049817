import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findSnippets } from '../scripts/snippets.mjs'
import { indexedDBAdapter } from '../src/adapters/indexeddb/index.ts'
import { memoryAdapter } from '../src/adapters/memory/index.ts'
import { type CacheErrorCode, type CacheOptions, createCache } from '../src/index.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const GUIDE = [
  'basic',
  'atomic',
  'bulk',
  'timeouts',
  'versioning',
  'async',
  'freshness',
  'keys',
  'errors',
  'performance',
].map((name) => `docs/${name}.md`)
const code = findSnippets()
  .filter(({ file }) => GUIDE.includes(file))
  .map((snippet) => snippet.code)
  .join('\n')
const methods = (cache: object): string[] =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(cache)).filter((name) => name !== 'constructor')

const ASYNC = methods(createCache({ adapter: indexedDBAdapter({ name: 'guide' }) }))

describe('the guide', () => {
  it.each(ASYNC)('shows %s in code that runs', (name) => {
    expect(code).toMatch(new RegExp(`\\.${name}[(<]`))
  })

  it('names every sync twin', () => {
    const twins = methods(createCache({ adapter: memoryAdapter() })).filter((name) => !ASYNC.includes(name))
    const named = /They are `([^`]*)`/.exec(read('docs/async.md'))?.[1] ?? ''
    expect(named.split(/\s+/).sort()).toEqual(twins.sort())
  })

  it('tells of every option of a cache', () => {
    const options: Record<keyof CacheOptions, true> = {
      adapter: true,
      timeout: true,
      keyPrefix: true,
      version: true,
      keyFunction: true,
      keys: true,
      onWarning: true,
      onError: true,
      operationTimeout: true,
      schema: true,
      loadDefaults: true,
      onEvent: true,
      waitUntil: true,
      clock: true,
      random: true,
      sleep: true,
    }
    const text = GUIDE.map(read).join('\n')
    for (const name of Object.keys(options)) {
      expect(new RegExp(`(?:\`|[{,] )${name}\\b`).test(text), name).toBe(true)
    }
  })
})

describe('errors.md', () => {
  it('says of every code when it comes, what is stored afterwards and what to do', () => {
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
    const entries = read('docs/errors.md')
      .split(/^#+ /m)
      .filter((section) => section.startsWith('`'))
    expect(entries.map((entry) => /^`([A-Z_]+)`\n/.exec(entry)?.[1])).toEqual(Object.keys(codes))
    for (const entry of entries) {
      const parts = [...entry.matchAll(/^- \*\*(.*?)\*\*: \S/gm)].map(([, part]) => part)
      expect(parts).toEqual(['When', 'Stored afterwards', 'Do'])
    }
  })
})

describe('index.md', () => {
  it('lists every page once, the guide first and in order', () => {
    const listed = [...read('docs/index.md').matchAll(/\]\(([^)/]+\.md)\)/g)].map(
      ([, file]) => `docs/${file}`,
    )
    expect(listed.slice(0, GUIDE.length)).toEqual(GUIDE)
    const pages = globSync('docs/*.md', { cwd: ROOT }).filter((file) => file !== join('docs', 'index.md'))
    expect(listed.sort()).toEqual(pages.sort())
  })
})

describe('performance.md', () => {
  /** The numbers of a table's rows, by the text in their first cell; `1 (4.7)` is 1. */
  const rows = (text: string): Map<string, number[]> =>
    new Map(
      [...text.matchAll(/^\| (.*?) +\| (\d.*) \|$/gm)].map(([, name = '', cells = '']) => [
        name.replaceAll('`', ''),
        cells.split('|').map((cell) => Number.parseFloat(cell)),
      ]),
    )

  it('gives the ratios last measured, as far as the machine’s noise lets one tell', () => {
    const [, , sync = '', async = ''] = read('bench/memory/results.md').split(/^## /m)
    const measured: Record<string, [section: string, column: number]> = {
      get: [sync, 0],
      set: [sync, 1],
      'getOrSet hit': [sync, 2],
      aget: [async, 0],
      aset: [async, 2],
      'agetOrSet hit': [async, 3],
    }
    const shown = /<!-- ratios.*?-->\n(.*?)<!-- \/ratios -->/s.exec(read('docs/performance.md'))?.[1] ?? ''
    expect([...rows(shown).keys()]).toEqual(Object.keys(measured))
    for (const [name, figures] of rows(shown)) {
      const [section, column] = measured[name] ?? ['', 0]
      for (const [index, set] of [
        'shared, timeout null',
        'shared, timeout 300',
        'copied, timeout null',
        'copied, timeout 300',
      ].entries()) {
        const now = rows(section).get(`**nearcache** ${set}`)?.[column] ?? Number.NaN
        const ratio = (figures[index] ?? Number.NaN) / now
        expect(ratio, `${name}, ${set}: now ${now}`).toBeGreaterThan(0.7)
        expect(ratio, `${name}, ${set}: now ${now}`).toBeLessThan(1.4)
      }
    }
  })
})
