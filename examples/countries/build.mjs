// Builds the page into dist/, which wrangler serves: node examples/countries/build.mjs
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** @param {string} path */
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const shared = { bundle: true, minify: true, sourcemap: true, outdir: here('dist'), target: 'es2022' }
const files = ['index.html', 'manifest.webmanifest', 'icon.svg']
const bundles = ['page.js', 'style.css']

await rm(here('dist'), { recursive: true, force: true })
await mkdir(here('dist/flags'), { recursive: true })
await build({ ...shared, format: 'esm', entryPoints: [here('page.ts'), here('style.css')] })
for (const file of files) await copyFile(here(file), here(`dist/${file}`))

const data = join(dirname(fileURLToPath(import.meta.resolve('world-countries/package.json'))), 'data')
const flags = (await readdir(data)).filter((file) => file.endsWith('.svg'))
for (const flag of flags) await copyFile(join(data, flag), here(`dist/flags/${flag}`))

// The service worker contains a hash of the page's files, so a new page means a new service worker.
const hash = createHash('sha256')
for (const file of [...files, ...bundles]) hash.update(await readFile(here(`dist/${file}`)))
const shell = [...files, ...bundles].map((file) => (file === 'index.html' ? '/' : `/${file}`))
await build({
  ...shared,
  format: 'iife',
  entryPoints: [here('service-worker.ts')],
  define: { SHELL: JSON.stringify(shell), SHELL_HASH: JSON.stringify(hash.digest('hex').slice(0, 12)) },
})
