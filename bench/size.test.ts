import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

/**
 * What a page or Worker that makes one cache carries, minified and gzipped, with its dependencies. Rich values at the edge
 * (devalue) are left out. README.md states each size in kB: raise it there only for what is worth it.
 */
it.each([
  ['memory', 'memoryAdapter()'],
  ['indexeddb', "indexedDBAdapter({ name: 'app' })"],
  ['kv', 'kvAdapter({ kv: globalThis.kv, shards: globalThis.shards })'],
] as const)('core + %s is no larger than README.md says', async (adapter, create) => {
  const [, kilobytes] = new RegExp(`\\| \`nearcache/${adapter}\` .*\\| ([\\d.]+) `).exec(README) ?? []
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createCache } from './src/index.ts'
        import { ${create.slice(0, create.indexOf('('))} } from './src/adapters/${adapter}/index.ts'
        globalThis.cache = createCache({ adapter: ${create} })`,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers', 'devalue'],
    write: false,
  })
  const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
  console.log(`core + ${adapter}: ${size} bytes`)
  expect(size).toBeLessThanOrEqual(Number(kilobytes) * 1000)
})
