import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { kvOnlySupports, ownedSupports } from '../src/adapters/kv/limits.ts'

const page = readFileSync(new URL('edge.md', import.meta.url), 'utf8')
const [jsonc = ''] = /(?<=```jsonc\n).*?(?=```)/s.exec(page) ?? []
const shown = [...page.matchAll(/```toml\n(.*?)```/gs)].map(([, text = '']) => text)

/** What wrangler makes of a configuration, and what it warns of. */
function read(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-edge-'))
  const config = join(folder, 'wrangler.toml')
  writeFileSync(config, `name = "mine"\nmain = "worker.ts"\ncompatibility_date = "2026-11-01"\n${text}`)
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const read = unstable_readConfig({ config })
  const warnings = warn.mock.calls.flat()
  warn.mockRestore()
  rmSync(folder, { recursive: true })
  return { ...read, warnings }
}

describe('the configurations in edge.md', () => {
  it.each(shown)('are such that wrangler takes them without a warning: %#', (text) => {
    const { kv_namespaces: namespaces, durable_objects: objects, warnings } = read(text)
    expect(namespaces).toMatchObject([{ binding: 'CACHE_KV' }])
    expect(objects.bindings).toMatchObject([{ name: 'CACHE_SHARDS', class_name: 'CacheShard' }])
    expect(warnings).toEqual([])
  })

  it('say the same in JSONC as in TOML', () => {
    const { kv_namespaces, durable_objects, migrations } = read(shown[0] ?? '')
    expect(JSON.parse(jsonc)).toEqual({ kv_namespaces, durable_objects, migrations })
  })

  it('make the class by migrations, by exports, or leave it to another Worker', () => {
    const [byMigrations, byExports, elsewhere] = shown.map(read)
    expect(byMigrations?.migrations).toEqual([{ tag: 'v1', new_sqlite_classes: ['CacheShard'] }])
    expect(byExports?.exports).toEqual({ CacheShard: { type: 'durable-object', storage: 'sqlite' } })
    expect(byExports?.migrations).toEqual([])
    expect(elsewhere?.durable_objects.bindings[0]?.script_name).toBe('the-worker-that-exports-it')
  })
})

describe('edge.md', () => {
  it('tells every option of kvAdapter, and no other', () => {
    const source = readFileSync(new URL('../src/adapters/kv/index.ts', import.meta.url), 'utf8')
    const declared = /interface KVAdapterOptions \{(.*?)\n\}/s.exec(source)?.[1] ?? ''
    const names = [...declared.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
    const section = /^### Options$(.*?)^## /ms.exec(page)?.[1] ?? ''
    expect([...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)).toEqual(names)
  })

  it('gives the limits and the staleness that are declared', () => {
    const { staleness, maxKeyBytes, maxValueBytes } = ownedSupports(true, 60)
    expect(page).toMatch(new RegExp(`about\\s+one\\s+plus\\s+\`cacheTtl\`,\\s+${staleness}\\s+by\\s+default`))
    expect(page).toContain(`| ${maxKeyBytes} bytes of UTF-8`)
    expect(page).toContain(`${(maxValueBytes ?? 0) / 2 ** 20} MiB; without \`kv\` 1.9 MB`)
    expect(ownedSupports(false, undefined).maxValueBytes).toBe(1_900_000)
    expect(page).toContain(`with KV alone ${kvOnlySupports('default/v1/kv/', 60).maxKeyBytes},`)
  })
})
