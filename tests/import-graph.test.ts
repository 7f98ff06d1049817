import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The imports of each source file: files as paths from the root, packages by name. */
const graph = new Map(
  globSync('src/**/*.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\.test(?:-d)?\.ts$/.test(file))
    .sort()
    .map((file) => {
      const specifiers = specifiersIn(readFileSync(`${ROOT}/${file}`, 'utf8'))
      return [file, specifiers.map((specifier) => resolve(file, specifier))]
    }),
)

/** The specifier of every import and re-export, including types, and of every `import('…')`. */
function specifiersIn(text: string): string[] {
  // A declaration starts its line. In an @example it follows a `*`.
  const declarations = text.matchAll(/^(?:import|export)\s(?:[\w$\s{},*]*?\sfrom\s*)?'([^']+)'/gm)
  const calls = text.matchAll(/\bimport\(\s*'([^']+)'/g)
  return [...declarations, ...calls].map(([, specifier = '']) => specifier)
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier
}

/** Every cycle that a depth-first search finds, as the path that closes it. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const path: string[] = []
  const finished = new Set<string>()
  const visit = (file: string): void => {
    const start = path.indexOf(file)
    if (start !== -1) circles.push([...path.slice(start), file].join(' → '))
    if (start !== -1 || finished.has(file)) return
    path.push(file)
    for (const imported of imports.get(file) ?? []) visit(imported)
    path.pop()
    finished.add(file)
  }
  for (const file of imports.keys()) visit(file)
  return circles
}

/** The imports that a rule forbids, each as `importer → imported`. */
function forbidden(rule: (file: string, imported: string) => boolean): string[] {
  return [...graph].flatMap(([file, imports]) =>
    imports.filter((imported) => rule(file, imported)).map((imported) => `${file} → ${imported}`),
  )
}

function adapterOf(file: string): string | undefined {
  return /^src\/adapters\/([^/]+)\//.exec(file)?.[1]
}

describe('the import graph of src', () => {
  it('has no cycle, types included', () => {
    expect(circlesIn(graph)).toEqual([])
  })

  it('has no import from the core to an adapter or to the suites', () => {
    const outside = /^src\/(?:adapters|testing)\//
    expect(forbidden((file, imported) => file.startsWith('src/core/') && outside.test(imported))).toEqual([])
  })

  it('has no import from an adapter to another, or to the suites', () => {
    expect(
      forbidden((file, imported) => {
        const [from, to] = [adapterOf(file), adapterOf(imported)]
        if (from === undefined) return false
        return (to !== undefined && to !== from) || imported.startsWith('src/testing/')
      }),
    ).toEqual([])
  })

  it.each([
    ['idb', 'indexeddb'],
    ['cloudflare:workers', 'kv'],
  ])('reaches %s only from the %s adapter', (name, adapter) => {
    const reaching = [...graph].filter(([, imports]) => imports.includes(name)).map(([file]) => file)
    expect(reaching).not.toEqual([])
    expect(reaching.filter((file) => adapterOf(file) !== adapter)).toEqual([])
  })

  it('misses no file', () => {
    const files = [...graph.values()].flat().filter((imported) => imported.startsWith('src/'))
    expect(files.filter((file) => !graph.has(file))).toEqual([])
    expect(graph.size).toBeGreaterThan(50)
  })
})

describe('the import parser', () => {
  it('finds every form of import', () => {
    const text = `
import a from './a.ts'
import type { B } from './b.ts'
import {
  type C,
  c as d,
} from './c.ts'
import * as e from './e.ts'
import './f.ts'
export * from './g.ts'
export type { H } from './h.ts'
export const i = (): Promise<unknown> => import('./i.ts')
export function j(k: import('./k.ts').K): string {
  return \`taken from '\${k}'\`
}
/**
 * import { l } from './l.ts'
 */`
    expect(
      specifiersIn(text)
        .map((specifier) => specifier.slice(2, 3))
        .sort()
        .join(''),
    ).toBe('abcefghik')
  })

  it('finds a cycle behind a file that is in none', () => {
    const imports = new Map([
      ['a', ['b', 'idb']],
      ['b', ['c']],
      ['c', ['d', 'b']],
      ['d', []],
    ])
    expect(circlesIn(imports)).toEqual(['b → c → b'])
  })
})
