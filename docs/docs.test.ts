import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { indexedDBAdapter } from '../src/adapters/indexeddb/index.ts'
import { SUPPORTS } from '../src/adapters/kv/limits.ts'
import { memoryAdapter } from '../src/adapters/memory/index.ts'
import type { Adapter, Supports } from '../src/core/adapter.ts'
import { type CacheErrorCode, createCache } from '../src/index.ts'

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

/** An adapter of which only the asynchronous half can be seen. */
function asyncAdapter(): Adapter {
  const { name, supports, read, commit, clear, close } = memoryAdapter()
  return { name, supports, read, commit, clear, close }
}

describe('the API', () => {
  it.each(DJANGO)('has Django’s %s on every cache, and its sync twin in memory only', (name) => {
    const twin = fold(name)
    const onAsync = createCache({ adapter: asyncAdapter() })
    const inMemory = createCache({ adapter: memoryAdapter() })
    expect(onAsync).toHaveProperty(`a${twin}`)
    expect(inMemory).toHaveProperty(`a${twin}`)
    expect(twin in onAsync).toBe(false)
    // Closing has nothing to do in memory.
    if (name !== 'close') expect(inMemory).toHaveProperty(twin)
  })
})

describe('the code blocks', () => {
  it('became tests that assert what their comments say', () => {
    const folder = new URL('../.snippets/', import.meta.url)
    const tests = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
    const assertions = tests.flatMap((test) => test.match(/expect\(/g) ?? [])
    expect(tests.length).toBeGreaterThanOrEqual(26)
    expect(assertions.length).toBeGreaterThanOrEqual(38)
  })
})

describe('README.md', () => {
  it.each(DJANGO)('says what became of Django’s %s', (name) => {
    expect(readme).toMatch(new RegExp(`^\\| \`${name}\\(.*\`a${fold(name)}\\(`, 'm'))
  })

  it('has the table of guarantees that the adapters declare', () => {
    const adapters = [memoryAdapter().supports, indexedDBAdapter({ name: 'docs' }).supports, SUPPORTS]
    const row = (title: string, tell: (supports: Supports) => string): string =>
      `| ${[title, ...adapters.map(tell)].join(' | ')} |`
    const yes = (promised: boolean): string => (promised ? 'yes' : 'no')
    const bytes = (limit: number | null): string => (limit === null ? 'no limit' : `${limit} bytes`)
    const table = [
      '| | memory | IndexedDB | KV + Durable Object |',
      '|---|---|---|---|',
      row('a change to a key is one step, whoever else changes it', ({ atomic }) => yes(atomic)),
      row('a batch is stored together or not at all', ({ atomicBatch }) => yes(atomicBatch)),
      row('a read sees every write acknowledged before it', ({ readYourWrites }) => yes(readYourWrites)),
      row('entries outlive the page, process or isolate', ({ persistent }) => yes(persistent)),
      row('longest key, with prefix and version', ({ maxKeyBytes }) => bytes(maxKeyBytes)),
      row('largest value, encoded', ({ maxValueBytes }) => bytes(maxValueBytes)),
    ]
    const shown = /<!-- guarantees.*?-->\n(.*?)<!-- \/guarantees -->/s.exec(readme)?.[1]
    expect(shown?.trim().split('\n')).toEqual(table)
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
      ADAPTER_FAILED: true,
    }
    for (const code of Object.keys(codes)) expect(readme).toContain(`| \`${code}\` |`)
  })

  it('shows a wrangler configuration that is the demo’s own', () => {
    const shown = /```toml\n(.*?)```/s.exec(readme)?.[1]?.trim()
    expect(shown).toBeTruthy()
    for (const part of shown?.split('\n\n') ?? []) expect(read('wrangler.toml')).toContain(part)
  })

  it('links to files that are there', () => {
    for (const [, file = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)/g)) expect(read(file)).toBeTruthy()
  })
})
