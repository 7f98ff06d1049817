import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/**
 * What a page or Worker that makes one cache carries, minified and gzipped, with what it depends on. Rich values at the
 * edge (devalue) are left out. Raise a limit only for what is worth it: the first number of each is design.md's bar.
 */
it.each([
  ['memory', 'memoryAdapter()', [4_000, 15_250]],
  ['indexeddb', "indexedDBAdapter({ name: 'app' })", [6_000, 19_000]],
  ['kv', 'kvAdapter({ kv: globalThis.kv, shards: globalThis.shards })', [5_000, 21_150]],
] as const)('core + %s stays as small as it is', async (adapter, create, [, limit]) => {
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
  expect(size).toBeLessThanOrEqual(limit)
})
