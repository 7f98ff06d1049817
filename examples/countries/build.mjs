// Builds the page into dist/, from where wrangler serves it: node examples/countries/build.mjs
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url))

await rm(here('dist'), { recursive: true, force: true })
await mkdir(here('dist'), { recursive: true })
await build({
  entryPoints: [here('page.ts')],
  outdir: here('dist'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
})
await copyFile(here('index.html'), here('dist/index.html'))
